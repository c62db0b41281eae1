"""The verbs that change a running cluster, on simulated nodes: what works on real ones works in the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from commands.command import Command
from commands.facts.fact import Known
from commands.plan import Plan
from commands.prediction.foresight import foresee
from sandbox.nodes.clock import HandClock
from sandbox.run.simulated import SimulatedBacking
from tests.operating import Operator, told
from tests.sandbox.nodes.conftest import Played

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def three() -> AsyncIterator[Played]:
    """Three simulated nodes, healthy."""
    clock = HandClock()
    backing = await SimulatedBacking.up(("n1", "n2", "n3"), clock)
    nodes = Played(backing, clock)
    try:
        await nodes.reach("healthy")
        yield nodes
    finally:
        await nodes.runner.close()
        await backing.close()
    assert backing.world.unknown_commands == []
    assert backing.world.defects == []


async def by_hand(played: Played, *words: str) -> None:
    await played.run("n1", Command(words, changes=True))
    played.wait()


async def test_nodes_go_out_of_service_and_come_back(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    await ada.do_once("standby n1")
    assert await ada.where(1) == ("n3",)
    await ada.do_once("unstandby n1")
    three.wait()
    await ada.do_once("failback vip1")
    await ada.do_once("failover n2 --to n1")
    assert await ada.where(2) == ("n1",)
    await ada.do_once("unstandby n2")
    three.wait()
    await ada.do_once("failback vip2")
    await ada.do_once("stop --node n2")
    assert await ada.where(2) == ("n3",)
    assert "quorum" in await ada.refused("stop --node n1")
    await ada.do_once("start --node n2")


async def test_what_was_moved_by_hand_in_maintenance_comes_home(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    await ada.do_once("maintenance on")
    vip = three.world.vips[0]
    assert three.world.remove_address("n1", vip)
    three.world.machines["n2"].floating.append(vip)
    assert "is on n2" in told(await ada.do_once("maintenance off"))
    three.wait()
    assert await ada.where(1) == ("n1",)
    await ada.do_once("maintenance on n3")
    three.world.kill("n3", "haproxy")
    three.wait()
    status = await ada.until(lambda status: status.dc is not None)
    assert status.failures == (), "nobody looks"
    await ada.do_once("maintenance off n3")
    three.wait()
    assert three.world.machines["n3"].runs("haproxy")


async def test_a_resource_is_moved_restarted_and_its_failures_forgotten(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    await by_hand(three, "pcs", "resource", "create", "d1", "ocf:pacemaker:Dummy", "op", "monitor", "interval=5s")
    (here,) = (await ada.until(lambda status: bool(status.holders("d1")))).holders("d1")
    there = next(node for node in ("n1", "n2") if node != here)
    await ada.do_once(f"failover d1 --to {there}")
    assert await ada.leftovers() == []
    await by_hand(three, "crm_resource", "--resource", "d1", "--move", "--node", there)
    assert "cli-prefer-d1" in told(await ada.do_once("clear"))
    three.world.kill("n3", "haproxy")
    three.wait()
    assert "`haproxy` on n3" in (await ada.do_once("cleanup haproxy")).summary
    three.wait()
    plan = await ada.do("restart haproxy")
    assert [step.id for step in plan.steps] == ["restart-n3", "restart-n1", "restart-n2"]
    await ada.do("restart d1")
    assert await ada.leftovers() == []


async def test_machines_are_fenced_vouched_for_and_gone_without(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    assert "confirm-down n3" in await ada.refused("fence n3 --reason test")
    await by_hand(three, "pcs", "stonith", "create", "fence-n3", "fence_dummy", "pcmk_host_list=n3")
    await by_hand(three, "pcs", "property", "set", "stonith-enabled=true")
    await ada.do("fence n3 --off --reason test")
    three.wait()
    assert not three.world.machines["n3"].powered
    await ada.nothing("fence n3 --reason test")

    await by_hand(three, "pcs", "property", "set", "stonith-enabled=false")
    await three.lose("n2")
    assert "n2 and n3" in (await ada.do_once("unblock --reason test")).summary
    three.wait()
    await ada.do_once("failover n2")
    assert await ada.where(2) == ("n1",)


async def test_somebody_vouches_for_a_machine_that_nobody_can_fence(played: Played) -> None:
    await played.reach("n2-lost-unclean")
    ada = Operator(played.cluster, played.runner)
    plan = await ada.do_once("confirm-down n2 --reason test")
    assert "if n2 lives after all" in told(plan)
    await played.regain("n2")
    assert "Pacemaker" not in await ada.refused("confirm-down n2 --reason test")


async def test_failover_is_handed_to_pacemaker_and_back_and_nothing_moves(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    await ada.do_once("failover vip2 --to n3")
    assert "split brain" in await ada.refused("failover-mode automatic")
    assert "it has no home any more" in told(await ada.do_once("failover-mode automatic --accept-split-brain"))
    assert [await ada.where(1), await ada.where(2)] == [("n1",), ("n3",)]

    await three.lose("n1")
    three.wait()
    assert await ada.where(1) == ("n2",), "nobody was asked"
    await three.regain("n1")

    plan = await ada.do_once("failover-mode approved")
    assert "the home of `vip1` is n2, where it is now, and not n1" in told(plan)
    assert [await ada.where(1), await ada.where(2)] == [("n2",), ("n3",)]
    await three.lose("n2")
    three.wait()
    assert await ada.where(1) == (), "it waits at its gate"
    await ada.do("failover vip1 --to n1")
    assert await ada.where(1) == ("n1",)


async def test_what_pacemaker_says_of_a_change_of_the_mode_is_what_comes(three: Played) -> None:
    ada = Operator(three.cluster, three.runner)
    await ada.do("failover vip2 --to n1")
    plan = await ada.decided(line := "failover-mode automatic --accept-split-brain")
    assert isinstance(plan, Plan)
    three.world.settle()
    foresight = await foresee(plan, await three.read(("cib", "cmap", "quorum", "status")), three.runner)
    assert foresight is not None
    assert isinstance(foresight.reading, Known), foresight.reading
    assert {one.resource for one in foresight.reading.value.actions} & {"vip1", "vip2"}, "they part"
    await ada.do(line)
    three.wait()
    assert foresight.compared(await three.read(("cmap", "status"))) == ()
