"""Whom somebody means: a mention, which arrives as an id that nobody can forge, or an id typed."""

from __future__ import annotations

import re

from commands.errors import UsageError

_PERSON = re.compile(r"<@(?P<mention>[UW][A-Z0-9]{2,})(\|[^>]*)?>|(?P<id>[\w.:-]{1,128})", re.ASCII)


def parse_person(text: str | None) -> str:
    """Return the id, with its team where that was typed too; empty where nobody is meant. Raises `UsageError`."""
    if text is None:
        return ""
    found = _PERSON.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{text[:40]!r} names nobody", remedy="Mention them, or write their id: `whoami` tells one's own."
        )
    return found["mention"] or found["id"]
