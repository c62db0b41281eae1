"""Where answers go: channel, thread, the asker alone, and the ways round when one of them is closed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conversation import NotDelivered, Place, Ref
from bot.slack.api import Api, open_api
from bot.slack.messages import Messages
from bot.slack.surface import NotInvited, SlackSurface
from commands.report import Choice, Level, Listing, Report, Text
from sandbox.slack import Workspace

OPS, RANDOM, ADA = "C0000000OPS", "C00000RANDM", "U0000000ADA"


@pytest.fixture
def messages(api: Api) -> Messages:
    return Messages(api)


async def test_details_go_into_the_thread_of_the_headline(ws: Workspace, messages: Messages) -> None:
    surface = SlackSurface(messages, Place(OPS), ADA)
    headline = await surface.post(Report("Setting up"))
    await surface.post(Report("step 1", Level.OK), under=headline)

    assert [reply.text for reply in ws.thread("#ops", headline.ts)] == ["OK · step 1"]


async def test_links_are_not_unfolded(ws: Workspace, messages: Messages) -> None:
    await SlackSurface(messages, Place(OPS)).post(Report("see http://10.0.0.1/"))

    assert ws.calls[-1].arguments["unfurl_links"] in {False, "0", "false"}


async def test_an_edit_replaces_the_message_and_a_final_one_brings_its_files(ws: Workspace, messages: Messages) -> None:
    surface = SlackSurface(messages, Place(OPS), ADA)
    ref = await surface.post(Report("Setting up"))
    listing = Listing("members", "line\n" * 200, "members.txt")
    await surface.edit(ref, Report("Set up", Level.OK, (listing,)), final=True)

    assert ws.message("#ops", ref.ts).text == "OK · Set up"
    assert [file.name for file in ws.files if file.shared_in] == ["members.txt"]
    assert len(ws.thread("#ops", ref.ts)) == 1


async def test_a_file_that_cannot_be_uploaded_is_told_in_the_thread() -> None:
    scopes = [scope for scope in Workspace().site.scopes if scope != "files:write"]
    async with Workspace(scopes=scopes) as ws:
        async with open_api(ws.bot_token, f"{ws.url}/api/") as api:
            surface = SlackSurface(Messages(api), Place(OPS), ADA)
            ref = await surface.post(Report("web", parts=(Listing("output", "line\n" * 200),)))

        (reply,) = ws.thread("#ops", ref.ts)
        assert "output.txt could not be uploaded" in reply.text
        assert "missing_scope" in reply.text


@pytest.mark.parametrize("channel", [RANDOM, "C0NOWHERE"])
async def test_a_channel_the_bot_is_not_in_is_told_as_such(messages: Messages, channel: str) -> None:
    with pytest.raises(NotInvited) as error:
        await SlackSurface(messages, Place(channel), ADA).post(Report("web"))

    assert "/invite" in error.value.remedy


async def test_a_whisper_falls_back_to_a_direct_message(ws: Workspace, messages: Messages) -> None:
    await SlackSurface(messages, Place(RANDOM), ADA).whisper(Report("You may not", Level.WARNING))

    assert [message.text for message in ws.messages("@ada")] == ["Warning · You may not"]


async def test_a_whisper_that_is_long_goes_whole_into_a_direct_message(ws: Workspace, messages: Messages) -> None:
    listing = Listing("Entries", "line\n" * 500, "audit.jsonl")
    await SlackSurface(messages, Place(OPS), ADA).whisper(Report("The audit", parts=(listing,), private=True))

    (told,) = ws.ephemerals("ada")
    assert "direct message" in told.text
    sent, *_ = ws.messages("@ada")
    (file,) = ws.files
    assert file.name == "audit.jsonl"
    assert "#ops" not in file.shared_in
    assert sent.text.startswith("The audit")
    assert ws.messages("#ops") == [], "nobody else sees it"


async def test_what_nobody_asked_for_can_be_whispered_to_nobody(messages: Messages) -> None:
    with pytest.raises(NotDelivered):
        await SlackSurface(messages, Place(OPS)).whisper(Report("psst"))


async def test_a_button_of_a_whisper_replaces_that_whisper(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        if asked.kind == "request":
            choices = (Choice("Trust this key", "trust", "key-1"),)
            await asked.surface.whisper(Report("Unknown key", parts=(Text("SHA256:…"),), choices=choices))
        else:
            await asked.surface.edit(asked.message, Report("Trusted", Level.OK), final=True)

    bot.desk.answer = answer
    await bot.ws.slash("ada", "#ops", "/hacluster status web")
    told = (await bot.ws.wait_for(lambda: bot.ws.ephemerals("ada")))[0]
    await bot.ws.click("ada", "#ops", told.ts, "choice:trust:0")
    await bot.ws.wait_for(lambda: [m.text for m in bot.ws.ephemerals("ada")] == ["OK · Trusted"])

    assert bot.desk.asked[1].message == Ref(OPS, told.ts)


async def test_a_button_in_a_thread_is_answered_in_that_thread(bot: Any) -> None:
    async def answer(asked: Any) -> None:
        if asked.kind == "request":
            choices = (Choice("Go", "go", "1"),)
            await asked.surface.post(Report("Sure?", choices=choices))
        else:
            await asked.surface.post(Report("Gone", Level.OK))

    bot.desk.answer = answer
    top = await bot.ws.say("ada", "#ops", "the site is slow")
    await bot.ws.say("ada", "#ops", "@hacluster stop web", thread_ts=top.ts)
    plan = (await bot.ws.wait_for(lambda: [m for m in bot.ws.thread("#ops", top.ts) if m.blocks]))[0]
    await bot.ws.click("ada", "#ops", plan.ts, "choice:go:0")
    await bot.ws.wait_for(lambda: [m for m in bot.ws.thread("#ops", top.ts) if m.text == "OK · Gone"])

    assert bot.desk.asked[1].place == Place(OPS, top.ts)
