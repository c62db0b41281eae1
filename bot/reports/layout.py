"""From what became of nodes and floating IPs to a picture of it, and the same in words for who sees no picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.incidents.phrases import span
from bot.reports.availability import IP_UP, NODE_UP, availability, lasting, percent, total
from bot.reports.past import UNKNOWN, Mark, Period, Stretch
from bot.reports.timeline import Bar, Look, Row, Timeline
from commands.checks.phrases import counted, listed

ALT_LENGTH = 1_000
"""Characters of alt text at most: Slack takes no more of a file's."""
_LOOKS = {
    "joined": Look.UP,
    "served": Look.UP,
    "standby": Look.ASIDE,
    "maintenance": Look.ASIDE,
    "pending": Look.ASIDE,
    "stopped": Look.STOPPED,
    "unlisted": Look.STOPPED,
    "off": Look.STOPPED,
    "doubled": Look.TORN,
    "disputed": Look.TORN,
    UNKNOWN: Look.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Course:
    """A node or a floating IP over the whole period."""

    name: str
    kind: str
    stretches: tuple[Stretch, ...]

    @property
    def up(self) -> frozenset[str]:
        """The words that count as up for its kind."""
        return NODE_UP if self.kind == "node" else IP_UP


def timeline(cluster: str, nodes: Sequence[str], courses: Iterable[Course], period: Period, zone: str) -> Timeline:
    """Lay out a cluster's period: its nodes first, then its floating IPs, as they are given."""
    return Timeline(
        title=cluster,
        begun=period.since.timestamp(),
        seconds=period.length.total_seconds(),
        zone=zone,
        nodes=tuple(nodes),
        rows=tuple(_row(course, nodes, period) for course in courses),
    )


def _row(course: Course, nodes: Sequence[str], period: Period) -> Row:
    share = availability(course.stretches, course.up)
    return Row(
        course.name,
        course.kind,
        percent(share.up, share.length),
        tuple(
            Bar(
                (stretch.begun - period.since).total_seconds(),
                (stretch.until - period.since).total_seconds(),
                _LOOKS.get(stretch.mark.word, Look.GONE),
                _node(course, stretch.mark, nodes),
                _label(course, stretch.mark),
            )
            for stretch in course.stretches
        ),
    )


def _node(course: Course, mark: Mark, nodes: Sequence[str]) -> int:
    """Return whose colour a bar has: that of the node itself, or of the one node that holds the address."""
    names = (course.name,) if course.kind == "node" else mark.nodes
    return nodes.index(names[0]) if len(names) == 1 and names[0] in nodes else -1


def _label(course: Course, mark: Mark) -> str:
    if course.kind == "ip" and mark.word == "served":
        return " ".join(mark.nodes)
    return f"{mark.word}: {', '.join(mark.nodes)}" if mark.nodes and course.kind == "ip" else mark.word


def in_words(cluster: str, courses: Sequence[Course], period: Period) -> str:
    """Say what the picture shows, at most `ALT_LENGTH` characters."""
    said = [f"Timeline of {cluster} over {span(period.length)}."]
    said += [_told(course) for course in courses]
    kept = ""
    for position, sentence in enumerate(said):
        rest = len(said) - position
        if len(kept) + len(sentence) + 1 > ALT_LENGTH - len(f" And {rest} more rows."):
            return f"{kept} And {counted(rest, 'more row')}."
        kept = f"{kept} {sentence}".strip()
    return kept


def _told(course: Course) -> str:
    words = list(dict.fromkeys(stretch.mark.word for stretch in course.stretches))
    whole = total(course.stretches)
    holders = _holders(course) if course.kind == "ip" else ""
    if len(words) == 1:
        return f"{course.name}: {words[0]} all the time{holders}."
    shares = [(lasting(course.stretches, word), word) for word in words]
    told = [f"{word} {percent(length, whole, least=word not in course.up)} ({span(length)})" for length, word in shares]
    return f"{course.name}: {listed(told)}{holders}."


def _holders(course: Course) -> str:
    """Say where an address was, one node after the other."""
    way = [listed(stretch.mark.nodes) for stretch in course.stretches if stretch.mark.nodes]
    path = [place for number, place in enumerate(way) if number == 0 or way[number - 1] != place]
    if not path:
        return ""
    if len(path) == 1:
        return f", held by {path[0]}"
    most = 6
    shown = path if len(path) <= most else [*path[:3], "…", *path[-2:]]
    return f", held by {' then '.join(shown)}"
