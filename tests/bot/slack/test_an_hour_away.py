"""Slack is away for an hour, which passes in a second: what people find afterwards is short, in order, and says it is late."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from bot.clock import Clock
from bot.outbox import Outbox
from bot.slack.api import open_api
from bot.slack.courier import SlackCourier
from bot.slack.work import Work
from bot.store import Store
from commands.report import Level, Report
from sandbox.slack import DEMO, Workspace

OPS = "C0000000OPS"
HOUR = 3600.0


class Hasty:
    """Time that passes only where somebody sleeps, and then at once: for both sides of the line."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def wall(self) -> float:
        return self.time

    def clock(self) -> Clock:
        return Clock(now=self.wall, wall=self.wall, sleep=self._sleep)

    async def until(self, moment: float) -> None:
        """Wait until it is so late."""
        async with asyncio.timeout(60):
            while self.time < moment:  # noqa: ASYNC110 - what is awaited is time itself
                await asyncio.sleep(0.001)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.001)  # whoever sleeps may be woken by news before
        self.time += seconds


@pytest.fixture
def hasty() -> Hasty:
    return Hasty()


@pytest.fixture
async def ws(hasty: Hasty) -> AsyncIterator[Workspace]:
    """A workspace that keeps the app to Slack's real pace."""
    scopes = (*DEMO.app.scopes, "channels:history", "groups:history")
    async with Workspace(scopes=scopes, clock=hasty.wall, paced=True) as workspace:
        yield workspace


@pytest.fixture
async def outbox(ws: Workspace, store: Store, hasty: Hasty, logged: list[object]) -> AsyncIterator[Outbox]:
    del logged
    async with open_api(ws.bot_token, f"{ws.url}/api/") as api:
        outbox = Outbox(store, SlackCourier(api, Work()), clock=hasty.clock())
        running = asyncio.create_task(outbox.run())
        yield outbox
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def all_sent(outbox: Outbox) -> None:
    async with asyncio.timeout(60):
        while outbox.waiting():  # noqa: ASYNC110 - what is awaited is in the outbox
            await asyncio.sleep(0.001)


async def test_an_hour_is_told_in_a_few_messages_and_nothing_is_lost(
    ws: Workspace, outbox: Outbox, hasty: Hasty
) -> None:
    await outbox.card("incident:1", OPS, Report("n2 is lost", Level.CRITICAL), urgency=3)
    await all_sent(outbox)

    async with ws.outage():
        for number in range(1, 7):
            await outbox.say(OPS, Report(f"report {number}"))
            await outbox.note("incident:1", Report(f"step {number}"))
        await outbox.card("incident:1", OPS, Report("n2 is back", Level.OK), urgency=3)
        await outbox.card("incident:2", OPS, Report("n3 is lost", Level.CRITICAL), urgency=3)
        await hasty.until(hasty.time + HOUR)
        assert outbox.away_since is not None, "whoever asks for its vitals is told"

    await all_sent(outbox)
    first, second, digest = [message for message in ws.messages("#ops") if not message.is_reply]
    assert first.text.startswith("OK · n2 is back")
    assert [before.text for before in first.history] == ["Critical · n2 is lost"]
    assert re.match(r"Critical · n3 is lost \(sent 6\d min late\)", second.text)
    assert digest.text.startswith("While Slack was away: 6 messages")
    (thread,) = ws.thread("#ops", first.ts)
    assert "What happened meanwhile" in thread.text
    for number in range(1, 7):
        assert f"report {number}" in digest.text + "".join(str(block) for block in digest.blocks)
        assert f"step {number}" in thread.text + "".join(str(block) for block in thread.blocks)
    assert all(call.error != "ratelimited" for call in ws.calls)
