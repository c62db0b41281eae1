"""A health report, out of what is known: a line for each cluster, and details where something is wrong or changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.audit import masked
from bot.incidents import Incident
from bot.incidents.people import name_of
from bot.incidents.phrases import span
from bot.markup import linked
from bot.reports.account import Account
from bot.reports.availability import Availability, lasting, percent
from bot.reports.layout import Course, in_words
from bot.reports.past import Period
from bot.store.rows import EventRow, PlanRow
from commands.checks.phrases import counted
from commands.report import Finding, Level, Part, Picture, Report, Table, Text
from commands.troubles import Severity

LATE = timedelta(minutes=5)
"""How long after it was due a report says that it is late."""
_MOST = 6
"""Lines of one kind; the rest is in the history."""
_FINDINGS = 4
_TYPED = 100
"""Characters of a request."""
_COSTS = {Severity.SERVICE: "service lost", Severity.REDUNDANCY: "redundancy lost", Severity.WARNING: "warning"}
_WORDS = {
    "stopped": "stopped by somebody",
    "standby": "in standby",
    "maintenance": "in maintenance",
    "disputed": "disputed by its peers",
    "waiting": "waiting at its gate",
    "nowhere": "on no node",
    "doubled": "on two nodes",
    "off": "switched off",
    "left": "lost",
}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Say when, by the clock of a zone: `Sat 21 Nov 03:12`."""
    return f"{at.astimezone(zone):%a %d %b %H:%M}"


def health(
    accounts: Iterable[Account],
    period: Period,
    zone: ZoneInfo,
    *,
    due: datetime | None = None,
    pictures: Mapping[str, bytes] | None = None,
) -> Report:
    """Tell how clusters are and were. `due` is when the report should have been there, `pictures` are PNGs by cluster."""
    told = sorted(accounts, key=lambda account: (-account.standing.level.rank, account.quiet, account.cluster.name))
    if not told:
        return Report("Health: there is no cluster to report on", Level.INFO)
    drawn = pictures or {}
    several = len(told) > 1
    details = (part for account in told if not account.quiet for part in _details(account, zone, several=several))
    return Report(
        _headline(told),
        told[0].standing.level,
        (
            Text(_when(period, zone, due)),
            *(_line(account) for account in told),
            *details,
            *(
                _picture(account, drawn[account.cluster.name], zone)
                for account in told
                if account.cluster.name in drawn
            ),
        ),
        next_step=f"status {told[0].cluster.name}" if told[0].standing.level is not Level.OK else "",
    )


def _headline(told: Sequence[Account]) -> str:
    if len(told) == 1:
        return f"Health of `{told[0].cluster.name}`: {told[0].standing.word}"
    words = [account.standing.word for account in told]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return f"Health of {counted(len(told), 'cluster')}: {counts}"


def _when(period: Period, zone: ZoneInfo, due: datetime | None) -> str:
    said = f"{moment(period.since, zone)} to {moment(period.until, zone)} ({zone.key})."
    if due is not None and period.until - due > LATE:
        said += f" This report was due {moment(due, zone)}: I was away then."
    return said


def _line(account: Account) -> Finding:
    """Say it all in one line, or at least how it stands."""
    stands = account.standing
    said = [f"`{account.cluster.name}`: {stands.word} — {stands.counts}"]
    if account.quiet:
        said.append(_unbroken(account))
    else:
        said.append(_counts(account))
    unseen = account.unseen
    level = Level.UNKNOWN if stands.level is Level.OK and 2 * unseen > account.period.length else stands.level
    return Finding(level, "; ".join(filter(None, said)))


def _unbroken(account: Account) -> str:
    if not account.unseen:
        return "up all the time"
    if account.unseen >= account.period.length:
        return "nobody watched it in this time"
    return f"up whenever it was seen, not seen {_share(account.unseen, account.period)}"


def _counts(account: Account) -> str:
    """Count what happened."""
    over = len(account.real) - len(account.open)
    changes = len(account.ran) + len(account.changed_by_others)
    counts = (
        (len(account.open), f"{counted(len(account.open), 'incident')} open"),
        (over, f"{counted(over, 'incident')} over"),
        (len(account.failovers), counted(len(account.failovers), "failover")),
        (changes, counted(changes, "change")),
        (account.unseen, f"not seen {_share(account.unseen, account.period)}"),
    )
    return ", ".join(words for number, words in counts if number)


def _share(length: timedelta, period: Period) -> str:
    return f"{percent(length, period.length, least=True)} of it ({span(length)})"


def _details(account: Account, zone: ZoneInfo, *, several: bool) -> Iterator[Part]:
    if several and (account.wrong or account.pending):
        yield Text(f"`{account.cluster.name}` now:")
    yield from account.wrong[:_FINDINGS]
    if len(account.wrong) > _FINDINGS:
        rest = counted(len(account.wrong) - _FINDINGS, "more finding")
        yield Text(f"{rest}: `/hacluster status {account.cluster.name}`")
    yield from account.pending
    if any(share.down or share.unknown for _, share in account.shares):
        rows = tuple(_row(course, share, account.period) for course, share in account.shares)
        yield Table(
            ("what", "up", "down", "not seen", "because"), rows, f"`{account.cluster.name}`: how much of the time"
        )
    lines = [
        *_most((_incident(account, one, zone) for one in reversed(account.real)), "incident", account),
        *_most((_failover(one, zone) for one in reversed(account.failovers)), "failover", account),
        *_most(_changes(account, zone), "change", account),
    ]
    if lines:
        yield Text("\n".join((f"What happened in `{account.cluster.name}`:", *lines)))


def _row(course: Course, share: Availability, period: Period) -> tuple[str, ...]:
    told = (f"{words} {span(length)}" for word, words in _WORDS.items() if (length := lasting(course.stretches, word)))
    return (
        course.name,
        percent(share.up, period.length),
        percent(share.down, period.length, least=True),
        percent(share.unknown, period.length, least=True),
        ", ".join(told),
    )


def _most(lines: Iterable[str], what: str, account: Account) -> list[str]:
    """Keep the newest; the history has all."""
    found = list(lines)
    rest = len(found) - _MOST
    kept = [f"• {line}" for line in found[:_MOST]]
    return (
        [*kept, f"• {counted(rest, f'more {what}')}: `/hacluster history {account.cluster.name}`"] if rest > 0 else kept
    )


def _incident(account: Account, incident: Incident, zone: ZoneInfo) -> str:
    title = linked(incident.title, account.cards.get(incident.id))
    when = moment(incident.opened, zone)
    by = f", {incident.own}" if incident.own else ""
    if incident.open:
        attended = f"acknowledged by {name_of(incident.acknowledged)}" if incident.acknowledged else "not acknowledged"
        lasts = span(account.period.until - incident.opened)
        return f"{when}, open for {lasts}: {title} ({_COSTS[incident.severity]}), {attended}{by}"
    return f"{when}, {span(incident.turned - incident.opened)}: {title} ({_COSTS[incident.severity]}){by}"


def _failover(event: EventRow, zone: ZoneInfo) -> str:
    return f"{moment(event.at, zone)}: {event.text}" + (f" (`{event.own}`)" if event.own else "")


def _changes(account: Account, zone: ZoneInfo) -> list[str]:
    """Say who changed what, the newest first: through the bot, or by other hands."""
    told = [
        (row.started or row.created, f"`{_typed(row.text)}` by {_who(row)}: {_outcome(row)}") for row in account.ran
    ]
    told += [(event.at, event.text) for event in account.changed_by_others]
    return [f"{moment(at, zone)}: {words}" for at, words in sorted(told, reverse=True)]


def _typed(text: str) -> str:
    """Return a request as it may be told: short, without what looks like a secret."""
    told = masked(text)
    return told if len(told) <= _TYPED else f"{told[: _TYPED - 1]}…"


def _who(row: PlanRow) -> str:
    return name_of(f"{row.team}:{row.user}")


def _outcome(row: PlanRow) -> str:
    return "under way" if row.state == "running" else row.state


def _picture(account: Account, png: bytes, zone: ZoneInfo) -> Picture:
    name = account.cluster.name
    return Picture(
        png,
        f"{name}-{account.period.until.astimezone(zone):%Y-%m-%d}.png",
        in_words(name, account.courses, account.period),
        f"`{name}`: its nodes and floating IPs over this time",
    )
