"""What was sent to the nodes to change them, by the nodes' own word: their sshd notes each such command before it runs it."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from commands.command import CHANGE_MARK
from sandbox.lab.lab import Lab

NOTED = "/var/log/sent"
NOTING = "/usr/local/sbin/noting"
_SCRIPT = f"""#!/bin/sh
# sshd runs this in place of what it was asked to run. What looks for the mark has it among its arguments.
case $SSH_ORIGINAL_COMMAND in *'{CHANGE_MARK} timeout '*) printf '%s\\n' "$SSH_ORIGINAL_COMMAND" | tr '\\n' ' ' | sed 's/ $/\\n/' >>{NOTED} ;; esac
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""
_INSTALL = f"""cat >{NOTING} && chmod 755 {NOTING} && : >{NOTED} && echo 'ForceCommand {NOTING}' >/etc/ssh/sshd_config.d/noting.conf &&
systemctl reload ssh"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that a node was sent."""

    node: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.node}: {shlex.join(self.argv)}"


def note(lab: Lab) -> None:
    """Begin to note, for all who log in from now on."""
    for node in lab.nodes:
        lab.exec(node, ["sh", "-c", _INSTALL], _SCRIPT)


def sent(lab: Lab) -> Counter[Sent]:
    """Return what the nodes that are on were sent so far."""
    on = [node for node in lab.nodes if lab.is_on(node)]
    return Counter(
        Sent(node, _argv(line)) for node in on for line in lab.exec(node, ["cat", NOTED]).stdout.splitlines()
    )


def _argv(line: str) -> tuple[str, ...]:
    """Return the command itself: what stands before it is its environment and its time limit."""
    words = shlex.split(line)
    return tuple(words[words.index("timeout") + 4 :])
