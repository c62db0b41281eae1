"""The records that the store takes and gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.conversation import Ref
from config.approvals import Risk

PlanState = Literal[
    "waiting",
    "running",
    "done",
    "failed",
    "cancelled",
    "denied",
    "withdrawn",
    "expired",
    "interrupted",
    "stale",
]
ENDED: frozenset[PlanState] = frozenset({
    "done",
    "failed",
    "cancelled",
    "denied",
    "withdrawn",
    "expired",
    "interrupted",
    "stale",
})  # fmt: skip
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
    reason: str = ""
    """Why it was asked for, in the asker's words."""
    risk: Risk = "ordinary"
    approvals: int = 0
    """How many people must approve it; 0 where who asked confirms alone."""
    groups: tuple[str, ...] = ()
    """The user groups the asker was in, since it is planned again by their rights when somebody else approves it."""
    incident: str | None = None
    """The incident from whose card it was asked for: it is withdrawn when that asks for it no longer."""
    told: bool = False
    """Whether the message that shows it says how it ended."""
    silent: tuple[str, ...] = ()
    """The nodes that did not answer when it was shown: nobody who clicks waits for them long again."""
    message_channel: str | None = None
    """Where the message that shows it is, where that is not the place it was asked in."""
    alone: bool = False
    """Whether one person went ahead alone with it, by breaking the glass."""
    review_asked: datetime | None = None
    """When somebody was last asked to look at what was done alone."""
    reviewed_by: str | None = None
    """`team:user` of who did."""

    @property
    def card(self) -> Ref | None:
        """The message in Slack that shows it; None where there is none, as of what was asked for in a terminal."""
        return Ref(self.message_channel or self.channel, self.message_ts) if self.message_ts is not None else None


@dataclass(frozen=True, slots=True)
class VoteRow:
    """Somebody's word that a plan may be carried out."""

    plan: str
    by: str
    """`team:user`."""
    at: datetime
    reason: str = ""
    groups: tuple[str, ...] = ()
    """The user groups they were in, for whoever asks later and cannot look."""
    place: str = ""
    """Where it was typed, if not pressed on the card: a channel, or `terminal`."""


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
    """One thing that somebody asked for or that was done for them, as it lies in the store: its hash is over just that."""

    number: int
    at: str
    """In UTC, as `chain.moment` writes it."""
    who: str
    """`team:user`, or `bot`."""
    name: str
    """What they were called then: for people to read, never to decide by."""
    surface: str
    """`slack`, `terminal` or `bot`."""
    place: str
    """The channel's id, where it was in one."""
    verb: str
    cluster: str | None
    kind: str
    """One of `bot.audit.Kind`."""
    body: str
    """JSON in its canonical form."""
    previous: str
    """The hash of the entry before."""
    hash: str

    @property
    def when(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.at)

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the kind of entry tells besides. Raises ValueError where somebody damaged it."""
        told: Mapping[str, Any] = json.loads(self.body)
        return told


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


@dataclass(frozen=True, slots=True)
class DutyRow:
    """A duty that one process has at a time."""

    name: str
    holder: str
    """The process that has it: see `bot.process`."""
    beat: int
    """Counts its signs of life."""
