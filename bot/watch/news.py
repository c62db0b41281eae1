"""What a node's streams tell whoever watches: their own ups and downs, what they may have missed, and early words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from commands.signals import Signal

StreamName = Literal["journal", "membership"]


class Cause(StrEnum):
    """Why a stream is down."""

    UNREACHABLE = "unreachable"
    """The bot cannot reach the node, or lost it. It says nothing about the node."""
    REFUSED = "refused"
    """sudo does not let it run."""
    ABSENT = "absent"
    """A program it needs is not installed there."""
    NO_CLUSTER = "no cluster"
    """The node has no corosync.conf."""
    NOT_RUNNING = "not running"
    """corosync does not run, or has just ended."""
    SILENT = "silent"
    """It no longer answers its lease, whatever the connection says."""
    ENDED = "ended"
    """It ended by itself; `why` holds its last words."""


class GapKind(StrEnum):
    """How lines of the journal may have been missed."""

    CURSOR_GONE = "cursor gone"
    """The entry to resume at is there no more: vacuumed, in memory before a reboot, or never brought to the disk."""
    REBOOTED = "rebooted"
    """Resumed across a boot: what was written last before it may never have reached the disk."""
    SUPPRESSED = "suppressed"
    """journald dropped lines that came too fast."""
    UNREADABLE = "unreadable"
    """A line could not be read."""


@dataclass(frozen=True, slots=True)
class StreamUp:
    """A stream delivers from now on. Whoever watches looks now: what changed before is in no stream."""

    node: str
    source: StreamName
    at: float


@dataclass(frozen=True, slots=True)
class StreamDown:
    """A stream is down, or down for another cause than before. It is tried again by itself."""

    node: str
    source: StreamName
    cause: Cause
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines of a node's journal may have been missed. `since` is the time of the last one before, where known."""

    node: str
    kind: GapKind
    why: str
    at: float
    since: float | None = None


@dataclass(frozen=True, slots=True)
class StreamState:
    """How a stream is. Times are seconds since 1970 by the bot's clock; `since` is when it came up or went down.

    `why` says why it is down, or what it cannot see while it is up. `last_line_at` counts its answers to the lease,
    `lines` does not.
    """

    source: StreamName
    alive: bool
    since: float
    why: str
    last_line_at: float | None
    lines: int
    gap: Gap | None


News = Signal | StreamUp | StreamDown | Gap
Sink = Callable[[News], None]
