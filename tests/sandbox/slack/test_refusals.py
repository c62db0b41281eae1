"""What Slack refuses, in Slack's own words: tokens, scopes, channels, content, edits, triggers, views."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.slack import Workspace
from sandbox.slack.grants import Origin

Json = dict[str, Any]


async def refusal(client: AsyncWebClient, method: str, **arguments: Any) -> Json:
    """The body of Slack's no."""
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, json=arguments)
    body = refused.value.response.data
    assert isinstance(body, dict)
    return body


async def error(client: AsyncWebClient, method: str, **arguments: Any) -> str:
    return str((await refusal(client, method, **arguments))["error"])


# Tokens and scopes


async def test_tokens(ws: Workspace, client: AsyncWebClient) -> None:
    base = ws.url + "/api/"
    assert await error(AsyncWebClient(base_url=base), "auth.test") == "not_authed"
    assert await error(AsyncWebClient(token="xoxb-wrong", base_url=base), "auth.test") == "invalid_auth"
    assert await error(AsyncWebClient(token=ws.app_token, base_url=base), "auth.test") == "not_allowed_token_type"
    assert await error(client, "apps.connections.open") == "not_allowed_token_type"
    assert await error(client, "chat.whatever") == "unknown_method"


async def test_auth_test_says_who_and_which_scopes(ws: Workspace, client: AsyncWebClient) -> None:
    who = await client.auth_test()
    assert who["user_id"] == ws.user("hacluster").id
    assert who["team_id"] == ws.store.world.team.id
    assert "chat:write" in who.headers["x-oauth-scopes"].split(",")


async def test_missing_scope_names_what_is_needed_and_what_there_is() -> None:
    async with Workspace(scopes=("commands", "channels:read")) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        body = await refusal(client, "chat.postMessage", channel="#ops", text="x")
        assert body["error"] == "missing_scope"
        assert body["needed"] == "chat:write"
        assert body["provided"] == "commands,channels:read"
        body = await refusal(client, "conversations.history", channel=ws.channel("#ops").id)
        assert body["needed"] == "channels:history"


async def test_no_token_in_the_log_of_calls(ws: Workspace) -> None:
    await AsyncWebClient(base_url=ws.url + "/api/").auth_test(token=ws.bot_token)
    assert ws.bot_token not in repr(ws.calls)
    assert ws.bot_token not in repr(ws.credentials)


# Posting and editing

LARGE_METADATA = {"event_type": "plan", "event_payload": {"x": "x" * 8_000}}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C00000RANDM", "text": "x"}, "not_in_channel"),
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"text": "x"}, "invalid_arguments"),
        ({"channel": "#ops"}, "no_text"),
        ({"channel": "#ops", "text": "   "}, "no_text"),
        ({"channel": "#ops", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#ops", "text": "x", "blocks": "{not json"}, "invalid_blocks_format"),
        ({"channel": "#ops", "text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "#ops", "text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"channel": "#ops", "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
        ({"channel": "#ops", "text": "x", "metadata": LARGE_METADATA}, "metadata_too_large"),
    ],
)
async def test_post_message_refuses(client: AsyncWebClient, arguments: Json, expected: str) -> None:
    assert await error(client, "chat.postMessage", **arguments) == expected


async def test_invalid_blocks_say_where(client: AsyncWebClient) -> None:
    body = await refusal(client, "chat.postMessage", channel="#ops", text="x", blocks=[{"type": "section"}])
    assert body["response_metadata"]["messages"] == [
        "[ERROR] missing required field: text [json-pointer:/blocks/0]",
    ]


async def test_much_text_in_many_fine_blocks_is_too_long(client: AsyncWebClient) -> None:
    fine = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}
    assert await error(client, "chat.postMessage", channel="#ops", text="x", blocks=[fine] * 5) == "msg_blocks_too_long"
    assert (await client.chat_postMessage(channel="#ops", text="x", blocks=[fine] * 4))["ok"]


async def test_only_own_lasting_messages_can_be_edited(ws: Workspace, client: AsyncWebClient) -> None:
    ops = ws.channel("#ops").id
    theirs = await ws.say("ada", "#ops", "hello")
    private = await client.chat_postEphemeral(channel=ops, user=ws.user("ada").id, text="psst")
    assert await error(client, "chat.update", channel=ops, ts=theirs.ts, text="x") == "cant_update_message"
    assert await error(client, "chat.update", channel=ops, ts=private["message_ts"], text="x") == "message_not_found"
    assert await error(client, "chat.update", channel=ops, ts="1.1", text="x") == "message_not_found"
    assert await error(client, "chat.delete", channel=ops, ts=theirs.ts) == "cant_delete_message"


async def test_a_thread_that_is_not_there(ws: Workspace, client: AsyncWebClient) -> None:
    ops = ws.channel("#ops").id
    lost = await client.chat_postMessage(channel=ops, text="lands in the channel", thread_ts="1.1")
    assert not ws.message("#ops", lost["ts"]).is_reply
    private = await client.chat_postEphemeral(channel=ops, user=ws.user("ada").id, text="psst")
    refused = await error(client, "chat.postMessage", channel=ops, text="x", thread_ts=private["message_ts"])
    assert refused == "cannot_reply_to_message"

    parent = await client.chat_postMessage(channel=ops, text="to be deleted")
    await client.chat_postMessage(channel=ops, text="reply", thread_ts=parent["ts"])
    await client.chat_delete(channel=ops, ts=parent["ts"])
    assert ws.message("#ops", parent["ts"]).text == "This message was deleted."
    assert [reply.text for reply in ws.thread("#ops", parent["ts"])] == ["reply"]
    assert await error(client, "chat.update", channel=ops, ts=parent["ts"], text="x") == "cant_update_message"


async def test_an_edit_leaves_alone_what_it_does_not_name(ws: Workspace, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#ops", text="old", blocks=[{"type": "divider"}])
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="new")
    message = ws.message("#ops", posted["ts"])
    assert (message.text, len(message.blocks)) == ("new", 1)
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="new", blocks=[])
    assert ws.message("#ops", posted["ts"]).blocks == ()
    assert await error(client, "chat.update", channel=posted["channel"], ts=posted["ts"], text="") == "no_text"


async def test_an_archived_channel_and_a_channel_left(ws: Workspace, client: AsyncWebClient) -> None:
    ops = ws.channel("#ops").id
    ws.store.leave(ops, ws.user("hacluster").id)
    assert await error(client, "chat.postMessage", channel=ops, text="x") == "not_in_channel"
    ws.store.join(ops, ws.user("hacluster").id)
    assert (await client.chat_postMessage(channel=ops, text="x"))["ok"]


async def test_ephemeral_to_somebody_elsewhere(ws: Workspace, client: AsyncWebClient) -> None:
    ops, eve = ws.channel("#ops").id, ws.user("eve").id
    ws.store.leave(ops, eve)
    assert await error(client, "chat.postEphemeral", channel=ops, user=eve, text="x") == "user_not_in_channel"


# Reading


async def test_reading_channels_people_and_groups() -> None:
    scopes = ("channels:read", "groups:read", "channels:history", "usergroups:read", "users:read", "chat:write")
    async with Workspace(scopes=scopes) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        listed = await client.conversations_list(types="public_channel,private_channel", limit=2)
        assert [channel["name"] for channel in listed["channels"]] == ["ops", "web"]
        rest = await client.conversations_list(cursor=listed["response_metadata"]["next_cursor"])
        assert [(channel["name"], channel["is_member"]) for channel in rest["channels"]] == [("random", False)]
        members = await client.conversations_members(channel=ws.channel("#ops").id)
        assert ws.user("eve").id in members["members"]
        group = ws.store.world.groups[0]
        assert (await client.usergroups_users_list(usergroup=group.id))["users"] == list(group.users)
        assert await error(client, "usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"
        assert await error(client, "conversations.history", channel=ws.channel("#random").id) == "not_in_channel"
        assert await error(client, "users.info", user="U0NOBODY") == "user_not_found"
        posted = await client.chat_postMessage(
            channel="#ops", text="x", metadata={"event_type": "plan", "event_payload": {"id": "1"}}
        )
        history = await client.conversations_history(channel=posted["channel"], include_all_metadata=True)
        assert history["messages"][0]["metadata"]["event_payload"] == {"id": "1"}
        plainly = await client.conversations_history(channel=posted["channel"])
        assert "metadata" not in plainly["messages"][0]


# Triggers and views


def modal(**more: Any) -> Json:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Title"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Loading"}}],
        **more,
    }


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_trigger_lives_three_seconds_and_is_exchanged_once() -> None:
    clock = Clock()
    async with Workspace(clock=clock) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        ada = ws.user("ada").id
        trigger = ws.site.triggers.issue(ada)
        clock.now += 2.9
        assert (await client.views_open(trigger_id=trigger, view=modal()))["ok"]
        assert await error(client, "views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
        late = ws.site.triggers.issue(ada)
        clock.now += 3.1
        assert await error(client, "views.open", trigger_id=late, view=modal()) == "expired_trigger_id"
        assert await error(client, "views.open", trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"


async def test_a_view_is_updated_by_hash_or_not_at_all(ws: Workspace, client: AsyncWebClient) -> None:
    opened = await client.views_open(trigger_id=ws.site.triggers.issue(ws.user("ada").id), view=modal())
    view = opened["view"]
    updated = await client.views_update(view_id=view["id"], hash=view["hash"], view=modal(callback_id="next"))
    assert updated["view"]["hash"] != view["hash"]
    assert await error(client, "views.update", view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
    await ws.close_view("ada", view["id"])
    assert await error(client, "views.update", view_id=view["id"], view=modal()) == "not_found"


async def test_modals_stack_three_deep(ws: Workspace, client: AsyncWebClient) -> None:
    ada = ws.user("ada").id
    root = await client.views_open(trigger_id=ws.site.triggers.issue(ada), view=modal())
    for _ in range(2):
        top = ws.views("ada")[-1]
        await client.views_push(trigger_id=ws.site.triggers.issue(ada, top.id), view=modal())
    trigger = ws.site.triggers.issue(ada, ws.views("ada")[-1].id)
    assert await error(client, "views.push", trigger_id=trigger, view=modal()) == "push_limit_reached"
    assert [view.root_id for view in ws.views("ada")] == [root["view"]["id"]] * 3


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (modal(title={"type": "plain_text", "text": "x" * 25}), "must be less than 25 characters"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
        (modal(title=None), "missing required field: title"),
        (modal(type="home"), "must be of type modal"),
        (modal(blocks=[{"type": "divider"}] * 101), "no more than 100 items"),
        (
            modal(
                blocks=[
                    {
                        "type": "input",
                        "label": {"type": "plain_text", "text": "L"},
                        "element": {"type": "plain_text_input", "action_id": "a"},
                    }
                ]
            ),
            "missing required field: submit",
        ),
    ],
)
async def test_a_view_slack_would_not_show(ws: Workspace, client: AsyncWebClient, view: Json, expected: str) -> None:
    trigger = ws.site.triggers.issue(ws.user("ada").id)
    body = await refusal(client, "views.open", trigger_id=trigger, view=view)
    assert body["error"] == "invalid_arguments"
    assert any(expected in message for message in body["response_metadata"]["messages"])
    assert ws.views("ada") == []


async def test_home_is_published_for_a_person(ws: Workspace, client: AsyncWebClient) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    published = await client.views_publish(user_id=ws.user("vic").id, view=home)
    shown = ws.home("vic")
    assert shown is not None
    assert shown.id == published["view"]["id"]
    assert await error(client, "views.publish", user_id="U0NOBODY", view=home) == "user_not_found"


# response_url and files


async def test_response_url_is_good_for_five_posts_in_thirty_minutes() -> None:
    clock = Clock()
    async with Workspace(clock=clock) as ws:
        origin = Origin(user=ws.user("ada").id, channel=ws.channel("#ops").id)
        webhook = AsyncWebhookClient(ws.site.response_url(origin))
        for number in range(5):
            assert (await webhook.send(text=f"answer {number}")).body == "ok"
        used_up = await webhook.send(text="one too many")
        assert (used_up.status_code, "used_url" in used_up.body) == (404, True)
        assert [message.text for message in ws.ephemerals("ada")] == [f"answer {number}" for number in range(5)]
        old = AsyncWebhookClient(ws.site.response_url(origin))
        clock.now += 30 * 60 + 1
        assert "expired_url" in (await old.send(text="late")).body


async def test_a_file_must_be_uploaded_before_it_is_shared(ws: Workspace, client: AsyncWebClient) -> None:
    ops = ws.channel("#ops").id
    promised = await client.files_getUploadURLExternal(filename="a.txt", length=10)
    arguments = {"files": [{"id": promised["file_id"]}], "channel_id": ops}
    assert await error(client, "files.completeUploadExternal", **arguments) == "file_not_found"
    assert await error(client, "files.getUploadURLExternal", filename="a.txt", length=0) == "invalid_arguments"
    assert ws.messages("#ops") == []
