"""A real Bolt app in conversation with the workspace: slash, post, edit, buttons, modals, mentions, files."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Workspace


async def test_slash_command_is_acked_then_answered_in_a_message_that_is_edited(app: AsyncApp, ws: Workspace) -> None:
    @app.command("/hacluster")
    async def status(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        posted = await client.chat_postMessage(channel=command["channel_id"], text=f"{command['text']} ...")
        await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="web: all is well")

    done = await ws.slash("ada", "#ops", "/hacluster status web")

    assert done.acked
    assert done.body is None
    [message] = await ws.wait_for(lambda: [m for m in ws.messages("#ops") if m.edited])
    assert message.text == "web: all is well"
    assert [old.text for old in message.history] == ["status web ..."]
    assert message.user == ws.user("hacluster").id


async def test_button_reaches_the_app_with_who_pressed_what(
    app: AsyncApp, ws: Workspace, client: AsyncWebClient
) -> None:
    pressed: list[dict[str, Any]] = []

    @app.action("confirm")
    async def confirm(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        pressed.append(body)
        await respond(text="Started", replace_original=True)

    button = {
        "type": "button",
        "action_id": "confirm",
        "value": "plan-1",
        "style": "danger",
        "text": {"type": "plain_text", "text": "Confirm"},
        "confirm": {
            "title": {"type": "plain_text", "text": "Sure?"},
            "text": {"type": "plain_text", "text": "It will start"},
            "confirm": {"type": "plain_text", "text": "Yes"},
            "deny": {"type": "plain_text", "text": "No"},
        },
    }
    posted = await client.chat_postMessage(
        channel=ws.channel("#ops").id, text="Plan", blocks=[{"type": "actions", "elements": [button]}]
    )
    dismissed = await ws.click("ole", "#ops", posted["ts"], "confirm", confirm=False)
    assert not dismissed.delivered
    assert pressed == []

    done = await ws.click("ole", "#ops", posted["ts"], "confirm")

    assert done.acked
    replaced = await ws.wait_for(lambda: now if (now := ws.message("#ops", posted["ts"])).history else None)
    assert replaced.text == "Started"
    assert replaced.blocks == ()
    [body] = pressed
    assert body["user"]["id"] == ws.user("ole").id
    assert body["actions"][0]["value"] == "plan-1"
    assert body["message"]["ts"] == posted["ts"]


MODAL = {
    "type": "modal",
    "callback_id": "setup",
    "title": {"type": "plain_text", "text": "Set up a cluster"},
    "submit": {"type": "plain_text", "text": "Preview"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


async def test_modal_opens_complains_about_a_field_and_closes_when_right(app: AsyncApp, ws: Workspace) -> None:
    submitted: list[str] = []

    @app.command("/hacluster")
    async def setup(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=MODAL)

    @app.view("setup")
    async def submission(ack: AsyncAck, view: dict[str, Any]) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name != "web":
            await ack(response_action="errors", errors={"name": f"{name} is not a name"})
            return
        await ack()
        submitted.append(name)

    await ws.slash("ada", "#ops", "/hacluster setup")
    [view] = await ws.wait_for(lambda: ws.views("ada"))

    empty = await ws.submit("ada", view.id, {})
    assert not empty.delivered
    assert "name" in empty.errors
    wrong = await ws.submit("ada", view.id, {"name": "w e b"})
    assert wrong.errors == {"name": "w e b is not a name"}
    assert ws.views("ada") == [view]
    right = await ws.submit("ada", view.id, {"name": "web"})
    assert right.acked
    assert ws.views("ada") == []
    assert await ws.wait_for(lambda: submitted) == ["web"]


async def test_mention_in_a_thread_is_answered_there(app: AsyncApp, ws: Workspace) -> None:
    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: AsyncSay) -> None:
        await say(text=f"heard {event['text']}", thread_ts=event.get("thread_ts") or event["ts"])

    first = await ws.say("vic", "#ops", "morning")
    await ws.say("vic", "#ops", "@hacluster status web", thread_ts=first.ts)

    [question, answer] = await ws.wait_for(lambda: thread if len(thread := ws.thread("#ops", first.ts)) > 1 else None)
    assert question.text == f"<@{ws.user('hacluster').id}> status web"
    assert answer.text == f"heard {question.text}"


async def test_ephemeral_is_seen_by_one_person_and_cannot_be_edited(client: AsyncWebClient, ws: Workspace) -> None:
    await client.chat_postEphemeral(channel=ws.channel("#ops").id, user=ws.user("eve").id, text="not allowed")

    [whisper] = ws.ephemerals("eve")
    assert whisper.text == "not allowed"
    assert ws.ephemerals("ada") == []
    assert ws.messages("#ops") == []


async def test_file_upload_lands_in_the_thread(client: AsyncWebClient, ws: Workspace) -> None:
    ops = ws.channel("#ops").id
    parent = await client.chat_postMessage(channel=ops, text="report")

    await client.files_upload_v2(
        channel=ops, content="line\n" * 1000, filename="status.txt", title="Status", thread_ts=parent["ts"]
    )

    [file] = ws.files
    assert file.text == "line\n" * 1000
    assert file.title == "Status"
    [reply] = ws.thread("#ops", parent["ts"])
    assert reply.files == (file.id,)
