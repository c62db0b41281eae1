"""What Pacemaker says of members, and what of it is a trouble."""

from __future__ import annotations

from commands.condition import unsettled
from commands.events import Kind, diff
from commands.facts.crm_mon import FenceEvent
from commands.troubles import Severity, What, causes, troubles
from tests.commands.watching.altering import (
    DOWN,
    Alter,
    KnownAfter,
    SituationOf,
    kinds_of,
    with_pacemaker,
)


def test_pacemaker_that_died_on_a_member_is_told(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    offline = with_pacemaker(situation("healthy"), altered, "n2", online=False)
    dead = reading(offline, "n2", status=DOWN)
    after = known("healthy", dead)
    assert Kind.PACEMAKER_DOWN in kinds_of(diff(known("healthy"), after))
    assert "PacemakerDown:n2" in {one.key for one in troubles(after)}
    assert Kind.PACEMAKER_UP in kinds_of(diff(after, known("healthy", dead, "healthy")))


def test_a_node_that_says_nothing_may_have_gone_as_a_whole(
    situation: SituationOf, known: KnownAfter, altered: Alter, unseen: Alter
) -> None:
    """Its peer's Pacemaker was asked a moment after its corosync."""
    going = unseen(with_pacemaker(situation("healthy"), altered, "n2", online=False), "n2")
    first = known("healthy", going)
    assert "PacemakerDown:n2" not in {one.key for one in troubles(first)}
    assert unsettled(known("healthy"), first)
    assert "PacemakerDown:n2" in {one.key for one in troubles(known("healthy", going, going))}
    assert "PacemakerDown:n2" not in {one.key for one in troubles(known("healthy", going, "n2-lost"))}


def test_a_node_that_comes_back_joins_corosync_before_pacemaker(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    coming = with_pacemaker(situation("healthy"), altered, "n2", online=False)
    after = known("healthy", "n2-lost", coming)
    assert "PacemakerDown:n2" not in {one.key for one in troubles(after)}


def test_pacemaker_stopped_by_somebody_on_a_member_is_no_loss(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    offline = with_pacemaker(situation("healthy"), altered, "n2", online=False, expected_up=False)
    halted = reading(offline, "n2", status=DOWN)
    assert [one.key for one in troubles(known("healthy", halted))] == ["NodeStopped:n2"]


def test_fencing_that_failed_is_told_while_the_node_is_unclean(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    failed = (FenceEvent("reboot", "n2", "failed", "2026-11-23 10:00:00Z"),)
    unclean = altered(situation("n2-lost-unclean"), "n1", "status", fence_events=failed)
    ((root, group),) = causes(troubles(known("healthy", unclean)))
    assert root.key == "NodeLost:n2"
    assert "FencingFailed:n2" in {one.key for one in group}
    old = altered(situation("healthy"), None, "status", fence_events=failed)
    assert troubles(known("healthy", old)) == (), "the node is well by now"


def test_standby_and_maintenance_of_a_node_are_told_as_what_somebody_did(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    resting = with_pacemaker(situation("healthy"), altered, "n2", maintenance=True)
    (event,) = diff(known("healthy"), known("healthy", resting))
    assert event.kind is Kind.NODE_MAINTENANCE
    (trouble,) = troubles(known("healthy", resting))
    assert (trouble.what, trouble.severity) == (What.MAINTENANCE, Severity.WARNING)
    (back,) = diff(known("healthy", resting), known("healthy", resting, "healthy"))
    assert back.kind is Kind.NODE_ACTIVE


def test_what_pacemaker_makes_of_a_membership_that_corosync_had_not_told_yet_waits_for_one_more_look(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    """Of a split n1's corosync was asked before it, and its Pacemaker after."""
    healthy, split = situation("healthy"), situation("split")
    torn = reading(healthy, "n1", status=split.node("n1").status, cib=split.node("n1").cib)
    first = known(healthy, torn)
    assert diff(known(healthy), first) == ()
    assert unsettled(known(healthy), first)
    assert diff(first, known(healthy, torn, healthy)) == (), "it was nothing"
    assert "ViewsDiffer:web" in {one.key for one in troubles(known(healthy, torn, split, split))}
