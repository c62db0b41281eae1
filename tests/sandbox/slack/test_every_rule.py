"""The list of rules is complete: each has a test that breaks it. Here are those about arguments, lists and sockets."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import DEMO, Channel, NotPossible, Workspace
from sandbox.slack.methods import METHODS
from sandbox.slack.modals import TROUBLE
from sandbox.slack.socket_mode import MAX_CONNECTIONS

ROOT = Path(__file__).parents[3]
EVERYTHING = (
    *DEMO.app.scopes,
    *("channels:history", "im:read", "im:write", "users:read", "files:read", "reactions:write"),
)
OPS, ADA = "C0000000OPS", "U0000000ADA"
DIVIDER = {"type": "divider"}


def _codes_of(call: ast.Call) -> Iterator[str]:
    """The error code that a call stands for: `Refused("code")`, or what a malformed structure is refused with."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    place = {"Refused": 0, "structure": 1}.get(name)
    if place is not None and len(call.args) > place and isinstance(call.args[place], ast.Constant):
        yield str(ast.literal_eval(call.args[place]))


def test_every_refusal_of_the_workspace_is_seen_in_a_test() -> None:
    sources = (ROOT / "sandbox/slack").rglob("*.py")
    calls = (node for path in sources for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    codes = {code for call in calls for code in _codes_of(call)}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert len(codes) > 40
    assert {code for code in codes if f'"{code}"' not in tests and f'"{code} ' not in tests} == set()


@pytest.fixture
async def wide(ws: Workspace) -> AsyncWebClient:
    """A client of an app that may do everything the workspace knows."""
    ws.site.scopes = EVERYTHING
    return AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")


async def error(client: AsyncWebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, json=arguments)
    return str(refused.value.response["error"])


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.scopes])
async def test_a_method_without_its_scope_names_the_scope(ws: Workspace, method: str) -> None:
    ws.site.scopes = ("commands",)
    client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")

    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method)
    assert (refused.value.response["error"], refused.value.response["needed"]) == (
        "missing_scope",
        METHODS[method].scopes[0],
    )


async def test_arguments_come_by_query_form_or_json_and_malformed_ones_are_refused(ws: Workspace) -> None:
    url, said = f"{ws.url}/api/chat.postMessage", {"channel": OPS, "text": "hello"}
    token = {"Authorization": f"Bearer {ws.bot_token}"}
    as_json = {**token, "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:

        async def answer(**how: Any) -> Any:
            async with session.post(url, **how) as answered:
                return await answered.json()

        for how in ({"params": said}, {"data": said}, {"json": said}, {"params": {"channel": OPS}, "json": said}):
            assert (await answer(headers=token, **how))["ok"]
        assert (await answer(data={**said, "token": ws.bot_token}))["ok"], "a token may be an argument"
        assert (await answer(headers=as_json, data="{not json"))["error"] == "invalid_json"
        assert (await answer(headers=as_json, data="[1]"))["error"] == "json_not_object"
    assert len(ws.messages("#ops")) == 5


@pytest.mark.parametrize(
    ("method", "arguments", "expected"),
    [
        ("conversations.list", {"cursor": "elsewhere"}, "invalid_cursor"),
        ("conversations.list", {"limit": 1001}, "invalid_limit"),
        ("conversations.list", {"types": "secret_channel"}, "invalid_types"),
        ("conversations.open", {"users": DEMO.app.bot_user.id}, "invalid_user_combination"),
        ("conversations.open", {"users": ""}, "not_enough_users"),
        ("conversations.open", {"users": f"{ADA},U0000000OLE"}, "too_many_users"),
        ("conversations.history", {"channel": OPS, "oldest": "yesterday"}, "invalid_ts_latest"),
        ("conversations.replies", {"channel": OPS, "ts": "1.1"}, "thread_not_found"),
        ("bots.info", {"bot": "B0ELSEWHERE"}, "bot_not_found"),
        ("chat.postMessage", {"channel": OPS, "attachments": "{not json"}, "invalid_attachments"),
        ("chat.postMessage", {"channel": OPS, "attachments": [{}] * 101}, "too_many_attachments"),
        ("reactions.add", {"channel": OPS, "timestamp": "1.1", "name": "not an emoji"}, "invalid_name"),
        ("reactions.add", {"channel": OPS, "timestamp": "1.1", "name": "eyes"}, "message_not_found"),
    ],
)
async def test_lists_and_lookups_refuse(
    wide: AsyncWebClient, method: str, arguments: dict[str, Any], expected: str
) -> None:
    assert await error(wide, method, **arguments) == expected


async def test_an_archived_channel_takes_nothing() -> None:
    old = Channel("C0000000OLD", "old", (ADA, DEMO.app.bot_user.id), is_archived=True)
    async with Workspace(replace(DEMO, channels=(*DEMO.channels, old))) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        assert await error(client, "chat.postMessage", channel=old.id, text="x") == "is_archived"


async def test_one_reaction_of_a_kind(ws: Workspace, wide: AsyncWebClient) -> None:
    said = await ws.say("ada", "#ops", "hello")
    place = {"channel": OPS, "timestamp": said.ts, "name": "eyes"}
    await wide.api_call("reactions.add", json=place)
    assert await error(wide, "reactions.add", **place) == "already_reacted"
    await wide.api_call("reactions.remove", json=place)
    assert await error(wide, "reactions.remove", **place) == "no_reaction"


async def test_an_external_id_is_had_once(ws: Workspace, client: AsyncWebClient) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [DIVIDER], "external_id": "one"}
    await client.views_open(trigger_id=ws.site.triggers.issue(ADA), view=view)
    again = ws.site.triggers.issue(ws.user("ole").id)
    assert await error(client, "views.open", trigger_id=again, view=view) == "duplicate_external_id"
    large = {**view, "external_id": "two", "private_metadata": "", "blocks": [_long_section()] * 90}
    assert await error(client, "views.open", trigger_id=again, view=large) == "view_too_large"


def _long_section() -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}


ASKING = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "T"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"no-such-block": "wrong"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "dance"},
    ],
    ids=["error of no field", "no errors", "a view Slack would not show", "an unknown action"],
)
async def test_an_answer_to_a_form_that_slack_cannot_use_leaves_the_person_in_front_of_it(
    app: AsyncApp, ws: Workspace, client: AsyncWebClient, answer: dict[str, Any]
) -> None:
    @app.view("form")
    async def submission(ack: AsyncAck) -> None:
        await ack(**answer)

    await client.views_open(trigger_id=ws.site.triggers.issue(ADA), view=ASKING)
    [view] = ws.views("ada")
    done = await ws.submit("ada", view.id, {"name": "web"})

    assert done.notice is not None
    assert done.notice.startswith(TROUBLE)
    assert ws.views("ada") == [view]
    with pytest.raises(NotPossible, match="has no view"):
        await ws.submit("ole", view.id, {"name": "web"})


async def test_an_eleventh_connection_is_sent_away(ws: Workspace, client: AsyncWebClient) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(MAX_CONNECTIONS + 1):
            url = (await client.apps_connections_open(app_token=ws.app_token))["url"]
            sockets.append(await session.ws_connect(url))
        greetings = [json.loads((await socket.receive()).data) for socket in sockets]
        assert [greeting["type"] for greeting in greetings[:-1]] == ["hello"] * MAX_CONNECTIONS
        assert (greetings[-1]["type"], greetings[-1]["reason"]) == ("disconnect", "too_many_websockets")
        for socket in sockets:
            await socket.close()
