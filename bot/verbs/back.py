"""How far back somebody wants to look: `90m`, `12h`, `2d`, `1w`."""

from __future__ import annotations

import re
from datetime import timedelta

from commands.errors import UsageError

LONGEST = timedelta(days=3650)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_TIME = re.compile(r"(\d{1,5}) *(m|h|d|w)", re.ASCII | re.IGNORECASE)


def parse_back(text: str | None, usual: timedelta, longest: timedelta = LONGEST) -> timedelta:
    """Read how far back; the usual where nothing is said. Raises `UsageError`."""
    if text is None:
        return usual
    found = _TIME.fullmatch(text.strip())
    length = int(found[1]) * _UNITS[found[2].lower()] if found else timedelta()
    if not timedelta() < length <= longest:
        raise UsageError(
            f"{text[:40]!r} is no time to look back",
            remedy=f"Write 90m, 12h, 2d or 1w; {longest.days}d at most.",
        )
    return length
