"""What people do in Slack reaches the dispatcher, and its answers reach them: slack_bolt against a workspace."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversation import Place
from commands.report import Choice, Finding, Level, Listing, Report, Text

OPS = "C0000000OPS"
ADA = "U0000000ADA"


async def test_a_slash_command_is_acknowledged_empty_and_then_answered_in_the_channel(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        await asked.surface.post(Report("web runs on 2 of 2 nodes", Level.OK, (Text("All is `well`."),)))

    bot.desk.answer = answer
    done = await bot.ws.slash("ada", "#ops", "/hacluster status web")
    message = (await bot.ws.wait_for(lambda: bot.ws.messages("#ops")))[0]

    assert (done.acked, done.body) == (True, None)
    asked = bot.desk.asked[0]
    assert (asked.what, asked.place, asked.actor.user, asked.actor.team) == (
        "status web",
        Place(OPS),
        ADA,
        "T00000TEAM1",
    )
    assert asked.actor.groups == {"S0000000OPS"}
    assert asked.key
    assert message.text.startswith("OK · web runs on 2 of 2 nodes")
    assert message.blocks[0]["text"]["text"] == ":white_check_mark: OK · web runs on 2 of 2 nodes"


async def test_a_mention_in_a_thread_is_answered_in_that_thread(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        headline = await asked.surface.post(Report("Looking"))
        await asked.surface.post(Report("A detail"), under=headline)

    bot.desk.answer = answer
    top = await bot.ws.say("ada", "#ops", "the site is slow")
    await bot.ws.say("ole", "#ops", "@hacluster status web", thread_ts=top.ts)
    await bot.ws.wait_for(lambda: len(bot.ws.thread("#ops", top.ts)) == 3)

    asked = bot.desk.asked[0]
    assert (asked.what, asked.place) == ("status web", Place(OPS, top.ts))


async def test_a_button_brings_its_action_value_and_message(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        if asked.kind == "request":
            choices = (Choice("Confirm", "confirm", "plan-1", "primary"), Choice("Cancel", "cancel", "plan-1"))
            await asked.surface.post(Report("The plan", parts=(Text("Three steps"),), choices=choices))
        else:
            await asked.surface.edit(asked.message, Report("Done", Level.OK), final=True)

    bot.desk.answer = answer
    await bot.ws.slash("ada", "#ops", "/hacluster stop web")
    message = (await bot.ws.wait_for(lambda: bot.ws.messages("#ops")))[0]
    await bot.ws.click("ole", "#ops", message.ts, "choice:confirm:0")
    await bot.ws.wait_for(lambda: bot.ws.message("#ops", message.ts).text == "OK · Done")

    press = bot.desk.asked[1]
    assert (press.what, press.value, press.message.ts, press.actor.user) == (
        "confirm",
        "plan-1",
        message.ts,
        "U0000000OLE",
    )


async def test_the_same_delivery_twice_has_the_same_key(bot: Any) -> None:
    await bot.ws.slash("ada", "#ops", "/hacluster status")
    await bot.desk.until(1)
    sent = bot.ws.deliveries[0]
    await bot.ws.deliver(sent.type, sent.payload)
    first, second = await bot.desk.until(2)

    assert first.key == second.key != ""


async def test_where_the_bot_is_not_the_asker_alone_is_told_to_invite_it(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        await asked.surface.post(Report("web runs", Level.OK))

    bot.desk.answer = answer
    await bot.ws.slash("ada", "#random", "/hacluster status web")
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("ada")))[0]

    assert bot.ws.messages("#random") == []
    assert "/invite" in told.text


@pytest.mark.parametrize("where", ["#ops", "#random"])
async def test_a_whisper_reaches_the_asker_alone(bot: Any, where: str) -> None:
    async def answer(asked: Any) -> None:
        await asked.surface.whisper(Report("You may not", Level.WARNING))

    bot.desk.answer = answer
    await bot.ws.slash("eve", where, "/hacluster stop web")
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("eve")))[0]

    assert told.text == "Warning · You may not"
    assert bot.ws.messages(where) == []


async def test_what_nobody_foresaw_gives_the_person_a_reference_and_the_log_the_rest(
    bot: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async def answer(_: Any) -> None:
        raise ZeroDivisionError("the inner workings")

    bot.desk.answer = answer
    await bot.ws.slash("ada", "#ops", "/hacluster status")
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("ada")))[0]

    assert "inner workings" not in told.text
    reference = told.text.partition("Reference ")[2][:8]
    logged = capsys.readouterr().out
    assert reference in logged
    assert "the inner workings" in logged


async def test_a_button_of_another_version_gets_an_answer(bot: Any) -> None:
    await bot.api.posting.chat_postMessage(
        channel=OPS,
        text="old",
        blocks=[
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "action_id": "approve_v0", "text": {"type": "plain_text", "text": "Approve"}}
                ],
            }
        ],
    )
    message = bot.ws.messages("#ops")[0]
    done = await bot.ws.click("ada", "#ops", message.ts, "approve_v0")
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("ada")))[0]

    assert done.acked
    assert "do not know that button" in told.text
    assert bot.desk.asked == []


async def test_a_long_listing_is_a_file_in_the_thread_and_its_head_in_the_message(bot: Any) -> None:
    text = "\n".join(f"resource {number} started" for number in range(500))

    async def answer(asked: Any) -> None:
        finding = Finding(Level.OK, "nothing to do")
        await asked.surface.post(Report("web", parts=(finding, Listing("pcs status", text, "pcs-status.txt"))))

    bot.desk.answer = answer
    await bot.ws.slash("ada", "#ops", "/hacluster status web")
    file = (await bot.ws.wait_for(lambda: [file for file in bot.ws.files if file.shared_in]))[0]

    assert (file.name, file.title, file.text) == ("pcs-status.txt", "pcs status", text)
    message = bot.ws.messages("#ops")[0]
    assert "(488 more lines in pcs-status.txt)" in str(message.blocks)
    assert [reply.files for reply in bot.ws.thread("#ops", message.ts)] == [(file.id,)]
