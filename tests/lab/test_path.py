"""The whole path, as a person goes it in the workspace, on real nodes of three generations of the stack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import HAPROXY_FILES, Box, setup_line
from sandbox.slack.records import Message
from tests.lab.conftest import Person, filled, serves

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
NETWORK_V6 = "fd00:213"
HAPROXY_CFG = HAPROXY_FILES / "haproxy.cfg"


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
    lying = _temporary_files(bare_lab)
    foretold = (await ada.ask("/hacluster whatif n2 lost")).text
    assert "vip2 would run nowhere" in foretold
    assert "waits at its gate" in foretold
    assert "two_node" in foretold
    assert _temporary_files(bare_lab) == lying, "the copy of the configuration is gone"
    assert "trust each other already" in (await ada.ask("/hacluster auth")).text
    passwords = _passwords(bare_lab)
    assert "done and verified" in await ada.do("/hacluster auth --new-password")
    assert not passwords & _passwords(bare_lab), "each node has a new one"
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
    await _told(ada, "n2 is not barred from")
    assert "hello from n1" in await serves(vip2), "nothing fails back that nobody asked for"
    assert "done and verified" in await _once_possible(ada, "/hacluster failback vip2")
    assert "hello from n2" in await serves(vip2)


@pytest.fixture
def two_families() -> Iterator[Lab]:
    """Two servers with an IPv6 address each, and an `haproxy.cfg` of their own that listens on both families."""
    lab = Lab.up("families", ("n1", "n2"), debian=12)
    try:
        for number, node in enumerate(lab.nodes, start=1):
            lab.exec(node, ["ip", "address", "add", f"{NETWORK_V6}::{number}/64", "dev", "eth0", "nodad"])
            config = HAPROXY_CFG.read_text().replace("bind *:80", "bind *:80\n    bind :::80 v6only")
            lab.exec(node, ["tee", "/etc/haproxy/haproxy.cfg"], config)
            lab.exec(node, ["systemctl", "reload-or-restart", "haproxy"])
        yield lab
    finally:
        lab.down()


async def test_the_form_makes_a_fenced_cluster_of_both_families_and_another_bot_adopts_it(two_families: Lab) -> None:
    backing = LabBacking(two_families, 12)
    vip = backing.vips[0]
    vip_v6 = f"{NETWORK_V6}::100"
    answers = filled(backing, vips=f"{vip}\n{vip_v6}/64", haproxy_cfg="", fencing="fence_dummy")

    async with Box(backing) as box:
        ada = Person(box)
        form = await ada.open_form("setup")
        wrong = await ada.send(form, {**answers, "fence_options": "n3:ip=10.0.0.1"})
        assert isinstance(wrong, Mapping)
        assert list(wrong) == ["fence_options"]
        plan = await ada.send(form, answers)
        assert isinstance(plan, Message)
        assert "failover automatic" in plan.text, "fencing was given, and failover left to it"
        running = _proxies(two_families)
        assert "0" not in running.values()
        await ada.press(plan, "Confirm")
        ended = await ada.outcome(plan)
        assert "done and verified" in ended, ended + box.log()[-3000:]
        assert _proxies(two_families) == running, "HAProxy is taken over as it runs, without a gap"
        assert "hello from" in await serves(vip.partition("/")[0])
        holder, other = _holder(two_families, vip_v6)
        assert f"hello from {holder}" in _asked_from(two_families, other, vip_v6)

        assert "done and verified" in await ada.do(f"/hacluster failover vip2 --to {other}")
        assert f"hello from {other}" in _asked_from(two_families, holder, vip_v6)
        assert f"hello from {holder}" in await serves(vip.partition("/")[0]), "the other one has made room"
        assert "healthy" in (await ada.ask("/hacluster status")).text

    async with Box(backing) as stranger:
        bob = Person(stranger)
        await bob.do(f"/hacluster adopt {two_families.nodes['n1'][0]}")
        assert "set up already" in (await bob.ask("/hacluster setup web")).text


def _passwords(lab: Lab) -> set[str]:
    """Return the hash of the password of pcs's login on each node; they are salted, so none is like another."""
    return {lab.exec(node, ["getent", "shadow", "hacluster"]).stdout.split(":")[1] for node in lab.nodes}


def _temporary_files(lab: Lab) -> set[str]:
    """Return what lies where temporary files and Pacemaker's own copies of its configuration do, on any node."""
    look = ["find", "/tmp", "/var/lib/pacemaker/cib", "-name", "tmp.*", "-o", "-name", "shadow.*"]  # noqa: S108 - looked at only
    return {line for node in lab.nodes for line in lab.exec(node, look).stdout.splitlines()}


def _proxies(lab: Lab) -> dict[str, str]:
    """Return the process of each node's HAProxy; 0 where none runs."""
    ask = ["systemctl", "show", "--value", "--property", "MainPID", "haproxy"]
    return {node: lab.exec(node, ask).stdout.strip() for node in lab.nodes}


def _holder(lab: Lab, address: str) -> tuple[str, str]:
    """Return the node that holds an address, and the other one."""
    holding = [node for node in lab.nodes if address in lab.exec(node, ["ip", "-o", "address", "show"]).stdout]
    assert len(holding) == 1, holding
    return holding[0], next(node for node in lab.nodes if node not in holding)


def _asked_from(lab: Lab, node: str, address: str) -> str:
    """Return what an address answers to HTTP, asked from a node."""
    ask = 'exec 3<>"/dev/tcp/$0/80"; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'
    return lab.exec(node, ["bash", "-c", ask, address]).stdout


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
