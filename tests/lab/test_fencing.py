"""Automatic failover: with a fence device Pacemaker acts by itself; moving a floating IP leaves no constraint behind.

The device insists on a password, and nothing but the device gets to see it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from tests.lab.canaries import left_on_nodes, processes_watched, told
from tests.lab.conftest import Person, serves
from tests.lab.locked import LOCK

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
SECRETS = {"hacluster_password": "canary-of-the-cluster", "lock": "canary-of-the-fence"}
FENCING = "fence_locked --fence-option username=bot --fence-option password=secret:lock --failover automatic"


@pytest.fixture
def fenced_lab() -> Iterator[Lab]:
    lab = Lab.up("fenced", ("n1", "n2"), debian=12)
    try:
        for node in lab.nodes:
            lab.exec(node, ["sh", "-c", LOCK])
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def fenced_box(fenced_lab: Lab) -> AsyncIterator[Box]:
    async with Box(LabBacking(fenced_lab, 12), secrets=SECRETS) as running:
        yield running


async def test_pacemaker_fails_over_by_itself_and_a_move_leaves_nothing_behind(
    fenced_box: Box, fenced_lab: Lab
) -> None:
    ada = Person(fenced_box)
    vip1, vip2 = (vip.partition("/")[0] for vip in fenced_box.backing.vips)
    line = setup_line(fenced_box.backing).replace("--fencing none", f"--fencing {FENCING}")
    with processes_watched(SECRETS) as processes:
        ended = await ada.do(line)
    assert "done and verified" in ended, ended + fenced_box.log()[-2000:]
    assert processes.looks > 20
    assert not processes.seen
    before = {await serves(vip1), await serves(vip2)}
    assert len(before) == 2, "the floating IPs keep apart"

    status = (await ada.ask("/hacluster status")).text
    assert "healthy" in status, status
    target = "n2" if "n1" in await serves(vip1) else "n1"
    assert "done and verified" in await ada.do(f"/hacluster failover vip1 --to {target}")
    assert f"hello from {target}" in await serves(vip1)
    cib = fenced_lab.exec("n1", ["cibadmin", "--query"]).stdout
    assert "cli-prefer" not in cib
    assert "cli-ban" not in cib

    await asyncio.to_thread(fenced_lab.power_off, "n2")
    assert "hello from n1" in await serves(vip1, within=90)
    assert "hello from n1" in await serves(vip2, within=90)

    assert "done and verified" in await ada.do("/hacluster failover-mode approved")
    constraints = ["cibadmin", "--query", "--scope", "constraints"]
    gated = fenced_lab.exec("n1", constraints).stdout
    assert all(f'id="{rule}"' in gated for rule in ("gate-vip1", "away-vip1", "gate-vip2", "away-vip2"))
    assert "colocation-vip2-vip1" not in gated
    assert "done and verified" in await ada.do("/hacluster failover-mode automatic"), "it is fenced: nothing to accept"
    free = fenced_lab.exec("n1", constraints).stdout
    assert "gate-" not in free
    assert "away-" not in free
    assert "colocation-vip2-vip1" in free
    assert "already" in (await ada.ask("/hacluster failover-mode automatic")).text, "the bot remembers it, too"
    assert "hello from n1" in await serves(vip1)
    assert "hello from n1" in await serves(vip2)

    tokens = {"bot token": fenced_box.workspace.bot_token, "app token": fenced_box.workspace.app_token}
    assert told(fenced_box, {**SECRETS, **tokens}) == []
    await asyncio.to_thread(fenced_lab.power_on, "n2")
    assert left_on_nodes(fenced_lab, SECRETS) == []
