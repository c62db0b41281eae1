"""How much of a period something was up, down, or nobody knows. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.reports.past import UNKNOWN, Stretch

NODE_UP = frozenset({"joined", "standby", "maintenance", "pending"})
"""A member of the cluster: what runs on it is another matter."""
IP_UP = frozenset({"served"})
"""Held by exactly one node: an address that two hold serves nobody reliably."""


@dataclass(frozen=True, slots=True)
class Availability:
    """The three shares of a period. They always add up to it."""

    up: timedelta
    down: timedelta
    unknown: timedelta

    @property
    def length(self) -> timedelta:
        """The whole period."""
        return self.up + self.down + self.unknown

    @property
    def unbroken(self) -> bool:
        """Whether it was never seen to be down. Says nothing of the time it was not seen."""
        return not self.down


def availability(stretches: Iterable[Stretch], up: frozenset[str]) -> Availability:
    """Add up the stretches: the words that count as up, the unknown, and the rest as down."""
    shares = {"up": timedelta(), "down": timedelta(), UNKNOWN: timedelta()}
    for stretch in stretches:
        word = stretch.mark.word
        shares[UNKNOWN if word == UNKNOWN else "up" if word in up else "down"] += stretch.length
    return Availability(shares["up"], shares["down"], shares[UNKNOWN])


def total(stretches: Iterable[Stretch]) -> timedelta:
    """Return how long they are together."""
    return sum((stretch.length for stretch in stretches), timedelta())


def lasting(stretches: Iterable[Stretch], word: str) -> timedelta:
    """Return how long it was so, all in all."""
    return total(stretch for stretch in stretches if stretch.mark.word == word)


def percent(part: timedelta, whole: timedelta, *, least: bool = False) -> str:
    """Write a share as `99.98 %`. Only all of it is 100 %; what is there at all is, with `least`, not rounded to nothing."""
    if not whole:
        return "none"
    hundredths = 10_000 * part / whole
    shown = math.ceil(hundredths - 1e-9) if least else math.floor(hundredths + 1e-9)
    if part < whole:
        shown = min(shown, 9_999)
    return f"{shown / 100:.2f}".rstrip("0").rstrip(".") + " %"
