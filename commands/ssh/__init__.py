"""Reaching nodes over SSH: pooled connections, host keys, streams. The only place that knows asyncssh.

`SshRunner` is the `Runner` of the real world; the composition root makes it from `SshOptions` and `HostKeys`, everybody
else sees the protocol.
"""

from commands.ssh.host_keys import AnyOf, HostKeys, KnownHostsFiles
from commands.ssh.options import Jump, SshOptions
from commands.ssh.remote_line import remote_line
from commands.ssh.runner import SshRunner

__all__ = ["AnyOf", "HostKeys", "Jump", "KnownHostsFiles", "SshOptions", "SshRunner", "remote_line"]
