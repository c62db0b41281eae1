"""The whole path, as a person goes it in the workspace, on real nodes of three generations of the stack."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.box import Box, setup_line
from tests.lab.conftest import Person, serves

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]


async def test_bare_servers_become_a_cluster_that_is_operated_from_chat(box: Box, bare_lab: Lab) -> None:
    ada = Person(box)
    vip1, vip2 = (vip.partition("/")[0] for vip in box.backing.vips)

    ended = await ada.do(setup_line(box.backing))
    assert "done and verified" in ended, ended + box.log()[-3000:]
    assert "joined" in ended, "the membership table, as the recipe's last step has it"
    assert "hello from n1" in await serves(vip1)
    assert "hello from n2" in await serves(vip2)

    again = await ada.ask(setup_line(box.backing))
    assert "set up already" in again.text

    status = (await ada.ask("/hacluster status")).text
    assert "healthy" in status
    assert "2 of 2 nodes online" in status
    assert "joined" in (await ada.ask("/hacluster members")).text
    assert "trust each other already" in (await ada.ask("/hacluster auth")).text
    assert "already" in (await ada.ask("/hacluster enable")).text
    assert "done and verified" in await ada.do("/hacluster disable")
    assert "done and verified" in await ada.do("/hacluster enable")

    assert "done and verified" in await ada.do("/hacluster stop")
    assert "down" in (await ada.ask("/hacluster status")).text
    assert "done and verified" in await ada.do("/hacluster start")
    assert "hello from n1" in await serves(vip1)

    assert "done and verified" in await ada.do("/hacluster failover vip1 --to n2")
    assert "hello from n2" in await serves(vip1)
    assert "done and verified" in await ada.do("/hacluster failback vip1")
    assert "hello from n1" in await serves(vip1)

    await asyncio.to_thread(bare_lab.power_off, "n2")
    await _told(ada, "n2 is lost")
    waiting = (await ada.ask("/hacluster status")).text
    assert "failover vip2 --to n1" in waiting, "the command to type next stands in the answer"
    assert "done and verified" in await ada.do("/hacluster failover vip2")
    assert "hello from n1" in await serves(vip2)

    await asyncio.to_thread(bare_lab.power_on, "n2")
    await _told(ada, "healthy")
    assert "hello from n1" in await serves(vip2), "nothing fails back that nobody asked for"
    assert "done and verified" in await _once_possible(ada, "/hacluster failback vip2")
    assert "hello from n2" in await serves(vip2)


async def _told(person: Person, words: str, within: float = 90.0) -> None:
    """Ask for the status until it says so. Corosync takes its token timeout to be sure, a boot takes what it takes."""
    async with asyncio.timeout(within):
        while words not in (await person.ask("/hacluster status")).text:  # noqa: ASYNC110 - the nodes have no event for us
            await asyncio.sleep(1)


async def _once_possible(person: Person, text: str, within: float = 90.0) -> str:
    """Ask for a change until it is not refused, then do it: a node that just came back still starts its HAProxy."""
    async with asyncio.timeout(within):
        while "Do it?" not in (plan := await person.ask(text)).text:
            assert "HAProxy does not run there" in plan.text, plan.text
            await asyncio.sleep(1)
    await person.press(plan, "Confirm")
    return await person.outcome(plan)
