"""One stream kept alive: its lease renewed, its silence noticed, begun again whenever it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import structlog

from bot.clock import Clock
from bot.watch.falls import Fallen, cause_of, words_of
from bot.watch.feeds import Feed
from bot.watch.news import Cause, Sink, StreamDown, StreamState, StreamUp
from commands.backoff import delays
from commands.command import Runner, Stream
from commands.errors import HaclusterError, Unreachable
from commands.facts.lease import HEARTBEAT, RENEW_EVERY, SILENT_AFTER
from config.inventory import NodeSpec

STEADY_AFTER = 10.0
"""Seconds of life after which a stream's fall is the first one again, and not one more of a row."""

log = structlog.get_logger(__name__)


class LiveStream:
    """Keeps one feed's stream alive until cancelled. `came_up` is called each time it delivers again."""

    def __init__(
        self,
        runner: Runner,
        node: NodeSpec,
        feed: Feed,
        *,
        sink: Sink,
        clock: Clock,
        came_up: Callable[[], None],
        waits: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self._runner = runner
        self._node = node
        self._feed = feed
        self._sink = sink
        self._clock = clock
        self._came_up = came_up
        self._waits = waits
        self._poked = asyncio.Event()
        self._alive = False
        self._since = clock.wall()
        self._cause: Cause | None = None
        self._why = "not begun yet"
        self._heard = 0.0
        self._last_line_at: float | None = None
        self._lines = 0

    @property
    def state(self) -> StreamState:
        """How it is now."""
        why = self._feed.note if self._alive else self._why
        return StreamState(
            self._feed.name, self._alive, self._since, why, self._last_line_at, self._lines, self._feed.gap
        )

    def poke(self) -> None:
        """Do not wait any longer to begin again."""
        self._poked.set()

    async def run(self) -> None:
        """Begin it, and begin it again, for ever."""
        waits = self._waits()
        while True:
            self._poked.clear()
            begun = self._clock.now()
            try:
                await self._follow()
                error: HaclusterError = Fallen(Cause.ENDED, "it ended")
            except HaclusterError as caught:
                error = caught
            lived = self._clock.now() - begun if self._alive else 0.0
            self._fell(error)
            if lived >= STEADY_AFTER:
                waits = self._waits()
            if await self._pause(next(waits)):
                waits = self._waits()

    async def _follow(self) -> None:
        async with self._runner.stream(self._node, await self._feed.command()) as stream:
            self._heard = self._clock.now()
            reading = asyncio.create_task(self._read(stream))
            leasing = asyncio.create_task(self._lease(stream))
            try:
                await asyncio.wait({reading, leasing}, return_when=asyncio.FIRST_COMPLETED)
                if leasing.done():
                    leasing.result()
                await reading
            finally:
                reading.cancel()
                leasing.cancel()
                await asyncio.gather(reading, leasing, return_exceptions=True)

    async def _read(self, stream: Stream) -> None:
        async for line in stream.lines():
            self._heard = self._clock.now()
            self._last_line_at = self._clock.wall()
            self._lines += line != HEARTBEAT
            if self._feed.hear(line) and not self._alive:
                self._rose()

    async def _lease(self, stream: Stream) -> None:
        """Renew it until the stream has ended, whose reading then says why. Raises `Fallen` if nothing answers."""
        while True:
            try:
                await stream.write("\n")
            except Unreachable:
                return
            await self._clock.sleep(RENEW_EVERY)
            if (silent := self._clock.now() - self._heard) > SILENT_AFTER:
                raise Fallen(Cause.SILENT, f"nothing was heard of it for {silent:.0f} s")

    def _rose(self) -> None:
        self._alive, self._since, self._cause = True, self._clock.wall(), None
        log.info("stream up", node=self._node.name, stream=self._feed.name)
        self._sink(StreamUp(self._node.name, self._feed.name, self._since))
        self._came_up()

    def _fell(self, error: HaclusterError) -> None:
        self._feed.fell(error)
        cause, self._why = cause_of(error), words_of(error)
        if self._alive or self._cause is None:
            self._since = self._clock.wall()
        changed, self._alive, self._cause = cause is not self._cause, False, cause
        if changed:
            log.info("stream down", node=self._node.name, stream=self._feed.name, cause=cause.value, why=self._why)
            self._sink(StreamDown(self._node.name, self._feed.name, cause, self._why, self._clock.wall()))

    async def _pause(self, seconds: float) -> bool:
        """Wait, but for no poke; return whether it was one that ended the wait."""
        poke = asyncio.create_task(self._poked.wait())
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({poke, sleep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            poke.cancel()
            sleep.cancel()
            await asyncio.gather(poke, sleep, return_exceptions=True)
        return self._poked.is_set()
