"""What can be asked of `report`, and from words to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.reports.rounds import LONGEST
from bot.reports.schedule import EXAMPLES, When, parse_when, zone
from bot.verbs.back import parse_back
from commands.errors import NotAllowed, UsageError
from commands.verbs.verb import Desk
from commands.verbs.words import Words, nearest
from config.inventory import ClusterSpec
from config.policy import Role

USUAL = timedelta(days=1)
_CHANNEL = re.compile(r"<#(?P<told>[CG][A-Z0-9]{2,20})(?:\|[^>]*)?>|(?P<bare>[CG][A-Z0-9]{6,20})", re.ASCII)
_CRON_FIELDS = 5
_WORDS = ("now", "every", "cron", "list", "stop")


@dataclass(frozen=True, slots=True)
class Now:
    """A report at once, on some clusters, over the time up to now. Without a zone: that of the channel's schedule."""

    clusters: tuple[ClusterSpec, ...]
    back: timedelta = USUAL
    timezone: str | None = None
    cluster: None = None


@dataclass(frozen=True, slots=True)
class Every:
    """A report in a channel from now on. No clusters are all that there are at the time."""

    when: When
    channel: str
    timezone: str
    clusters: tuple[str, ...] = ()
    cluster: None = None


@dataclass(frozen=True, slots=True)
class List:
    """Which reports come by themselves."""

    cluster: None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of one of them."""

    id: str
    cluster: None = None


ReportRequest = Now | Every | List | Stop


def parse(words: Words, desk: Desk) -> ReportRequest:
    """Read `[now] [CLUSTER…]`, `every DAYS HH:MM in CHANNEL`, `cron FIELDS in CHANNEL`, `list` or `stop ID`.

    Raises `UsageError`, and `NotAllowed` for what takes more than looking.
    """
    word, *rest = words.positional or ("now",)
    match word.lower():
        case "now":
            return _now(rest, words, desk)
        case "every":
            return _every(["every", *rest], words, desk)
        case "cron":
            return _every(rest, words, desk)
        case "list" if not rest:
            return List()
        case "stop" if len(rest) == 1:
            return Stop(rest[0])
        case "stop":
            raise UsageError("say which report to stop", remedy="`/hacluster report list` shows their ids.")
        case _ if word in desk.clusters:
            return _now(words.positional, words, desk)
    near = nearest(word, _WORDS)
    hint = f"Did you mean `report {near}`? " if near else ""
    raise UsageError(f"{word[:40]!r} is nothing that `report` knows", remedy=f"{hint}{EXAMPLES}")


def _now(names: Sequence[str], words: Words, desk: Desk) -> Now:
    wanted = tuple(dict.fromkeys((*names, *words.all("cluster"))))
    if not wanted:
        wanted = (desk.default_cluster,) if desk.default_cluster in desk.visible else desk.visible
    clusters = tuple(desk.cluster(name) for name in wanted)
    if clusters:
        need(Role.VIEWER, [cluster.name for cluster in clusters], desk, "a report")
    timezone = words.one("timezone")
    return Now(clusters, parse_back(words.one("since"), USUAL, LONGEST), zone(timezone).key if timezone else None)


def _every(said: Sequence[str], words: Words, desk: Desk) -> Every:
    if words.one("since"):
        raise UsageError("`--since` goes with `report now`: a report that comes again tells since the last one")
    time, channel, names = _split(said)
    when = parse_when(" ".join(time))
    place = _channel(channel) if channel else _here(desk)
    wanted = dict.fromkeys((*names, *words.all("cluster")))
    clusters = tuple(desk.cluster(name).name for name in wanted)
    need(Role.OPERATOR, clusters, desk, "a report that comes again")
    return Every(when, place, zone(words.one("timezone") or "UTC").key, clusters)


def _split(said: Sequence[str]) -> tuple[Sequence[str], str, Sequence[str]]:
    """Part what says when, the channel after the word `in` ("" without it), and the clusters that follow."""
    clock = next((number for number, word in enumerate(said) if ":" in word), _CRON_FIELDS - 1)
    end = next((number for number, word in enumerate(said) if word.lower() == "in"), clock + 1)
    place = said[end : end + 1]
    if not place or place[0].lower() != "in":
        return said[:end], "", said[end:]
    if end + 1 == len(said):
        raise UsageError("say in which channel", remedy="For example: `report every weekday 09:00 in #ops`")
    return said[:end], said[end + 1], said[end + 2 :]


def _channel(word: str) -> str:
    match = _CHANNEL.fullmatch(word)
    if match is None:
        raise UsageError(
            f"I do not know the channel {word[:40]!r}",
            remedy="Write `in #` and let Slack complete its name, or give its id, as in C0123456789.",
        )
    return match["told"] or match["bare"]


def _here(desk: Desk) -> str:
    if not desk.channel:
        raise UsageError("say in which channel", remedy="For example: `report every weekday 09:00 in C0123456789`")
    return desk.channel


def need(role: Role, clusters: Sequence[str], desk: Desk, what: str) -> None:
    """Raise `NotAllowed` unless the asker has a role on each cluster; on all there may ever be, where none is named."""
    for name in clusters or (None,):
        held = desk.role(name)
        if held is None or held < role:
            on = f"`{name}`" if name else "all clusters"
            raise NotAllowed(
                f"{what} takes the role {role.word} on {on}",
                remedy=f"Ask for a grant for the id `{desk.who}` in the bot's policy, or name the clusters you may.",
            )
