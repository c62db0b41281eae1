"""Posts the reports that are due, and makes up for those that were missed.

Nothing is kept in memory: a schedule's row says what it was last due at. So a report that fell into the bot's absence is
found at the first round after it, and made up for once; of several missed ones the last, over all the time since the
one that was posted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.outbox import Outbox
from bot.reports.gather import Sources, report
from bot.reports.past import Period
from bot.reports.schedule import When, parse_when, zone
from bot.store import ScheduleRow, Store
from config.inventory import ClusterSpec
from config.watch_sections import ReportSchedule

LONGEST = timedelta(days=31)
"""What a report tells of at most: after a long absence the rest is in the history."""
BY_FILE = "configuration file"

_log = structlog.get_logger(__name__)

Clusters = Callable[[], Awaitable[Iterable[ClusterSpec]]]


async def adopt(store: Store, declared: Iterable[ReportSchedule], now: datetime) -> None:
    """Bring the store's schedules in line with the configuration file, which wins over the same one made from chat.

    Raises `UsageError` for a schedule whose time cannot be read.
    """
    rows = {row.id: row for row in (_row(schedule, now) for schedule in declared)}
    for known in await store.schedules():
        same = any(same_schedule(known, row) for row in rows.values())
        if known.id not in rows and (known.source == "file" or same):
            await store.remove_schedule(known.id)
    for row in rows.values():
        await store.add_schedule(row)


def _row(schedule: ReportSchedule, now: datetime) -> ScheduleRow:
    when = parse_when(schedule.at)
    told = json.dumps([schedule.channel, when.text, schedule.timezone, sorted(schedule.clusters)])
    return ScheduleRow(
        id=f"file-{hashlib.sha256(told.encode()).hexdigest()[:8]}",
        channel=schedule.channel,
        cron=when.text,
        timezone=schedule.timezone,
        clusters=schedule.clusters,
        by=BY_FILE,
        created=now,
        source="file",
    )


def same_schedule(one: ScheduleRow, other: ScheduleRow) -> bool:
    """Return whether two schedules would post the same."""
    return (one.channel, one.cron, one.timezone, set(one.clusters)) == (
        other.channel,
        other.cron,
        other.timezone,
        set(other.clusters),
    )


class Rounds:
    """Looks for reports that are due, each time it is told to."""

    def __init__(self, sources: Sources, outbox: Outbox, clusters: Clusters, now: Callable[[], datetime]) -> None:
        self._sources = sources
        self._outbox = outbox
        self._clusters = clusters
        self._now = now

    async def go(self) -> None:
        """Post what is due. One report that fails does not hold up the others, and is tried again the next time."""
        for row in await self._sources.store.schedules():
            try:
                await self._post(row)
            except Exception:  # noqa: BLE001 - whatever it is, the others are due too
                _log.exception("report not made", schedule=row.id, channel=row.channel)

    async def _post(self, row: ScheduleRow) -> None:
        now, when, where = self._now(), parse_when(row.cron), zone(row.timezone)
        due = when.last_due(now, where)
        if due is None or due <= (row.last_due or row.created):
            return
        clusters = {spec.name: spec for spec in await self._clusters()}
        wanted = [clusters[name] for name in row.clusters or sorted(clusters) if name in clusters]
        period = Period(_since(row, when, due, now, where), now)
        made = await report(self._sources, wanted, period, where, due=due)
        # said before it is claimed: a bot that dies in between says it again, and the outbox drops what it has said
        await self._outbox.say(row.channel, made, key=f"report:{row.id}:{due.isoformat()}")
        await self._sources.store.claim_due(row.id, due)


def _since(row: ScheduleRow, when: When, due: datetime, now: datetime, where: ZoneInfo) -> datetime:
    """Return from when on a report tells: from the last one, or for the first from when one would have been due."""
    last = row.last_due or when.last_due(due - timedelta(seconds=1), where) or now - LONGEST
    return max(last, now - LONGEST)
