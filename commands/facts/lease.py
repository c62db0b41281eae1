"""Streams that end by themselves: what runs on a node for as long as somebody there still wants it.

A node must never be left with something of ours running. The end of the connection reaches it as the end of standard
input, but a cut cable does not: sshd alone would hold a session for hours. So a stream lives on a lease. Whoever
follows it writes a newline every `RENEW_EVERY` seconds; it ends `LAPSES_AFTER` seconds after the last one. Every newline
is answered with a line `HEARTBEAT`, so that a stream that says nothing is known to be alive, or known not to be.
"""

from __future__ import annotations

from commands.command import Command

RENEW_EVERY = 5.0
LAPSES_AFTER = 15
HEARTBEAT = "."
SILENT_AFTER = 12.0
"""Seconds without any line after which a stream whose lease is renewed is dead, whatever the connection says."""

# `kill 0` ends the whole process group, which sshd made for this session alone. What a script starts in the background
# kills the wrapper when it ends (`kill $$`), so no stream lives on without its source. The heartbeat is written in the
# background too: were it to wait for a reader that is gone, the lease would never be looked at again.
_BEGIN = "trap 'trap - EXIT; kill 0' EXIT\n"
_HOLD = f"while read -r -t {LAPSES_AFTER} _; do echo {HEARTBEAT} & done\n"


def script(sources: str) -> str:
    """Return a bash script that starts these sources in the background, each ending with `kill $$`, under a lease."""
    return f"{_BEGIN}{sources.lstrip()}{_HOLD}"


def command(text: str, *arguments: str) -> Command:
    """Return the command that runs such a script with its arguments."""
    return Command(("bash", "-c", text, "bash", *arguments), timeout=10.0)
