"""What an incident is, what a look hands in, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from commands.condition import Condition
from commands.events import Event
from commands.signals import Signal
from commands.troubles import Severity, Trouble


class Phase(StrEnum):
    """How far an incident has come."""

    EARLY = "early"
    """A stream said so; no look has seen it yet."""
    CONFIRMED = "confirmed"
    RECOVERING = "recovering"
    """Nothing of it is seen any more; whether it stays so is waited for."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of an incident's course."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, with all that it brought about."""

    id: str
    cluster: str
    cause: str
    """The key of its root trouble: no two open incidents of a cluster have the same."""
    phase: Phase
    severity: Severity
    """The worst it has been."""
    title: str
    """What it is about, short, as it stands: `n2 is lost, vip2 waits at its gate`; in the past tense once over."""
    opened: datetime
    changed: datetime
    turned: datetime
    """When its troubles came, or went, last."""
    closed: datetime | None = None
    troubles: tuple[Trouble, ...] = ()
    """As they are now, the root first; none while it recovers."""
    concerns: tuple[str, ...] = ()
    """The nodes that its root concerns, or did when it was last seen."""
    about: Trouble | None = None
    """What it is told by in the end: of the roots it has had, the one that explains the others. None for an early
    word."""
    quorum: Trouble | None = None
    """The loss of quorum among its troubles, kept for a while after it is over: what Pacemaker stopped for want of it
    is down until it has been started again, and may be seen to be down only then ..."""
    quorum_back: datetime | None = None
    """... and when it was over."""
    lines: tuple[Line, ...] = ()
    confirmed: bool = False
    """A look has seen it; without that it was an early word only."""
    told: bool = False
    """Its card is there: it is held back while it is silenced, or what the bot itself does explains it."""
    called: datetime | None = None
    """When people were mentioned first ..."""
    called_for: int = 0
    """... and for which severity, the highest; 0 for not yet."""
    escalated: datetime | None = None
    """When people were mentioned again, because nobody had acknowledged it."""
    acknowledged: str = ""
    """`team:user` of who did."""
    returns: tuple[datetime, ...] = ()
    """When its troubles came back, within the window that makes it flapping."""
    flaps: int = 0
    """How often they came back in all."""
    flapping: bool = False
    own: str = ""
    """What the bot itself did that explains it, and for whom."""
    silenced: str = ""
    """The id of the silence in force."""
    part_of: str = ""
    """The id of the incident that turned out to explain this one."""
    unsaid: tuple[str, ...] = ()
    """Lines that people's doings brought, to be told with the next step."""

    @property
    def open(self) -> bool:
        """Whether it is not resolved."""
        return self.phase is not Phase.RESOLVED

    @property
    def root(self) -> Trouble | None:
        """The trouble that explains the others; None while none is seen."""
        return self.troubles[0] if self.troubles else None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its troubles."""
        return frozenset(trouble.key for trouble in self.troubles)


@dataclass(frozen=True, slots=True)
class OwnChange:
    """A change that the bot itself carries out, or did within the last minute."""

    verb: str
    text: str
    """The request as typed."""
    who: str
    """`team:user`."""
    begun: datetime
    ended: datetime | None = None


class Silence(Protocol):
    """A time in which people are not called: about a cluster, one node of it, or one incident."""

    @property
    def id(self) -> str: ...
    @property
    def cluster(self) -> str: ...
    @property
    def node(self) -> str:
        """Empty for the whole cluster."""
        ...

    @property
    def incident(self) -> str:
        """Empty unless it is about one incident only."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen and heard of a cluster since the last time."""

    cluster: str
    at: datetime
    condition: Condition | None
    """None for an early word alone: then nobody looked, and `troubles` say nothing."""
    troubles: tuple[Trouble, ...] = ()
    events: tuple[Event, ...] = ()
    signals: tuple[Signal, ...] = ()
    """What was heard. It is handed in by itself, before anybody looks: it is the first word."""
    own: tuple[OwnChange, ...] = ()
    silences: tuple[Silence, ...] = ()
    """All in force, of other clusters too."""
    names: Mapping[int, str] = field(default_factory=dict)
    """The nodes' names by corosync's numbers."""
    known: Condition | None = None
    """What was known when a signal was heard: an early word about a node that is just being stopped is none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When something counts as over, as flapping, as not attended to. Made from the settings of watching."""

    hold_down: timedelta
    flap_count: int
    flap_window: timedelta
    flap_quiet: timedelta
    escalate_after: timedelta


@dataclass(frozen=True, slots=True)
class Act:
    """What became of one incident: it is to be stored, and told as far as `show` says."""

    incident: Incident
    new: bool
    """Nothing was shown of it before: its card is to be posted."""
    lines: tuple[str, ...]
    """For its thread; what its card says from the first is not among them."""
    mention: bool
    """People are to be called now: on the card if it is new, else with the first of the lines, for an edit rings no
    phone."""
    show: bool
    """Whether its card is to be posted or edited, and the lines told. False while it is held back."""
