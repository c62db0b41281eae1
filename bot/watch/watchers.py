"""All clusters watched: one `ClusterWatch` for each that the bot knows, begun and ended as clusters come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.watch.cluster_watch import ClusterWatch
from bot.watch.state import WatchState
from bot.watch.tools import Tools
from config.inventory import ClusterSpec

RECONCILE = 5.0
"""Seconds between two looks for clusters that were made, changed or given up, and two writings of what was noted."""
_SPREAD = 0.05
"""Seconds between the first looks at two clusters: a start of many is no burst of connections."""

_log = structlog.get_logger(__name__)


class Watchers:
    """Watches whatever `clusters` returns, from `run` until it is cancelled."""

    def __init__(self, tools: Tools, clusters: Callable[[], Awaitable[Iterable[ClusterSpec]]]) -> None:
        self._tools = tools
        self._clusters = clusters
        self._watches: dict[str, tuple[ClusterWatch, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Keep one watch for each cluster."""
        attending = asyncio.create_task(self._tools.attention.run(), name="attention")
        try:
            while True:
                try:
                    await self._reconcile()
                except Exception:  # noqa: BLE001 - it is logged, and tried again
                    _log.exception("the clusters to watch could not be told")
                await self._tools.keep_notes()
                await self._tools.clock.sleep(RECONCILE)
        finally:
            attending.cancel()
            await self._end(tuple(self._watches))
            await self._tools.keep_notes()

    async def sweep(self) -> None:
        """Let each cluster be looked at whose time has come."""
        now = self._tools.clock.now()
        for watch, _ in self._watches.values():
            watch.sweep(now)

    def look_soon(self, cluster: str) -> None:
        """Look at a cluster now: somebody changed what is known of it."""
        if cluster in self._watches:
            self._watches[cluster][0].look_soon()

    def states(self) -> tuple[WatchState, ...]:
        """Return how the watching of each cluster goes."""
        return tuple(watch.state() for watch, _ in self._watches.values())

    async def _reconcile(self) -> None:
        wanted = {spec.name: spec for spec in await self._clusters()}
        await self._end(
            [name for name, (watch, task) in self._watches.items() if watch.cluster != wanted.get(name) or task.done()]
        )
        new = [spec for name, spec in wanted.items() if name not in self._watches]
        for number, spec in enumerate(new):
            watch = ClusterWatch(spec, self._tools)
            self._watches[spec.name] = watch, asyncio.create_task(watch.run(number * _SPREAD), name=spec.name)

    async def _end(self, names: Iterable[str]) -> None:
        ended = [self._watches.pop(name) for name in tuple(names)]
        for _, task in ended:
            task.cancel()
        for watch, task in ended:
            result = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(result, Exception):
                _log.error("a watch ended", cluster=watch.cluster.name, exc_info=result)
