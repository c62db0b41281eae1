"""The limits of a real sshd, which simulated machines have as well, and what the bot makes of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest

from commands.command import Command
from commands.errors import Unreachable
from commands.ssh.runner import SshRunner
from sandbox.nodes.startups import BEGIN, FULL, RATE, Startups
from tests.sandbox.nodes.conftest import Played

HEALTH = Command(("true",))


async def crowd(played: Played, name: str, size: int, held: AsyncExitStack) -> int:
    """Open connections that never log in until so many are borne; return how many it took."""
    host, port = played.backing.network.connect_to[str(played.node(name).address)].split(":")
    borne, tried = 0, 0
    while borne < size:
        tried += 1
        reader, writer = await asyncio.open_connection(host, int(port))
        held.callback(writer.close)
        with suppress(ConnectionError):
            borne += (await reader.readline()).startswith(b"SSH-2.0-")
    return tried


def test_the_more_wait_the_more_are_refused() -> None:
    startups = Startups()
    assert [startups.admits() for _ in range(BEGIN)] == [True] * BEGIN
    refused = 0
    for _ in range(1000):
        if startups.admits():
            startups.over()
        else:
            refused += 1
    assert refused == pytest.approx(10 * RATE, rel=0.2)

    startups.waiting = FULL
    assert not startups.admits()
    startups.over()
    assert startups.waiting == FULL - 1


async def test_a_crowd_that_does_not_log_in_makes_sshd_hang_up_and_the_bot_tries_again(played: Played) -> None:
    async with AsyncExitStack() as held:
        tried = await crowd(played, "n1", BEGIN + 10, held)
        assert tried > BEGIN + 10, "some were refused"
        for _ in range(5):
            played.runner = await again(played)
            assert (await played.runner.run(played.node("n1"), HEALTH)).status == 0


async def test_where_no_more_are_borne_the_bot_says_so_and_is_served_once_they_are_gone(played: Played) -> None:
    async with AsyncExitStack() as held:
        await crowd(played, "n1", FULL, held)
        with pytest.raises(Unreachable, match="SSH cannot connect"):
            await played.runner.run(played.node("n1"), HEALTH)
        assert (await played.runner.run(played.node("n2"), HEALTH)).status == 0, "each sshd has its own"

    await asyncio.sleep(0.2)
    assert (await played.runner.run(played.node("n1"), HEALTH)).status == 0
    played.runner = await again(played)


async def again(played: Played) -> SshRunner:
    """Begin with no connections."""
    await played.runner.close()
    return played.connect()
