"""The five fields of cron in a time zone: when something is due next. Pure.

Our own and not APScheduler's, for two things of its 3.11: its `CronTrigger` numbers the days of the week from Monday
where cron numbers them from Sunday, and in the hour that an autumn night has twice it goes to and fro between both
instead of on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from commands.errors import UsageError

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FAR = 8 * 366 + 1
"""Days to look ahead or back: between two 29ths of February are eight years at most."""
_PART = re.compile(r"(?P<from>\*|\w+)(?:-(?P<to>\w+))?(?:/(?P<step>\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: Mapping[str, int]


_MINUTE = _Field("minute", 0, 59, {})
_HOUR = _Field("hour", 0, 23, {})
_DAY = _Field("day of the month", 1, 31, {})
_MONTH = _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)})
_WEEKDAY = _Field("day of the week", 0, 7, {name: number for number, name in enumerate(DAYS)})


@dataclass(frozen=True, slots=True)
class Cron:
    """When something is due. Days of the week are cron's: 0 is Sunday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    """Of the month; None for any."""
    months: frozenset[int]
    weekdays: frozenset[int] | None
    """None for any. Where both kinds of day are given, one of them is enough: that is cron's rule."""

    def due_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first due moment after the given one, in UTC; None if there is none, as on 31 February.

        A time that a spring night leaves out is due as much later as the clock was put forward, one that an autumn
        night has twice is due the first time only.
        """
        today = moment.astimezone(zone).date()
        for ahead in range(-1, _FAR):
            day = today + timedelta(days=ahead)
            due = min((at for at in self._on(day, zone) if at > moment), default=None)
            if due is not None:
                return due
        return None

    def last_due(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last due moment that is not after the given one, in UTC; None if there never was one."""
        today = moment.astimezone(zone).date()
        for back in range(-1, _FAR):
            day = today - timedelta(days=back)
            due = max((at for at in self._on(day, zone) if at <= moment), default=None)
            if due is not None:
                return due
        return None

    def _on(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        if not self._includes(day):
            return
        for hour in self.hours:
            for minute in self.minutes:
                yield datetime.combine(day, time(hour, minute), zone).astimezone(UTC)

    def _includes(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        kinds = [
            number in wanted
            for number, wanted in ((day.day, self.days), (day.isoweekday() % 7, self.weekdays))
            if wanted is not None
        ]
        return not kinds or any(kinds)


def parse(text: str) -> Cron:
    """Read five fields. Raises `UsageError` naming the one that is wrong."""
    fields = text.lower().split()
    if len(fields) != 5:  # noqa: PLR2004 - minute, hour, day of the month, month, day of the week
        raise UsageError(f"{text[:60]!r} has {len(fields)} fields, and cron's has five: minute hour day month weekday")
    minute, hour, day, month, weekday = fields
    weekdays = _any_or(weekday, _WEEKDAY)
    return Cron(
        minutes=_numbers(minute, _MINUTE),
        hours=_numbers(hour, _HOUR),
        days=_any_or(day, _DAY),
        months=_numbers(month, _MONTH),
        weekdays=frozenset(number % 7 for number in weekdays) if weekdays is not None else None,
    )


def _any_or(text: str, field: _Field) -> frozenset[int] | None:
    return None if text == "*" else _numbers(text, field)


def _numbers(text: str, field: _Field) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _part(part, field))


def _part(text: str, field: _Field) -> range:
    match = _PART.fullmatch(text)
    if match is None:
        raise _wrong(text, field)
    step = int(match["step"] or 1)
    if match["from"] == "*":
        first, last = field.least, field.most
        whole = match["to"] is None
    else:
        first = _number(match["from"], field)
        last = _number(match["to"], field) if match["to"] else field.most if match["step"] else first
        whole = first <= last
    if step < 1 or not whole:
        raise _wrong(text, field)
    return range(first, last + 1, step)


def _number(text: str, field: _Field) -> int:
    number = field.names.get(text, int(text) if text.isdecimal() else -1)
    if not field.least <= number <= field.most:
        raise _wrong(text, field)
    return number


def _wrong(text: str, field: _Field) -> UsageError:
    return UsageError(f"{text[:40]!r} is no {field.name} of cron ({field.least} to {field.most})")
