"""A picture of a cluster's period, as data: rows of bars. Drawing needs no more of the bot than this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Look(StrEnum):
    """How a bar is drawn. Each has a pattern and a word of its own beside its colour."""

    UP = "up"
    """By the colour of a node: that node is there, or holds the floating IP."""
    ASIDE = "aside"
    """There, and not to be used: standby, maintenance."""
    STOPPED = "stopped"
    """Away because somebody wanted it."""
    GONE = "gone"
    """Lost, held nowhere, waiting at its gate."""
    TORN = "torn"
    """Held twice, or the members disagree."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Bar:
    """A time in which a row did not change: seconds since the period began, how it looks, what is written on it."""

    begun: float
    until: float
    look: Look
    node: int = -1
    """The place of its node among the cluster's, which gives its colour and pattern; -1 for none."""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A node or a floating IP, and how it was."""

    label: str
    kind: str
    """`node` or `ip`."""
    share: str
    """How much of the period it was up, as a percentage."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """One picture. `begun` is seconds since the epoch, `zone` the name of the zone its clock is in."""

    title: str
    begun: float
    seconds: float
    zone: str
    nodes: tuple[str, ...]
    rows: tuple[Row, ...]
