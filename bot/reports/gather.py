"""Reads what a health report is made of, has its pictures drawn, and makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.incident_cards import card_name
from bot.incidents import Incident, of_row
from bot.reports.account import Account, courses
from bot.reports.compose import health
from bot.reports.drawing import NotDrawn, draw_aside
from bot.reports.layout import Course, timeline
from bot.reports.past import Period
from bot.reports.timeline import Timeline
from bot.store import ConditionRow, Lookout, Store
from commands.command import Runner
from commands.condition import Condition, from_json
from commands.report import Report
from commands.snapshot import gather
from commands.verbs.patience import Impatient
from commands.verbs.status.verb import READS
from config.inventory import ClusterSpec

PICTURES = 8
"""Pictures of one report at most: of the clusters with something to tell, and of all where they are few."""
ALL_DRAWN = 3
"""So many clusters are few."""
AT_ONCE = 16
"""Clusters that are read at the same time."""
LINKS = 12
"""Cards that a report links to, the newest."""

_log = structlog.get_logger(__name__)

Draw = Callable[[Sequence[Timeline]], Awaitable[tuple[bytes, ...]]]
Link = Callable[[str], Awaitable[str | None]]
"""Gives the address of a card; None or "" where there is none to be had."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where reports come from. `gap` is how far two looks may be apart."""

    store: Store
    runner: Runner
    link: Link
    gap: timedelta = timedelta(minutes=5)
    draw: Draw = draw_aside


async def report(
    sources: Sources,
    clusters: Iterable[ClusterSpec],
    period: Period,
    zone: ZoneInfo,
    *,
    due: datetime | None = None,
) -> Report:
    """Make the health report of some clusters over a period that ends now. Without pictures where none can be drawn."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(cluster: ClusterSpec) -> Account:
        async with turn:
            return await _account(sources, cluster, period)

    accounts = await asyncio.gather(*(in_turn(cluster) for cluster in clusters))
    pictures = await _pictures(sources, accounts, zone)
    return await asyncio.to_thread(health, accounts, period, zone, due=due, pictures=pictures)


async def _account(sources: Sources, cluster: ClusterSpec, period: Period) -> Account:
    store, name = sources.store, cluster.name
    conditions = await store.conditions(name, period.since, period.until)
    looking = await store.lookouts(name, period.since, period.until)
    seen = Period(period.since, _seen_until(looking, period, sources.gap))
    incidents = tuple(
        one for one in map(of_row, await store.incidents(name, period.since)) if one.opened <= period.until
    )
    return Account(
        cluster=cluster,
        period=seen,
        # aside: the conditions of a month are a second's work
        courses=await asyncio.to_thread(_courses, cluster, conditions, looking, seen),
        now=await gather(cluster, Impatient(sources.runner), READS),
        events=await store.events(name, period.since, period.until),
        incidents=incidents,
        cards=await links(sources.link, incidents),
        ran=await store.plans_between(name, period.since, period.until),
        waiting=tuple(row for row in await store.waiting() if row.cluster == name and row.expires > period.until),
    )


def _courses(
    cluster: ClusterSpec, conditions: Iterable[ConditionRow], looking: Iterable[Lookout], period: Period
) -> tuple[Course, ...]:
    recorded = [(row.at, _condition(row)) for row in conditions]
    return courses(cluster, recorded, (Period(one.begun, one.until) for one in looking), period)


def _condition(row: ConditionRow) -> Condition:
    """Read what was known. What this version cannot read is nothing known, and hides what was known before it."""
    try:
        return from_json(row.json)
    except (ValueError, KeyError, TypeError):
        _log.warning("a stored condition cannot be read", cluster=row.cluster, at=row.at.isoformat())
        return Condition(row.cluster)


def _seen_until(looking: Sequence[Lookout], period: Period, gap: timedelta) -> datetime:
    """Return when a cluster's period ends: with the last look, if the next one is not overdue yet."""
    last = max((one.until for one in looking), default=period.since)
    return last if period.since < last <= period.until <= last + gap else period.until


async def links(link: Link, incidents: Iterable[Incident]) -> Mapping[str, str]:
    """Return the addresses of the newest incidents' cards, by the incidents' ids."""
    newest = sorted(incidents, key=lambda one: one.opened)[-LINKS:]
    addresses = await asyncio.gather(*(link(card_name(one.id)) for one in newest))
    return {one.id: address for one, address in zip(newest, addresses, strict=True) if address}


async def _pictures(sources: Sources, accounts: Sequence[Account], zone: ZoneInfo) -> Mapping[str, bytes]:
    drawn = [account for account in accounts if len(accounts) <= ALL_DRAWN or not account.quiet][:PICTURES]
    timelines = [
        timeline(
            account.cluster.name,
            [node.name for node in account.cluster.nodes],
            account.courses,
            account.period,
            zone.key,
        )
        for account in drawn
    ]
    try:
        pictures = await sources.draw(timelines)
    except NotDrawn as error:
        _log.warning("report without pictures", why=str(error))
        return {}
    return {account.cluster.name: picture for account, picture in zip(drawn, pictures, strict=True)}
