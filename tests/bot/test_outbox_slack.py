"""The outbox, the courier and Slack's SDK together, against the local workspace."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from bot.outbox import Outbox
from bot.slack.api import open_api
from bot.slack.courier import SlackCourier
from bot.slack.work import Work
from bot.store import Store
from commands.report import Level, Report
from sandbox.slack import DEMO, Workspace

OPS = "C0000000OPS"
HISTORY = (*DEMO.app.scopes, "channels:history", "groups:history")
LOST = Report("n2 is lost", Level.CRITICAL)
BACK = Report("n2 is back", Level.OK)
SAYS_SO = Report("n1 says so")


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    async with Workspace(scopes=HISTORY) as workspace:
        yield workspace


@contextlib.asynccontextmanager
async def at_work(ws: Workspace, store: Store) -> AsyncIterator[Outbox]:
    """Run an outbox that knows what is in the store; it ends as if killed."""
    async with open_api(ws.bot_token, f"{ws.url}/api/") as api:
        outbox = Outbox(store, SlackCourier(api, Work()))
        running = asyncio.create_task(outbox.run())
        yield outbox
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - what is awaited is in the workspace
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("loss", ["request", "reply"])
async def test_a_card_whose_post_broke_is_there_once_and_goes_on(
    ws: Workspace, store: Store, logged: list[object], loss: str
) -> None:
    del logged
    if loss == "request":
        ws.faults.lose_request("chat.postMessage")
    else:
        ws.faults.lose_reply("chat.postMessage")
    async with at_work(ws, store) as outbox:
        await outbox.card("incident:1", OPS, LOST, urgency=3)
        await outbox.note("incident:1", SAYS_SO)
        await until(lambda: outbox.waiting() == 0)
        await outbox.card("incident:1", OPS, BACK)
        await until(lambda: outbox.waiting() == 0)
        link = await outbox.link("incident:1")
    (card,) = [message for message in ws.messages("#ops") if message.thread_ts is None]
    assert card.text == "OK · n2 is back"
    assert [note.text for note in ws.thread("#ops", card.ts)] == ["n1 says so"]
    assert link is not None
    assert card.ts.replace(".", "") in link


async def test_a_card_that_a_dead_bot_was_posting_is_taken_up_by_the_next(
    ws: Workspace, store: Store, logged: list[object]
) -> None:
    del logged
    ws.faults.lose_reply("chat.postMessage")
    async with at_work(ws, store) as outbox:
        await outbox.card("incident:1", OPS, LOST, urgency=3)
        await until(lambda: len(ws.messages("#ops")) == 1)
    async with at_work(ws, store) as outbox:
        await outbox.card("incident:1", OPS, BACK)
        await until(lambda: [message.text for message in ws.messages("#ops")] == ["OK · n2 is back"])


async def test_slack_asks_for_patience_and_gets_it(ws: Workspace, store: Store, logged: list[object]) -> None:
    del logged
    ws.faults.rate_limit("chat.postMessage", retry_after=1)
    async with at_work(ws, store) as outbox:
        await outbox.say(OPS, LOST)
        await until(lambda: outbox.waiting() == 0)
    assert len([call for call in ws.calls if call.method == "chat.postMessage"]) == 2
