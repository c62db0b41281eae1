"""What a report knows of one cluster: its period as the store kept it, and how it is right now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.audit import masked
from bot.incidents import Incident, Phase
from bot.reports.availability import Availability, availability
from bot.reports.layout import Course
from bot.reports.past import Period, Recorded, floating_ip, node, stretches
from bot.store.rows import EventRow, PlanRow
from commands.checks import floating_ips
from commands.condition import Topic
from commands.events import Kind
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.status.standing import Standing, standing
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class Account:
    """One cluster over one period."""

    cluster: ClusterSpec
    period: Period
    courses: tuple[Course, ...]
    """Its nodes, then its floating IPs."""
    now: Snapshot
    events: tuple[EventRow, ...] = ()
    incidents: tuple[Incident, ...] = ()
    """All that were open at some moment of the period."""
    cards: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the incidents' cards, by the incidents' ids."""
    ran: tuple[PlanRow, ...] = ()
    """The bot's own changes that ran."""
    waiting: tuple[PlanRow, ...] = ()
    """Plans that were shown and wait for somebody's word."""
    standing: Standing = field(init=False)
    """How it is now."""
    shares: tuple[tuple[Course, Availability], ...] = field(init=False)
    """Each node and floating IP with how much of the period it was up."""

    def __post_init__(self) -> None:
        shares = tuple((course, availability(course.stretches, course.up)) for course in self.courses)
        object.__setattr__(self, "standing", standing(self.now))
        object.__setattr__(self, "shares", shares)

    @property
    def real(self) -> tuple[Incident, ...]:
        """The incidents worth telling: not an early word that nothing came of, nor what another one explains."""
        return tuple(one for one in self.incidents if not one.part_of and (one.confirmed or one.open))

    @property
    def open(self) -> tuple[Incident, ...]:
        """The incidents that are not over."""
        return tuple(one for one in self.real if one.phase is not Phase.RESOLVED)

    @property
    def failovers(self) -> tuple[EventRow, ...]:
        """The moves of floating IPs."""
        return tuple(event for event in self.events if event.kind == Kind.VIP_MOVED)

    @property
    def changed_by_others(self) -> tuple[EventRow, ...]:
        """The changes of the configuration that were not the bot's."""
        return tuple(event for event in self.events if event.kind == Kind.CONFIGURATION_CHANGED and not event.own)

    @property
    def pending(self) -> tuple[Finding, ...]:
        """What waits for somebody: gates that are open or away, and shown plans."""
        gates = tuple(finding for finding in floating_ips.check(self.now) if finding.level is Level.INFO)
        plans = tuple(
            Finding(Level.INFO, f"the plan `{masked(row.text)}` waits for its confirmation") for row in self.waiting
        )
        return (*gates, *plans)

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """What is wrong now, or cannot be known."""
        return tuple(one for one in self.standing.findings if one.level.rank >= Level.UNKNOWN.rank)

    @property
    def unseen(self) -> timedelta:
        """The longest time for which something was not seen."""
        return max((share.unknown for _, share in self.shares), default=self.period.length)

    @property
    def quiet(self) -> bool:
        """Whether one line says it all: healthy now, never seen otherwise, nothing changed, nothing waits."""
        happened = (self.real, self.failovers, self.ran, self.changed_by_others, self.pending, self.wrong)
        return not any(happened) and all(share.unbroken for _, share in self.shares)


def courses(cluster: ClusterSpec, recorded: Recorded, looking: Iterable[Period], period: Period) -> tuple[Course, ...]:
    """Follow each node, and each floating IP that was known of, through the period."""
    watched = tuple(looking)
    addresses = next((list(of) for _, known in reversed(recorded) if (of := known.of(Topic.VIP))), [])
    return (
        *(Course(one.name, "node", stretches(node(one.name), recorded, watched, period)) for one in cluster.nodes),
        *(Course(name, "ip", stretches(floating_ip(name), recorded, watched, period)) for name in addresses),
    )
