"""Both streams of one node, for as long as it is watched.

The journal misses nothing: it is resumed where it was read to, after any break and by the next bot too. The membership
stream is the fast one. Each tells the other when there is reason to try again: that the node can be reached, or, in the
journal, that corosync starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from bot.clock import Clock
from bot.watch.feeds import JournalFeed, MembershipFeed, Position
from bot.watch.live_stream import LiveStream
from bot.watch.news import Cause, Gap, GapKind, News, Sink, StreamDown, StreamName, StreamState, StreamUp
from commands.backoff import delays
from commands.command import Runner
from commands.signals import Signal, SignalKind
from config.inventory import NodeSpec

__all__ = [
    "Cause",
    "CursorStore",
    "Gap",
    "GapKind",
    "News",
    "NodeStreams",
    "Sink",
    "StreamDown",
    "StreamName",
    "StreamState",
    "StreamUp",
]

KEEP_EVERY = 5.0
"""Seconds between two writings of a cursor. After a crash of the bot the lines of these seconds come twice."""


class CursorStore(Protocol):
    """Where it is kept how far each node's journal has been read. What cannot be kept now must not raise."""

    async def cursor(self, node: NodeSpec, /) -> str | None:
        """Return the cursor kept last, or None."""
        ...

    async def keep(self, node: NodeSpec, cursor: str, boot: str, /) -> None:
        """Keep it in place of the one before."""
        ...


class NodeStreams:
    """Keeps the streams of one node alive while `run` runs. `sink` is handed all news, in order; it must not raise."""

    def __init__(
        self,
        runner: Runner,
        node: NodeSpec,
        sink: Sink,
        cursors: CursorStore,
        *,
        clock: Clock | None = None,
        waits: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self.node = node
        self._sink = sink
        self._cursors = cursors
        self._clock = clock or Clock()
        self._kept: Position | None = None
        self._journal_feed = JournalFeed(node, self._from_journal, self._clock.wall, None)
        self._journal = LiveStream(
            runner,
            node,
            self._journal_feed,
            sink=sink,
            clock=self._clock,
            came_up=self._poke_membership,
            waits=waits,
        )
        self._membership = LiveStream(
            runner,
            node,
            MembershipFeed(runner, node, sink),
            sink=sink,
            clock=self._clock,
            came_up=self._journal.poke,
            waits=waits,
        )

    async def run(self) -> None:
        """Follow both until cancelled. Leaving ends them on the node too and keeps how far the journal was read."""
        cursor = await self._cursors.cursor(self.node)
        self._kept = self._journal_feed.position = Position(cursor) if cursor else None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._journal.run(), name=f"journal {self.node.name}")
                group.create_task(self._membership.run(), name=f"membership {self.node.name}")
                group.create_task(self._keep_position(), name=f"cursor {self.node.name}")
        finally:
            await self._keep()

    def states(self) -> tuple[StreamState, ...]:
        """How each stream is now."""
        return (self._journal.state, self._membership.state)

    def poke(self) -> None:
        """Try again at once what is down: somebody else found that the node answers."""
        self._journal.poke()
        self._membership.poke()

    def _from_journal(self, news: News) -> None:
        self._sink(news)
        if isinstance(news, Signal) and news.kind is SignalKind.COROSYNC_STARTING:
            self._poke_membership()

    def _poke_membership(self) -> None:
        self._membership.poke()

    async def _keep_position(self) -> None:
        while True:
            await self._clock.sleep(KEEP_EVERY)
            await self._keep()

    async def _keep(self) -> None:
        position = self._journal_feed.position
        if position is not None and (self._kept is None or position.cursor != self._kept.cursor):
            await self._cursors.keep(self.node, position.cursor, position.boot)
            self._kept = position
