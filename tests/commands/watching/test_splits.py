"""Members that disagree about who is in the cluster: told once it is certain, and until they agree again."""

from __future__ import annotations

from commands.condition import Topic, condition, unsettled
from commands.events import Kind, diff
from commands.facts.crm_mon import FenceEvent
from commands.troubles import causes, troubles
from tests.commands.watching.altering import (
    Alter,
    KnownAfter,
    SituationOf,
    kinds_of,
    with_pacemaker,
    without,
)


def test_members_disagree_only_at_the_second_look(known: KnownAfter) -> None:
    first = known("healthy", "split")
    assert diff(known("healthy"), first) == ()
    assert unsettled(known("healthy"), first)
    events = diff(first, known("healthy", "split", "split"))
    (differ,) = [one for one in events if one.kind is Kind.MEMBERSHIP_VIEWS_DIFFER]
    assert (differ.subject, differ.nodes, differ.witnesses) == ("web", ("n1", "n2"), ("n1", "n2"))
    assert "n2 is seen by nobody else" in differ.text


def test_a_membership_read_while_it_changes_is_no_split(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    """n1 was asked before n3 was out, n2 after."""
    before = situation("three-nodes")
    half = without(before, altered, "n3", "n2")
    after = without(half, altered, "n3", "n1")
    looks = [known(before), known(before, half), known(before, half, after), known(before, half, after, after)]
    assert diff(looks[0], looks[1]) == ()
    assert looks[3].word(Topic.MEMBER, "n3") == "disputed", "it still says itself that it runs, and has quorum"


def test_a_split_whose_one_side_falls_silent_is_still_a_split(
    situation: SituationOf, known: KnownAfter, unseen: Alter
) -> None:
    split = situation("split")
    after = known("healthy", split, split, unseen(split, "n2"))
    assert after.word(Topic.MEMBER, "n2") == "disputed"
    assert after.states[Topic.VIP, "vip2"].nodes == ("n2",)
    assert not after.states[Topic.VIP, "vip2"].known
    ((root, group),) = causes(troubles(after))
    assert root.key == "ViewsDiffer:web"
    assert "SightLost:n2" in {one.key for one in group}


def test_a_disputed_node_that_was_fenced_is_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    split = situation("split")
    fenced = altered(
        unseen(split, "n2"), "n1", "status", fence_events=(FenceEvent("off", "n2", "success", "2026-11-23 10:00:00Z"),)
    )
    events = diff(known("healthy", split, split), known("healthy", split, split, fenced))
    assert {Kind.MEMBER_LEFT, Kind.NODE_FENCED} <= set(kinds_of(events))


def test_members_that_agree_again_say_so_once(known: KnownAfter) -> None:
    kinds = kinds_of(diff(known("healthy", "split", "split"), known("healthy", "split", "split", "healthy")))
    assert kinds.count(Kind.MEMBERSHIP_VIEWS_AGREE) == 1
    assert Kind.MEMBER_JOINED not in kinds


def test_sides_of_a_split_that_meet_again_are_down_on_none(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    """Pacemaker runs on n2, as it says itself; n1 has not counted it in yet, as seen with 2.1.5."""
    met = with_pacemaker(situation("healthy"), altered, "n2", online=False, expected_up=False)
    assert troubles(known("healthy", met)) == ()
    met = with_pacemaker(situation("healthy"), altered, "n2", online=False)
    assert troubles(known("healthy", met)) == ()


def test_one_that_was_cut_off_and_has_quorum_again_does_not_make_the_others_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    """Its map was read before the others were back in it, its quorum after that; they have not answered yet."""
    whole = situation("three-nodes")
    others = without(unseen(whole, "n3"), altered, "n3", "n1", "n2")
    alone = without(without(unseen(whole, "n1", "n2"), altered, "n1", "n3"), altered, "n2", "n3")
    before = known(whole, others)
    assert before.word(Topic.MEMBER, "n3") == "left"
    after = condition(alone, before)
    assert [after.word(Topic.MEMBER, name) for name in ("n1", "n2")] == ["joined", "joined"]
    assert unsettled(before, after)
    assert not any(event.kind is Kind.MEMBER_LEFT for event in diff(before, condition(whole, after)))
