"""The whole path on simulated nodes, as a person goes it in the workspace: real bot, real SSH, no root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from sandbox.nodes.clock import WallClock
from sandbox.run.box import Box, setup_line
from sandbox.run.simulated import SimulatedBacking
from sandbox.slack.records import Message
from tests.lab.conftest import Person, filled

pytestmark = pytest.mark.timeout(180)
SPEED = 4.0
"""How much faster than told the nodes do everything."""


@pytest.fixture
async def backing() -> AsyncIterator[SimulatedBacking]:
    nodes = await SimulatedBacking.up(("n1", "n2"), WallClock(SPEED))
    try:
        yield nodes
    finally:
        await nodes.close()
    assert nodes.world.unknown_commands == []
    assert nodes.world.defects == []


@pytest.fixture
async def box(backing: SimulatedBacking) -> AsyncIterator[Box]:
    async with Box(backing) as running:
        yield running


async def test_bare_servers_become_a_cluster_that_is_operated_from_chat(box: Box, backing: SimulatedBacking) -> None:
    ada = Person(box)
    n1, n2 = backing.world.machines.values()
    vip1, vip2 = backing.world.vips

    ended = await ada.do(setup_line(backing))
    assert "done and verified" in ended, ended + box.log()[-3000:]
    assert "set up already" in (await ada.ask(setup_line(backing))).text
    status = (await ada.ask("/hacluster status")).text
    assert "healthy" in status
    assert "2 floating IPs served" in status
    assert "joined" in (await ada.ask("/hacluster members")).text
    foretold = (await ada.ask("/hacluster whatif n2 lost")).text
    assert "vip2 would run nowhere" in foretold
    assert "waits at its gate" in foretold
    assert "two_node" in foretold
    assert "known already" in (await ada.ask(f"/hacluster adopt {n1.address}")).text
    assert "trust each other already" in (await ada.ask("/hacluster auth")).text
    assert "done and verified" in await ada.do("/hacluster auth --new-password")

    assert "done and verified" in await ada.do("/hacluster disable")
    assert "done and verified" in await ada.do("/hacluster enable")
    assert "done and verified" in await ada.do("/hacluster stop")
    assert "down" in (await ada.ask("/hacluster status")).text
    assert "done and verified" in await ada.do("/hacluster start")
    assert "done and verified" in await ada.do("/hacluster failover vip1 --to n2")
    assert n2.floating == [vip2, vip1]
    assert "done and verified" in await ada.do("/hacluster failback vip1")
    assert (n1.floating, n2.floating) == ([vip1], [vip2])

    await backing.power_off("n2")
    await _until(backing, lambda: _members(backing) == ["n1"])
    waiting = (await ada.ask("/hacluster status")).text
    assert "n2 is lost" in waiting
    assert "1 of 2 floating IPs served" in waiting
    assert "failover vip2 --to n1" in waiting, "the command to type next stands in the answer"
    assert "done and verified" in await ada.do("/hacluster failover vip2")
    assert n1.floating == [vip1, vip2]

    await backing.power_on("n2")
    await _until(backing, lambda: n2.runs("haproxy"))
    assert n1.floating == [vip1, vip2], "nothing fails back that nobody asked for"
    assert "done and verified" in await ada.do("/hacluster failback vip2")
    assert (n1.floating, n2.floating) == ([vip1], [vip2])


async def test_the_form_of_setup_makes_the_same_cluster_as_its_words(box: Box, backing: SimulatedBacking) -> None:
    ada = Person(box)
    n1, n2 = backing.world.machines.values()
    form = await ada.open_form("setup")

    wrong = await ada.send(form, filled(backing, name="we b", nodes="n1", failover="automatic"))
    assert isinstance(wrong, Mapping)
    assert set(wrong) == {"name", "nodes"}, "the rest is judged once these are right"
    wrong = await ada.send(form, filled(backing, failover="automatic"))
    assert isinstance(wrong, Mapping)
    assert list(wrong) == ["failover"]
    assert "accept it below" in wrong["failover"]

    plan = await ada.send(form, filled(backing))
    assert isinstance(plan, Message), plan
    assert "failover approved" in plan.text
    await ada.press(plan, "Confirm")
    ended = await ada.outcome(plan)
    assert "done and verified" in ended, ended + box.log()[-3000:]
    assert (n1.floating, n2.floating) == ([backing.world.vips[0]], [backing.world.vips[1]])
    assert "set up already" in (await ada.ask(setup_line(backing))).text

    again = await ada.send(await ada.open_form("setup"), filled(backing, new_password=["yes"]))
    assert isinstance(again, Message), again
    assert "Set the hacluster password" in again.text


async def test_a_bot_that_knows_nothing_adopts_the_cluster_and_finds_it_set_up(backing: SimulatedBacking) -> None:
    async with Box(backing) as first:
        assert "done and verified" in await Person(first).do(setup_line(backing))
    async with Box(backing) as second:
        bob = Person(second)
        plan = await bob.ask(f"/hacluster adopt {next(iter(backing.nodes.values()))}")
        assert "Remember web" in plan.text
        await bob.press(plan, "Confirm")
        assert "done and verified" in await bob.outcome(plan)
        assert "set up already" in (await bob.ask("/hacluster setup web")).text


def _members(backing: SimulatedBacking) -> list[str]:
    cluster = backing.world.cluster_of(backing.world.machines["n1"])
    return cluster.membership.members("n1") if cluster else []


async def _until(backing: SimulatedBacking, holds: Callable[[], bool], within: float = 20.0) -> None:
    """Let the nodes' time pass until something is so."""
    async with asyncio.timeout(within):
        while not holds():
            await backing.world.clock.sleep(0.5)
            backing.world.settle()
