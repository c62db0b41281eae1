"""`ack`: somebody attends to an incident, so nobody else is called for it."""

from __future__ import annotations

from dataclasses import dataclass

from bot import ids
from bot.incidents import Incident, acknowledge, of_row, row_of
from bot.incidents.people import name_of
from bot.memory import Memory, memory_of
from bot.store import IncidentRow
from bot.store.incidents import Overtaken
from commands.checks.phrases import counted
from commands.errors import NotAllowed, UsageError
from commands.report import Finding, Level, Report
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role


@dataclass(frozen=True, slots=True)
class AckRequest:
    """Acknowledge one incident by its id, or all that are open on a cluster."""

    cluster: ClusterSpec | None = None
    incident: str = ""


def parse(words: Words, desk: Desk) -> AckRequest:
    """Read `[INCIDENT|CLUSTER]`. Raises `UsageError` for what is neither."""
    if len(words.positional) > 1:
        raise UsageError(
            f"{words.positional[1][:40]!r} is one word too many", remedy="Name one incident, or a cluster."
        )
    word = words.positional[0] if words.positional else None
    if word is not None and word not in desk.clusters and ids.is_id(word):
        return AckRequest(incident=word)
    return AckRequest(desk.cluster(word))


async def answer(request: AckRequest, desk: Desk) -> Report:
    """Acknowledge. It is told on the card and in its thread; the asker gets a word of their own."""
    memory = memory_of(desk)
    if request.incident:
        cluster = (await open_incident(request.incident, desk, memory)).cluster
    else:
        cluster = request.cluster.name if request.cluster else ""
    changed: list[Incident] = []
    others: list[Incident] = []
    for row in await memory.store.open_incidents(cluster):
        if request.incident not in {"", row.id}:
            continue
        incident, mine = await _acknowledged(row, desk.who, memory)
        (changed if mine else others).append(incident)
    memory.look_soon(cluster)
    return _told(cluster, changed, [one for one in others if one.open])


async def _acknowledged(row: IncidentRow, who: str, memory: Memory) -> tuple[Incident, bool]:
    """Acknowledge an incident, unless it is over or somebody has. Return it as it now stands, and whether this did it.

    The watching changes incidents too, perhaps in another process: then it is read again.
    """
    latest: IncidentRow | None = row
    while latest is not None:
        incident = of_row(latest)
        if incident.acknowledged or not incident.open:
            return incident, False
        mine = acknowledge(incident, who, memory.now())
        try:
            await memory.store.save_incident(row_of(mine), latest)
        except Overtaken:
            latest = await memory.store.incident(row.id)
        else:
            return mine, True
    return of_row(row), False


def _told(cluster: str, changed: list[Incident], others: list[Incident]) -> Report:
    """Say what was acknowledged now, and by whom the rest was before."""
    parts = (
        *(Finding(Level.INFO, f"{incident.title}: yours now") for incident in changed),
        *(Finding(Level.INFO, f"{one.title}: {name_of(one.acknowledged)} has it already") for one in others),
    )
    if not parts:
        return Report(f"`{cluster}`: no open incident", Level.OK, private=True)
    headline = f"`{cluster}`: {counted(len(changed), 'incident')} acknowledged"
    return Report(headline, Level.INFO, parts, next_step=f"incidents {cluster}", private=True)


async def open_incident(incident_id: str, desk: Desk, memory: Memory) -> Incident:
    """Return an open incident of a cluster that the asker may operate. Raises `UsageError` or `NotAllowed`.

    What is of a cluster that they may not even look at is not known, as far as they are told.
    """
    row = await memory.store.incident(incident_id)
    role = desk.role(row.cluster) if row else None
    if row is None or role is None:
        raise UsageError("that incident is not known", remedy="`/hacluster incidents` lists what there is.")
    if role < Role.OPERATOR:
        raise NotAllowed(f"this on `{row.cluster}` takes the role {Role.OPERATOR.word}")
    if row.closed is not None:
        raise UsageError("that incident is resolved already", remedy=f"`/hacluster incidents {row.cluster}`")
    return of_row(row)


VERB = Verb(
    name="ack",
    summary="Say that you attend to an incident, or to all of a cluster: nobody else is called",
    usage="ack [INCIDENT|CLUSTER]",
    role=Role.OPERATOR,
    example="ack web",
    parse=parse,
    answer=answer,
)
