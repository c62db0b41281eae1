"""What can be asked of the audit, and whose it is to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.store.chain import Head
from bot.verbs.back import parse_back
from bot.verbs.person import parse_person
from commands.errors import NotAllowed, UsageError
from commands.verbs.verb import Desk
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

USUAL = timedelta(days=1)
VERIFY, EXPORT = "verify", "export"
OPTIONS = (
    Option("since", "how far back: 90m, 12h, 2d, 1w; a day if left out, and for `export` all", "TIME"),
    Option("who", "one person: a mention, an id, or `bot`", "PERSON"),
    Option("cluster", "one cluster", "NAME"),
    Option("head", "for `verify`: a head that was noted earlier, which must still be there", "NUMBER:HASH"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: since when, by whom (`""` for all), about which clusters (None for all and none)."""

    back: timedelta | None
    who: str
    clusters: tuple[str, ...] | None
    export: bool = False
    cluster: ClusterSpec | None = None


@dataclass(frozen=True, slots=True)
class Verify:
    """Whether the chain holds, and goes through a head that was noted."""

    noted: Head | None
    cluster: None = None


AuditRequest = Wanted | Verify


def parse(words: Words, desk: Desk) -> AuditRequest:
    """Read `[verify | export] [--since TIME] [--who PERSON] [--cluster NAME] [--head NUMBER:HASH]`.

    Raises `UsageError`, and `NotAllowed` for what is another admin's to see.
    """
    what, *more = words.positional or ("",)
    if more or what not in {"", VERIFY, EXPORT}:
        wrong = more[0] if more else what
        raise UsageError(
            f"{wrong[:40]!r} is nothing that the audit does",
            remedy="It is `audit`, `audit verify` or `audit export`; a cluster is named by `--cluster`.",
        )
    if what == VERIFY:
        return _verify(words, desk)
    if words.one("head") is not None:
        raise UsageError("`--head` is for `audit verify`")
    export = what == EXPORT
    since = words.one("since")
    back = None if export and since is None else parse_back(since, USUAL)
    name = words.one("cluster")
    mine = visible(desk)
    if name is None:
        return Wanted(back, parse_person(words.one("who")), mine, export)
    known = desk.clusters.get(name)
    if known is None and mine is not None:
        raise UsageError(f"there is no cluster {name[:40]!r} of yours")
    # whoever may see everything may look at what there was of a cluster that is forgotten by now
    return Wanted(back, parse_person(words.one("who")), (name,), export, known.spec if known else None)


def visible(desk: Desk) -> tuple[str, ...] | None:
    """Return the clusters whose entries the asker may see; None for all entries, those about no cluster included."""
    if _admin(desk, None):
        return None
    return tuple(name for name in sorted(desk.clusters) if _admin(desk, name))


def _admin(desk: Desk, cluster: str | None) -> bool:
    role = desk.role(cluster)
    return role is not None and role >= Role.ADMIN


def _verify(words: Words, desk: Desk) -> Verify:
    for name in ("since", "who", "cluster"):
        if words.one(name) is not None:
            raise UsageError(f"`--{name}` is not for `audit verify`: a chain is looked at from end to end")
    if visible(desk) is not None:
        raise NotAllowed("verifying the audit takes the role admin on all clusters: it is one chain")
    text = words.one("head")
    noted = Head.parse(text) if text is not None else None
    if text is not None and noted is None:
        raise UsageError(
            f"{text[:90]!r} is no head", remedy="Write it as `audit verify` told it: a number, a colon, 64 characters."
        )
    return Verify(noted)
