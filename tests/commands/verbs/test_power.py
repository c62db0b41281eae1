"""`start`, `stop`, `enable` and `disable`, decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.corosync_conf import NoConf
from commands.facts.fact import Known, Unknown
from commands.facts.units import Unit, Units
from commands.plan import Decision, NothingToDo, Plan, Refusal, Step
from commands.report import Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.cluster_request import ClusterRequest
from commands.verbs.power import DISABLE, ENABLE, START, STOP
from commands.verbs.verb import Verb

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def decided(verb: Verb, snapshot: Snapshot) -> Decision:
    assert verb.change is not None
    conf = tuple(
        node if isinstance(node.status, Unknown) else replace(node, conf=Known(NoConf())) for node in snapshot.nodes
    )
    return verb.change.decide(ClusterRequest(snapshot.cluster), replace(snapshot, nodes=conf))


def steps(decision: Decision) -> tuple[Step, ...]:
    assert isinstance(decision, Plan), decision
    return decision.steps


def commands(step: Step) -> list[tuple[str, str]]:
    return [(lane.node.name, command.shown()) for lane in step.lanes for command in lane.commands]


def reasons(decision: Decision) -> str:
    assert isinstance(decision, Refusal), decision
    assert all(reason.remedy for reason in decision.reasons)
    return "\n".join(f"{reason.node}: {reason.text}" for reason in decision.reasons)


@GENERATIONS
def test_a_stopped_cluster_is_started_as_a_whole_and_must_serve(situation: SituationOf, debian: int) -> None:
    stopped = situation("stopped", debian)
    start, serving = steps(decided(START, stopped))
    assert commands(start) == [("n1", "pcs cluster start --all")]
    assert serving.after == ("start",)
    assert start.proof is not None
    assert len(start.proof.missing(stopped)) == 2
    assert start.proof.missing(situation("healthy", debian)) == ()
    assert start.proof.missing(situation("n2-stopped", debian)) != ()


@GENERATIONS
def test_only_nodes_that_are_stopped_are_started(situation: SituationOf, debian: int) -> None:
    start, *_ = steps(decided(START, situation("n2-stopped", debian)))
    assert commands(start) == [("n1", "pcs cluster start n2")]


@GENERATIONS
def test_a_cluster_that_runs_is_left_alone(situation: SituationOf, debian: int) -> None:
    assert isinstance(decided(START, situation("healthy", debian)), NothingToDo)
    assert isinstance(decided(START, situation("three-nodes", debian)), NothingToDo)


@GENERATIONS
def test_starting_does_not_mend_a_cut_network(situation: SituationOf, debian: int) -> None:
    told = reasons(decided(START, situation("split", debian)))
    assert "n1: corosync there does not see n2" in told
    assert "n2: corosync there does not see n1" in told


@pytest.mark.parametrize("verb", [START, STOP], ids=lambda verb: verb.name)
@GENERATIONS
def test_a_node_that_cannot_be_asked_is_a_reason_with_its_name(situation: SituationOf, debian: int, verb: Verb) -> None:
    assert "n2: connection timed out" in reasons(decided(verb, situation("n2-lost", debian)))


@GENERATIONS
def test_stopping_says_what_goes_down(situation: SituationOf, debian: int) -> None:
    healthy = situation("healthy", debian)
    decision = decided(STOP, healthy)
    (stop,) = steps(decision)
    assert commands(stop) == [("n1", "pcs cluster stop --all")]
    assert isinstance(decision, Plan)
    (risk,) = decision.risks
    assert risk.level is Level.CRITICAL
    assert all(str(vip.address) in risk.text for vip in healthy.cluster.vips)
    assert stop.proof is not None
    assert stop.proof.missing(healthy) == ("n1: it still runs", "n2: it still runs")
    assert stop.proof.missing(situation("stopped", debian)) == ()


@GENERATIONS
def test_a_stopped_cluster_is_not_stopped_again(situation: SituationOf, debian: int) -> None:
    assert isinstance(decided(STOP, situation("stopped", debian)), NothingToDo)


def with_boot(node: NodeSnapshot, *, enabled: bool) -> NodeSnapshot:
    made = {
        name: Unit(name, loaded=True, active=True, active_state="active", sub_state="", enabled=enabled, restarts=0)
        for name in ("corosync", "pacemaker")
    }
    return replace(node, units=Known(Units(made)))


@pytest.mark.parametrize(("verb", "wanted"), [(ENABLE, True), (DISABLE, False)])
def test_boot_is_set_on_all_nodes_or_is_so_already(situation: SituationOf, verb: Verb, wanted: bool) -> None:  # noqa: FBT001
    healthy = situation("healthy")
    n1, n2 = healthy.nodes
    mixed = replace(healthy, nodes=(with_boot(n1, enabled=wanted), with_boot(n2, enabled=not wanted)))
    done = replace(healthy, nodes=tuple(with_boot(node, enabled=wanted) for node in healthy.nodes))
    (step,) = steps(decided(verb, mixed))
    assert commands(step) == [("n1", f"pcs cluster {verb.name} --all")]
    assert step.proof is not None
    assert [line.partition(":")[0] for line in step.proof.missing(mixed)] == ["n2"]
    assert step.proof.missing(done) == ()
    assert isinstance(decided(verb, done), NothingToDo)
    assert "not asked" in reasons(decided(verb, healthy))
