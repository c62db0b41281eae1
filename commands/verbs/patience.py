"""Looking without waiting for the dead: who asks how a cluster is wants to hear of a lost node at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager

from commands.command import Command, Completed, Runner, Stream
from commands.errors import Unreachable
from config.inventory import NodeSpec

PATIENCE = 2.0
"""Seconds. Connecting anew takes a quarter of one, the answers much less; a machine without power never says no."""


class Impatient:
    """A `Runner` that takes a node for unreachable when it has not answered within `seconds`.

    For reads only. The connection that was waited for may still come about, and then serves the next question.
    `nodes` are the names of those it is for; all if left out.
    """

    def __init__(self, runner: Runner, seconds: float = PATIENCE, nodes: Collection[str] | None = None) -> None:
        self._runner = runner
        self._seconds = seconds
        self._nodes = nodes

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run it as the runner beneath does. Raises `Unreachable` early, and ValueError for a command that changes."""
        if command.changes:
            raise ValueError(f"impatience would leave the outcome of `{command.shown()}` unknown")
        if self._nodes is not None and node.name not in self._nodes:
            return await self._runner.run(node, command)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._runner.run(node, command)
        except TimeoutError:
            raise Unreachable(
                f"it did not answer within {self._seconds:g} s",
                node=node.name,
                remedy="Is the machine on, and can its sshd be reached from here?",
            ) from None

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start it as the runner beneath does."""
        return self._runner.stream(node, command)
