"""When each node last answered: what turns "unknown" into "unknown since 03:12"."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from commands.command import Command, Completed, Runner, Stream
from config.inventory import NodeSpec


class Sightings:
    """A `Runner` that remembers, for each node, when a command last came to its end there."""

    def __init__(self, runner: Runner, now: Callable[[], datetime]) -> None:
        self._runner = runner
        self._now = now
        self._seen: dict[str, datetime] = {}

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run it, and note that the node answered."""
        done = await self._runner.run(node, command)
        self._seen[str(node.address)] = self._now()
        return done

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start it; a stream's lines are not sightings."""
        return self._runner.stream(node, command)

    def last_seen(self, node: NodeSpec) -> datetime | None:
        """Return when the node last answered since the bot started, or None."""
        return self._seen.get(str(node.address))
