"""Failover across a cut network: who holds an address lets go first, by its own hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commands.facts.fact import Known, Unknown
from commands.facts.host import Addresses
from commands.facts.reach import InUse
from commands.plan import Plan
from tests.commands.verbs.moving import (
    GENERATIONS,
    MAC,
    SituationOf,
    address,
    asked,
    attribute,
    commands,
    failover,
    half,
    reasons,
    steps,
    ungated,
    whole,
)


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
def test_a_home_across_a_cut_whose_configuration_cannot_be_read_lets_go_first_too(
    situation: SituationOf, debian: int
) -> None:
    split = whole(situation("split", debian))
    nobody = tuple(replace(node, addresses=Known(Addresses(()))) for node in split.nodes)
    unread = replace(
        split, nodes=tuple(replace(n, cib=Unknown("timed out")) if n.node.name == "n2" else n for n in nobody)
    )
    release, gate, *_ = steps(failover(unread, "vip2", to="n1"))
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
