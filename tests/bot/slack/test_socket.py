"""The connection comes back by itself from what the SDK alone would never leave, and a bad token is told at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.clock import Clock
from bot.slack.api import Api, open_api
from bot.slack.front import Slack
from bot.slack.socket import AppTokenRefused, Patience, Socket
from commands.errors import HaclusterError
from sandbox.slack import Workspace

QUICK = Patience(grace=1.5, connecting=1.0, closing=1.0, ping=0.1, look=0.05)
HASTY = Clock(sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02)))


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


async def _hears(ws: Workspace, desk: Any) -> bool:
    """Whether what is typed arrives: at once, or by a connection after the one that was there a moment ago."""
    async with asyncio.timeout(10):
        while not (await ws.slash("ada", "#ops", "/hacluster status")).acked:
            await ws.wait_for(lambda: ws.connected)
    return bool((await desk.until(1))[0].what == "status")


async def test_a_refused_socket_address_is_given_up_for_a_new_one(ws: Workspace, api: Api, desk: Any) -> None:
    await ws.control.refuse_socket()
    async with _running(Socket(Slack(api, desk), api, ws.app_token, clock=HASTY, patience=QUICK)):
        assert ws.connected == 1


async def test_a_connection_that_wedges_later_is_replaced(ws: Workspace, api: Api, desk: Any) -> None:
    async with _running(Socket(Slack(api, desk), api, ws.app_token, clock=HASTY, patience=QUICK)):
        await ws.control.refuse_socket()  # what the SDK is given when the first connection breaks
        await ws.control.drop_sockets()
        await ws.wait_for(lambda: ws.socket_mode.accepted == 2)
        assert await _hears(ws, desk)


async def test_a_half_open_connection_is_given_up_for_a_new_one(ws: Workspace, api: Api, desk: Any) -> None:
    async with _running(Socket(Slack(api, desk), api, ws.app_token, clock=HASTY, patience=QUICK)):
        await ws.control.freeze_sockets()
        await ws.wait_for(lambda: ws.socket_mode.accepted == 2)
        ws.socket_mode.end_frozen()  # by its own pings Slack finds out too
        await ws.wait_for(lambda: ws.connected == 1)
        assert await _hears(ws, desk)


async def test_a_token_revoked_meanwhile_is_tried_until_it_is_good_again(ws: Workspace, api: Api, desk: Any) -> None:
    socket = Socket(Slack(api, desk), api, ws.app_token, clock=HASTY, patience=QUICK)
    async with _running(socket):
        await ws.control.revoke("app", "invalid_auth")
        await ws.control.drop_sockets()
        refused = [("apps.connections.open", "invalid_auth")] * 2
        await ws.wait_for(lambda: [(call.method, call.error) for call in ws.calls if call.error][:2] == refused)
        assert not socket.health().connected

        await ws.control.clear()
        await ws.wait_for(lambda: ws.connected == 1)


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
