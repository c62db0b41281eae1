"""Simulated nodes foretell what real ones foretold, and then do what they foretold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from commands.command import Command
from commands.facts import crm_simulate
from commands.facts.fact import Known, NotRunning
from commands.gates import AWAY, OPEN, set_attribute
from commands.prediction import (
    ClusterProperty,
    NodeAttribute,
    NodeBack,
    NodeLost,
    NodeStandby,
    NodeStopped,
    Prediction,
    Quorum,
    ResourceStopped,
    Simulated,
    difference,
    predict,
)
from commands.verbs.verb import Declared, Desk
from commands.verbs.whatif import VERB
from commands.verbs.words import Words
from tests.commands.conftest import CAPTURES
from tests.commands.prediction.conftest import recorded_prediction
from tests.sandbox.nodes.conftest import Played
from tests.sandbox.nodes.test_contract import APART

READS = ("cmap", "status")
SENT_TO_N1 = (NodeAttribute("n1", "hacluster-vip2", OPEN), NodeAttribute("n2", "hacluster-vip2", AWAY))


async def foretold(played: Played, *changes: Simulated) -> Prediction:
    played.world.settle()
    reading = await predict(played.runner, played.node("n1"), changes)
    assert isinstance(reading, Known), reading
    return reading.value


@pytest.mark.parametrize(
    ("situation", "changes", "recorded"),
    [
        ("healthy", (NodeLost("n2"),), "n2-lost"),
        ("healthy", (NodeStandby("n1"),), "n1-standby"),
        ("healthy", (NodeStopped("n2"),), "n2-stopped"),
        ("healthy", (Quorum(held=False),), "without-quorum"),
        ("healthy", SENT_TO_N1, "vip2-sent-to-n1"),
        ("healthy", (NodeLost("n2"), SENT_TO_N1[0]), "n2-lost-and-vip2-approved"),
        ("healthy", (ClusterProperty("stonith-enabled", "true"), NodeLost("n2")), "n2-lost-without-device"),
        ("healthy", (ResourceStopped("haproxy-clone"),), "haproxy-stopped"),
        ("healthy", (ClusterProperty("maintenance-mode", "true"),), "maintenance"),
        ("n2-lost", (NodeBack("n2"),), "n2-back"),
        ("n2-lost-failover-approved", (NodeBack("n2"),), "n2-back-while-approved"),
        ("n1-standby", (NodeBack("n1"),), "n1-back-from-standby"),
    ],
)
async def test_the_same_is_foretold_as_on_real_nodes(
    played: Played, situation: str, changes: tuple[Simulated, ...], recorded: str
) -> None:
    await played.reach(situation, APART)
    ours, real = await foretold(played, *changes), recorded_prediction(CAPTURES, recorded, 12)
    assert (ours.before, ours.after, ours.unclean, ours.quorate) == (
        real.before,
        real.after,
        real.unclean,
        real.quorate,
    )
    assert set(ours.actions) == set(real.actions)


async def _sent(played: Played) -> None:
    await played.run("n1", set_attribute("vip2", "n1", OPEN), set_attribute("vip2", "n2", AWAY))


async def _standby(played: Played) -> None:
    await played.run("n1", Command(("pcs", "node", "standby", "n1"), changes=True))


async def _unclean(played: Played) -> None:
    await played.fence_without_device()
    await played.lose("n2")


Deed = Callable[[Played], Awaitable[object]]


@pytest.mark.parametrize(
    ("changes", "deed"),
    [
        ((NodeLost("n2"),), lambda played: played.lose("n2")),
        ((NodeStopped("n2"),), lambda played: played.stop("n2")),
        (SENT_TO_N1, _sent),
        ((NodeStandby("n1"),), _standby),
        (
            (ClusterProperty("stonith-enabled", "true"), NodeLost("n2")),
            _unclean,
        ),
    ],
)
async def test_what_is_foretold_is_what_then_happens(
    played: Played, changes: tuple[Simulated, ...], deed: Deed
) -> None:
    await played.reach("healthy")
    prediction = await foretold(played, *changes)
    await deed(played)
    played.wait()
    assert difference(prediction, await played.read(READS, ("n1",))) == ()


async def test_asking_changes_nothing(played: Played) -> None:
    await played.reach("healthy")
    before = (await played.read(("cib",), ("n1",))).node("n1").cib
    files = {name: dict(machine.files) for name, machine in played.world.machines.items()}
    await foretold(played, NodeStandby("n1"), ClusterProperty("maintenance-mode", "true"))
    assert (await played.read(("cib",), ("n1",))).node("n1").cib == before
    assert {name: dict(machine.files) for name, machine in played.world.machines.items()} == files


async def test_a_machine_without_the_tool_says_so(played: Played) -> None:
    fact = crm_simulate.fact("<cib/>")
    done = await played.run("n1", fact.command)
    assert fact.parse(done) == NotRunning("crm_simulate is not installed")


async def test_whatif_is_answered(played: Played) -> None:
    await played.reach("healthy")
    desk = Desk({"web": Declared(played.cluster, "file")}, played.runner)
    assert VERB.answer is not None
    report = await VERB.answer(VERB.parse(Words(("n2", "lost")), desk), desk)
    assert report.headline == "`web`: if n2 were lost, vip2 would run nowhere"
