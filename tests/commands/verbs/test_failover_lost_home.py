"""Failover from a home that is lost, and back to one that is there again."""

from __future__ import annotations

from dataclasses import replace

from commands.facts.fact import Known
from commands.facts.reach import InUse
from commands.plan import NothingToDo, Plan
from commands.verbs.failover.move import MoveRequest
from commands.verbs.failover.verb import decide_failover
from tests.commands.verbs.moving import (
    GENERATIONS,
    MAC,
    SituationOf,
    address,
    asked,
    attribute,
    commands,
    failback,
    failover,
    reasons,
    steps,
    whole,
    with_attributes,
)
from tests.commands.verbs.test_maintenance import moved


@GENERATIONS
def test_a_lost_homes_gate_is_opened_where_nothing_answers_for_the_address(situation: SituationOf, debian: int) -> None:
    decision = failover(asked(situation("n2-lost", debian)), "vip2")
    gate, _ = steps(decision)
    assert commands(gate) == [("n1", attribute("vip2", "n1", "yes"))]
    assert isinstance(decision, Plan)
    assert "n2 is lost to the cluster" in decision.risks[0].text


@GENERATIONS
def test_an_address_that_still_answers_stays_where_it_is(situation: SituationOf, debian: int) -> None:
    assert f"still answers ({MAC}, seen from n1)" in reasons(failover(asked(situation("n2-lost", debian), MAC), "vip2"))


@GENERATIONS
def test_that_nobody_could_look_is_not_that_nobody_answers(situation: SituationOf, debian: int) -> None:
    lost = situation("n2-lost", debian)
    assert "n2 cannot be asked" in reasons(failover(lost, "vip2"))
    elsewhere = frozenset(str(vip.address) for vip in lost.cluster.vips)
    on_other_subnets = tuple(replace(node, vips_in_use=Known(InUse({}, elsewhere))) for node in lost.nodes)
    assert "n2 cannot be asked" in reasons(failover(replace(lost, nodes=on_other_subnets), "vip2"))


@GENERATIONS
def test_where_nobody_could_look_it_takes_a_reason_and_is_dangerous(situation: SituationOf, debian: int) -> None:
    lost = situation("n2-lost", debian)
    decision = decide_failover(MoveRequest(lost.cluster, "vip2", reason="I pulled its plug"), lost)
    assert isinstance(decision, Plan)
    assert decision.risk == "dangerous"
    assert "n2 cannot be asked" in decision.risks[0].text
    assert not any("taken to be down" in risk.text for risk in decision.risks)
    assert "still answers" in reasons(
        decide_failover(MoveRequest(lost.cluster, "vip2", reason="I pulled its plug"), asked(lost, MAC))
    ), "no reason is good enough against an address that answers"


@GENERATIONS
def test_a_home_that_was_stopped_says_itself_that_it_let_go(situation: SituationOf, debian: int) -> None:
    decision = failover(situation("n2-stopped", debian), "vip2")
    assert commands(steps(decision)[0]) == [("n1", attribute("vip2", "n1", "yes"))]
    assert isinstance(decision, Plan)
    assert not any("lost" in risk.text for risk in decision.risks)


@GENERATIONS
def test_a_cluster_that_is_stopped_is_told_so_in_our_words(situation: SituationOf, debian: int) -> None:
    told = reasons(failover(situation("stopped", debian), "vip1"))
    assert "n1: the cluster does not run there; n2: the cluster does not run there" in told
    assert "CIB" not in told


@GENERATIONS
def test_a_second_approval_changes_nothing(situation: SituationOf, debian: int) -> None:
    approved = situation("n2-lost-failover-approved", debian)
    assert isinstance(failover(approved, "vip2", to="n1"), NothingToDo)


@GENERATIONS
def test_a_home_that_came_back_is_barred_by_asking_for_the_failover_again(situation: SituationOf, debian: int) -> None:
    """Its `away` went with its reboot: once the network is cut it would start what the holder keeps."""
    back = with_attributes(whole(situation("healthy", debian)), "vip2", {"n1": "yes"})
    back = moved(back, address(back, 2), "n1")
    decision = failover(back, "vip2", to="n1")
    assert isinstance(decision, Plan)
    release, gate, _ = steps(decision)
    assert (release.title, commands(release)) == ("Bar n2 from `vip2`", [("n2", attribute("vip2", "n2", "away"))])
    assert commands(gate) == []
    assert decision.summary.startswith("Bar n2 from `vip2`")
    assert "no longer takes it back by itself" in decision.risks[0].text
    assert decision.risk == "ordinary"
    barred = with_attributes(back, "vip2", {"n1": "yes", "n2": "away"})
    assert isinstance(failover(barred, "vip2", to="n1"), NothingToDo)


@GENERATIONS
def test_nothing_goes_home_to_a_node_that_is_away(situation: SituationOf, debian: int) -> None:
    assert "n2: it cannot be asked" in reasons(failback(situation("n2-lost-failover-approved", debian), "vip2"))
    assert "n2: the cluster does not run there" in reasons(failback(situation("n2-stopped", debian), "vip2"))


@GENERATIONS
def test_failback_clears_what_the_failover_set(situation: SituationOf, debian: int) -> None:
    release, gate, _ = steps(failback(situation("n2-back-before-failback", debian), "vip2"))
    assert commands(release) == [("n1", attribute("vip2", "n1", None))]
    assert commands(gate) == []
    assert gate.title.startswith("Close the gate")
    allowed = {status for lane in release.lanes for command in lane.commands for status in command.legal}
    assert {0, 6, 105} <= allowed, "an attribute that is gone already is no failure, on any generation"


def test_a_home_that_was_sent_away_is_let_in_again_last(situation: SituationOf) -> None:
    moved = with_attributes(whole(situation("healthy")), "vip2", {"n1": "yes", "n2": "away"})
    release, gate, _ = steps(failback(moved, "vip2"))
    assert commands(release) == [("n1", attribute("vip2", "n1", None))]
    assert commands(gate) == [("n2", attribute("vip2", "n2", None))]


def test_at_home_with_nothing_left_to_clear_is_nothing_to_do(situation: SituationOf) -> None:
    lost = with_attributes(whole(situation("n2-lost")), "vip1", {"n2": "yes"})
    assert isinstance(failback(lost, "vip1"), NothingToDo), "a node that is gone took its attributes along"


def test_a_stray_away_is_cleared_and_then_done(situation: SituationOf) -> None:
    stray = with_attributes(whole(situation("healthy")), "vip1", {"n2": "away"})
    decision = failback(stray, "vip1")
    assert commands(steps(decision)[0]) == [("n2", attribute("vip1", "n2", None))]
    assert isinstance(decision, Plan)
    assert "is on n1 already" in decision.summary
    assert decision.risks == ()
