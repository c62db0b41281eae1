"""Looking at a cluster's nodes without waiting for the dead.

A node whose power is gone answers nobody, and until SSH notices it keeps every question open. So each node is asked by
a task of its own, and nobody waits for it longer than `PATIENCE`, or than until there is news. While a question is still
open its node is not asked another; when it is answered after all, whoever watches is poked.

A node that has not answered yet is called silent by nobody but SSH: where there are many clusters, its first connection
waits for its turn at the bot, and what comes of it has a time limit of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bot.watch.attention import Attention
from commands.command import Runner
from commands.errors import Unreachable
from commands.facts.fact import Unknown
from commands.snapshot import NodeSnapshot, Snapshot, gather
from config.inventory import ClusterSpec, NodeSpec

PATIENCE = 3.0
"""Seconds after which a node that does not answer cannot be seen. Over a connection that stands, all facts take 50 ms.
Those in which the bot itself stood still do not count."""
UNHURRIED = 0.2
"""Seconds that a look takes even when there is news meanwhile: most of it is there by then."""


@dataclass(slots=True)
class _Question:
    """What one node is being asked, and since when (seconds of attention)."""

    asking: asyncio.Task[NodeSnapshot]
    asked: float


@dataclass(slots=True)
class Eyes:
    """Reads the named facts of one cluster, again and again.

    `news` is set by whoever hears something while a look is under way; `answered` is called when a node that a look did
    not wait for has answered.
    """

    cluster: ClusterSpec
    runner: Runner
    reads: tuple[str, ...]
    news: asyncio.Event
    answered: Callable[[], None]
    attention: Attention
    _open: dict[str, _Question] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)
    """The nodes that have ever answered."""
    _lost: dict[str, NodeSnapshot] = field(default_factory=dict)
    """What SSH said last of the nodes to which nothing leads, until they answer: it may have said so between two looks."""

    async def look(self, spare: Iterable[str] = ()) -> Snapshot:
        """Read every node at once. Nodes in `spare`, and those not waited for, are `NOT_ASKED` in what is returned."""
        spared = frozenset(spare)
        self._open = {name: question for name, question in self._open.items() if not question.asking.done()}
        fresh = {
            node.name: _Question(asyncio.create_task(self._ask(node)), self.attention.now())
            for node in self.cluster.nodes
            if node.name not in spared and node.name not in self._open
        }
        self._open |= fresh
        await self._wait({question.asking for question in fresh.values()})
        for question in fresh.values():
            if not question.asking.done():
                question.asking.add_done_callback(lambda done: None if done.cancelled() else self.answered())
        return Snapshot(self.cluster, tuple(self._of(node, fresh, spared) for node in self.cluster.nodes))

    async def close(self) -> None:
        """End the questions that are still open."""
        for question in self._open.values():
            question.asking.cancel()
            with suppress(asyncio.CancelledError):
                await question.asking
        self._open = {}

    async def _wait(self, asking: set[asyncio.Task[NodeSnapshot]]) -> None:
        """Wait until all have answered, or some have and there is news, or patience is at its end."""
        if not asking:
            return
        _, late = await asyncio.wait(asking, timeout=UNHURRIED)
        if not late:
            return
        all_answered = asyncio.ensure_future(asyncio.wait(late))
        one_and_news = asyncio.ensure_future(self._one_and_news(asking))
        try:
            ends = {all_answered, one_and_news}
            await asyncio.wait(ends, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            all_answered.cancel()
            one_and_news.cancel()

    async def _one_and_news(self, asking: set[asyncio.Task[NodeSnapshot]]) -> None:
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        await self.news.wait()

    def _of(self, node: NodeSpec, fresh: dict[str, _Question], spared: frozenset[str]) -> NodeSnapshot:
        question = self._open.get(node.name)
        if question is None or (node.name in spared and node.name not in fresh):
            return NodeSnapshot(node)
        if question.asking.done():
            return question.asking.result()
        if node.name in self._lost:
            return self._lost[node.name]
        if node.name not in self._met or self.attention.now() - question.asked < PATIENCE:
            return NodeSnapshot(node)
        # without the seconds: what is told of it must not change from look to look
        error = Unreachable("it does not answer", node=node.name)
        return self._unread(node, Unknown(str(error), error))

    async def _ask(self, node: NodeSpec) -> NodeSnapshot:
        snapshot = await gather(self.cluster, self.runner, self.reads, (node.name,))
        self._met.add(node.name)
        told = snapshot.node(node.name)
        readings = (getattr(told, name) for name in self.reads)
        broken = (reading for reading in readings if isinstance(reading, Unknown))
        cut_off = next((reading for reading in broken if isinstance(reading.error, Unreachable)), None)
        if cut_off is None:
            self._lost.pop(node.name, None)
            return told
        # what it said before the connection broke may be from before it died, and come seconds later
        self._lost[node.name] = self._unread(node, cut_off)
        return self._lost[node.name]

    def _unread(self, node: NodeSpec, why: Unknown) -> NodeSnapshot:
        unread: dict[str, Any] = dict.fromkeys(self.reads, why)
        return replace(NodeSnapshot(node), **unread)
