"""Slack's bad days on request: by Python and over HTTP, each seen through the real SDK."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Workspace
from sandbox.slack.control import Control
from sandbox.slack.control_server import COMMANDS

OPS, WEB = "C0000000OPS", "C0000000WEB"


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    """A workspace that can be told over HTTP what to do badly."""
    async with Workspace(control_port=0) as workspace:
        yield workspace


@pytest.fixture
def client(ws: Workspace) -> AsyncWebClient:
    """The SDK's client, which repeats nothing."""
    return AsyncWebClient(token=ws.bot_token, base_url=f"{ws.url}/api/", retry_handlers=[])


async def ask(ws: Workspace, command: str, **arguments: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{ws.control_url}/{command}", params=arguments) as answer,
    ):
        return answer.status, await answer.json()


async def test_it_tells_all_that_it_can_do_in_the_words_of_the_python_side(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.get(ws.control_url) as answer:
        told = await answer.text()

    public = {name for name, _ in inspect.getmembers(Control, inspect.iscoroutinefunction) if not name.startswith("_")}
    assert public == {*COMMANDS, "stop"}
    assert all(f"\n{name}" in told for name in COMMANDS)
    assert "rate_limit  [method=*] [channel=*] [retry_after=30] [times=1]" in told
    assert "Answer the next calls with HTTP 429 and Retry-After" in told


@pytest.mark.parametrize(
    ("command", "arguments", "status", "why"),
    [
        ("explode", {}, 404, "there is no explode"),
        ("refuse", {}, 400, "the argument code is missing"),
        ("clear", {"now": "1"}, 400, "none is taken"),
        ("rate_limit", {"retry_after": "soon"}, 400, "invalid literal"),
        ("rate_limit", {"channel": "#nowhere"}, 400, "there is no channel #nowhere"),
        ("duplicate", {"kind": "letters"}, 400, "there is no kind letters"),
        ("revoke", {"token": "user"}, 400, "there is no token user"),
    ],
)
async def test_what_there_is_not_is_refused_with_a_reason(
    ws: Workspace, command: str, arguments: dict[str, str], status: int, why: str
) -> None:
    answered, body = await ask(ws, command, **arguments)
    assert answered == status
    assert why in body["error"]


async def test_a_foreign_page_cannot_ask(ws: Workspace) -> None:
    async with (
        aiohttp.ClientSession(headers={"Origin": "http://evil.example"}) as session,
        session.post(f"{ws.control_url}/go_away") as answer,
    ):
        assert answer.status == 403


async def test_patience_is_asked_for_in_one_channel_and_one_method_only(ws: Workspace, client: AsyncWebClient) -> None:
    assert (await ask(ws, "rate_limit", method="chat.postMessage", channel="#ops", retry_after=7))[0] == 200

    await client.chat_postMessage(channel=WEB, text="elsewhere")
    await client.conversations_info(channel=OPS)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=OPS, text="here")
    assert refused.value.response.headers["Retry-After"] == "7"
    await client.chat_postMessage(channel=OPS, text="here")


async def test_the_real_pace_can_be_switched_on_and_off() -> None:
    async with Workspace(control_port=0, clock=lambda: 1_800_000_000.0) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=f"{ws.url}/api/", retry_handlers=[])
        await ask(ws, "pace", on="yes")
        for _ in range(3):
            await client.chat_postMessage(channel=OPS, text="within the burst")
        with pytest.raises(SlackApiError, match="ratelimited"):
            await client.chat_postMessage(channel=OPS, text="too fast")
        await ask(ws, "pace", on="no")
        for number in range(5):
            await client.chat_postMessage(channel=OPS, text=str(number))


async def test_a_page_of_a_proxy_and_any_code(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "error_page", method="auth.test", status=503)
    await ask(ws, "refuse", code="fatal_error", method="auth.test")

    with pytest.raises(SlackApiError) as page:
        await client.auth_test()
    assert page.value.response.status_code == 503
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.auth_test()
    assert (await client.auth_test())["ok"]


async def test_a_late_reply_is_of_something_done_at_once(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "late_reply", method="chat.postMessage", seconds=30)
    posting = asyncio.create_task(client.chat_postMessage(channel=OPS, text="there already"))
    await ws.wait_for(lambda: ws.messages("#ops"))
    assert not posting.done()
    posting.cancel()


async def test_a_lost_request_and_a_lost_reply(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "lose_reply", method="chat.postMessage", channel=OPS)
    await ask(ws, "lose_request", method="chat.postMessage", channel=OPS)
    for text in ("done", "not done"):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel=OPS, text=text)
    assert [message.text for message in ws.messages("#ops")] == ["done"]


async def test_envelopes_come_twice_and_events_as_retries(ws: Workspace, app: AsyncApp) -> None:
    heard: list[str] = []

    @app.command("/hacluster")
    async def slash(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body["trigger_id"])

    @app.event("app_mention")
    async def mention(body: dict[str, Any]) -> None:
        heard.append(body["event_id"])

    await ask(ws, "duplicate", times=2)
    await ws.slash("ada", "#ops", "/hacluster status")
    await ws.say("ada", "#ops", "@hacluster status")
    await ws.slash("ada", "#ops", "/hacluster once")
    await ws.wait_for(lambda: len(heard) == 5)
    assert heard[0] == heard[1]
    assert heard[2] == heard[3]
    assert len(set(heard)) == 3


async def test_a_refused_address_is_spent(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "refuse_socket")
    url = (await client.apps_connections_open(app_token=ws.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        for status in (503, 408):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            assert refused.value.status == status
        other = await session.ws_connect((await client.apps_connections_open(app_token=ws.app_token))["url"])
        assert (await other.receive_json())["type"] == "hello"
        await other.close()


async def test_a_half_open_connection_stands_and_is_silent(ws: Workspace, client: AsyncWebClient) -> None:
    url = (await client.apps_connections_open(app_token=ws.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url, autoping=False) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await socket.ping(b"1")
        assert (await socket.receive()).type is aiohttp.WSMsgType.PONG
        await ask(ws, "freeze_sockets")
        await socket.ping(b"2")
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.2)
        assert ws.connected == 1
        await ask(ws, "clear")
        assert (await socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE}


async def test_connections_are_dropped_or_asked_to_come_anew(ws: Workspace, app: AsyncApp) -> None:
    del app  # it connects, and does so again
    await ask(ws, "drop_sockets")
    await ws.wait_for(lambda: ws.socket_mode.accepted == 2)
    await ask(ws, "disconnect", reason="refresh_requested", grace=0.1)
    await ws.wait_for(lambda: ws.socket_mode.accepted == 3)


async def test_a_revoked_token_is_good_again_once_all_is_well(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "revoke", token="app", code="invalid_auth")
    _, state = await ask(ws, "revoke")
    assert state["revoked"] == {"app": "invalid_auth", "bot": "token_revoked"}
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await client.apps_connections_open(app_token=ws.app_token)
    await ask(ws, "clear")
    assert (await client.auth_test())["ok"]


async def test_an_outage_begins_and_ends_by_request_or_by_itself(ws: Workspace, client: AsyncWebClient) -> None:
    await ask(ws, "go_away")
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.auth_test()
    await ask(ws, "come_back")
    assert (await client.auth_test())["ok"]
    await ask(ws, "go_away", seconds=0.2)
    async with asyncio.timeout(10):
        while True:
            try:
                await client.auth_test()
                break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)
