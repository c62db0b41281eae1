"""Nodes that come back: what differs while they find the others is no news, what lasts is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from commands.condition import READS, Condition, Topic, condition
from commands.condition.meeting import MEETING
from commands.errors import Unreachable
from commands.events import Kind, diff
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.snapshot import Snapshot
from commands.troubles import troubles

SituationOf = Callable[..., Snapshot]
Sides = Callable[..., Snapshot]

DEAD = Unknown("it does not answer", Unreachable("it does not answer"))
SOON = 0.1
"""Seconds between two looks where lines come one after the other."""


@pytest.fixture
def sides(situation: SituationOf) -> Sides:
    """Return a look at three nodes that are on some sides: `sides("n1", "n2 n3", quorate="n2 n3")`.

    Those named nowhere have no power, those in `unasked` were not waited for, and corosync on those in `fresh` has met
    nobody but those beside it.
    """

    def seen(*told: str, quorate: str = "", unasked: str = "", fresh: str = "n2 n3") -> Snapshot:
        whole = situation("three-nodes")
        member = {name: side.split() for side in told for name in side.split()}

        def node(name: str) -> Any:
            recorded = whole.node(name)
            if name not in member or name in unasked.split():
                silent: dict[str, Any] = dict.fromkeys(READS, DEAD if name not in member else NOT_ASKED)
                return replace(recorded, **silent)
            cmap, quorum, status = (getattr(recorded, field).value for field in ("cmap", "quorum", "status"))
            ids = {one.node_id for one in cmap.nodelist if one.name in member[name]}
            joined = tuple(
                replace(one, joined=one.node_id in ids)
                for one in cmap.members
                if one.node_id in ids or name not in fresh.split()
            )
            counted = tuple(
                replace(one, online=one.name in member[name], expected_up=True, shutdown=False) for one in status.nodes
            )
            has = name in quorate.split()
            return replace(
                recorded,
                cmap=Known(replace(cmap, members=joined)),
                quorum=Known(replace(quorum, quorate=has, total_votes=len(ids))),
                status=Known(replace(status, nodes=counted, quorate=has, dc=member[name][0])),
            )

        return replace(whole, nodes=tuple(node(one.node.name) for one in whole.nodes))

    return seen


def _course(
    *looks: Snapshot, every: float = SOON, known: Condition | None = None, begun: float = 0.0
) -> list[Condition]:
    """Return what is known after each look."""
    told: list[Condition] = []
    for number, look in enumerate(looks):
        known = condition(look, known, begun + number * every)
        told.append(known)
    return told


def _kinds(told: list[Condition]) -> list[tuple[Kind, str]]:
    return [
        (event.kind, event.subject)
        for before, after in pairwise(told)
        for event in diff(before, after)
        if event.kind in MEMBERSHIP
    ]


MEMBERSHIP = {
    Kind.MEMBER_JOINED,
    Kind.MEMBER_LEFT,
    Kind.MEMBER_STOPPED,
    Kind.MEMBERSHIP_VIEWS_AGREE,
    Kind.MEMBERSHIP_VIEWS_DIFFER,
}
WHOLE = "n1 n2 n3"
BACK = [(Kind.MEMBER_JOINED, "n2"), (Kind.MEMBER_JOINED, "n3")]


def _two_lost(sides: Sides) -> Condition:
    told = _course(sides(WHOLE, quorate=WHOLE), *[sides("n1")] * 3, every=5.0)
    assert _kinds(told) == [(Kind.MEMBER_LEFT, "n2"), (Kind.MEMBER_LEFT, "n3")]
    return told[-1]


@pytest.mark.parametrize(
    "meet",
    [
        pytest.param((("n1", "n2 n3", "n2 n3"),), id="quorate before they find n1"),
        pytest.param((("n1", "n2 n3", ""), ("n1", "n2 n3", "n2 n3")), id="together before they count"),
        pytest.param((("n1", "n2", "n3", ""), ("n1", "n2 n3", "n2 n3")), id="each alone at first"),
        pytest.param((("n1 n2", "n3", "n1 n2"),), id="one after the other"),
    ],
)
def test_two_that_come_back_together_find_the_third_without_a_word_of_it(sides: Sides, meet: Any) -> None:
    looks = [sides(*told, quorate=quorate) for *told, quorate in meet for _ in range(4)]
    told = _course(*looks, sides(WHOLE, quorate=WHOLE), known=_two_lost(sides), begun=100.0)
    assert _kinds([_two_lost(sides), *told]) == BACK
    assert not any(one.key.startswith(("ViewsDiffer", "NodeLost")) for one in troubles(told[-1]))


def test_two_that_come_back_and_never_find_the_third_are_told_once(sides: Sides) -> None:
    apart = [sides("n1", "n2 n3", quorate="n2 n3")] * 30
    told = _course(*apart, known=_two_lost(sides), begun=100.0, every=1.0)
    assert _kinds(told).count((Kind.MEMBERSHIP_VIEWS_DIFFER, "web")) == 1
    differ = [after.word(Topic.MEMBER, "n1") for after in told].index("disputed")
    assert MEETING <= differ <= MEETING + 2
    assert _kinds(told)[-1] == (Kind.MEMBERSHIP_VIEWS_DIFFER, "web"), "and it stays so"


def test_a_look_that_reaches_one_side_only_neither_forgets_nor_prolongs_how_long_they_have_to_meet(
    sides: Sides,
) -> None:
    apart = sides("n1", "n2 n3", quorate="n2 n3")
    alone = sides("n1", "n2 n3", quorate="n2 n3", unasked="n2 n3")
    told = _course(*[apart, alone] * 15, known=_two_lost(sides), begun=100.0, every=1.0)
    differ = [after.word(Topic.MEMBER, "n1") for after in told].index("disputed")
    assert MEETING <= differ <= MEETING + 3


def test_members_that_part_are_told_at_the_second_look(sides: Sides) -> None:
    apart = [sides("n1 n2", "n3", quorate="n1 n2", fresh="")] * 2
    told = _course(sides(WHOLE, quorate=WHOLE), *apart)
    assert _kinds(told) == [(Kind.MEMBERSHIP_VIEWS_DIFFER, "web")]


def test_a_node_that_starts_is_no_member_by_its_own_word_while_the_others_are_still_to_answer(sides: Sides) -> None:
    known = _course(sides(WHOLE, quorate=WHOLE), *[sides("n1 n3", quorate="n1 n3")] * 2, every=5.0)[-1]
    assert known.word(Topic.MEMBER, "n2") == "left"
    alone = sides("n1 n3", "n2", quorate="n1 n3", unasked="n1 n3")
    others = sides("n1 n3", "n2", quorate="n1 n3", unasked="n2 n3")
    told = _course(alone, alone, alone, others, alone, others, sides(WHOLE, quorate=WHOLE), known=known, begun=100.0)
    assert [after.word(Topic.MEMBER, "n2") for after in told] == ["left"] * 6 + ["joined"]


def test_one_change_read_on_one_node_before_it_and_on_another_after_it_is_no_dispute(
    situation: SituationOf,
) -> None:
    """n2, back, sees n1 already, while n1 was asked before: at two looks in no time."""
    healthy, lost = situation("healthy"), situation("n2-lost")
    known = _course(healthy, lost, lost, every=5.0)[-1]
    half = replace(healthy, nodes=(lost.node("n1"), healthy.node("n2")))
    told = _course(half, half, half, healthy, known=known, begun=100.0)
    assert _kinds([known, *told]) == [(Kind.MEMBER_JOINED, "n2")]


def test_one_that_was_called_lost_by_one_side_of_a_split_is_disputed_as_soon_as_it_answers(sides: Sides) -> None:
    half = [sides("n1 n2", quorate="n1 n2", fresh="")] * 2
    known = _course(sides(WHOLE, quorate=WHOLE), *half, every=5.0)[-1]
    assert known.word(Topic.MEMBER, "n3") == "left"
    apart = [sides("n1 n2", "n3", quorate="n1 n2 n3", fresh="")] * 2
    assert _kinds([known, *_course(*apart, known=known, begun=100.0)]) == [(Kind.MEMBERSHIP_VIEWS_DIFFER, "web")]


def test_a_split_that_one_side_sees_later_is_told_as_soon_as_both_do(sides: Sides) -> None:
    whole, apart = sides(WHOLE, quorate=WHOLE), sides("n1 n2", "n3", quorate="n1 n2", fresh="")
    half = replace(whole, nodes=(whole.node("n1"), whole.node("n2"), apart.node("n3")))
    told = _course(whole, half, half, half, apart, apart)
    assert _kinds(told[:4]) == []
    assert _kinds(told) == [(Kind.MEMBERSHIP_VIEWS_DIFFER, "web")]
