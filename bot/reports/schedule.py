"""When a report is due, as people write it: `every weekday 09:00`, or the five fields of cron. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.reports import cron
from bot.reports.cron import DAYS, Cron
from commands.errors import UsageError

EXAMPLES = (
    "Write `every weekday 09:00`, `every monday 08:30`, `every day 07:00` or the five fields of cron, `0 9 * * 1-5`."
)
_GROUPS = {"day": "*", "weekday": "1-5", "weekend": "0,6"}
_NAMES = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_EVERY = re.compile(r"every\s+(?P<days>[a-z, ]+?)\s+(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class When:
    """When something is due. `text` is how a person reads it, and reads back as the same."""

    text: str
    cron: Cron

    def due_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first due moment after the given one, in UTC."""
        return self.cron.due_after(moment, zone)

    def last_due(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last due moment that is not after the given one, in UTC."""
        return self.cron.last_due(moment, zone)


def parse_when(text: str) -> When:
    """Read when something is due. Raises `UsageError` that shows how it is written."""
    folded = " ".join(text.lower().split())
    try:
        return _every(folded) if folded.startswith("every") else When(folded, _sometimes(folded))
    except UsageError as error:
        raise UsageError(str(error), remedy=EXAMPLES) from None


def _every(text: str) -> When:
    match = _EVERY.fullmatch(text)
    if match is None:
        raise UsageError(f"{text[:60]!r} says no time")
    days = _days(match["days"])
    hour, minute = int(match["hour"]), int(match["minute"])
    fields = ",".join(_GROUPS.get(day, day[:3]) for day in days)
    return When(f"every {', '.join(days)} {hour:02}:{minute:02}", cron.parse(f"{minute} {hour} * * {fields}"))


def zone(name: str) -> ZoneInfo:
    """Return a time zone by name. Raises `UsageError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"{name[:40]!r} is not a time zone", remedy="Name it as in `Europe/Berlin`, or `UTC`."
        ) from None


def _sometimes(text: str) -> Cron:
    found = cron.parse(text)
    if found.days is not None and found.weekdays is None and not _comes(found):
        raise UsageError(f"{text!r} never comes")
    return found


def _comes(found: Cron) -> bool:
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    return any(day <= longest.get(month, 31) for day in found.days or () for month in found.months)


def _days(text: str) -> tuple[str, ...]:
    words = [word for word in re.split(r"[,\s]+", text) if word not in {"", "and"}]
    return tuple(dict.fromkeys(_day(word) for word in words))


def _day(word: str) -> str:
    if word in _GROUPS:
        return word
    for name, short in zip(_NAMES, DAYS, strict=True):
        if word in {name, f"{name}s", short}:
            return name
    raise UsageError(f"{word[:40]!r} is no day")
