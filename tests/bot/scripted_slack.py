"""A `Courier` that does what a test says, a clock turned by hand, and an outbox between them that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.clock import Clock
from bot.conversation import CannotLook, FateUnknown, NotDelivered, RateLimited, Ref, SlackAway
from bot.outbox import Outbox
from bot.store import Store
from commands.report import Report

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Loss = Literal["request lost", "reply lost", "hangs before", "hangs after"]
"""What can happen to a call beside an error: hanging ones end only when the bot is killed."""


@dataclass
class Message:
    """A message as Slack has it."""

    ref: Ref
    id: str
    thread: str | None
    said: list[Report]
    """What it said, the latest last."""
    at: float

    @property
    def headline(self) -> str:
        return self.said[-1].headline


@dataclass(frozen=True)
class Call:
    """A call as Slack got it."""

    at: float
    method: str
    channel: str
    headline: str
    id: str = ""
    failed: bool = False


@dataclass
class HandClock:
    """Seconds that pass when the test says so."""

    time: float = 0.0
    _asleep: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, wall=lambda: START.timestamp() + self.time, sleep=self._sleep)

    def forward(self, seconds: float) -> None:
        """Let time pass at once, and wake who slept so long."""
        self.time += seconds
        for until, sleep in self._asleep:
            if until <= self.time and not sleep.done():
                sleep.set_result(None)
        self._asleep = [(until, sleep) for until, sleep in self._asleep if not sleep.done()]

    def next(self) -> float | None:
        """Return when the first sleeper is to wake."""
        return min((until for until, sleep in self._asleep if not sleep.done()), default=None)

    async def _sleep(self, seconds: float) -> None:
        sleep: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asleep.append((self.time + seconds, sleep))
        await sleep


class ScriptedSlack:
    """A workspace that keeps what it is given; `plan` says how the next calls fail."""

    def __init__(self, clock: HandClock) -> None:
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        self.plan: deque[Exception | Loss] = deque()
        self.away = False
        self.history = True
        """Whether the app was given a history scope."""
        self.closed: dict[str, str] = {}
        """Channels that take nothing, and why."""
        self.hanging = 0
        """Calls that will never end."""
        self._clock = clock

    async def post(self, channel: str, report: Report, *, thread: str | None, id: str) -> Ref:  # noqa: A002
        message = Message(Ref(channel, f"{len(self.messages) + 1}.0"), id, thread, [report], self._clock.time)
        await self._do("post", channel, report.headline, id, lambda: self.messages.append(message))
        return message.ref

    async def edit(self, ref: Ref, report: Report) -> None:
        message = next((message for message in self.messages if message.ref == ref), None)
        if message is None:
            raise NotDelivered("no such message", code="message_not_found")
        said = message.said
        await self._do("edit", ref.channel, report.headline, message.id, lambda: said.append(report))

    async def find(
        self,
        channel: str,
        id: str,  # noqa: A002
        since: datetime,
        *,
        thread: str | None = None,
    ) -> Ref | CannotLook | None:
        await self._do("find", channel, "", id, lambda: None)
        if not self.history:
            return CannotLook("missing_scope")
        earliest = (since - START).total_seconds()
        return next(
            (
                message.ref
                for message in self.messages
                if (message.id, message.thread, message.ref.channel) == (id, thread, channel) and message.at >= earliest
            ),
            None,
        )

    async def permalink(self, ref: Ref) -> str | None:
        if self.away:
            raise SlackAway("no connection")
        return f"https://slack.example/{ref.channel}/{ref.ts}" if any(m.ref == ref for m in self.messages) else None

    def headlines(self, channel: str, thread: str | None = None) -> list[str]:
        """Return what a channel, or a thread of it, says."""
        return [m.headline for m in self.messages if m.ref.channel == channel and m.thread == thread]

    async def _do(self, method: str, channel: str, headline: str, id: str, effect: Callable[[], None]) -> None:  # noqa: A002
        failure = self._failure(channel)
        self.calls.append(Call(self._clock.time, method, channel, headline, id, failure is not None))
        if failure is None or failure in {"reply lost", "hangs after"}:
            effect()
        match failure:
            case None:
                return
            case "hangs before" | "hangs after":
                self.hanging += 1
                try:
                    await asyncio.Event().wait()
                finally:
                    self.hanging -= 1
            case "request lost" | "reply lost":
                raise FateUnknown("the connection broke")
            case Exception():
                raise failure

    def _failure(self, channel: str) -> Exception | Loss | None:
        if self.away:
            return SlackAway("no connection")
        if channel in self.closed:
            return NotDelivered("refused", code=self.closed[channel])
        return self.plan.popleft() if self.plan else None


def too_fast(seconds: float) -> RateLimited:
    """Slack's answer to one that came too fast."""
    return RateLimited("too fast", retry_after=seconds, code="ratelimited")


@dataclass
class Office:
    """An outbox at work, over a store that outlives it."""

    store: Store
    clock: HandClock
    slack: ScriptedSlack
    outbox: Outbox = field(init=False)
    lives: int = 0
    _running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start an outbox that knows only what is in the store."""
        self.outbox = Outbox(self.store, self.slack, clock=self.clock.clock())
        self._running = asyncio.create_task(self.outbox.run())
        self.lives += 1

    async def kill(self) -> None:
        """End it wherever it is."""
        if self._running is None:
            return
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        self._running = None

    async def settle(self) -> None:
        """Let it do all that it can do at this moment."""
        idle = 0
        async with asyncio.timeout(10):
            while idle < 2:  # it may be about to fall asleep
                await asyncio.sleep(0.001)
                if self._running is not None and self._running.done():
                    await self._running
                idle = idle + 1 if self._idle() else 0

    async def forward(self, seconds: float) -> None:
        """Let time pass, stopping wherever something is due."""
        await self.settle()
        end = self.clock.time + seconds
        while (due := self.clock.next()) is not None and due <= end:
            self.clock.forward(max(0.0, due - self.clock.time))
            await self.settle()
        self.clock.forward(end - self.clock.time)
        await self.settle()

    async def leap(self, seconds: float) -> None:
        """Let much time pass of which only the end matters."""
        await self.settle()
        self.clock.forward(seconds)
        await self.settle()

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.time)

    def _idle(self) -> bool:
        """Whether it waits for time or news alone; a call that hangs is none to wait for."""
        outbox = self.outbox
        writing = outbox._turns.locked() or outbox._writing
        return not writing and not outbox._news.is_set() and len(outbox._queue._under_way) == self.slack.hanging
