"""What the outbox can rely on: a message is there, is not there, or nobody knows; and can be found by its mark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversation import CannotLook, Courier, FateUnknown, NotDelivered, RateLimited, Ref, SlackAway
from bot.slack.api import Api, SlackRefused, open_api
from bot.slack.courier import EVENT_TYPE, SlackCourier
from bot.slack.work import Work
from commands.report import Choice, Level, Picture, Report
from sandbox.slack import DEMO, Workspace

OPS, RANDOM = "C0000000OPS", "C00000RANDM"
HISTORY = (*DEMO.app.scopes, "channels:history", "groups:history")
LOST = Report("n2 is lost", Level.CRITICAL, mentions=("here",), choices=(Choice("Acknowledge", "ack", "7"),))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    """A workspace that lets the app read history."""
    async with Workspace(scopes=HISTORY) as workspace:
        yield workspace


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def courier(api: Api, work: Work) -> Courier:
    return SlackCourier(api, work)


def since() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=5)


async def test_a_posted_message_is_marked_found_by_its_mark_and_edited(ws: Workspace, courier: Courier) -> None:
    ref = await courier.post(OPS, LOST, thread=None, id="m-1")

    assert ws.message("#ops", ref.ts).metadata == {"event_type": EVENT_TYPE, "event_payload": {"id": "m-1"}}
    assert await courier.find(OPS, "m-1", since()) == ref
    assert await courier.find(OPS, "m-2", since()) is None
    await courier.edit(ref, Report("n2 is back", Level.OK))
    assert ws.message("#ops", ref.ts).text == "OK · n2 is back"


async def test_a_line_in_a_thread_is_found_in_that_thread(ws: Workspace, courier: Courier) -> None:
    card = await courier.post(OPS, LOST, thread=None, id="card")
    line = await courier.post(OPS, Report("Corosync has decided"), thread=card.ts, id="line")

    assert [reply.ts for reply in ws.thread("#ops", card.ts)] == [line.ts]
    assert await courier.find(OPS, "line", since(), thread=card.ts) == line
    assert await courier.find(OPS, "line", since()) is None


async def test_a_line_whose_thread_is_gone_is_found_in_the_channel(ws: Workspace, courier: Courier) -> None:
    gone = "1000000000.000001"
    line = await courier.post(OPS, Report("Corosync has decided"), thread=gone, id="line")

    assert ws.thread("#ops", gone) == []
    assert await courier.find(OPS, "line", since(), thread=gone) == line


async def test_a_message_far_back_is_found_page_by_page_and_not_before_its_time(
    ws: Workspace, courier: Courier
) -> None:
    ref = await courier.post(OPS, LOST, thread=None, id="m-1")
    for number in range(450):
        await ws.say("ada", "#ops", f"chatter {number}")

    assert await courier.find(OPS, "m-1", since()) == ref
    assert len([call for call in ws.calls if call.method == "conversations.history"]) == 3
    assert await courier.find(OPS, "m-1", datetime.now(UTC) + timedelta(hours=1)) is None


async def test_slacks_clock_may_be_behind_ours(courier: Courier) -> None:
    ref = await courier.post(OPS, LOST, thread=None, id="m-1")

    assert await courier.find(OPS, "m-1", datetime.now(UTC) + timedelta(minutes=4)) == ref


async def test_without_a_history_scope_it_says_that_it_cannot_look() -> None:
    async with Workspace() as ws, open_api(ws.bot_token, f"{ws.url}/api/") as api:
        courier = SlackCourier(api, Work())
        card = await courier.post(OPS, LOST, thread=None, id="m-1")

        assert await courier.find(OPS, "m-1", since()) == CannotLook("missing_scope")
        assert await courier.find(OPS, "m-1", since(), thread=card.ts) == CannotLook("missing_scope")


async def test_a_lost_answer_leaves_the_fate_unknown_and_the_mark_tells_it(ws: Workspace, courier: Courier) -> None:
    ws.faults.lose_reply("chat.postMessage")
    ws.faults.lose_request("chat.postMessage")

    for message in ("there", "not-there"):
        with pytest.raises(FateUnknown):
            await courier.post(OPS, LOST, thread=None, id=message)
    (there,) = ws.messages("#ops")
    assert await courier.find(OPS, "there", since()) == Ref(OPS, there.ts)
    assert await courier.find(OPS, "not-there", since()) is None


@pytest.mark.parametrize("code", ["internal_error", "fatal_error", "service_unavailable"])
async def test_slack_not_knowing_itself_leaves_the_fate_unknown(ws: Workspace, courier: Courier, code: str) -> None:
    ws.faults.refuse("chat.postMessage", code)

    with pytest.raises(FateUnknown) as unknown:
        await courier.post(OPS, LOST, thread=None, id="m-1")
    assert unknown.value.code == code


async def test_patience_is_asked_of_the_outbox_and_not_had_by_the_courier(ws: Workspace, courier: Courier) -> None:
    ref = await courier.post(OPS, LOST, thread=None, id="m-1")
    ws.faults.rate_limit(retry_after=3600, times=4)

    for call in (
        courier.post(OPS, LOST, thread=None, id="m-2"),
        courier.edit(ref, LOST),
        courier.find(OPS, "m-1", since()),
        courier.permalink(ref),
    ):
        with pytest.raises(RateLimited) as limited:
            await call
        assert limited.value.retry_after == 3600
    assert len(ws.messages("#ops")) == 1


async def test_a_slack_that_is_away_has_certainly_nothing(ws: Workspace, courier: Courier) -> None:
    async with ws.outage():
        with pytest.raises(SlackAway):
            await courier.post(OPS, LOST, thread=None, id="m-1")

    await courier.post(OPS, LOST, thread=None, id="m-1")
    assert len(ws.messages("#ops")) == 1


async def test_a_certain_no_carries_slacks_word_for_why(courier: Courier) -> None:
    with pytest.raises(NotDelivered) as refused:
        await courier.post(RANDOM, LOST, thread=None, id="m-1")

    assert refused.value.code == "not_in_channel"
    assert not isinstance(refused.value, FateUnknown | RateLimited | SlackAway)


async def test_history_that_may_not_be_read_for_another_reason_is_no_missing_scope(courier: Courier) -> None:
    with pytest.raises(SlackRefused, match="not_in_channel"):
        await courier.find(RANDOM, "m-1", since())


async def test_an_address_is_given_for_what_is_there_only(ws: Workspace, courier: Courier) -> None:
    ref = await courier.post(OPS, LOST, thread=None, id="m-1")

    assert await courier.permalink(ref) == f"{ws.url}/archives/{OPS}/p{ref.ts.replace('.', '')}"
    assert await courier.permalink(Ref(OPS, "1.000000")) is None


async def test_a_picture_follows_into_the_thread_with_its_words(ws: Workspace, courier: Courier, work: Work) -> None:
    picture = Picture(PNG, "web.png", "n2 was away from 03:12 to 03:20", "The week of web")
    ref = await courier.post(OPS, Report("web this week", Level.OK, (picture,)), thread=None, id="r-1")
    assert await work.drain(5) == ()

    (reply,) = ws.thread("#ops", ref.ts)
    (file,) = ws.files
    assert reply.files == (file.id,)
    assert (file.content, file.mimetype, file.title) == (PNG, "image/png", "The week of web")
    assert file.alt_text == "n2 was away from 03:12 to 03:20"


async def test_a_picture_of_a_line_in_a_thread_goes_into_the_same_thread(
    ws: Workspace, courier: Courier, work: Work
) -> None:
    card = await courier.post(OPS, LOST, thread=None, id="card")
    await courier.post(OPS, Report("seen", parts=(Picture(PNG, "a.png", "a"),)), thread=card.ts, id="line")
    await work.drain(5)

    assert [len(reply.files) for reply in ws.thread("#ops", card.ts)] == [0, 1]


async def test_a_picture_that_cannot_be_uploaded_is_told_in_the_thread_and_the_message_stands(
    ws: Workspace, courier: Courier, work: Work
) -> None:
    ws.faults.refuse("files.completeUploadExternal", "storage_limit_reached")
    ref = await courier.post(OPS, Report("web", parts=(Picture(PNG, "web.png", "a"),)), thread=None, id="r-1")
    await work.drain(5)

    (reply,) = ws.thread("#ops", ref.ts)
    assert "web.png could not be uploaded" in reply.text
    assert "storage_limit_reached" in reply.text


async def test_the_choice_of_a_menu_arrives_as_a_pressed_button_does(bot: Any) -> None:
    more = (Choice("Who was it", "audit", "7"), Choice("Show the plan", "plan", "8"))
    ref = await bot.slack.courier.post(OPS, Report("n2 is lost", more=more), thread=None, id="m-1")
    (block,) = [block for block in bot.ws.message("#ops", ref.ts).blocks if block["type"] == "actions"]
    (menu,) = block["elements"]
    await bot.ws.click("ada", "#ops", ref.ts, menu["action_id"], menu["options"][1]["value"])

    (asked,) = await bot.desk.until(1)
    assert (asked.kind, asked.what, asked.value, asked.message) == ("press", "plan", "8", ref)
