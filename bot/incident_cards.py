"""What an incident looks like in its channel: one card, edited as it goes on, and a line in its thread. Pure.

It is read at night, on a phone: first what is lost, then since when and by whose word, where each floating IP is now,
what Pacemaker does, and last what to type next.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.by_hand import by_hand
from bot.incident_buttons import ACK, END_SILENCE, FAILOVER, SILENCE, STATUS, TIMES, failovers
from bot.incidents import Incident, Phase
from bot.incidents.people import name_of
from commands import configuration
from commands.checks.phrases import counted, listed
from commands.condition import Condition, State, Topic
from commands.report import Choice, Finding, Level, Part, Report, Text
from commands.troubles import Severity, Trouble, What
from config.inventory import ClusterSpec

_SHORT, _LONG = TIMES
_FINDINGS = 6
"""Findings that a card has room for before it gets long."""


def card(incident: Incident, condition: Condition | None, cluster: ClusterSpec | None = None) -> Report:
    """Return the card of an incident as it stands. `condition` is what was seen last of its cluster."""
    offered = failovers(incident)
    return Report(
        f"`{incident.cluster}`: {headline(incident)}",
        level(incident),
        tuple(_parts(incident, condition, cluster)),
        next_step=_next_step(incident),
        choices=tuple(_choices(incident, offered)),
        more=tuple(_more(incident, offered)),
    )


def note(line: str) -> Report:
    """Return one line of an incident's course, for the card's thread."""
    return Report(line)


def card_name(incident_id: str) -> str:
    """Return what the outbox knows the card by."""
    return f"incident:{incident_id}"


def urgency(incident: Incident) -> int:
    """How urgent it is to tell, 0 to 3: what is lost for certain goes before what may be, and before what is back."""
    match incident.phase:
        case Phase.CONFIRMED:
            return int(incident.severity)
        case Phase.EARLY:
            return 1
        case _:
            return 0


def headline(incident: Incident) -> str:
    """Say how it stands in a few words."""
    before = {
        Phase.EARLY: "early word: ",
        Phase.CONFIRMED: "",
        Phase.RECOVERING: "",
        Phase.RESOLVED: "resolved: ",
    }[incident.phase]
    flapping = "flapping: " if incident.flapping and incident.open else ""
    after = ", waiting whether it stays so" if incident.phase is Phase.RECOVERING else ""
    return f"{before}{flapping}{incident.title}{after}"


def level(incident: Incident) -> Level:
    """Return how bad it is now."""
    root = incident.root
    match incident.phase:
        case Phase.RESOLVED:
            return Level.OK
        case Phase.RECOVERING:
            return Level.INFO
        case _ if incident.own:
            return Level.INFO
        case _ if root is not None and root.what is What.SIGHT_LOST:
            return Level.UNKNOWN
        case _:
            return _level(max((one.severity for one in incident.troubles), default=Severity.WARNING))


def clock(moment: datetime) -> str:
    """Give a moment as people compare it with logs: `10:00:07 UTC`."""
    return f"{moment.astimezone(UTC):%H:%M:%S} UTC"


def _level(severity: Severity) -> Level:
    return Level.CRITICAL if severity is Severity.SERVICE else Level.WARNING


def _parts(incident: Incident, condition: Condition | None, cluster: ClusterSpec | None) -> Iterator[Part]:
    yield Text(_since(incident))
    yield from _findings(incident)
    if condition is not None and incident.confirmed:
        yield from (Text(line) for line in (_floating_ips(condition, cluster), _pacemaker(condition)) if line)
    if incident.own:
        yield Text(f"The bot's own doing: {incident.own}.")
    if incident.acknowledged:
        yield Text(f"Acknowledged by {name_of(incident.acknowledged)}.")
    if incident.silenced:
        yield Text("Silenced: nobody is called about it.")
    if incident.open:
        yield from by_hand(failovers(incident))


def _since(incident: Incident) -> str:
    opened = incident.opened.astimezone(UTC)
    words = [f"{_cost(incident)}Since {opened:%Y-%m-%d} {clock(opened)}"]
    if incident.closed is not None:
        words = [f"{opened:%Y-%m-%d} {clock(opened)} to {clock(incident.turned)}"]
    witnesses = sorted({name for one in incident.troubles for name in one.witnesses})
    if witnesses:
        words.append(f"seen by {listed(witnesses)}")
    if incident.flaps:
        words.append(f"came back {incident.flaps} times" if incident.flaps > 1 else "came back once")
    if incident.phase is Phase.EARLY:
        words.append("by a stream's word: I am looking")
    return f"{', '.join(words)}."


def _cost(incident: Incident) -> str:
    """Say what it costs, as a sentence of its own."""
    worst = max((one.severity for one in incident.troubles), default=Severity.WARNING)
    if incident.phase is not Phase.CONFIRMED or incident.own or worst is Severity.WARNING:
        return ""
    return "Service is lost. " if worst is Severity.SERVICE else "The service goes on, its redundancy is lost. "


def _findings(incident: Incident) -> Iterator[Finding]:
    shown = sorted(incident.troubles, key=lambda one: (one is not incident.root, -one.severity))
    for one in shown[:_FINDINGS]:
        wrong = _level(one.severity) if not incident.own else Level.INFO
        yield Finding(Level.UNKNOWN if one.what is What.SIGHT_LOST else wrong, one.text)
    if len(shown) > _FINDINGS:
        yield Finding(Level.INFO, f"and {counted(len(shown) - _FINDINGS, 'thing')} more that come of it")


def _floating_ips(condition: Condition, cluster: ClusterSpec | None) -> str:
    """Say where each floating IP is now."""
    addresses = {vip.id: f" ({vip.spec.address})" for vip in configuration.vips(cluster)} if cluster else {}
    places = [f"`{name}`{addresses.get(name, '')} {_place(state)}" for name, state in condition.of(Topic.VIP).items()]
    return f"Floating IPs: {'; '.join(places)}." if places else ""


def _place(state: State) -> str:
    where = listed(state.nodes) if state.nodes else ""
    said = {
        "served": f"on {where}" if where else "served",
        "doubled": f"on {where} at once" if where else "on two nodes at once",
        "waiting": "on no node, waits at its gate",
        "nowhere": "on no node",
        "off": "switched off",
    }.get(state.word, state.word)
    return said if state.known else f"{said} (last known)"


def _pacemaker(condition: Condition) -> str:
    """Say what Pacemaker makes of its nodes, whether it may act, and what it fenced."""
    nodes = [_told(f"{name} {state.word}", state) for name, state in condition.of(Topic.NODE).items()]
    words = [", ".join(nodes)] if nodes else []
    quorum = {state.word for state in condition.of(Topic.QUORUM).values() if state.known}
    if "yes" in quorum:
        words.append("quorate")
    elif "no" in quorum:
        words.append("no quorum, so it starts nothing")
    if condition.word(Topic.CLUSTER) == "maintenance":
        words.append("maintenance mode, so it does nothing")
    words += [f"fenced {name}: {state.word}" for name, state in condition.of(Topic.FENCED).items() if state.word]
    return f"Pacemaker: {'; '.join(words)}." if words else ""


def _told(text: str, state: State) -> str:
    return text if state.known else f"{text} (last known)"


def _next_step(incident: Incident) -> str:
    """Return what to type next: what lets a floating IP go, else what mends the worst, else a look."""
    remedies = [one.remedy for one in (*failovers(incident), *incident.troubles) if one.remedy]
    return remedies[0] if remedies else f"status {incident.cluster}"


def _choices(incident: Incident, offered: tuple[Trouble, ...]) -> Iterator[Choice]:
    """Give the three buttons: what this state asks for, and those that every open incident has."""
    if not incident.open:
        return
    if offered:
        yield _failover(incident, offered[0])
    if not (incident.acknowledged or incident.own) and incident.phase is not Phase.RECOVERING:
        yield Choice("Acknowledge", ACK, incident.id)
    if incident.silenced:
        yield Choice("End silence", END_SILENCE, incident.id)
    else:
        yield Choice("Silence for 1 h", SILENCE, f"{incident.id}:{_SHORT}")


def _more(incident: Incident, offered: tuple[Trouble, ...]) -> Iterator[Choice]:
    if not incident.open:
        return
    yield from (_failover(incident, one) for one in offered[1:])
    yield Choice("Status of the cluster", STATUS, incident.id)
    if not incident.silenced:
        yield Choice("Silence for 8 h", SILENCE, f"{incident.id}:{_LONG}")


def _failover(incident: Incident, waiting: Trouble) -> Choice:
    words = waiting.remedy.split()
    target = words[words.index("--to") + 1] if "--to" in words[:-1] else ""
    label = f"Fail over {waiting.subject}" + (f" to {target}" if target else "")
    return Choice(label, FAILOVER, f"{incident.id}:{waiting.subject}", "primary")
