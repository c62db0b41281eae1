"""`watch`: what is being watched and since when, what cannot be seen, and where alerts go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from bot.memory import memory_of
from bot.verbs.silence import silences_table
from bot.watch.state import WatchState
from commands.checks.phrases import counted, listed
from commands.condition import Topic
from commands.report import Finding, Level, Part, Report, Table, Text
from commands.verbs.status.verb import StatusRequest
from commands.verbs.status.verb import parse as parse_cluster_or_all
from commands.verbs.verb import Desk, Verb
from config.policy import Role

NOWHERE = "nowhere"


async def answer(request: StatusRequest, desk: Desk) -> Report:
    """Tell how one cluster is watched, stream by stream, or all that the asker may look at."""
    memory = memory_of(desk)
    names = (request.cluster.name,) if request.cluster else desk.visible
    states = [one for one in (memory.watch.states() if memory.watch else ()) if one.cluster.name in names]
    watched = {state.cluster.name for state in states}
    findings = [finding for state in states for finding in _findings(state)]
    missing = tuple(name for name in names if name not in watched)
    if missing:
        here = "It was made just now, watching is off, or another bot on this store watches."
        why = "This process watches nothing." if memory.watch is None else here
        findings.append(Finding(Level.UNKNOWN, f"{listed(f'`{name}`' for name in missing)}: not watched", why))
    silences = [row for row in await memory.store.silences(memory.now()) if row.cluster in names]
    findings.sort(key=lambda finding: -finding.level.rank)
    parts: list[Part] = [*findings]
    if states and request.cluster:
        parts += [_so_far(states[0]), _streams(states[0])]
    elif states:
        parts.append(_overview(states))
    if silences:
        parts.append(silences_table(silences))
    about = f"`{request.cluster.name}`" if request.cluster else counted(len(names), "cluster")
    blind = sum(not _whole(state) for state in states)
    word = "not watched" if not states else "watched" if not blind else "watched, but not all of it can be seen"
    worst = max((finding.level for finding in findings), key=lambda one: one.rank, default=Level.OK)
    return Report(f"{about}: {word}", worst, tuple(parts), next_step="" if names else "setup")


def _findings(state: WatchState) -> Iterator[Finding]:
    """Yield what cannot be seen, and that nobody is told."""
    name = state.cluster.name
    if state.channel is None:
        yield Finding(
            Level.WARNING,
            f"`{name}` has no channel: its alerts go nowhere",
            "Give it `channels` in the configuration file, or all of them `watch.channel`.",
        )
    if state.condition is not None:
        lost = [node for node, sight in state.condition.of(Topic.SIGHT).items() if sight.word == "lost"]
        for node in lost:
            yield Finding(Level.UNKNOWN, f"`{name}`: I cannot reach {node}, so what it says is missing")
    for node, stream in state.streams:
        if not stream.alive:
            yield Finding(
                Level.UNKNOWN,
                f"`{name}`: the {stream.source} of {node} has not been followed since {_moment(stream.since)}",
                f"{stream.why or 'It is tried again'}. Looks go on without it.",
            )
        elif stream.why:
            yield Finding(Level.INFO, f"`{name}`: the {stream.source} of {node}: {stream.why}")
    for gap in state.gaps:
        yield Finding(Level.INFO, f"`{name}`: lines of {gap.node} may have been missed at {_moment(gap.at)}: {gap.why}")


def _whole(state: WatchState) -> bool:
    return all(stream.alive for _, stream in state.streams)


def _overview(states: list[WatchState]) -> Table:
    return Table(
        ("Cluster", "Watched since", "Last look", "Streams", "Open incidents", "Alerts go to"),
        tuple(
            (
                state.cluster.name,
                _moment(state.since),
                _moment(state.last_look) if state.last_look else "none yet",
                f"{sum(stream.alive for _, stream in state.streams)} of {len(state.streams)}",
                str(len(state.incidents)) if state.incidents else "none",
                state.channel or NOWHERE,
            )
            for state in sorted(states, key=lambda state: state.cluster.name)
        ),
    )


def _streams(state: WatchState) -> Table:
    rows = tuple(
        (
            node,
            stream.source,
            "follows" if stream.alive else "down",
            _moment(stream.since),
            _moment(stream.last_line_at) if stream.last_line_at is not None else "never",
        )
        for node, stream in state.streams
    )
    return Table(("Node", "Stream", "State", "Since", "Last heard"), rows)


def _so_far(state: WatchState) -> Text:
    looked = _moment(state.last_look) if state.last_look else "none yet"
    told = f"<#{state.channel}>" if state.channel else NOWHERE
    return Text(f"Watched since {_moment(state.since)}, last look {looked}. Alerts go to {told}.")


def _moment(at: datetime | float) -> str:
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


VERB = Verb(
    name="watch",
    summary="What is being watched, since when, what cannot be seen, and where alerts go",
    usage="watch [CLUSTER]",
    role=Role.VIEWER,
    example="watch web",
    parse=parse_cluster_or_all,
    answer=answer,
)
