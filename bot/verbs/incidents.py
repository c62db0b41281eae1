"""`incidents`: what is open, the worst first, and what was resolved lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.incident_cards import card_name, headline, level
from bot.incidents import Incident, of_row
from bot.incidents.people import name_of
from bot.incidents.phrases import span
from bot.memory import Memory, memory_of
from commands.checks.phrases import counted
from commands.report import Finding, Level, Part, Report, Table
from commands.verbs.status.verb import StatusRequest
from commands.verbs.status.verb import parse as parse_cluster_or_all
from commands.verbs.verb import Desk, Verb
from config.policy import Role

LATELY = timedelta(days=1)
MOST_RESOLVED = 10
"""Rows: who wants more asks for the history."""


async def answer(request: StatusRequest, desk: Desk) -> Report:
    """List the incidents of one cluster, or of all that the asker may look at."""
    memory = memory_of(desk)
    now = memory.now()
    names = (request.cluster.name,) if request.cluster else desk.visible
    rows = await memory.store.incidents(request.cluster.name if request.cluster else None, now - LATELY)
    found = [of_row(row) for row in rows if row.cluster in names]
    open_ = sorted((one for one in found if one.open), key=lambda one: (-level(one).rank, -one.severity, one.opened))
    parts: list[Part] = [await _finding(incident, now, memory) for incident in open_]
    resolved = sorted((one for one in found if not one.open and not one.part_of), key=lambda one: one.turned)
    if resolved:
        parts.append(_resolved(resolved[::-1][:MOST_RESOLVED]))
    about = f"`{request.cluster.name}`: " if request.cluster else ""
    if not open_:
        return Report(f"{about}no open incident", Level.OK, tuple(parts))
    return Report(
        f"{about}{counted(len(open_), 'open incident')}",
        max((level(one) for one in open_), key=lambda one: one.rank),
        tuple(parts),
        next_step=next((f"ack {one.id}" for one in open_ if not one.acknowledged), f"status {open_[0].cluster}"),
    )


async def _finding(incident: Incident, now: datetime, memory: Memory) -> Finding:
    state = [f"since {_moment(incident.opened)} ({span(now - incident.opened)})"]
    if incident.acknowledged:
        state.append(f"acknowledged by {name_of(incident.acknowledged)}")
    elif not incident.own:
        state.append("not acknowledged")
    if incident.silenced:
        state.append("silenced")
    if incident.own:
        state.append(f"the bot's own doing: {incident.own}")
    link = await memory.link(card_name(incident.id)) if incident.told else ""
    known = f"`{incident.id}`" + (f", its card: {link}" if link else "")
    return Finding(level(incident), f"`{incident.cluster}`: {headline(incident)}; {', '.join(state)}", known)


def _resolved(incidents: list[Incident]) -> Table:
    return Table(
        ("Cluster", "Over since", "What it was"),
        tuple((one.cluster, _moment(one.turned), one.title) for one in incidents),
        title=f"Resolved in the last {span(LATELY)}",
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


VERB = Verb(
    name="incidents",
    summary="What is wrong where, the worst first, and what was resolved lately",
    usage="incidents [CLUSTER]",
    role=Role.VIEWER,
    example="incidents web",
    parse=parse_cluster_or_all,
    answer=answer,
)
