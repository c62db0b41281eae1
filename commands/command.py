"""One command on one node, as data, and what runs it.

A command is an argv tuple, never a shell string; it declares its timeout and which exit statuses are legal, and secrets
travel on its standard input only. `Runner` is all that the rest of the house knows of SSH.
"""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from commands.errors import CommandFailed
from config.inventory import NodeSpec

OK = frozenset({0})
CHANGE_MARK = "HACLUSTER_CHANGE=1"
"""In the environment of each command that changes a node while it runs there: how it is found when nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Stdin:
    """Text for a command's standard input. A secret one is never shown, logged or hashed; `label` stands in for it."""

    text: str = field(repr=False)
    label: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What to run on a node.

    `timeout` is in seconds and ends the remote command too. `legal` are the exit statuses that are answers, not
    failures (corosync-quorumtool exits 2 for "not quorate"). `changes` marks a command that alters the node: when its
    end is not seen it raises `OutcomeUnknown` and is never repeated blindly. `root` commands run under `sudo -n` when
    the login is not root. `joins` marks a read without standard input that is over at once: those asked of a node at the
    same moment may go there together, and are answered together.
    """

    argv: tuple[str, ...]
    timeout: float = 20.0
    legal: frozenset[int] = OK
    stdin: Stdin | None = None
    changes: bool = False
    root: bool = True
    joins: bool = False

    def __post_init__(self) -> None:
        if not self.argv or any("\0" in word for word in self.argv):
            raise ValueError("a command needs words, and none may hold a NUL")
        if self.joins and (self.changes or self.stdin is not None):
            raise ValueError("only a read that needs no standard input can be run with others")

    def shown(self) -> str:
        """Return the command as a person would type it; a secret standard input appears as its label only."""
        line = shlex.join(self.argv)
        return f"{line} < {self.stdin.label}" if self.stdin else line

    def typed(self) -> str:
        """Return the same with a standard input that is no secret written out below it, so that it can be copied whole."""
        if self.stdin is None or self.stdin.secret:
            return self.shown()
        lines = self.stdin.text.splitlines()
        end = "END"
        while end in lines:
            end += "_"
        return "\n".join((f"{shlex.join(self.argv)} <<'{end}'", *lines, end))


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended: what it printed and how. `seconds` is the time from sending to its end."""

    node: str
    command: Command
    status: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    ended: float = 0.0
    """When its end was seen, in seconds since 1970 by our own clock; 0 where nobody looked."""

    def check(self) -> Completed:
        """Return self, or raise `CommandFailed` with the tool's own words if the exit status is not legal."""
        if self.status in self.command.legal:
            return self
        # pcs 0.10 prints part of its errors on stdout, 0.11 and later on stderr
        words = "\n".join(part.strip() for part in (self.stderr, self.stdout) if part.strip())
        raise CommandFailed(
            f"`{self.command.shown()}` ended with exit status {self.status}",
            node=self.node,
            argv=self.command.argv,
            status=self.status,
            output=words[-1500:],
        )


class Stream(Protocol):
    """A running command whose lines are read as they come."""

    def lines(self) -> AsyncIterator[str]:
        """Yield lines without their newline until the command ends.

        Raises `Unreachable` when the connection breaks, and `CommandFailed` when the command ends with an exit status
        that is not legal for it.
        """
        ...

    async def write(self, text: str) -> None:
        """Write to the command's standard input (a lease's newline)."""
        ...


class Runner(Protocol):
    """Runs commands on nodes. Implemented over SSH by `commands.ssh.SshRunner`; tests script it."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run to the end and return it, whatever its exit status (see `Completed.check`).

        Raises `Unreachable` (with its host key kinds), `CommandTimedOut`, or for a command that changes and was sent,
        `OutcomeUnknown`; `SudoRefused` if sudo did not let it begin; `UnreadableOutput` for a read that printed too much.
        """
        ...

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start a command whose lines are read as they come, for as long as the context lasts.

        Its timeout is for beginning only. Leaving the context closes its standard input, which is what must end it on
        the node; against a connection that breaks unseen it wants a lease besides. Raises as `run` does.
        """
        ...
