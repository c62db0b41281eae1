"""The connection comes back by itself from what the SDK alone would never leave, and a bad token is told at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.clock import Clock
from bot.slack.api import Api, open_api
from bot.slack.front import Slack
from bot.slack.http import serving
from bot.slack.socket import AppTokenRefused, Patience, Socket
from commands.errors import HaclusterError
from sandbox.slack import Workspace

QUICK = Patience(grace=1.5, connecting=1.0, closing=1.0, ping=0.1, look=0.05)
HASTY = Clock(sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02)))


class Wedging:
    """Slack's side of Socket Mode, which refuses the socket addresses that the test names, for ever."""

    def __init__(self) -> None:
        self.refused: set[int] = set()
        self.issued = 0
        self.open: list[web.WebSocketResponse] = []
        self.opened = asyncio.Event()
        self.port = 0

    def app(self) -> web.Application:
        """Build the server."""
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self._issue)
        app.router.add_get("/socket/{number}", self._connect)
        return app

    async def _issue(self, _: web.Request) -> web.Response:
        self.issued += 1
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{self.port}/socket/{self.issued}"})

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if int(request.match_info["number"]) in self.refused:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.open.append(socket)
        self.opened.set()
        async for _ in socket:
            pass
        self.open.remove(socket)
        return socket


@pytest.fixture
async def wedging() -> AsyncIterator[tuple[Wedging, Api]]:
    server = Wedging()
    async with (
        serving(server.app(), "127.0.0.1", 0) as port,
        open_api("xoxb-1", f"http://127.0.0.1:{port}/api/") as api,
    ):
        server.port = port
        yield server, api


@contextlib.asynccontextmanager
async def _running(socket: Socket) -> AsyncIterator[None]:
    running = asyncio.create_task(socket.run())
    try:
        await asyncio.wait_for(socket.connected.wait(), 10)
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_a_refused_socket_address_is_given_up_for_a_new_one(wedging: tuple[Wedging, Api], desk: Any) -> None:
    server, api = wedging
    server.refused = {2}  # 1 goes to the trial of the token, 2 is the SDK's first, which it would try for ever
    async with _running(Socket(Slack(api, desk), api, "xapp-1", clock=HASTY, patience=QUICK)):
        assert len(server.open) == 1


async def test_a_connection_that_wedges_later_is_replaced(wedging: tuple[Wedging, Api], desk: Any) -> None:
    server, api = wedging
    server.refused = {3}  # what the SDK is given when the first connection breaks
    socket = Socket(Slack(api, desk), api, "xapp-1", clock=HASTY, patience=QUICK)
    async with _running(socket):
        server.opened.clear()
        await server.open[0].close()
        await asyncio.wait_for(server.opened.wait(), 10)
        assert server.issued >= 5  # trial, first, the wedge, trial, second


async def test_a_bad_app_token_is_told_at_once(ws: Workspace, api: Api, desk: Any) -> None:
    socket = Socket(Slack(api, desk), api, "xapp-wrong")

    with pytest.raises(AppTokenRefused, match="invalid_auth") as refused:
        await asyncio.wait_for(socket.run(), 5)
    assert "connections:write" in refused.value.remedy
    assert ws.connected == 0


async def test_health_tells_a_standing_connection_from_none(ws: Workspace, api: Api, desk: Any) -> None:
    socket = Socket(Slack(api, desk), api, ws.app_token)
    assert not socket.health().connected
    async with _running(socket):
        health = socket.health()
        assert health.connected
        assert health.last_pong_age is None or health.last_pong_age < 5
    assert not socket.health().connected


async def test_slack_asking_to_reconnect_loses_nothing(bot: Any) -> None:
    await bot.ws.disconnect(grace=0.1)
    await bot.ws.wait_for(lambda: bot.ws.connected == 1)
    await bot.ws.slash("ada", "#ops", "/hacluster status")
    (asked,) = await bot.desk.until(1)

    assert asked.what == "status"


async def test_a_bad_bot_token_is_told_at_once(ws: Workspace, desk: Any) -> None:
    async with open_api("xoxb-wrong", f"{ws.url}/api/") as api:
        with pytest.raises(HaclusterError, match="refuses the bot token: invalid_auth") as refused:
            await Slack(api, desk).try_token()
    assert "Bot User OAuth Token" in refused.value.remedy


async def test_a_slack_that_cannot_be_asked_refuses_no_token(ws: Workspace, api: Api, desk: Any) -> None:
    await ws.go_away()

    await Slack(api, desk).try_token()
