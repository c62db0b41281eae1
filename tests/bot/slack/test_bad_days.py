"""`hacluster serve` and a Slack that has a bad day: every request is answered once, and the bot comes back by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from sandbox.run.box import Box
from sandbox.slack import Workspace

pytestmark = pytest.mark.timeout(180)
ANSWER = "No clusters yet"
"""How a bot without clusters answers `clusters`."""
PATIENCE = 60.0
"""Seconds until what never comes is a failure: a busy machine is none."""


class NoNodes:
    """Nothing to operate on: the bot's conversation alone."""

    banner = "no nodes"
    nodes: Mapping[str, str] = {}
    vips: tuple[str, ...] = ()
    ssh: Mapping[str, object] = {"known_hosts": []}

    async def power_off(self, node: str) -> None:
        raise AssertionError(node)

    power_on = cut = power_off

    async def heal(self) -> None:
        raise AssertionError

    async def close(self) -> None:
        """There is nothing to take down."""


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with Box(NoNodes()) as running:
        yield running


def answers(ws: Workspace, channel: str) -> list[str]:
    return [message.text for message in ws.messages(channel) if message.bot_id]


async def answered(ws: Workspace, channel: str, count: int) -> list[str]:
    """Wait until the bot has said so much in a channel."""
    return await ws.wait_for(lambda: len(said := answers(ws, channel)) >= count and said, timeout=PATIENCE)


async def whispered(ws: Workspace, user: str, count: int) -> list[str]:
    """Wait until somebody was told so much that nobody else sees."""
    told = await ws.wait_for(lambda: len(seen := ws.ephemerals(user)) >= count and seen, timeout=PATIENCE)
    return [message.text for message in told]


async def settled(ws: Workspace, channel: str) -> list[str]:
    """Ask once more, of somebody else in the same channel, and return what was said before that was answered."""
    before = len(answers(ws, channel))
    await ws.slash("vic", channel, "/hacluster clusters")
    return (await answered(ws, channel, before + 1))[:-1]


async def health(box: Box) -> tuple[bool, Mapping[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{box.http_port}/healthz") as answer:
        told = await answer.json()
        return answer.status == 200, told


async def test_calls_that_go_wrong_are_answered_once_or_told_of(box: Box) -> None:
    ws = box.workspace

    # patience: waited for in its own channel, and others are answered meanwhile
    await ws.control.rate_limit("chat.postMessage", "#ops", retry_after=3)
    await ws.slash("ada", "#ops", "/hacluster clusters")
    await ws.slash("ada", "#web", "/hacluster clusters")
    assert ANSWER in (await answered(ws, "#web", 1))[0]
    assert answers(ws, "#ops") == []
    assert len(await answered(ws, "#ops", 1)) == 1

    # done, and said late: nothing is said again
    await ws.control.late_reply("chat.postMessage", seconds=1.0)
    await ws.slash("ada", "#ops", "/hacluster clusters")
    assert len(await answered(ws, "#ops", 2)) == 2

    # done, and never said: the answer stands once, and who asked is told that it may not
    await ws.control.lose_reply("chat.postMessage")
    await ws.slash("ada", "#ops", "/hacluster clusters")
    assert "the answer to chat.postMessage was lost" in (await whispered(ws, "ada", 1))[-1]
    assert len(await settled(ws, "#ops")) == 3

    # not done: who asked is told, and nobody else
    await ws.control.lose_request("chat.postMessage")
    await ws.control.error_page("chat.postMessage")
    for awaited in (2, 3):
        await ws.slash("ada", "#ops", "/hacluster clusters")
        await whispered(ws, "ada", awaited)
    assert len(await settled(ws, "#ops")) == 4, "only who asked to settle the last has been answered since"


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_what_is_delivered_twice_is_answered_once(http: bool) -> None:  # noqa: FBT001 - the two routes
    async with Box(NoNodes(), http=http) as box:
        ws = box.workspace
        await ws.control.duplicate(times=2)
        await ws.slash("ada", "#ops", "/hacluster clusters")
        await ws.say("ada", "#ops", "@hacluster clusters")
        await answered(ws, "#ops", 2)

        assert len(ws.deliveries) == 4
        assert all(delivery.reply is not None and delivery.reply.acked for delivery in ws.deliveries)
        assert len(await settled(ws, "#ops")) == 2
        assert {delivery.route for delivery in ws.deliveries} == {"http" if http else "socket"}


async def test_tokens_that_are_refused_all_at_once_are_told_in_its_health_and_taken_again(box: Box) -> None:
    ws = box.workspace
    await ws.control.revoke("bot", "token_revoked")
    await ws.slash("ada", "#ops", "/hacluster clusters")
    await ws.wait_for(lambda: [call for call in ws.calls if call.error == "token_revoked"], timeout=PATIENCE)
    assert box.bot is not None
    assert box.bot.returncode is None

    await ws.control.revoke("app", "invalid_auth")
    await ws.control.drop_sockets()
    refused = "apps.connections.open"
    await ws.wait_for(
        lambda: [call for call in ws.calls if (call.method, call.error) == (refused, "invalid_auth")], timeout=PATIENCE
    )
    well, details = await health(box)
    assert not well
    assert details["slack_connected"] is False

    await ws.control.clear()
    await ws.wait_for(lambda: ws.connected, timeout=PATIENCE)
    await ws.slash("ada", "#ops", "/hacluster clusters")
    assert ANSWER in (await answered(ws, "#ops", 1))[0]
    assert box.bot.returncode is None


async def test_after_an_outage_it_is_there_again(box: Box) -> None:
    ws = box.workspace
    async with ws.outage():
        await ws.wait_for(lambda: ws.connected == 0, timeout=PATIENCE)
        lost = await ws.slash("ada", "#ops", "/hacluster clusters")
        assert not lost.acked
    await ws.wait_for(lambda: ws.connected, timeout=PATIENCE)
    await ws.slash("ada", "#ops", "/hacluster clusters")
    assert len(await answered(ws, "#ops", 1)) == 1
