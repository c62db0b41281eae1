"""Who joins, who starts, and who was restarted without being missed."""

from __future__ import annotations

from commands.condition import Topic
from commands.events import Kind, diff
from commands.troubles import Severity, momentary, troubles
from tests.commands.watching.altering import (
    STOPPED,
    Alter,
    KnownAfter,
    SituationOf,
    kinds_of,
    map_of,
    with_joins,
)


def test_a_node_that_just_starts_is_not_a_split(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    """For a moment a starting corosync sees itself alone, without quorum."""
    starting = situation("split")
    quorum = next(told for node, told in starting.known("quorum") if node.node.name == "n2")
    starting = altered(starting, "n2", "quorum", quorate=False, total_votes=1, flags=frozenset(quorum.flags))
    after = known("healthy", "n2-stopped", starting)
    assert after.word(Topic.MEMBER, "n2") == "stopped"
    assert Kind.MEMBER_JOINED in kinds_of(diff(after, known("healthy", "n2-stopped", starting, "healthy")))


def test_a_node_joining_for_the_first_time_has_joined(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    three = situation("three-nodes")
    maps = {name: map_of(three, name) for name in ("n1", "n2")}
    before = reading(three, "n3", **STOPPED)
    for name, cmap in maps.items():
        before = altered(before, name, "cmap", nodelist=cmap.nodelist[:2], members=cmap.members[:2])
    assert known(before).word(Topic.MEMBER, "n3") == "unlisted"
    assert {one.what for one in troubles(known(before))} == set(), "a declared node that the cluster lacks is no loss"
    (joined,) = [one for one in diff(known(before), known(before, three)) if one.kind is Kind.MEMBER_JOINED]
    assert joined.subject == "n3"


def test_a_restart_within_an_instant_is_told_by_the_count_of_joins(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    three = situation("three-nodes")
    killed = with_joins(with_joins(three, altered, "n1", "n2", 2), altered, "n3", "n2", 2)
    (event,) = diff(known(three), known(three, killed))
    assert (event.kind, event.subject, event.witnesses, event.over) == (
        Kind.MEMBER_RESTARTED,
        "n2",
        ("n1", "n3"),
        True,
    )
    over = momentary(event)
    assert over is not None
    assert (over.key, over.severity) == ("Restarted:n2", Severity.WARNING)
    assert troubles(known(three, killed)) == ()


def test_members_that_lost_each_other_for_a_moment_were_not_restarted(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    parted = with_joins(with_joins(healthy, altered, "n1", "n2", 2), altered, "n2", "n1", 2)
    (event,) = diff(known(healthy), known(healthy, parted))
    assert event.nodes == ("n1", "n2")
    assert "lost each other for a moment" in event.text


def test_a_node_that_left_and_came_back_was_no_restart(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    back = with_joins(situation("healthy"), altered, "n1", "n2", 9)
    kinds = kinds_of(diff(known("healthy", "n2-lost"), known("healthy", "n2-lost", back)))
    assert Kind.MEMBER_JOINED in kinds
    assert Kind.MEMBER_RESTARTED not in kinds
