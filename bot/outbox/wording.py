"""What is said about a message that did not go out as it should: late, perhaps twice, or with others in one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.outbox.form import from_json
from bot.store import OutgoingRow
from commands.report import Listing, Report

LATE = timedelta(seconds=60)
"""How old a message may be when it is sent without a word on that."""
_DIGEST = "meanwhile.txt"
_HOURS = timedelta(hours=2)
_DAYS = timedelta(days=2)


def as_sent(row: OutgoingRow, now: datetime) -> Report:
    """Return the report of a message with what is to be said about its way."""
    report = from_json(row.report)
    marks = []
    if row.maybe_repeat:
        marks.append("may be a repeat")
    if now - row.since > LATE:
        marks.append(f"sent {_length(now - row.since)} late")
    return replace(report, headline=f"{report.headline} ({', '.join(marks)})") if marks else report


def thread_digest(rows: Sequence[OutgoingRow]) -> Report:
    """Tell in one message of a card's thread what several late ones would have told."""
    reports = [from_json(row.report) for row in rows]
    return Report("What happened meanwhile", parts=(_lines(rows, reports),), mentions=_mentioned(reports))


def channel_digest(rows: Sequence[OutgoingRow], away: str) -> Report:
    """Tell in one message what a channel missed. `away` says why it did: `Slack was away`."""
    reports = [from_json(row.report) for row in rows]
    lines = _lines(rows, reports)
    count = len(lines.text.splitlines())
    first, last = min(row.since for row in rows), max(row.since for row in rows)
    period = f"{first:%H:%M}" if last - first < LATE else f"{first:%H:%M} to {last:%H:%M}"
    return Report(
        f"While {away}: {count} messages of {period} UTC",
        level=max((report.level for report in reports), key=lambda level: level.rank),
        parts=(lines,),
        next_step="history",
        mentions=_mentioned(reports),
    )


def _lines(rows: Sequence[OutgoingRow], reports: Sequence[Report]) -> Listing:
    """Give a line per message. One that is such a digest itself gives its own lines."""
    told: list[str] = []
    for row, report in zip(rows, reports, strict=True):
        own = [part.text for part in report.parts if isinstance(part, Listing) and part.name == _DIGEST]
        told += own or [f"{row.since:%H:%M:%S}  {' '.join(report.headline.split())}"]
    return Listing("In their order, UTC", "\n".join(told), _DIGEST)


def _mentioned(reports: Sequence[Report]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mention for report in reports for mention in report.mentions))


def _length(time: timedelta) -> str:
    if time >= _DAYS:
        return f"{time.days} d"
    if time >= _HOURS:
        return f"{time // timedelta(hours=1)} h"
    return f"{time // timedelta(minutes=1)} min"
