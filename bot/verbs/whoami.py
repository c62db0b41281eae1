"""`whoami`: the asker's immutable id, as the policy wants it, and their role on each cluster."""

from __future__ import annotations

from dataclasses import dataclass

from commands.report import Level, Report, Table, Text
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.policy import Role


@dataclass(frozen=True, slots=True)
class WhoamiRequest:
    """A request about the asker."""

    cluster: None = None


def parse(_: Words, __: Desk) -> WhoamiRequest:
    """Take whatever follows: there is nothing to get wrong."""
    return WhoamiRequest()


async def answer(_: WhoamiRequest, desk: Desk) -> Report:
    """Tell the asker who they are to the bot."""
    rows = tuple((name, _word(desk.role(name))) for name in desk.visible)
    parts = (
        Text(f"Your id is `{desk.who}`: that is what a grant in the policy names."),
        Text(f"On clusters to come, and on what concerns no single one: {_word(desk.role(None))}."),
        *((Table(("cluster", "your role"), rows),) if rows else ()),
    )
    return Report("Who you are to me", Level.INFO, parts, private=True)


def _word(role: Role | None) -> str:
    return role.word if role else "none"


VERB = Verb(
    name="whoami",
    summary="Show your id and your roles",
    usage="whoami",
    role=Role.VIEWER,
    example="whoami",
    parse=parse,
    answer=answer,
)
