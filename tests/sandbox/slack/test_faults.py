"""Slack out of order, as tests ask for it: seen through the real SDK without retries."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Workspace

OPS, WEB = "C0000000OPS", "C0000000WEB"


@pytest.fixture
def client(ws: Workspace) -> AsyncWebClient:
    """The SDK's client, which repeats nothing."""
    return AsyncWebClient(token=ws.bot_token, base_url=f"{ws.url}/api/", retry_handlers=[])


async def test_a_rate_limit_says_how_long_to_wait_and_does_nothing(ws: Workspace, client: AsyncWebClient) -> None:
    ws.faults.rate_limit("chat.postMessage", retry_after=7, times=2)

    for _ in range(2):
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel="#ops", text="hello")
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"] == "7"
    assert (await client.auth_test())["ok"]
    await client.chat_postMessage(channel="#ops", text="hello")
    assert [message.text for message in ws.messages("#ops")] == ["hello"]
    assert [call.error for call in ws.calls if call.method == "chat.postMessage"] == ["ratelimited"] * 2 + [None]


async def test_a_lost_reply_is_of_something_done_and_a_lost_request_of_something_not_done(
    ws: Workspace, client: AsyncWebClient
) -> None:
    ws.faults.lose_reply("chat.postMessage")
    ws.faults.lose_request("chat.postMessage")

    for text in ("done", "not done"):
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.chat_postMessage(channel="#ops", text=text)
    assert [message.text for message in ws.messages("#ops")] == ["done"]


async def test_any_code_of_slacks_can_be_the_answer_until_the_faults_are_cleared(
    ws: Workspace, client: AsyncWebClient
) -> None:
    ws.faults.refuse("chat.postMessage", "internal_error", times=100)
    with pytest.raises(SlackApiError, match="internal_error"):
        await client.chat_postMessage(channel="#ops", text="hello")
    ws.faults.clear()

    assert (await client.chat_postMessage(channel="#ops", text="hello"))["ok"]


async def test_an_app_that_goes_too_fast_is_told_for_how_long_to_wait() -> None:
    now = [1_800_000_000.0]

    async with Workspace(clock=lambda: now[0], paced=True) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=f"{ws.url}/api/", retry_handlers=[])
        for number in range(3):
            await client.chat_postMessage(channel=OPS, text=str(number))
            now[0] += 0.5
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=OPS, text="too fast")
        assert refused.value.response.headers["Retry-After"] == "2"

        await client.chat_postMessage(channel=WEB, text="another channel")
        now[0] += 2
        await client.chat_postMessage(channel=OPS, text="3")
        assert [message.text for message in ws.messages(OPS)] == ["0", "1", "2", "3"]


async def test_in_an_outage_nothing_connects_and_what_was_connected_breaks(
    ws: Workspace, client: AsyncWebClient
) -> None:
    opened = await client.apps_connections_open(app_token=ws.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        async with ws.outage():
            assert (await socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE}
            await ws.wait_for(lambda: ws.connected == 0)
            with pytest.raises(aiohttp.ClientConnectorError):
                await client.auth_test()
            done = await ws.slash("ada", "#ops", "/hacluster status")
            assert done.notice is not None
            assert "dispatch_failed" in done.notice
    assert (await client.auth_test())["ok"]
