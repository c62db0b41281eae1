"""Runners that stand in for nodes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from commands.command import Command, Completed, Stream
from config.inventory import NodeSpec


class NoRunner:
    """A `Runner` for what must decide without asking any node."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        raise self._asked(node, command)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise self._asked(node, command)

    def _asked(self, node: NodeSpec, command: Command) -> AssertionError:
        return AssertionError(f"{node.name} was asked `{command.shown()}`")
