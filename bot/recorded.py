"""The one way by which commands that change a node leave the bot: each is written down before it goes out, and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from bot import audit
from commands.command import Command, Completed, Runner, Stream
from commands.errors import HaclusterError
from config.inventory import NodeSpec

Write = Callable[[audit.Kind, Mapping[str, Any]], Awaitable[int]]
"""Writes an entry of the audit and returns its number."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A `Runner` for one change. What cannot be written down beforehand is not run.

    A beginning without an end is a command that the bot died over, or was stopped over: nobody saw how it ended.
    """

    runner: Runner
    write: Write
    held: Callable[[], Awaitable[bool]]
    """Whether the change still holds its cluster: a bot that stood still for long has lost it to another."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run it as `Runner.run` says; one that only reads goes by unrecorded."""
        if not command.changes:
            return await self.runner.run(node, command)
        if not await self.held():
            raise HaclusterError(
                "this change no longer holds its cluster, so nothing more of it is run",
                node=node.name,
                remedy="The bot stood still for too long. Look at `status`, then ask again.",
            )
        begun = await self.write(audit.Kind.COMMAND, audit.of_command(node.name, command))
        try:
            done = await self.runner.run(node, command)
        except HaclusterError as problem:
            await self.write(audit.Kind.COMMAND_ENDED, audit.of_lost_end(begun, node.name, problem))
            raise
        await self.write(audit.Kind.COMMAND_ENDED, audit.of_end(begun, done))
        return done

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start it: what streams only reads."""
        return self.runner.stream(node, command)


class ReadOnly:
    """A `Runner` that takes no command which changes anything: what everybody gets but a change that is recorded."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run what only reads. Raises ValueError for anything else."""
        _refuse(command)
        return await self._runner.run(node, command)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start what only reads. Raises ValueError for anything else."""
        _refuse(command)
        return self._runner.stream(node, command)


def _refuse(command: Command) -> None:
    if command.changes:
        raise ValueError(f"{command.argv[0]} changes a node: that is for a plan that was confirmed")
