"""`help`: what the asker may do, made from the verbs themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from commands.errors import UsageError
from commands.report import Level, Report, Table, Text
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words, nearest
from config.policy import Role

_BROAD = 40


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """Help on one verb, or on all."""

    verb: str | None = None
    cluster: None = None


def parse(words: Words, desk: Desk) -> HelpRequest:
    """Read `[VERB]`. Raises `UsageError` with the nearest verb."""
    if not words.positional:
        return HelpRequest()
    name = words.positional[0].lower()
    names = [verb.name for verb in desk.verbs]
    if name not in names:
        near = nearest(name, names)
        raise UsageError(
            f"there is no verb {name[:40]!r}", remedy=f"Did you mean `/hacluster help {near}`?" if near else ""
        )
    return HelpRequest(name)


def may(verb: Verb, desk: Desk) -> bool:
    """Return whether the asker may use the verb on at least one cluster."""
    roles = [desk.role(None), *(desk.role(name) for name in desk.clusters)]
    return any(role is not None and role >= verb.role for role in roles)


async def answer(request: HelpRequest, desk: Desk) -> Report:
    """Tell about one verb, or list those that the asker may use."""
    if request.verb is not None:
        verb = next(verb for verb in desk.verbs if verb.name == request.verb)
        return _one(verb, allowed=may(verb, desk))
    mine = [verb for verb in desk.verbs if may(verb, desk)]
    rows = tuple((_brief(verb), verb.summary) for verb in mine)
    others = len(desk.verbs) - len(mine)
    parts = (
        Text(
            "Type `/hacluster` and one of these, or mention me with it; `help VERB` tells more. In a channel with a default cluster its name can be left out."
        ),
        Table(("type", "to"), rows),
        *((Text(f"{others} more verbs need another role; `/hacluster whoami` shows yours."),) if others else ()),
    )
    return Report("What you can ask of me", Level.INFO, parts, private=True)


def _brief(verb: Verb) -> str:
    """Return a verb's usage without its options. In full, the longest pushes what the verbs do out of sight."""
    words = re.split(r" \[?--", verb.usage, maxsplit=1)[0]
    shown = words if len(words) <= _BROAD else verb.name
    return shown if shown == verb.usage else f"{shown} …"


def _one(verb: Verb, *, allowed: bool) -> Report:
    options = tuple((f"--{o.name}{f' {o.value}' if o.value else ''}", o.help) for o in verb.accepts)
    parts = (
        Text(f"`/hacluster {verb.usage}`"),
        *((Table(("option", "meaning"), options),) if options else ()),
        *((Text(f"For example: `/hacluster {verb.example}`"),) if verb.example else ()),
        Text(f"It takes the role {verb.role.word}" + ("." if allowed else ", which you do not have.")),
    )
    return Report(f"`{verb.name}`: {verb.summary}", Level.INFO, parts, private=True)


VERB = Verb(
    name="help",
    summary="Say what can be asked, or tell about one verb",
    usage="help [VERB]",
    role=Role.VIEWER,
    example="help setup",
    parse=parse,
    answer=answer,
)
