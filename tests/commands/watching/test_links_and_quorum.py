"""Links and quorum: each told once, with what they cost."""

from __future__ import annotations

from commands.condition import condition
from commands.events import Kind, diff
from commands.troubles import Severity, causes, troubles
from tests.commands.watching.altering import (
    Alter,
    KnownAfter,
    SituationOf,
    with_link_cut,
)


def test_a_link_is_told_once_for_both_ends(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    healthy = situation("healthy")
    after = known(healthy, with_link_cut(healthy, altered))
    (event,) = diff(known(healthy), after)
    assert (event.kind, event.subject, event.witnesses) == (Kind.LINK_DOWN, "n1/n2/0", ("n1", "n2"))
    (trouble,) = troubles(after)
    assert trouble.key == "LinkDown:n1/n2/0"
    (up,) = diff(after, known(healthy, with_link_cut(healthy, altered), healthy))
    assert up.kind is Kind.LINK_UP


def test_links_over_one_network_have_one_cause(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    three = situation("three-nodes")
    groups = causes(troubles(known(three, with_link_cut(three, altered))))
    assert [len(group) for _, group in groups] == [3]


def test_a_link_that_went_before_the_node_stays_with_the_loss(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    cut = known(healthy, with_link_cut(healthy, altered))
    lost = condition(situation("n2-lost"), cut)
    ((_, group),) = causes(troubles(lost))
    assert {one.key for one in troubles(cut)} <= {one.key for one in group}


def test_quorum_lost_everywhere_costs_the_service(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    healthy = situation("healthy")
    without = altered(healthy, None, "quorum", quorate=False)
    (event,) = diff(known(healthy), known(healthy, without))
    assert (event.kind, event.nodes, event.witnesses) == (Kind.QUORUM_LOST, ("n1", "n2"), ("n1", "n2"))
    (trouble,) = troubles(known(healthy, without))
    assert trouble.severity is Severity.SERVICE
    (back,) = diff(known(healthy, without), known(healthy, without, healthy))
    assert back.kind is Kind.QUORUM_REGAINED
