"""The `report` verb: makes one at once, and keeps, lists and ends the schedules made from chat."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from bot.incidents.people import name_of
from bot.memory import Memory, memory_of
from bot.reports.compose import moment
from bot.reports.gather import Sources, report
from bot.reports.past import Period
from bot.reports.rounds import same_schedule
from bot.reports.schedule import parse_when, zone
from bot.store import ScheduleRow
from bot.verbs.report.request import Every, List, Now, ReportRequest, Stop, need, parse
from commands.checks.phrases import counted, listed
from commands.errors import UsageError
from commands.report import Level, Report, Text
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Option
from config.policy import Role

_SOURCES = {"file": "from the configuration file", "slack": "made from chat"}


async def answer(request: ReportRequest, desk: Desk) -> Report:
    """Do what is asked."""
    memory = memory_of(desk)
    match request:
        case Now():
            return await _now(request, desk, memory)
        case Every():
            return await _every(request, desk, memory)
        case List():
            return await _list(desk, memory)
        case Stop():
            return await _stop(request, desk, memory)


async def _now(request: Now, desk: Desk, memory: Memory) -> Report:
    now = memory.now()
    name = request.timezone or await _zone_here(desk, memory)
    period = Period(now - request.back, now)
    return await report(Sources(memory.store, desk.runner, memory.link), request.clusters, period, zone(name))


async def _zone_here(desk: Desk, memory: Memory) -> str:
    """Return the zone in which this channel gets its reports; UTC where it gets none."""
    rows = await memory.store.schedules() if desk.channel else ()
    return next((row.timezone for row in rows if row.channel == desk.channel), "UTC")


async def _every(request: Every, desk: Desk, memory: Memory) -> Report:
    now = memory.now()
    made = ScheduleRow(
        id=secrets.token_hex(3),
        channel=request.channel,
        cron=request.when.text,
        timezone=request.timezone,
        clusters=request.clusters,
        by=desk.who,
        created=now,
    )
    already = next((row for row in await memory.store.schedules() if same_schedule(row, made)), None)
    if already is not None:
        return Report(
            f"That report comes already: `{already.id}`", Level.INFO, (Text(_line(already, desk, now)),), private=True
        )
    await memory.store.add_schedule(made)
    return Report(
        f"A health report will come, as `{made.id}`",
        Level.OK,
        (
            Text(_line(made, desk, now)),
            Text("I must be in that channel: invite me if I am not. `--timezone` sets its clock."),
        ),
        next_step=f"report stop {made.id}",
    )


async def _list(desk: Desk, memory: Memory) -> Report:
    now = memory.now()
    rows = [row for row in await memory.store.schedules() if _mine(row, desk)]
    if not rows:
        return Report("No report comes by itself", Level.INFO, next_step="report every weekday 09:00")
    text = "\n".join(f"• `{row.id}`: {_line(row, desk, now)}" for row in rows)
    headline = "1 report comes by itself" if len(rows) == 1 else f"{len(rows)} reports come by themselves"
    return Report(headline, Level.INFO, (Text(text),))


async def _stop(request: Stop, desk: Desk, memory: Memory) -> Report:
    row = next((row for row in await memory.store.schedules() if row.id == request.id and _mine(row, desk)), None)
    if row is None:
        raise UsageError(f"there is no report `{request.id[:40]}`", remedy="`/hacluster report list` shows their ids.")
    need(Role.OPERATOR, row.clusters, desk, "to stop this report")
    if row.source == "file":
        raise UsageError(
            f"`{row.id}` is from the configuration file", remedy="Take it out of `reports` there, and start me anew."
        )
    await memory.store.remove_schedule(row.id)
    return Report(f"Report `{row.id}` stopped", Level.OK, (Text(_said(row, desk)),))


def _mine(row: ScheduleRow, desk: Desk) -> bool:
    """Whether the asker may know of it: they may look at one of its clusters."""
    return bool(set(row.clusters or desk.clusters).intersection(desk.visible)) or desk.role(None) is not None


def _said(row: ScheduleRow, desk: Desk) -> str:
    """Say when it comes, where, and on what. Of clusters that are not the asker's not even the name is told."""
    return f"{row.cron} ({row.timezone}) in <#{row.channel}>, on {_clusters(row.clusters, desk)}"


def _clusters(names: Sequence[str], desk: Desk) -> str:
    if not names:
        return "all clusters"
    shown = [f"`{name}`" for name in names if name in desk.visible]
    hidden = len(names) - len(shown)
    return listed([*shown, *([counted(hidden, "more cluster")] if hidden else [])])


def _line(row: ScheduleRow, desk: Desk, now: datetime) -> str:
    where = zone(row.timezone)
    due = parse_when(row.cron).due_after(now, where)
    coming = f"; next {moment(due, where)}" if due else ""
    by = f" by {name_of(row.by)}" if row.source == "slack" else ""
    return f"{_said(row, desk)}{coming}; {_SOURCES[row.source]}{by}"


VERB = Verb(
    name="report",
    summary="A health report with a picture, at once or again and again in a channel",
    usage="report [now [CLUSTER…]|every DAYS HH:MM [in CHANNEL] [CLUSTER…]|list|stop ID] [--since TIME] [--timezone ZONE]",
    role=Role.VIEWER,
    options=(
        Option("since", "how far back `report now` tells: 12h, 2d, 1w; a day if left out", "TIME"),
        Option("timezone", "whose clock the times are by, as Europe/Berlin; UTC if left out", "ZONE"),
        Option("cluster", "what to report on; all if left out", "CLUSTER", repeats=True),
    ),
    example="report now --since 2d",
    parse=parse,
    answer=answer,
)
