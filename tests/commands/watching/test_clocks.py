"""Clocks of nodes that are compared with each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.condition import Condition
from commands.events import Kind, diff
from commands.facts.fact import Known
from commands.facts.host import Clock
from commands.snapshot import Snapshot
from commands.troubles import Severity, troubles

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]


def _keys(known: Condition) -> list[str]:
    return [trouble.key for trouble in troubles(known)]


def _clocks(snapshot: Snapshot, reading: Alter, **ahead: float) -> Snapshot:
    for name, seconds in ahead.items():
        snapshot = reading(snapshot, name, clock=Known(Clock(1_000_000.0 + seconds, 0.1, 5.0)))
    return snapshot


def test_the_clock_that_differs_from_most_others_is_wrong(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    three = situation("three-nodes")
    right, wrong = (_clocks(three, reading, n1=0.0, n2=0.2, n3=seconds) for seconds in (1.0, 5.0))
    (event,) = diff(known(right), known(right, wrong))
    assert (event.kind, event.subject, event.witnesses) == (Kind.CLOCK_SKEWED, "n3", ("n1", "n2", "n3"))
    (trouble,) = troubles(known(right, wrong))
    assert (trouble.key, trouble.severity) == ("ClockSkewed:n3", Severity.WARNING)
    assert trouble.text == "the clock of n3 is 5 s apart from n1 and n2"
    (back,) = diff(known(right, wrong), known(right, wrong, right))
    assert back.kind is Kind.CLOCK_RIGHT


def test_of_two_clocks_nobody_knows_which_is_wrong(situation: SituationOf, known: KnownAfter, reading: Alter) -> None:
    apart = _clocks(situation("healthy"), reading, n1=0.0, n2=-3.0)
    (trouble,) = troubles(known(apart))
    assert (trouble.key, trouble.nodes) == ("ClockSkewed:n1/n2", ("n1", "n2"))


@pytest.mark.parametrize(("seconds", "wrong"), [(1.8, True), (1.4, False)])
def test_a_clock_is_right_again_only_when_it_is_well_within_the_limit(
    situation: SituationOf, known: KnownAfter, reading: Alter, seconds: float, *, wrong: bool
) -> None:
    healthy = situation("healthy")
    apart, near = (_clocks(healthy, reading, n1=0.0, n2=ahead) for ahead in (2.5, seconds))
    assert bool(_keys(known(apart, near))) is wrong
    assert _keys(known(near)) == []


def test_a_slow_answer_is_no_skew(situation: SituationOf, known: KnownAfter, reading: Alter) -> None:
    slow = reading(
        _clocks(situation("healthy"), reading, n1=0.0), "n2", clock=Known(Clock(1_000_001.0, took=6.0, heard=5.0))
    )
    assert _keys(known(slow)) == []


def test_the_bots_own_clock_does_not_matter(situation: SituationOf, known: KnownAfter, reading: Alter) -> None:
    snapshot = situation("healthy")
    for name in ("n1", "n2"):
        snapshot = reading(snapshot, name, clock=Known(Clock(99_999.0, 0.1, heard=5.0)))
    assert _keys(known(snapshot)) == []
