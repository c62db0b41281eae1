"""How the watching of one cluster goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.incidents import Incident
from bot.watch.news import Gap, StreamState
from commands.condition import Condition
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class WatchState:
    """How the watching of one cluster goes, for people and for metrics."""

    cluster: ClusterSpec
    channel: str | None
    """Where its alerts go; None for nowhere."""
    since: datetime
    last_look: datetime | None
    streams: tuple[tuple[str, StreamState], ...]
    """By the node's name."""
    gaps: tuple[Gap, ...]
    """When something may have been missed: the latest few."""
    condition: Condition | None
    incidents: tuple[Incident, ...]
    """The open ones."""
