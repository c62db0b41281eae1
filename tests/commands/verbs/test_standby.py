"""`standby`, `unstandby`, `failover NODE`, and `start`/`stop` of one node, decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Unknown
from commands.report import Level
from commands.snapshot import Snapshot
from tests.commands.verbs.deciding import each, lacking, lines, nothing, planned, refused, said, with_status, with_votes
from tests.commands.verbs.moving import address, asked, ungated, whole, with_attributes
from tests.commands.verbs.test_maintenance import moved

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
OPENED = "crm_attribute -l reboot -N {} -n hacluster-{} -v yes"
SENT = "crm_attribute -l reboot -N {} -n hacluster-{} -v away"


def out_of_service(snapshot: Snapshot, *names: str) -> Snapshot:
    def change(status: ClusterStatus) -> ClusterStatus:
        nodes = tuple(replace(node, standby=node.standby or node.name in names) for node in status.nodes)
        return replace(status, nodes=nodes)

    return with_status(snapshot, change)


@GENERATIONS
@pytest.mark.parametrize("verb", ["standby n1", "failover n1"])
def test_a_gated_address_leaves_by_its_gate_before_its_home_is_emptied(
    situation: SituationOf, debian: int, verb: str
) -> None:
    plan = planned(verb, whole(situation("healthy", debian)))
    assert lines(plan) == [
        f"n1: {SENT.format('n1', 'vip1')}",
        f"n2: {OPENED.format('n2', 'vip1')}",
        "n2: pcs node standby n1",
    ]
    first = ("release-n1-vip1", "gate-vip1")
    assert [step.after for step in plan.steps] == [(), first[:1], first, (*first, "standby")]
    assert "`failback vip1`" in said(plan)
    assert "n1 is a member and keeps its vote" in said(plan)
    assert "n2 carries everything alone" in said(plan)
    assert plan.risk == "ordinary"


def test_an_address_that_was_let_go_of_is_let_in_elsewhere_whatever_fails_beside_it(situation: SituationOf) -> None:
    plan = planned("standby n1", whole(situation("healthy")))
    assert [step.id for step in plan.steps if step.ends_what_was_begun] == ["gate-vip1"]
    (left,) = [step.left for step in plan.steps if step.left]
    assert left.text == "n1 stays barred from `vip1`"
    assert left.remedy == "`failback vip1` lets it in again."


@GENERATIONS
def test_it_is_done_when_nothing_runs_there_any_more(situation: SituationOf, debian: int) -> None:
    plan = planned("standby n1", whole(situation("healthy", debian)))
    assert lacking(plan, "standby", situation("healthy", debian)) == ("n1 is not in standby",)
    assert lacking(plan, "standby", situation("n1-standby", debian)) == ()
    draining = out_of_service(situation("healthy", debian), "n1")
    assert "still run" in lacking(plan, "standby", draining)[0]


def test_an_address_that_waits_for_a_node_in_standby_is_moved_by_asking_again(situation: SituationOf) -> None:
    plan = planned("standby n1", asked(whole(situation("n1-standby"))))
    assert [step.id for step in plan.steps] == [
        "release-n1-vip1",
        "gate-vip1",
        "serving",
    ], "it is in standby already"


@pytest.mark.parametrize(
    ("verb", "last"), [("standby n3", "standby"), ("failover n3", "standby"), ("stop --node n3", "stop")]
)
def test_a_guest_that_was_let_go_of_and_in_nowhere_is_let_in_by_asking_again(
    situation: SituationOf, verb: str, last: str
) -> None:
    """vip1 of n1 was a guest on n3, and what emptied n3 was cut short between the two."""
    let_go = with_attributes(asked(whole(situation("three-nodes"))), "vip1", {"n1": "away"})
    let_go = moved(let_go, address(let_go, 1))
    plan = planned(verb, let_go)
    assert lines(plan)[0] == "n1: crm_attribute -l reboot -N n1 -n hacluster-vip1 -D"
    gate = next(step for step in plan.steps if step.id == "gate-vip1")
    end = next(step for step in plan.steps if step.id == last)
    assert gate.id in end.after


def test_what_a_person_let_in_elsewhere_is_left_there(situation: SituationOf) -> None:
    approved = with_attributes(asked(whole(situation("three-nodes"))), "vip1", {"n1": "away", "n2": "yes"})
    plan = planned("standby n3", moved(approved, address(approved, 1)))
    assert [step.id for step in plan.steps if step.id.startswith("gate")] == [], "it starts there, or says why not"


def test_without_gates_pacemaker_moves_things(situation: SituationOf) -> None:
    plan = planned("standby n1", ungated(situation("healthy")))
    assert lines(plan) == ["n2: pcs node standby n1"]
    assert "`vip1` moves to where Pacemaker puts it" in said(plan)


def test_of_three_the_emptiest_takes_it_and_each_gets_one(situation: SituationOf) -> None:
    plan = planned("standby n1", whole(situation("three-nodes")))
    assert f"n3: {OPENED.format('n3', 'vip1')}" in lines(plan)
    named = planned("failover n1 --to n2", whole(situation("three-nodes")))
    assert f"n2: {OPENED.format('n2', 'vip1')}" in lines(named)


def test_the_last_node_in_service_is_not_emptied(situation: SituationOf) -> None:
    told = refused("standby n1", out_of_service(whole(situation("healthy")), "n2"))
    assert "n1 is the last node in service" in told
    assert "`vip1` (10.213." in told
    assert "would stay at its gate" in told


def test_a_node_is_not_emptied_onto_itself(situation: SituationOf) -> None:
    assert "is the node that is to be emptied" in refused("failover n1 --to n1", whole(situation("healthy")))


@pytest.mark.parametrize("verb", ["standby n1", "unstandby n1", "restart haproxy"])
def test_in_maintenance_nothing_is_asked_of_pacemaker(situation: SituationOf, verb: str) -> None:
    snapshot = situation("maintenance")
    if verb.startswith("unstandby"):
        snapshot = out_of_service(snapshot, "n1")
    assert "maintenance off" in refused(verb, snapshot)


def test_a_node_in_maintenance_cannot_be_emptied(situation: SituationOf) -> None:
    def resting(status: ClusterStatus) -> ClusterStatus:
        return replace(status, nodes=tuple(replace(node, maintenance=node.name == "n1") for node in status.nodes))

    told = refused("standby n1", with_status(whole(situation("healthy")), resting))
    assert "`maintenance off n1` first" in told


@GENERATIONS
def test_a_lost_node_is_emptied_by_moving_what_waits(situation: SituationOf, debian: int) -> None:
    plan = planned("failover n2", asked(whole(situation("n2-lost", debian))))
    assert lines(plan) == [f"n1: {OPENED.format('n1', 'vip2')}"], "nobody puts a dead node into standby"
    assert "n2 is not online" in said(plan)
    moved = asked(whole(situation("n2-lost-failover-approved", debian)))
    assert "no floating IP waits" in nothing("failover n2", moved)


def test_a_lost_node_comes_back_in_standby_if_somebody_says_so(situation: SituationOf) -> None:
    plan = planned("standby n2", asked(whole(situation("n2-lost"))))
    assert lines(plan) == ["n1: pcs node standby n2"]
    assert "`failover n2`" in plan.risks[0].remedy


def test_a_lost_node_that_may_have_its_address_still_keeps_it(situation: SituationOf) -> None:
    lost = asked(whole(situation("n2-lost")), "52:54:00:aa:bb:cc")
    assert "still answers" in refused("failover n2", lost)


def test_nothing_is_moved_without_quorum(situation: SituationOf) -> None:
    minority = situation("n3-without-quorum")
    alone = replace(minority, nodes=tuple(node for node in minority.nodes if node.node.name == "n3"))
    assert "no side of the cluster has quorum" in refused("standby n3", alone)


@GENERATIONS
def test_back_in_service_nothing_comes_home_by_itself(situation: SituationOf, debian: int) -> None:
    resting = situation("n1-standby", debian)
    plan = planned("unstandby n1", resting)
    assert lines(plan) == ["n2: pcs node unstandby n1"]
    assert "`vip1` is at home there and starts: it runs nowhere now" in said(plan)
    assert lacking(plan, "unstandby", resting) == ("n1 is still in standby",)
    assert lacking(plan, "unstandby", situation("healthy", debian)) == ()
    assert "not in standby" in nothing("unstandby n1", situation("healthy", debian))


def test_what_may_be_held_where_nobody_can_ask_is_not_said_to_run_nowhere(situation: SituationOf) -> None:
    resting = situation("n1-standby")
    silent = each(resting, lambda one: replace(one, addresses=Unknown("timed out")) if one.node.name == "n2" else one)
    told = [risk for risk in planned("unstandby n1", silent).risks if "`vip1`" in risk.text]
    assert [risk.level for risk in told] == [Level.WARNING]
    assert "n2 cannot be asked and may hold it still" in told[0].text


def test_a_node_that_nobody_knows_is_named(situation: SituationOf) -> None:
    known = with_status(situation("healthy"), lambda status: replace(status, nodes=status.nodes[:1]))
    assert "Pacemaker knows no node n2" in refused("standby n2", known)


# ---------------------------------------------------------------- start and stop of one node


def test_one_node_stops_after_its_addresses_left(situation: SituationOf) -> None:
    plan = planned("stop --node n2", whole(situation("three-nodes")))
    assert lines(plan)[-1] == "n2: pcs cluster stop"
    assert [step.id for step in plan.steps] == ["release-n2-vip2", "gate-vip2", "stop"]
    assert lacking(plan, "stop", situation("three-nodes")) == ("n2: it still runs",)


def test_one_of_three_that_takes_quorum_along_is_not_stopped(situation: SituationOf) -> None:
    def two_left(snapshot: Snapshot) -> Snapshot:
        return with_votes(snapshot, lambda count: replace(count, total_votes=2, nodes=count.nodes[:2]))

    told = refused("stop --node n2", two_left(whole(situation("three-nodes"))))
    assert "there are 1 of 3 votes, and quorum takes 2" in told
    plan = planned("stop --node n2", whole(situation("healthy")))
    assert "n1 carries everything alone" in said(plan), "of two, either goes on alone"


@GENERATIONS
def test_a_stopped_node_is_started_where_it_stands(situation: SituationOf, debian: int) -> None:
    stopped = situation("n2-stopped", debian)
    plan = planned("start --node n2", stopped)
    assert lines(plan) == ["n2: pcs cluster start"]
    assert lacking(plan, "start", stopped)
    assert lacking(plan, "start", situation("healthy", debian)) == ()
    assert "already" in nothing("start --node n2", situation("healthy", debian))
    assert "already" in nothing("stop --node n2", stopped)
    alone = planned("start --node n1", situation("stopped", debian))
    assert any(risk.level is Level.WARNING and "no quorum" in risk.text for risk in alone.risks)


def test_a_node_that_does_not_answer_is_neither_started_nor_stopped(situation: SituationOf) -> None:
    for verb in ("start", "stop"):
        assert "timed out" in refused(f"{verb} --node n2", situation("n2-lost"))
