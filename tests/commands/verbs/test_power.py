"""`start`, `stop`, `enable` and `disable`, decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.errors import HaclusterError, HostKeyMismatch, HostKeyUnknown, Unreachable, UnreadableOutput
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.facts.units import Unit, Units
from commands.plan import Decision, NothingToDo, Plan, Refusal, Step
from commands.report import Level
from commands.snapshot import FACTS, NodeSnapshot, Snapshot
from commands.verbs.cluster_request import ClusterRequest
from commands.verbs.power import DISABLE, ENABLE, START, STOP
from commands.verbs.verb import Verb

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def decided(verb: Verb, snapshot: Snapshot) -> Decision:
    assert verb.change is not None
    ours = Known(CorosyncConf("web", (), two_node=True, transport="knet", logfile=None, digest=""))
    nodes = (
        node if isinstance(node.status, Unknown) or node.conf != NOT_ASKED else replace(node, conf=ours)
        for node in snapshot.nodes
    )
    return verb.change.decide(ClusterRequest(snapshot.cluster), replace(snapshot, nodes=tuple(nodes)))


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


ALL = pytest.mark.parametrize("verb", [START, STOP, ENABLE, DISABLE], ids=lambda verb: verb.name)


def unread(node: NodeSnapshot, error: HaclusterError) -> NodeSnapshot:
    return NodeSnapshot(node.node, **dict[str, Any](dict.fromkeys(FACTS, Unknown(str(error), error))))


@ALL
@pytest.mark.parametrize(
    "error",
    [
        HostKeyUnknown("key?", node="n2", address="10.0.0.2", port=22, key="k", fingerprint="SHA256:abc"),
        HostKeyMismatch("another key", node="n2"),
        UnreadableOutput("crm_mon", "no XML", ""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_node_that_answers_and_is_not_understood_is_a_reason(
    situation: SituationOf, verb: Verb, error: HaclusterError
) -> None:
    healthy = situation("healthy")
    n1, n2 = healthy.nodes
    decision = decided(verb, replace(healthy, nodes=(with_boot(n1, enabled=False), unread(n2, error))))
    assert str(error).removeprefix("n2: ") in reasons(decision)


@ALL
def test_where_no_node_answers_nothing_is_done(situation: SituationOf, verb: Verb) -> None:
    healthy = situation("healthy")
    dark = tuple(unread(node, Unreachable("no answer", node=node.node.name, remedy="?")) for node in healthy.nodes)
    told = reasons(decided(verb, replace(healthy, nodes=dark)))
    assert told == "n1: no answer\nn2: no answer"


@GENERATIONS
def test_the_nodes_that_answer_are_stopped_without_the_one_that_is_off(situation: SituationOf, debian: int) -> None:
    lost = situation("n2-lost", debian)
    decision = decided(STOP, lost)
    pacemaker, corosync = steps(decision)
    assert commands(pacemaker) == [("n1", "systemctl stop pacemaker")]
    assert commands(corosync) == [("n1", "systemctl stop corosync")]
    assert corosync.after == ("stop",)
    assert corosync.proof is not None
    assert corosync.proof.nodes == ("n1",), "a node that is off would never be seen stopped"
    assert corosync.proof.missing(lost) == ("n1: it still runs",)
    assert isinstance(decision, Plan)
    assert decision.summary == "Stop `web` on n1."
    (undone,) = decision.undone
    assert undone.level is Level.CRITICAL
    assert undone.text.startswith("n2 does not answer and is not stopped: if it is alive and only cut off from the bot")
    assert "it has quorum without the others" in undone.text
    assert not any("n2" in risk.text for risk in decision.risks), "it is said once"


def test_one_of_three_that_may_be_alive_has_no_quorum_alone(situation: SituationOf) -> None:
    three = situation("three-nodes")
    *others, third = three.nodes
    dark = unread(third, Unreachable("no answer", node="n3", remedy="?"))
    decision = decided(STOP, replace(three, nodes=(*others, dark)))
    assert isinstance(decision, Plan)
    assert "no quorum without the others" in decision.undone[0].text


@GENERATIONS
def test_a_node_alone_is_started_and_what_it_waits_for_is_said(situation: SituationOf, debian: int) -> None:
    n1, _ = situation("stopped", debian).nodes
    _, n2 = situation("n2-lost", debian).nodes
    stopped = replace(situation("stopped", debian), nodes=(n1, n2))
    decision = decided(START, stopped)
    (start,) = steps(decision)
    assert commands(start) == [("n1", "pcs cluster start n1")]
    assert start.proof is not None
    assert start.proof.missing(stopped) == ("n1: the cluster does not run there",)
    assert isinstance(decision, Plan)
    assert decision.summary == "Start `web` on n1."
    assert [undone.text for undone in decision.undone] == ["n2 does not answer and is not started"]
    assert any("wait_for_all" in risk.text for risk in decision.risks)
    assert not any("not started" in risk.text for risk in decision.risks), "it is said once"
    assert decision.leaves == "running", "so that its end says whether it does"


@GENERATIONS
def test_a_cluster_that_runs_where_it_can_says_where_it_does_not(situation: SituationOf, debian: int) -> None:
    decision = decided(START, situation("n2-lost", debian))
    assert isinstance(decision, NothingToDo)
    assert decision.summary == "`web` runs on n1 already."
    assert [found.text for found in decision.findings] == ["n2 does not answer and is not started"]


@GENERATIONS
def test_what_runs_without_quorum_is_not_said_to_run_and_nothing_more(situation: SituationOf, debian: int) -> None:
    three = situation("n3-without-quorum", debian)
    dark = (unread(node, Unreachable("no answer", node=node.node.name, remedy="?")) for node in three.nodes[:2])
    decision = decided(START, replace(three, nodes=(*dark, three.nodes[2])))
    assert isinstance(decision, NothingToDo)
    lame, undone = decision.findings
    assert (lame.level, undone.level) == (Level.CRITICAL, Level.WARNING)
    assert "n3 has no quorum" in lame.text


@ALL
@pytest.mark.parametrize(
    ("conf", "words"),
    [
        (NoConf(), "it is in no cluster: there is no corosync.conf"),
        (CorosyncConf("debian", (), two_node=False, transport="knet", logfile=None, digest=""), "called `debian`"),
    ],
)
def test_where_there_is_no_cluster_or_another_nothing_is_commanded(
    situation: SituationOf, verb: Verb, conf: CorosyncConf | NoConf, words: str
) -> None:
    stopped = situation("stopped")
    nodes = tuple(replace(node, conf=Known(conf)) for node in stopped.nodes)
    decision = decided(verb, replace(stopped, nodes=nodes))
    told = reasons(decision)
    assert all(f"{name}: " in told for name in ("n1", "n2"))
    assert words in told
    assert isinstance(decision, Refusal)
    assert all("`setup web`" in reason.remedy for reason in decision.reasons)


def test_the_one_node_cluster_of_the_packages_is_not_stopped_as_if_it_were_ours(situation: SituationOf) -> None:
    assert "another cluster, called `debian`" in reasons(decided(STOP, situation("fresh")))


@pytest.mark.parametrize(("verb", "wanted"), [(ENABLE, True), (DISABLE, False)])
def test_boot_is_not_set_where_nobody_answers_and_that_is_said(
    situation: SituationOf,
    verb: Verb,
    wanted: bool,  # noqa: FBT001
) -> None:
    healthy = situation("healthy")
    n1, n2 = healthy.nodes
    dark = unread(n2, Unreachable("no answer", node="n2", remedy="?"))
    decision = decided(verb, replace(healthy, nodes=(with_boot(n1, enabled=not wanted), dark)))
    (step,) = steps(decision)
    assert commands(step) == [("n1", f"pcs cluster {verb.name} n1")]
    assert isinstance(decision, Plan)
    (undone,) = decision.undone
    assert f"n2 does not answer and is not {verb.name}d" in undone.text
    assert not decision.risks
    assert "n2" not in decision.summary, "it is said once"
    done = decided(verb, replace(healthy, nodes=(with_boot(n1, enabled=wanted), dark)))
    assert isinstance(done, NothingToDo)
    assert done.findings == (undone,)


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
        name: Unit(name, loaded=True, active=True, enabled=enabled, restarts=0) for name in ("corosync", "pacemaker")
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
    unread_units = tuple(replace(node, units=NOT_ASKED) for node in healthy.nodes)
    assert "not asked" in reasons(decided(verb, replace(healthy, nodes=unread_units)))
