"""The records that the store takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

PlanState = Literal["waiting", "running", "done", "failed", "cancelled", "expired", "interrupted", "stale"]
ENDED: frozenset[PlanState] = frozenset({"done", "failed", "cancelled", "expired", "interrupted", "stale"})
"""States that a plan never leaves."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan that was shown: what was asked, by whom, where it stands. The plan itself is made again when it runs.

    `id` is opaque and all that a button carries. `fingerprint` is what a confirmation is given for.
    """

    id: str
    verb: str
    text: str
    """The request as typed, to be parsed and planned again."""
    cluster: str
    team: str
    user: str
    channel: str
    fingerprint: str
    created: datetime
    expires: datetime
    state: PlanState = "waiting"
    message_ts: str | None = None
    """The message that shows it, once posted."""
    thread_ts: str | None = None
    """The thread it was asked in, if in one."""
    decided_by: str | None = None
    """`team:user` of who confirmed or cancelled it."""
    finished: datetime | None = None
    summary: str = ""
    """How it ended, in a sentence."""
    started: datetime | None = None
    """When it began to run."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A host key that a node offered and nobody has trusted yet: the Trust button carries its id only."""

    id: str
    node: str
    address: str
    port: int
    key: str
    """The public key in OpenSSH's one-line form."""
    fingerprint: str
    offered: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody asked for or that was done for them."""

    number: int
    when: datetime
    actor: str
    """`team:user`."""
    surface: str
    """`slack` or `terminal`."""
    verb: str
    cluster: str | None
    event: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CursorRow:
    """Up to where a node's journal has been read."""

    node_address: str
    cursor: str
    """The journal's own word for a place in it."""
    boot: str
    """The boot id that the cursor is of."""
    at: datetime


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """What was known of a cluster from `at` until the next one of it."""

    cluster: str
    at: datetime
    json: str


@dataclass(frozen=True, slots=True)
class Lookout:
    """A time in which the bot was looking at a cluster. What is between two of them nobody knows."""

    cluster: str
    begun: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened in a cluster, as it was found."""

    cluster: str
    at: datetime
    kind: str
    subject: str
    text: str
    nodes: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    incident: str | None = None
    """The id of the incident that it belongs to."""
    own: str = ""
    """The change of the bot itself that explains it."""
    number: int | None = None
    """Its place in the order of all events; given by the store."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident as it stands: `json` is all of it, the rest is what it is looked up by."""

    id: str
    cluster: str
    phase: str
    severity: int
    opened: datetime
    changed: datetime
    closed: datetime | None
    json: str


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A time in which people are not called: about a cluster, one node of it, or one incident."""

    id: str
    cluster: str
    node: str
    """Empty for the whole cluster."""
    incident: str
    """Empty unless it is about one incident only."""
    until: datetime
    reason: str
    by: str
    """`team:user`."""
    created: datetime
    ended: datetime | None = None
    """When somebody ended it early."""


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A report that is due again and again."""

    id: str
    channel: str
    cron: str
    timezone: str
    clusters: tuple[str, ...]
    """Empty for all."""
    by: str
    """`team:user`, or who wrote the configuration file."""
    created: datetime
    source: Literal["file", "slack"] = "slack"
    last_due: datetime | None = None
    """The latest moment it was due at and somebody took it on."""


MessageState = Literal["waiting", "sending", "sent", "folded", "dropped"]


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A message to Slack: what it is to say, and how far that has got."""

    id: str
    """Opaque; Slack keeps it with the message, so that it can be found again."""
    channel: str
    report: str
    """The `Report` as JSON."""
    urgency: int
    created: datetime
    since: datetime
    """When the oldest thing that is not shown yet was handed in."""
    card: str | None = None
    """The name of what it shows, for a message that is edited as that goes on."""
    key: str | None = None
    """What makes it one message, for one that must not be sent twice."""
    parent: str | None = None
    """The card whose thread it belongs to."""
    version: int = 1
    """Counts what it was to say."""
    shown: int = 0
    """The version that Slack was last given."""
    state: MessageState = "waiting"
    sent: datetime | None = None
    """When it was last posted or edited, or when its post began."""
    ts: str | None = None
    maybe_repeat: bool = False
    """Whether an earlier post of it may be there too."""
    why: str = ""
    """Why it was given up."""
    number: int = 0
    """Its place in the order of all messages; given by the store."""
