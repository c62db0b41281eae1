"""A workspace and, on request, a real Bolt app connected to it by Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Workspace


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    """A running workspace in which nothing has happened yet."""
    async with Workspace() as workspace:
        yield workspace


@pytest.fixture
def client(ws: Workspace) -> AsyncWebClient:
    """The SDK's client with the bot's token."""
    return AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")


@pytest.fixture
async def app(ws: Workspace, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A Bolt app connected by Socket Mode; tests add listeners to it."""
    bolt = AsyncApp(client=client, signing_secret=ws.signing_secret)
    handler = AsyncSocketModeHandler(bolt, ws.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await ws.wait_for(lambda: ws.connected)
    yield bolt
    await handler.close_async()  # type: ignore[no-untyped-call]
