"""`silence`: nobody is called about a cluster, a node or an incident for a while. What happens is recorded all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot import ids
from bot.incidents.people import name_of
from bot.incidents.phrases import span
from bot.memory import Memory, memory_of
from bot.store import SilenceRow
from bot.verbs.ack import open_incident
from commands.checks.phrases import counted
from commands.errors import UsageError
from commands.report import Level, Report, Table, Text
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Option, Words, nearest
from config.inventory import ClusterSpec
from config.policy import Role

USUAL = timedelta(hours=1)
LONGEST = timedelta(days=30)
"""Longer than that is no silence but a cluster that nobody watches."""
REASON = 200
"""Characters of a reason."""
_UNITS = {"m": timedelta(minutes=1), "min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_PERIOD = re.compile(r"(\d{1,4}) *(min|m|h|d)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SilenceRequest:
    """Silence a cluster, one node of it, or one incident; end that; or list, where nothing is named."""

    cluster: ClusterSpec | None = None
    node: str = ""
    incident: str = ""
    time: timedelta = USUAL
    reason: str = ""
    end: bool = False

    @property
    def names_nothing(self) -> bool:
        """Whether it asks for the list."""
        return self.cluster is None and not self.incident


def parse(words: Words, desk: Desk) -> SilenceRequest:
    """Read `[CLUSTER|NODE [CLUSTER]|INCIDENT] [--for TIME] [--reason TEXT] [--end]`. Raises `UsageError`."""
    time, reason, end = _period(words.one("for")), words.one("reason") or "", words.flag("end")
    if len(reason) > REASON:
        raise UsageError(f"that reason has {len(reason)} characters; {REASON} must do")
    if end and (words.one("for") or reason):
        raise UsageError("`--end` stands alone", remedy="For example: `/hacluster silence web --end`")
    if not words.positional:
        if end or words.options:
            raise UsageError("say what to silence", remedy="A cluster, a node or an incident: `/hacluster silence web`")
        return SilenceRequest()
    if len(words.positional) > 2:  # noqa: PLR2004 - NODE CLUSTER
        raise UsageError(f"{words.positional[2][:40]!r} is one word too many", remedy="Name one thing to silence.")
    word, *rest = words.positional
    if not rest and word not in desk.clusters and ids.is_id(word) and not _with_node(word, desk):
        return SilenceRequest(incident=word, time=time, reason=reason, end=end)
    cluster, node = _cluster_and_node(word, rest[0] if rest else None, desk)
    return SilenceRequest(cluster, node, "", time, reason, end)


def _period(text: str | None) -> timedelta:
    if text is None:
        return USUAL
    found = _PERIOD.fullmatch(text.strip())
    time = int(found[1]) * _UNITS[found[2].lower()] if found else timedelta()
    if not timedelta() < time <= LONGEST:
        raise UsageError(f"{text[:40]!r} is no time for a silence", remedy="Write 30m, 2h or 1d; 30d at most.")
    return time


def _with_node(name: str, desk: Desk) -> list[str]:
    """Return the clusters that have a node of that name, of those the asker may look at."""
    return [one for one in desk.visible if any(node.name == name for node in desk.clusters[one].spec.nodes)]


def _cluster_and_node(word: str, named: str | None, desk: Desk) -> tuple[ClusterSpec, str]:
    if named is None and word in desk.clusters:
        return desk.cluster(word), ""
    if named is not None and word in desk.clusters and named not in desk.clusters:
        word, named = named, word
    having = _with_node(word, desk)
    if named is not None:
        cluster = desk.cluster(named)
        if cluster.name not in having:
            names = ", ".join(node.name for node in cluster.nodes)
            raise UsageError(f"there is no node {word[:40]!r} in `{cluster.name}`", remedy=f"Its nodes: {names}.")
        return cluster, word
    if desk.default_cluster in having or len(having) == 1:
        return desk.cluster(desk.default_cluster if desk.default_cluster in having else having[0]), word
    if having:
        raise UsageError(
            f"{word!r} is a node of {', '.join(having)}", remedy=f"Say which: `silence {word} {having[0]}`"
        )
    known = [*desk.visible, *(node.name for one in desk.visible for node in desk.clusters[one].spec.nodes)]
    near = nearest(word, known)
    raise UsageError(
        f"{word[:40]!r} is neither a cluster, nor a node, nor an incident",
        remedy=f"Did you mean `{near}`?" if near else "`/hacluster clusters` lists them.",
    )


async def answer(request: SilenceRequest, desk: Desk) -> Report:
    """Silence, end a silence, or list those in force."""
    memory = memory_of(desk)
    if request.names_nothing:
        return _listed([row for row in await memory.store.silences(memory.now()) if desk.role(row.cluster)])
    if request.incident:
        incident = await open_incident(request.incident, desk, memory)
        cluster, what = incident.cluster, f"`{incident.cluster}`: {incident.title}"
    else:
        cluster = request.cluster.name if request.cluster else ""
        what = f"`{cluster}`" + (f": {request.node}" if request.node else "")
    if request.end:
        report = await _ended(request, cluster, what, memory)
    else:
        report = await _begun(request, cluster, what, desk.who, memory)
    memory.look_soon(cluster)
    return report


async def _begun(request: SilenceRequest, cluster: str, what: str, who: str, memory: Memory) -> Report:
    now = memory.now()
    row = SilenceRow(
        id=ids.fresh(),
        cluster=cluster,
        node=request.node,
        incident=request.incident,
        until=now + request.time,
        reason=request.reason,
        by=who,
        created=now,
    )
    await memory.store.add_silence(row)
    parts = (
        Text(f"Until {_moment(row.until)} nobody is called about it{f': {row.reason}' if row.reason else ''}."),
        Text("What happens is recorded; a card that is there is kept up to date, and its end is told."),
    )
    headline = f"{what}: silenced for {span(request.time)} by {name_of(who)}"
    return Report(headline, Level.INFO, parts, next_step=_end_of(row), private=bool(request.incident))


async def _ended(request: SilenceRequest, cluster: str, what: str, memory: Memory) -> Report:
    now = memory.now()
    same = [
        row
        for row in await memory.store.silences(now)
        if (row.cluster, row.node, row.incident) == (cluster, request.node, request.incident)
    ]
    ended = [row for row in same if await memory.store.end_silence(row.id, now)]
    if not ended:
        return Report(f"{what}: is not silenced itself", Level.INFO, next_step="silence", private=True)
    return Report(f"{what}: silenced no longer", Level.INFO, private=bool(request.incident))


def silences_table(rows: list[SilenceRow]) -> Table:
    """Show silences in force."""
    return Table(
        ("Silenced", "Until", "By", "Reason", "To end it"),
        tuple(
            (_about(row), _moment(row.until), row.by.partition(":")[2], row.reason or "none given", _end_of(row))
            for row in rows
        ),
    )


def _listed(rows: list[SilenceRow]) -> Report:
    if not rows:
        return Report("Nothing is silenced", Level.OK)
    return Report(f"{counted(len(rows), 'silence')} in force", Level.INFO, (silences_table(rows),))


def _about(row: SilenceRow) -> str:
    if row.incident:
        return f"an incident of {row.cluster}"
    return f"{row.node} of {row.cluster}" if row.node else row.cluster


def _end_of(row: SilenceRow) -> str:
    target = row.incident or (f"{row.node} {row.cluster}" if row.node else row.cluster)
    return f"silence {target} --end"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


VERB = Verb(
    name="silence",
    summary="Call nobody about a cluster, a node or an incident for a while; bare, list what is silenced",
    usage="silence [CLUSTER|NODE|INCIDENT] [--for TIME] [--reason TEXT] [--end]",
    role=Role.OPERATOR,
    options=(
        Option("for", "how long: 30m, 2h, 1d; an hour if left out", "TIME"),
        Option("reason", "why, for those who wonder", "TEXT"),
        Option("end", "end it now"),
    ),
    example='silence n2 web --for 2h --reason "new disk"',
    parse=parse,
    answer=answer,
)
