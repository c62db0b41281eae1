"""Real cluster nodes on one Linux machine: systemd, sshd, corosync, pacemaker, pcs and haproxy.

A node is a Debian root (an overlay over a cached base) booted by systemd-nspawn in a network namespace that is
cabled to a bridge. Nothing is simulated but the hardware. Needs root; uses the standard library only, so that the
system's Python can run it.
"""

from sandbox.lab.errors import LabError
from sandbox.lab.lab import Lab

__all__ = ["Lab", "LabError"]
