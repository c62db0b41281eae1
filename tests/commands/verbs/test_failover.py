"""Failover and failback of a floating IP: planned moves, targets that cannot take it, what a confirmation is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.facts.fact import NotRunning, Unknown
from commands.plan import NothingToDo, Plan, Refusal
from commands.verbs.failover.verb import READS
from tests.commands.verbs.deciding import with_status
from tests.commands.verbs.moving import (
    GENERATIONS,
    SituationOf,
    address,
    asked,
    attribute,
    commands,
    failback,
    failover,
    half,
    reasons,
    steps,
    ungated,
    whole,
    with_attributes,
)
from tests.commands.verbs.test_maintenance import moved


@GENERATIONS
def test_a_healthy_home_lets_go_by_its_own_word_before_the_target_may_have_it(
    situation: SituationOf, debian: int
) -> None:
    healthy = whole(situation("healthy", debian))
    release, gate, serving = steps(failover(healthy, "vip2"))
    assert commands(release) == [("n2", attribute("vip2", "n2", "away"))]
    assert release.proof is not None
    assert release.proof.nodes == ("n2",)
    assert release.proof.missing(healthy), "it holds it still"
    assert commands(gate) == [("n1", attribute("vip2", "n1", "yes"))]
    assert gate.after == ("release-n2",)
    assert (serving.id, serving.lanes, serving.after) == ("serving", (), ("release-n2", "gate"))


@GENERATIONS
def test_who_counts_as_a_member_and_cannot_be_asked_to_let_go_may_be_cut_off(
    situation: SituationOf, debian: int
) -> None:
    """Until Corosync notices, a cut network looks whole from either side."""
    healthy, nothing = asked(whole(situation("healthy", debian))), Unknown("no answer")
    silent = replace(
        healthy,
        nodes=tuple(
            replace(node, addresses=nothing, status=nothing, cib=nothing) if node.node.name == "n2" else node
            for node in healthy.nodes
        ),
    )
    told = reasons(failover(silent, "vip2"))
    assert "n2: n1 counts it as a member, and it cannot be asked to give" in told


def test_what_an_interrupted_move_has_sent_is_not_sent_again(situation: SituationOf) -> None:
    begun = with_attributes(whole(situation("healthy")), "vip2", {"n2": "away"})
    release, gate, _ = steps(failover(begun, "vip2"))
    assert commands(release) == []
    assert commands(gate) == [("n1", attribute("vip2", "n1", "yes"))]
    sent = with_attributes(whole(situation("healthy")), "vip2", {"n1": "yes", "n2": "away"})
    assert not any(commands(step) for step in steps(failover(sent, "vip2")))
    nowhere = moved(sent, address(sent, 2))
    assert "lets `vip2` run on n1, and yet it does not" in reasons(failover(nowhere, "vip2", to="n1"))


def test_what_was_sent_is_not_the_holders_word_that_it_let_go(situation: SituationOf) -> None:
    """Its stop may hang: a gate opened on that would have the address on two nodes as soon as they part."""
    begun = with_attributes(whole(situation("healthy")), "vip2", {"n2": "away"})
    release, gate, _ = steps(failover(begun, "vip2"))
    assert gate.after == (release.id,)
    assert release.title == f"See that n2 gives {address(begun, 2)} up"
    assert release.proof is not None
    assert release.proof.missing(begun) == (f"n2: it still holds {address(begun, 2)}",)
    assert release.proof.missing(moved(begun, address(begun, 2))) == ()


def test_a_failover_cut_short_goes_on_away_from_the_node_that_was_left(situation: SituationOf) -> None:
    """Nobody having it any more, the node that was left carries the fewest."""
    left = with_attributes(asked(whole(situation("healthy"))), "vip2", {"n2": "away"})
    left = moved(left, address(left, 2))
    (gate, _) = steps(failover(left, "vip2"))
    assert commands(gate) == [("n1", attribute("vip2", "n1", "yes"))]
    alone = with_status(
        left, lambda status: replace(status, nodes=tuple(replace(n, standby=n.name == "n1") for n in status.nodes))
    )
    (gate, _) = steps(failover(alone, "vip2"))
    assert commands(gate) == [("n2", attribute("vip2", "n2", None))], "better there than nowhere"


def test_a_guest_that_nothing_lets_run_it_any_more_lets_go_before_its_home_may_have_it(
    situation: SituationOf,
) -> None:
    cleared = with_attributes(whole(situation("healthy")), "vip2", {"n2": "away"})
    cleared = moved(cleared, address(cleared, 2), "n1")
    release, gate, _ = steps(failback(cleared, "vip2"))
    assert (release.id, commands(release), gate.after) == ("release-n1", [], ("release-n1",))
    assert release.proof is not None
    assert release.proof.missing(cleared) == (f"n1: it still holds {address(cleared, 2)}",)


@pytest.mark.parametrize(("stranger", "vip", "held"), [("n3", "vip1", {"n3": "yes"}), ("n2", "vip2", {})])
def test_a_member_that_the_bot_was_not_told_of_cannot_be_asked_to_let_go(
    situation: SituationOf, stranger: str, vip: str, held: dict[str, str]
) -> None:
    """It was added with pcs. What the cluster says of it is a reason, and no error of the bot."""
    three = with_attributes(asked(whole(situation("three-nodes"))), vip, held)
    known = replace(three, nodes=tuple(node for node in three.nodes if node.node.name != stranger))
    for decision in (failover(known, vip, to="n1" if stranger == "n2" else "n2"), failback(known, vip)):
        assert f"{stranger}: it is in the cluster and not declared to the bot" in reasons(decision)


@GENERATIONS
def test_a_cluster_that_cannot_send_it_away_says_how_it_gets_that_rule(situation: SituationOf, debian: int) -> None:
    told = failover(half(situation("healthy", debian)), "vip2")
    assert "cannot be sent away from n2" in reasons(told)
    assert isinstance(told, Refusal)
    assert "setup web" in told.reasons[0].remedy


@GENERATIONS
def test_where_it_is_already_there_is_nothing_to_do(situation: SituationOf, debian: int) -> None:
    healthy = whole(situation("healthy", debian))
    assert isinstance(failover(healthy, "vip1", to="n1"), NothingToDo)
    assert isinstance(failback(healthy, "vip1"), NothingToDo)


def test_an_address_names_a_floating_ip_as_well_as_its_resource_does(situation: SituationOf) -> None:
    healthy = whole(situation("healthy"))
    by_name, by_address = failover(healthy, "vip2"), failover(healthy, address(healthy, 2))
    assert [commands(step) for step in steps(by_address)] == [commands(step) for step in steps(by_name)]
    assert "no floating IP 'vip9'" in reasons(failover(healthy, "vip9"))


def test_the_node_with_the_fewest_floating_ips_takes_it(situation: SituationOf) -> None:
    three = whole(situation("three-nodes"))
    (_, gate, _) = steps(failover(three, "vip1"))
    assert commands(gate)[0][0] == "n3"
    (_, gate, _) = steps(failover(three, "vip1", to="n2"))
    assert commands(gate)[0][0] == "n2"


@GENERATIONS
@pytest.mark.parametrize(
    ("name", "vip", "to", "why"),
    [
        ("n1-standby", "vip2", "n1", "n1: it is in standby"),
        ("maintenance", "vip2", "n1", "n1: it is in maintenance"),
        ("haproxy-failed-start", "vip1", "n2", "n2: HAProxy does not run there"),
        ("n3-without-quorum", "vip1", "n3", "n3: its side has no quorum"),
        ("n2-stopped", "vip1", "n2", "n2: the cluster does not run there"),
        ("n2-lost", "vip1", "n2", "n2: it cannot be asked: connection timed out"),
        ("vip1-banned", "vip1", "n1", "its gate lets `vip1` run on n1, and yet it does not"),
    ],
)
def test_a_target_that_cannot_take_it_is_refused_with_the_reason(
    situation: SituationOf, debian: int, name: str, vip: str, to: str, why: str
) -> None:
    recorded = whole(asked(situation(name, debian)))
    assert why in reasons(failover(recorded, vip, to=to))


@GENERATIONS
def test_where_no_other_node_can_take_it_that_is_said(situation: SituationOf, debian: int) -> None:
    for name, vip in (("n2-lost", "vip1"), ("n1-standby", "vip2"), ("split", "vip1"), ("haproxy-failed-start", "vip1")):
        assert "no other node is fit to take it" in reasons(failover(whole(situation(name, debian)), vip))


def test_why_each_other_node_cannot_take_it_is_said(situation: SituationOf) -> None:
    assert "n1: it is in standby" in reasons(failover(whole(situation("n1-standby")), "vip2"))


@GENERATIONS
def test_a_cluster_that_runs_nowhere_is_told_as_such(situation: SituationOf, debian: int) -> None:
    assert "no node runs the cluster" in reasons(failover(situation("stopped", debian), "vip1"))


def test_the_side_with_quorum_speaks_for_the_cluster(situation: SituationOf) -> None:
    apart = whole(situation("n3-without-quorum"))
    turned = replace(apart, nodes=tuple(reversed(apart.nodes)))
    (_, gate, _) = steps(failover(turned, "vip1"))
    assert commands(gate)[0][0] == "n2"


@GENERATIONS
def test_without_a_gate_pacemaker_is_asked_and_the_constraint_goes_again(situation: SituationOf, debian: int) -> None:
    decision = failover(ungated(situation("healthy", debian)), "vip2")
    move, room, clear, _ = steps(decision)
    assert commands(move) == [("n1", "crm_resource --resource vip2 --move --node n1")]
    assert commands(room) == [
        ("n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -v yes"),
        ("n1", "crm_attribute -l reboot -N n1 -n hacluster-vip2 -D"),
        ("n1", "crm_resource --wait --timeout=60"),
    ], "Pacemaker looks again at who is beside whom before the constraint goes"
    assert commands(clear) == [("n1", "crm_resource --resource vip2 --clear")]
    assert (room.after, clear.after) == (("move",), ("room",))
    assert isinstance(decision, Plan)
    assert any("change places" in risk.text for risk in decision.risks)


def test_without_a_gate_there_is_no_home_to_go_back_to(situation: SituationOf) -> None:
    assert "has no home" in reasons(failback(ungated(situation("healthy")), "vip2"))


def test_what_the_decision_rested_on_is_part_of_what_is_confirmed(situation: SituationOf) -> None:
    before = failover(whole(situation("healthy")), "vip2", to="n1")
    assert isinstance(before, Plan)
    for name in ("n2-lost", "n2-stopped", "split"):
        after = failover(whole(asked(situation(name))), "vip2", to="n1")
        assert isinstance(after, Plan)
        assert after.guards != before.guards
        assert after.fingerprint != before.fingerprint
    again = failover(whole(situation("healthy")), "vip2", to="n1")
    assert isinstance(again, Plan)
    assert again.fingerprint == before.fingerprint


FIELDS = sorted(READS)


@given(st.sampled_from(["healthy", "n2-lost", "split", "n2-stopped", "stopped"]), st.data())
def test_whatever_cannot_be_read_nothing_is_guessed(situation: SituationOf, name: str, data: st.DataObject) -> None:
    recorded = whole(asked(situation(name)))
    nodes = []
    for node in recorded.nodes:
        lost = data.draw(st.lists(st.sampled_from(FIELDS), unique=True))
        nodes.append(replace(node, **dict[str, Any](dict.fromkeys(lost, Unknown("unread")))))
    shaken = replace(recorded, nodes=tuple(nodes))
    for decide in (failover, failback):
        decision = decide(shaken, "vip2")
        if isinstance(decision, Plan):
            known = [node.node.name for node, _ in shaken.known("addresses")]
            silent = any(used.addresses[address(recorded, 2)] is None for _, used in shaken.known("vips_in_use"))
            held = any(addresses.holds(address(recorded, 2)) for _, addresses in shaken.known("addresses"))
            assert held or silent or len(known) == len(shaken.nodes)
            runs = [lane.node.name for step in decision.steps for lane in step.lanes]
            assert all(not isinstance(shaken.node(n).status, Unknown | NotRunning) for n in runs[-1:])
