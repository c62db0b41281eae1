"""Edits of a message, paced: progress comes faster than Slack lets a message be edited (some 50 times a minute)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from bot.clock import Clock
from bot.conversation import NotDelivered, Ref
from commands.report import Report

INTERVAL = 1.2
"""Seconds between two edits of one message."""

_log = structlog.get_logger(__name__)

Show = Callable[[Ref, Report, bool], Awaitable[None]]
"""Puts a report in the place of a message; the flag says that it is the final one. Raises `NotDelivered`."""


@dataclass(slots=True)
class _Line:
    """What waits to be shown in one message, and who waits for that."""

    report: Report
    final: bool = False
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    fresh: bool = True
    task: asyncio.Task[None] | None = None


class Edits:
    """Shows the newest report of each message, one edit at a time: skips what is overtaken, never the last."""

    def __init__(self, show: Show, clock: Clock | None = None, interval: float = INTERVAL) -> None:
        self._show = show
        self._clock = clock or Clock()
        self._interval = interval
        self._lines: dict[Ref, _Line] = {}
        self._last: dict[Ref, float] = {}

    async def put(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        """Show the report when its turn comes, or with `final` at once, returning when it is shown.

        Raises `NotDelivered` for a final one; of the others only the log tells.
        """
        line = self._lines.get(ref)
        if line is None:
            line = self._lines[ref] = _Line(report)
            line.task = asyncio.create_task(self._run(ref, line))
        line.report, line.fresh = report, True
        if final:
            line.final = True
            shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            line.waiting.append(shown)
            line.hurry.set()
            await shown

    async def flush(self) -> None:
        """Show everything that waits, now."""
        for line in self._lines.values():
            line.hurry.set()
        await asyncio.gather(*(line.task for line in self._lines.values() if line.task))

    async def _run(self, ref: Ref, line: _Line) -> None:
        while line.fresh:
            await self._turn(ref, line)
            line.fresh = False
            report, final, waiting = line.report, line.final, line.waiting
            line.waiting = []
            try:
                await self._show(ref, report, final)
            except NotDelivered as error:
                _settle(waiting, error)
                _log.warning("edit not shown", channel=ref.channel, ts=ref.ts, why=str(error))
            else:
                _settle(waiting, None)
            self._remember(ref)
        del self._lines[ref]

    async def _turn(self, ref: Ref, line: _Line) -> None:
        """Wait until the message may be edited again, or somebody is in a hurry."""
        wait = self._last.get(ref, float("-inf")) + self._interval - self._clock.now()
        if wait <= 0 or line.hurry.is_set():
            return
        turns = {asyncio.ensure_future(self._clock.sleep(wait)), asyncio.ensure_future(line.hurry.wait())}
        _, pending = await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
        for turn in pending:
            turn.cancel()

    def _remember(self, ref: Ref) -> None:
        now = self._clock.now()
        self._last = {other: at for other, at in self._last.items() if at + self._interval > now}
        self._last[ref] = now


def _settle(waiting: list[asyncio.Future[None]], error: NotDelivered | None) -> None:
    for shown in waiting:
        if shown.done():  # whoever waited has been cancelled
            continue
        if error is None:
            shown.set_result(None)
        else:
            shown.set_exception(error)
