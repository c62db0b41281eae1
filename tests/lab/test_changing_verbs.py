"""Every verb that changes a running cluster, on three real nodes: carried out, proved, and nothing to do when asked again.

Chat is left out here: what is typed is understood, decided and carried out by the same functions. On Debian 12 all verbs
are tried, on 11 and 13 (pcs 0.10 and 0.12, pacemaker 2.0 and 3.0) those whose tools differ.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from commands import configuration
from commands.ssh.host_keys import KnownHostsFiles
from commands.ssh.options import SshOptions
from commands.ssh.runner import SshRunner
from config.inventory import ClusterSpec
from sandbox.lab import situations
from sandbox.lab.lab import Lab
from tests.lab.conftest import GENERATIONS
from tests.operating import Operator, told

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
NODES = ("n1", "n2", "n3")


class Ada(Operator):
    """An operator who has a shell on the nodes as well."""

    def __init__(self, lab: Lab, runner: SshRunner) -> None:
        cluster = {
            "name": "web",
            "nodes": [{"name": name, "addresses": [str(a) for a in found]} for name, found in lab.nodes.items()],
            "vips": [{"address": lab.free_address(k), "prefix": 24} for k in (1, 2)],
            "failover": "approved",
        }
        super().__init__(ClusterSpec.model_validate(cluster), runner)
        self.lab = lab

    async def configure(self) -> None:
        """Put HAProxy, the floating IPs and their gates in place, and a resource that is neither."""
        node = self.cluster.nodes[0]
        for command in (*configuration.draft_commands(self.cluster, None, {}), configuration.push_command()):
            (await self.runner.run(node, command)).check()
        self.by_hand(
            "pcs resource create d1 ocf:pacemaker:Dummy op monitor interval=5s && crm_resource --wait --timeout=60"
        )

    def by_hand(self, line: str, node: str = "n1") -> str:
        """Do what the bot has no part in."""
        return self.lab.exec(node, ["sh", "-c", line]).stdout


RELEASES = GENERATIONS if os.environ.get("CHAOS_MINUTES") else (12,)
"""All of them take twelve minutes, so 11 and 13 go with `make chaos`."""


@pytest.fixture(params=RELEASES, ids=lambda debian: f"debian{debian}")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    lab = Lab.up(f"verbs{request.param}", NODES, debian=request.param)
    try:
        situations.build(lab, "web")
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def ada(lab: Lab) -> AsyncIterator[Ada]:
    options = SshOptions(user="root", keys=(lab.key,), connect_timeout=3.0)
    runner = SshRunner(options, KnownHostsFiles((lab.known_hosts,)))
    operator = Ada(lab, runner)
    try:
        await operator.configure()
        yield operator
    finally:
        await runner.close()


async def test_every_verb_does_what_it_says_and_knows_when_it_is_done(lab: Lab, ada: Ada) -> None:
    if lab.plan.debian == 12:
        await _out_of_service_and_back(ada)
        await _one_node_stopped(ada)
    await _hands_off(ada)
    await _moved_and_cleared(ada)
    await _failed_and_forgotten(ada)
    await _restarted(ada)
    await _fenced(ada)
    await _confirmed(ada)
    await _unblocked(ada)


async def _out_of_service_and_back(ada: Ada) -> None:
    plan = await ada.do_once("standby n1")
    assert [step.id for step in plan.steps] == ["release-n1-vip1", "gate-vip1", "standby", "serving"]
    assert await ada.where(1) == ("n3",), "the node without a floating IP takes it"
    assert "last node" not in told(plan)
    await ada.do_once("standby n2")
    assert await ada.where(2) == ("n3",)
    assert "last node in service" in await ada.refused("standby n3")
    await ada.do_once("unstandby n2")
    await ada.do_once("unstandby n1")
    assert await ada.where(1) == ("n3",), "nothing comes back by itself"
    await ada.until(lambda status: set(status.holders("haproxy")) == set(NODES))
    await ada.do_once("failback vip1")
    await ada.do_once("failback vip2")

    await ada.do_once("failover n2 --to n1")
    assert await ada.where(2) == ("n1",)
    await ada.do_once("unstandby n2")
    await ada.until(lambda status: "n2" in status.holders("haproxy"))
    await ada.do_once("failback vip2")


async def _one_node_stopped(ada: Ada) -> None:
    await ada.do_once("stop --node n2")
    assert await ada.where(2) == ("n3",)
    assert "quorum" in await ada.refused("stop --node n1")
    await ada.do_once("start --node n2")
    await ada.until(lambda status: "n2" in status.holders("haproxy"))
    await ada.do_once("failback vip2")


async def _hands_off(ada: Ada) -> None:
    begun = await ada.do_once("maintenance on")
    assert "no failover" in told(begun)
    vip = str(ada.cluster.vips[0].address)
    ada.by_hand(f"ip address del {vip}/24 dev eth0")
    ada.by_hand(f"ip address add {vip}/24 dev eth0", "n2")
    ended = await ada.do_once("maintenance off")
    assert "is on n2, where its gate does not let it be" in told(ended)
    await ada.until(lambda status: status.holders("vip1") == ("n1",))
    assert await ada.where(1) == ("n1",), "and not on n2 as well"

    await ada.do_once("maintenance on n3")
    await ada.do_once("maintenance off n3")


async def _moved_and_cleared(ada: Ada) -> None:
    status = await ada.until(lambda status: bool(status.holders("d1")))
    (here,) = status.holders("d1")
    there = next(name for name in NODES if name != here)
    await ada.do_once(f"failover d1 --to {there}")
    assert await ada.leftovers() == []
    ada.by_hand(f"pcs resource ban d1 {there} && crm_resource --wait --timeout=60")
    assert "clear d1" in await ada.refused(f"failover d1 --to {there}")
    plan = await ada.do_once("clear d1")
    assert f"cli-ban-d1-on-{there}" in told(plan)
    assert await ada.leftovers() == []


async def _failed_and_forgotten(ada: Ada) -> None:
    (here,) = (await ada.until(lambda status: bool(status.holders("d1")))).holders("d1")
    ada.by_hand(f"crm_resource --fail --resource d1 --node {here}")
    await ada.until(lambda status: any(failure.resource == "d1" for failure in status.failures))
    await ada.until(lambda status: bool(status.holders("d1")))
    await ada.do_once("cleanup d1")


async def _restarted(ada: Ada) -> None:
    await ada.do("restart d1")
    plan = await ada.do("restart haproxy")
    assert [step.id for step in plan.steps] == ["restart-n3", "restart-n1", "restart-n2"], (
        "who serves nothing comes first"
    )
    assert await ada.leftovers() == []


async def _fenced(ada: Ada) -> None:
    assert "confirm-down n3" in await ada.refused("fence n3 --reason test")
    ada.by_hand("pcs stonith create fence-n3 fence_dummy pcmk_host_list=n3 && pcs property set stonith-enabled=true")
    ada.by_hand("crm_resource --wait --timeout=60")
    plan = await ada.do("fence n3 --off --reason test")
    assert plan.risk == "dangerous"
    # the device only says that it did it
    await asyncio.to_thread(ada.lab.power_off, "n3")
    await ada.until(lambda status: (n3 := status.node("n3")) is not None and not n3.online and not n3.unclean)
    await ada.nothing("fence n3 --reason test")
    await asyncio.to_thread(ada.lab.power_on, "n3")
    await ada.until(lambda status: "n3" in status.holders("haproxy"))


async def _confirmed(ada: Ada) -> None:
    """With fencing on and a device that cannot fence n3, its loss leaves it unclean until somebody vouches for it."""
    ada.by_hand("pcs stonith delete fence-n3 && pcs stonith create fence-n1 fence_dummy pcmk_host_list=n1")
    ada.by_hand("crm_resource --wait --timeout=60")
    lives = await ada.refused("confirm-down n3 --reason test")
    assert "answers on SSH" in lives
    assert "counts it as a member" in lives
    assert re.search(r"its address .* answers", lives)
    await asyncio.to_thread(ada.lab.power_off, "n3")
    await ada.until(lambda status: any(node.unclean for node in status.nodes))
    plan = await ada.do_once("confirm-down n3 --reason test")
    assert "if n3 lives after all" in told(plan)
    assert "nobody could ask" not in told(plan)


async def _unblocked(ada: Ada) -> None:
    """With n3 gone, the loss of n2 takes quorum: n1 is told to decide alone, once n2 is seen to be off."""
    ada.by_hand("pcs property set stonith-enabled=false")
    await ada.nothing("unblock --reason test")
    await asyncio.to_thread(ada.lab.cut, "n2", "n1")
    await ada.until(lambda status: not status.quorate)
    assert "answers on SSH" in await ada.refused("unblock --reason test"), "it is only cut off"
    await asyncio.to_thread(ada.lab.power_off, "n2")
    await asyncio.to_thread(ada.lab.heal)
    await ada.do_once("unblock --reason test")
    await ada.until(lambda status: status.holders("vip1") == ("n1",))
    await ada.do_once("failover n2")
    assert await ada.where(2) == ("n1",)
