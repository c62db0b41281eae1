"""What became of a node or a floating IP over a period, out of what the store kept. Pure.

Two records are laid over each other: conditions say what was known from when on, lookouts when anybody was looking. A
time that no lookout covers is unknown, whatever was known before it, and so is one in which a look found no answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from commands.condition import Condition, Topic

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to a later one."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Mark:
    """How something was, in one word of conditions, and the nodes it was on."""

    word: str = UNKNOWN
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which it did not change."""

    begun: datetime
    until: datetime
    mark: Mark

    @property
    def length(self) -> timedelta:
        """How long it lasted."""
        return self.until - self.begun


Reading = Callable[[Condition], Mark]
"""What a condition says of one thing."""
Recorded = Sequence[tuple[datetime, Condition]]
"""Conditions, each with the moment from which it held, in the order of time."""


def node(name: str) -> Reading:
    """Read how a node was: `joined`, `left`, `stopped`, `disputed`, or what Pacemaker says of a member: `standby` and more."""

    def read(condition: Condition) -> Mark:
        member, told = condition.get(Topic.MEMBER, name), condition.get(Topic.NODE, name)
        if member is None or not member.known:
            return Mark()
        if member.word != "joined" or told is None or not told.known or told.word in {"online", "offline"}:
            return Mark(member.word)
        return Mark(told.word)

    return read


def floating_ip(name: str) -> Reading:
    """Read how a floating IP was, and which nodes held it."""

    def read(condition: Condition) -> Mark:
        state = condition.get(Topic.VIP, name)
        return Mark(state.word, state.nodes) if state is not None and state.known else Mark()

    return read


def stretches(read: Reading, recorded: Recorded, looking: Iterable[Period], period: Period) -> tuple[Stretch, ...]:
    """Divide a period by how something was: without gaps or overlaps, neighbours always differing."""
    seen = _united(looking)
    moments = [at for at, _ in recorded]
    edges = {period.since, period.until}
    edges.update(at for at in moments if period.since < at < period.until)
    edges.update(at for one in seen for at in (one.since, one.until) if period.since < at < period.until)
    found: list[Stretch] = []
    begins = [one.since for one in seen]
    for begun, until in pairwise(sorted(edges)):
        held = bisect_right(moments, begun) - 1
        watch = bisect_right(begins, begun) - 1
        watched = watch >= 0 and until <= seen[watch].until
        mark = read(recorded[held][1]) if held >= 0 and watched else Mark()
        if found and found[-1].mark == mark:
            found[-1] = replace(found[-1], until=until)
        else:
            found.append(Stretch(begun, until, mark))
    return tuple(found)


def _united(looking: Iterable[Period]) -> list[Period]:
    """Join the times that overlap or touch: several bots may have looked."""
    joined: list[Period] = []
    for one in sorted(looking, key=lambda each: (each.since, each.until)):
        if joined and one.since <= joined[-1].until:
            joined[-1] = Period(joined[-1].since, max(joined[-1].until, one.until))
        else:
            joined.append(one)
    return joined
