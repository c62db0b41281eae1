"""haproxy: the check of a configuration."""

from __future__ import annotations

from sandbox.nodes import proxy
from sandbox.nodes.call import Answer, Call
from sandbox.nodes.tools.words import option


async def haproxy(call: Call) -> Answer:
    """Check a configuration file."""
    await call.takes(0.03)
    path = option(call.args, "-f")
    if "-v" in call.args:
        release = call.machine.release
        return Answer(f"HAProxy version {release.versions['haproxy']} {release.haproxy_dated} - https://haproxy.org/\n")
    text = call.machine.read(path or "")
    if path is None or "-c" not in call.args or text is None:
        return Answer(
            status=1,
            stderr=f"[ALERT]    (412) : Cannot open configuration file/directory {path} : No such file or directory\n",
        )
    return checked(text, path)


def checked(text: str, path: str) -> Answer:
    """Return what `haproxy -c` says of a configuration."""
    problem = proxy.read(text, path).problem
    if not problem:
        return Answer("Configuration file is valid\n")
    words = f"[ALERT]    (412) : config : {problem}\n[ALERT]    (412) : config : Error(s) found in configuration file : {path}\n"
    return Answer(status=1, stderr=words)
