"""A command whose lines are read as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator

from commands.command import Command, Completed
from commands.errors import SudoRefused, Unreachable, UnreadableOutput
from commands.ssh.remote_line import sudo_refusal
from commands.ssh.sessions import Followed

_LONGEST = 1024 * 1024
"""Bytes of one line. The journal cuts its fields far below."""


class SshStream:
    """The `Stream` of a channel."""

    def __init__(self, node: str, command: Command, session: Followed, *, sudo: bool) -> None:
        self._node = node
        self._command = command
        self._session = session
        self._sudo = sudo

    async def lines(self) -> AsyncIterator[str]:
        """Yield lines without their newline until the command ends.

        Raises `Unreachable` when the connection breaks, and `CommandFailed` when the command ends with an exit status
        that is not legal for it (`SudoRefused` if sudo did not let it begin).
        """
        pending = b""
        while chunk := await self._session.read():
            *whole, pending = (pending + chunk).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
            if len(pending) > _LONGEST:
                raise UnreadableOutput(
                    self._command.argv[0], "a line without end", pending[:200].decode("utf-8", "replace")
                )
        status = self._session.status
        if status is None or self._session.broken:
            raise Unreachable("the connection was lost", node=self._node)
        if pending:
            yield pending.decode("utf-8", "replace")
        words = self._session.words.decode("utf-8", "replace")
        if self._sudo and (refusal := sudo_refusal(status, "", words)):
            raise SudoRefused(node=self._node, argv=self._command.argv, status=status, output=refusal)
        Completed(self._node, self._command, status, "", words).check()

    async def write(self, text: str) -> None:
        """Write to the command's standard input. Raises `Unreachable` when it is gone."""
        try:
            self._session.send(text, last=False)
        except OSError:
            raise Unreachable("the stream has ended", node=self._node) from None
