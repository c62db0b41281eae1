"""What is sent once stays sent once, whatever the line does; and Slack's refusals come in our words."""

from __future__ import annotations

import pytest

from bot.conversation import FateUnknown, NotDelivered
from bot.slack.api import Api, SlackRefused
from bot.slack.messages import Messages
from commands.report import Choice, Level, Report, Table
from sandbox.slack import Workspace

OPS = "C0000000OPS"


def said(ws: Workspace) -> list[str]:
    return [message.text for message in ws.messages("#ops")]


async def test_a_post_whose_answer_is_lost_is_not_repeated(ws: Workspace, api: Api) -> None:
    ws.faults.lose_reply("chat.postMessage")

    with pytest.raises(FateUnknown, match=r"chat\.postMessage"):
        await Messages(api).post(OPS, Report("once"))
    assert len(said(ws)) == 1


async def test_an_edit_whose_answer_is_lost_is_repeated(ws: Workspace, api: Api) -> None:
    ref = await Messages(api).post(OPS, Report("to do"))
    ws.faults.lose_reply("chat.update")
    await Messages(api).edit(ref, Report("done", Level.OK), final=True)

    assert len(ws.message("#ops", ref.ts).history) == 2


async def test_slack_asking_for_patience_gets_it(ws: Workspace, api: Api) -> None:
    ws.faults.rate_limit("chat.postMessage", retry_after=0)
    await Messages(api).post(OPS, Report("patience"))

    assert [call.error for call in ws.calls if call.method == "chat.postMessage"] == ["ratelimited", None]


async def test_an_error_page_is_told_by_its_status(ws: Workspace, api: Api) -> None:
    ws.faults.error_page("chat.postMessage", status=502)

    with pytest.raises(NotDelivered, match="502"):
        await Messages(api).post(OPS, Report("?"))


async def test_slacks_refusal_carries_its_word_for_why(ws: Workspace, api: Api) -> None:
    with pytest.raises(SlackRefused) as refused:
        await Messages(api).post("C_NOWHERE", Report("?"))

    assert refused.value.code == "channel_not_found"
    assert ws.bot_token not in str(refused.value)


async def test_a_drawing_that_slack_refuses_is_sent_simply_with_its_buttons(ws: Workspace, api: Api) -> None:
    ws.faults.refuse("chat.postMessage", "invalid_blocks")
    table = Table(("node",), (("n1",),))
    report = Report("web", parts=(table,), choices=(Choice("Go", "go", "1"),))
    ref = await Messages(api).post(OPS, report)
    (drawn, _) = [call for call in ws.calls if call.method == "chat.postMessage"]

    assert [block["type"] for block in drawn.arguments["blocks"]] == ["header", "table", "actions"]
    assert [block["type"] for block in ws.message("#ops", ref.ts).blocks] == ["section", "actions"]
