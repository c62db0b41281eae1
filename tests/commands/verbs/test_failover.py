"""Failover and failback, decided on situations recorded from real clusters of all three generations.

A gate takes two rules; the tests say whether the one that sends a resource away from its home is there (`whole`), as
`setup` makes it, or not (`half`), as a cluster made elsewhere may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Expression, Location, Rule, approval_attribute
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.host import Addresses
from commands.facts.pacemaker_xml import INFINITY
from commands.facts.reach import InUse
from commands.gates import AWAY
from commands.plan import Decision, NothingToDo, Plan, Refusal, Step
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.failover.move import MoveRequest
from commands.verbs.failover.verb import FAILBACK, FAILOVER, READS, decide_failback, decide_failover
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words, parse, tokens
from tests.commands.doubles import NoRunner

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
MAC = "52:54:00:aa:bb:cc"


def away_rule(resource: str) -> Location:
    sent = Expression("expression", approval_attribute(resource), "eq", AWAY)
    return Location(f"location-{resource}-1", resource, rules=(Rule(f"away-{resource}", -INFINITY, "or", (sent,)),))


def changed_cib(node: NodeSnapshot, change: Callable[[Cib], Cib]) -> NodeSnapshot:
    if isinstance(node.cib, Known) and isinstance(node.cib.value, Cib):
        return replace(node, cib=Known(change(node.cib.value)))
    return node


def each_cib(snapshot: Snapshot, change: Callable[[Cib], Cib]) -> Snapshot:
    return replace(snapshot, nodes=tuple(changed_cib(node, change) for node in snapshot.nodes))


def half(snapshot: Snapshot) -> Snapshot:
    """Leave the cluster without the rules that send a resource away."""

    def without(cib: Cib) -> Cib:
        kept = [one for one in cib.locations if not any(rule.id.startswith("away-") for rule in one.rules)]
        return replace(cib, locations=tuple(kept))

    return each_cib(snapshot, without)


def whole(snapshot: Snapshot) -> Snapshot:
    """Give the cluster the rules that send a resource away."""
    rules = (away_rule("vip1"), away_rule("vip2"))
    return each_cib(half(snapshot), lambda cib: replace(cib, locations=(*cib.locations, *rules)))


def address(snapshot: Snapshot, number: int) -> str:
    return str(snapshot.cluster.vips[number - 1].address)


def asked(snapshot: Snapshot, who: str | None = None) -> Snapshot:
    """Let every node that answers have asked its subnet for the floating IPs."""
    used = {str(vip.address): who for vip in snapshot.cluster.vips}
    nodes = (
        node if isinstance(node.status, Unknown) else replace(node, vips_in_use=Known(InUse(used)))
        for node in snapshot.nodes
    )
    return replace(snapshot, nodes=tuple(nodes))


def with_attributes(snapshot: Snapshot, resource: str, held: Mapping[str, str]) -> Snapshot:
    attributes = {node: {approval_attribute(resource): value} for node, value in held.items()}
    return each_cib(snapshot, lambda cib: replace(cib, transient_attributes=attributes))


def ungated(snapshot: Snapshot) -> Snapshot:
    """Take the gates away: what `--failover automatic` makes."""
    return each_cib(snapshot, lambda cib: replace(cib, locations=()))


def failover(snapshot: Snapshot, vip: str, to: str | None = None) -> Decision:
    return decide_failover(MoveRequest(snapshot.cluster, vip, to), snapshot)


def failback(snapshot: Snapshot, vip: str) -> Decision:
    return decide_failback(MoveRequest(snapshot.cluster, vip), snapshot)


def reasons(decision: Decision) -> str:
    assert isinstance(decision, Refusal), decision
    assert all(reason.remedy for reason in decision.reasons), "each reason says what to do about it"
    return "\n".join(f"{reason.node}: {reason.text}" for reason in decision.reasons)


def steps(decision: Decision) -> tuple[Step, ...]:
    assert isinstance(decision, Plan), decision
    return decision.steps


def commands(step: Step) -> list[tuple[str, str]]:
    return [(lane.node.name, command.shown()) for lane in step.lanes for command in lane.commands]


def attribute(vip: str, node: str, value: str | None) -> str:
    return f"crm_attribute -l reboot -N {node} -n hacluster-{vip} " + (f"-v {value}" if value else "-D")


# ---------------------------------------------------------------- planned moves of a healthy cluster


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
    gate, _ = steps(failover(begun, "vip2"))
    assert commands(gate) == [("n1", attribute("vip2", "n1", "yes"))]
    sent = with_attributes(whole(situation("healthy")), "vip2", {"n1": "yes", "n2": "away"})
    assert "lets `vip2` run on n1, and yet it does not" in reasons(failover(sent, "vip2"))


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


# ---------------------------------------------------------------- a lost home


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


# ---------------------------------------------------------------- a cut network


@GENERATIONS
@pytest.mark.parametrize(("vip", "holder", "target"), [("vip1", "n1", "n2"), ("vip2", "n2", "n1")])
def test_across_a_cut_the_holder_lets_go_by_its_own_hand_first(
    situation: SituationOf, debian: int, vip: str, holder: str, target: str
) -> None:
    release, gate, serving = steps(failover(whole(situation("split", debian)), vip, to=target))
    assert commands(release) == [(holder, attribute(vip, holder, "away"))]
    assert commands(gate) == [(target, attribute(vip, target, "yes"))]
    assert gate.after == (release.id,)
    assert serving.after == (release.id, gate.id)


@GENERATIONS
def test_a_home_across_a_cut_that_may_take_it_up_any_moment_lets_go_first_too(
    situation: SituationOf, debian: int
) -> None:
    split = whole(situation("split", debian))
    nobody = replace(split, nodes=tuple(replace(node, addresses=Known(Addresses(()))) for node in split.nodes))
    release, gate, *_ = steps(failover(nobody, "vip2", to="n1"))
    assert commands(release) == [("n2", attribute("vip2", "n2", "away"))]
    assert gate.after == (release.id,)


@GENERATIONS
def test_a_lost_home_that_shows_life_voids_what_was_approved_without_it(situation: SituationOf, debian: int) -> None:
    silent = asked(situation("n2-lost", debian))
    other = frozenset({"10.0.0.99"})
    lives = tuple(
        replace(n, node_addresses_in_use=Known(InUse({str(n.node.address): "self", str(silent.node("n2").node.address): MAC}, other)))
        if isinstance(n.addresses, Known)
        else n
        for n in silent.nodes
    )  # fmt: skip
    before, after = failover(silent, "vip2"), failover(replace(silent, nodes=lives), "vip2")
    assert isinstance(before, Plan)
    assert isinstance(after, Plan)
    assert before.fingerprint != after.fingerprint
    assert (before.risk, after.risk) == ("ordinary", "dangerous")


def test_a_release_is_proved_by_the_holders_own_word_only(situation: SituationOf) -> None:
    split = whole(situation("split"))
    release = steps(failover(split, "vip2", to="n1"))[0]
    assert release.proof is not None
    assert release.proof.nodes == ("n2",)
    assert release.proof.missing(split) == (f"n2: it still holds {address(split, 2)}",)
    unread = replace(split, nodes=tuple(replace(node, addresses=Unknown("gone")) for node in split.nodes))
    assert release.proof.missing(unread) == ("n2: gone",), "a node that cannot be read has released nothing"
    free = replace(split, nodes=tuple(replace(node, addresses=Known(Addresses(()))) for node in split.nodes))
    assert release.proof.missing(free) == ()


@GENERATIONS
def test_a_holder_across_a_cut_that_cannot_let_go_keeps_it(situation: SituationOf, debian: int) -> None:
    assert "cannot be sent away from n2" in reasons(failover(half(situation("split", debian)), "vip2", to="n1"))


@GENERATIONS
def test_without_gates_nothing_is_moved_across_a_cut(situation: SituationOf, debian: int) -> None:
    assert "n2: it holds" in reasons(failover(ungated(situation("split", debian)), "vip2", to="n1"))


# ---------------------------------------------------------------- targets that cannot take it


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


# ---------------------------------------------------------------- without gates


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


# ---------------------------------------------------------------- what a confirmation is for


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


# ---------------------------------------------------------------- words


def desk(snapshot: Snapshot) -> Desk:
    other = snapshot.cluster.model_copy(update={"name": "db"})
    known = {"web": Declared(snapshot.cluster, "file"), "db": Declared(other, "slack")}
    return Desk(known, NoRunner(), default_cluster="web")


def words(text: str) -> Words:
    return parse(tokens(text), FAILOVER.options, FAILOVER.usage)


def test_the_clusters_name_may_stand_on_either_side(situation: SituationOf) -> None:
    at = desk(situation("healthy"))
    for text in ("vip1 db", "db vip1"):
        request = FAILOVER.parse(words(text), at)
        assert (request.vip, request.cluster.name, request.to) == ("vip1", "db", None)
    assert FAILBACK.parse(words("vip1"), at).cluster.name == "web"
    assert FAILOVER.parse(words("vip1 --to n2"), at).to == "n2"


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "which floating IP"), ("a b c", "which floating IP"), ("vip1 --to n9", "no node 'n9'"), ("vip1 wep", "wep")],
)
def test_words_that_say_no_move_are_answered_with_the_right_form(situation: SituationOf, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        FAILOVER.parse(words(text), desk(situation("healthy")))
    assert refused.value.remedy


@given(st.text(max_size=60))
def test_any_name_of_a_floating_ip_is_found_or_refused_and_in_no_argv_unless_it_is_one(
    situation: SituationOf, name: str
) -> None:
    recorded = whole(situation("healthy"))
    decision = failover(recorded, name, to="n1")
    known = {"vip1", "vip2", *(str(vip.address) for vip in recorded.cluster.vips)}
    assert isinstance(decision, Refusal) is (name not in known)
