"""A cluster's incidents as they go on: troubles put in by hand, time turned by hand, and what the channel was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from bot.incidents import Act, Incident, OwnChange, Rules, Seen, Silence, step
from commands.condition import Condition, State, Subject, Topic
from commands.events import Event
from commands.signals import Signal, SignalKind
from commands.troubles import Severity, Trouble, What

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
RULES = Rules(
    hold_down=timedelta(seconds=20),
    flap_count=3,
    flap_window=timedelta(seconds=600),
    flap_quiet=timedelta(seconds=120),
    escalate_after=timedelta(seconds=600),
)
NAMES = {1: "n1", 2: "n2", 3: "n3"}
_SEVERITY = {
    What.NODE_LOST: Severity.REDUNDANCY,
    What.LINK_DOWN: Severity.REDUNDANCY,
    What.PROXY_DOWN: Severity.REDUNDANCY,
    What.NODE_UNCLEAN: Severity.REDUNDANCY,
    What.VIEWS_DIFFER: Severity.REDUNDANCY,
    What.VIP_WAITING: Severity.SERVICE,
    What.VIP_NOWHERE: Severity.SERVICE,
    What.VIP_DOUBLED: Severity.SERVICE,
    What.QUORUM_LOST: Severity.SERVICE,
}


def trouble(what: What, subject: str, *nodes: str, remedy: str = "") -> Trouble:
    """Make a trouble of the usual severity, whose text tells it apart from any other."""
    severity = _SEVERITY.get(what, Severity.WARNING)
    ends = tuple(subject.split("/")[:2]) if what is What.LINK_DOWN else (subject,)
    return Trouble(what, subject, severity, f"{what} of {subject}", nodes or ends, ("n1",), remedy)


LOST = trouble(What.NODE_LOST, "n2")
LINK = trouble(What.LINK_DOWN, "n1/n2/0")
UNSEEN = trouble(What.SIGHT_LOST, "n2")
PROXY = trouble(What.PROXY_DOWN, "n2")
WAITING = trouble(What.VIP_WAITING, "vip2", "n2", remedy="failover vip2 --to n1 web")
NOWHERE = trouble(What.VIP_NOWHERE, "vip1", "n1")
STOPPED = trouble(What.NODE_STOPPED, "n2")


def link_signal(
    kind: SignalKind = SignalKind.LINK_DOWN, witness: str = "n1", far: int | None = 2, at: datetime | None = None
) -> Signal:
    """Make what corosync's log says of link 0."""
    return Signal(witness, "journal" if at else "log", kind, far, 0, "a line", at.timestamp() if at else None)


def condition_of(**links: str) -> Condition:
    """Make a condition of two nodes: `n1_n2_0="up"` is a link, by n1's word."""
    states: dict[Subject, State] = {(Topic.SIGHT, node): State("seen") for node in ("n1", "n2")}
    states |= {(Topic.LINK, name.replace("_", "/")): State(word) for name, word in links.items()}
    return Condition("web", states)


@dataclass
class Course:
    """The incidents of one cluster, as the watching keeps and tells them."""

    now: datetime = NOW
    cluster: str = "web"
    own: tuple[OwnChange, ...] = ()
    silences: tuple[Silence, ...] = ()
    incidents: dict[str, Incident] = field(default_factory=dict)
    told: list[Act] = field(default_factory=list)
    rules: Rules = RULES
    known: Condition | None = None
    """What was known when a signal is heard."""
    numbers: Iterator[int] = field(default_factory=count)

    def step(self, seen: Seen) -> tuple[Act, ...]:
        """Let the incidents take what was seen; those resolved lately come along, as the watching has it."""
        lately = tuple(
            one
            for one in self.incidents.values()
            if one.closed is None or seen.at - one.closed <= self.rules.flap_window
        )
        acts = step(lately, seen, self.rules, lambda: f"incident-{next(self.numbers):07}")
        self.incidents |= {act.incident.id: act.incident for act in acts}
        self.told += acts
        return acts

    def look(
        self,
        *found: Trouble,
        after: float = 0.0,
        events: Iterable[Event] = (),
        condition: Condition | None = None,
    ) -> tuple[Act, ...]:
        """Let some seconds pass, then find these troubles, and no others."""
        self.now += timedelta(seconds=after)
        known = condition or condition_of()
        return self.step(Seen(self.cluster, self.now, known, found, tuple(events), (), self.own, self.silences, NAMES))

    def hear(self, *signals: Signal, after: float = 0.0) -> tuple[Act, ...]:
        """Let some seconds pass, then hear this, with nobody looking."""
        self.now += timedelta(seconds=after)
        seen = Seen(self.cluster, self.now, None, (), (), signals, self.own, self.silences, NAMES, self.known)
        return self.step(seen)

    @property
    def open(self) -> list[Incident]:
        return [one for one in self.incidents.values() if one.open]

    @property
    def only(self) -> Incident:
        """The one incident that there ever was."""
        (incident,) = self.incidents.values()
        return incident

    @property
    def lines(self) -> list[str]:
        """What threads were told."""
        return [line for act in self.told if act.show for line in act.lines]

    @property
    def calls(self) -> int:
        """How often people were called."""
        return sum(act.mention and act.show for act in self.told)
