"""`history`: what happened, newest first: incidents with a way to their cards, and every event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.incidents import Incident, of_row
from bot.incidents.phrases import span
from bot.markup import linked, without_markup
from bot.memory import Memory, memory_of
from bot.reports.gather import links
from bot.store import EventRow
from bot.verbs.back import parse_back
from commands.checks.phrases import counted
from commands.report import Level, Listing, Part, Report, Text
from commands.verbs.status.verb import parse as parse_cluster_or_all
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

USUAL = timedelta(days=1)
_INCIDENTS = 12
"""Lines; of older ones the events tell."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """The past of one cluster, or of all where that is None."""

    cluster: ClusterSpec | None
    back: timedelta = USUAL


def parse(words: Words, desk: Desk) -> HistoryRequest:
    """Read `[CLUSTER] [--since TIME]`. Raises `UsageError`."""
    return HistoryRequest(parse_cluster_or_all(words, desk).cluster, parse_back(words.one("since"), USUAL))


async def answer(request: HistoryRequest, desk: Desk) -> Report:
    """Tell the incidents and the events of one cluster, or of all that the asker may look at."""
    memory = memory_of(desk)
    now = memory.now()
    name = request.cluster.name if request.cluster else None
    names = (name,) if name else desk.visible
    events = [one for one in await memory.store.events(name, now - request.back, now) if one.cluster in names]
    rows = await memory.store.incidents(name, now - request.back)
    known = [one for one in map(of_row, rows) if one.cluster in names]
    incidents = [one for one in known if not one.part_of and (one.confirmed or one.open)]
    about = f"`{name}`: " if name else ""
    counts = f"{counted(len(incidents), 'incident')} and {counted(len(events), 'event')}"
    return Report(
        f"{about}{counts} in the last {span(request.back)}",
        Level.INFO,
        (*await _incidents(incidents, now, memory), *_events(events, one_cluster=name is not None)),
        next_step=f"report now {name}" if name else "",
    )


async def _incidents(incidents: list[Incident], now: datetime, memory: Memory) -> list[Part]:
    newest = sorted(incidents, key=lambda one: one.opened, reverse=True)
    shown = newest[:_INCIDENTS]
    cards = await links(memory.link, (one for one in shown if one.told))
    lines = [f"• {_incident(one, now, cards.get(one.id))}" for one in shown]
    if len(newest) > len(shown):
        lines.append(f"• and {counted(len(newest) - len(shown), 'older incident')}")
    return [Text("\n".join(lines))] if lines else []


def _incident(incident: Incident, now: datetime, card: str | None) -> str:
    end = now if incident.open else incident.turned
    lasted = f"open for {span(end - incident.opened)}" if incident.open else span(end - incident.opened)
    own = f", {incident.own}" if incident.own else ""
    return f"{_moment(incident.opened)}, {lasted}: `{incident.cluster}`: {linked(incident.title, card)}{own}"


def _events(events: list[EventRow], *, one_cluster: bool) -> list[Part]:
    lines = []
    for event in reversed(events):
        where = "" if one_cluster else f"{event.cluster}  "
        own = f"  ({event.own})" if event.own else ""
        lines.append(f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {where}{without_markup(event.text)}{own}")
    return [Listing("Events, the newest first, in UTC", "\n".join(lines), "history.txt")] if lines else []


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


VERB = Verb(
    name="history",
    summary="What happened in a cluster, or in all: incidents with their cards, and every event",
    usage="history [CLUSTER] [--since TIME]",
    role=Role.VIEWER,
    options=(Option("since", "how far back: 90m, 12h, 2d, 1w; a day if left out", "TIME"),),
    example="history web --since 2d",
    parse=parse,
    answer=answer,
)
