"""What a plan looks like that waits for other people, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot import cards
from bot.conversation import TERMINAL
from bot.incident_cards import clock
from bot.incidents.people import name_of
from bot.store.rows import PlanRow, PlanState, VoteRow
from commands.checks.phrases import counted, listed
from commands.plan import Plan
from commands.report import Choice, Level, Part, Report, Text
from commands.verbs.verb import REASON
from commands.verbs.words import folded, tokens
from config.policy import LOCAL

APPROVE, DENY, RESUME, ABANDON, REVIEWED = (
    "plan-approve",
    "plan-deny",
    "plan-resume",
    "plan-abandon",
    "plan-reviewed",
)
ACTIONS = frozenset({APPROVE, DENY, RESUME, ABANDON, REVIEWED})
"""What the buttons of such cards ask for. The value is the plan's id."""
_SAID: dict[PlanState, str] = {
    "waiting": "waits",
    "running": "is under way",
    "done": "was done and verified",
    "failed": "stopped at a step that failed",
    "cancelled": "was taken back; nothing was run",
    "denied": "was denied; nothing was run",
    "withdrawn": "is needed no longer; nothing was run",
    "expired": "was not answered in time; nothing was run",
    "interrupted": "was interrupted",
    "stale": "was void: the cluster was no longer what had been shown; nothing was run",
}
_GOOD: frozenset[PlanState] = frozenset({"done", "denied", "withdrawn", "cancelled", "running", "waiting"})


@dataclass(frozen=True, slots=True)
class Count:
    """The approvals that a plan has, how many it takes, and whose do not count now: `team:user`."""

    votes: tuple[VoteRow, ...]
    needed: int
    lapsed: frozenset[str] = frozenset()
    caveat: str = ""
    """What could not be looked up of people's rights: those that do not count may do so at the next click."""

    @property
    def counting(self) -> tuple[VoteRow, ...]:
        """Those that count."""
        return tuple(vote for vote in self.votes if vote.by not in self.lapsed)

    @property
    def given(self) -> int:
        """How many count."""
        return len(self.counting)

    @property
    def missing(self) -> int:
        """How many it takes still."""
        return max(0, self.needed - self.given)


def request(
    plan: Plan,
    row: PlanRow,
    count: Count,
    *,
    changed: Iterable[str] = (),
    more: tuple[Part, ...] = (),
) -> Report:
    """Ask other people for a plan: who wants it and why, what it would do, what speaks against it, how many it takes."""
    shown = cards.proposal(plan, row.id, changed=changed, more=more)
    first, *_ = shown.choices
    sure = "This cannot be undone. Have you read what it would do?" if row.risk == "dangerous" else ""
    return replace(
        shown,
        headline=f"{shown.headline.removesuffix(' Do it?')} {_waits(count)}",
        parts=(Text(_standing(row, count)), *shown.parts),
        choices=(Choice("Approve", APPROVE, row.id, first.style, sure), Choice("Deny", DENY, row.id)),
        more=(Choice("Copy commands", cards.COMMANDS, row.id), Choice("Take the request back", cards.CANCEL, row.id)),
        next_step=f"approve {row.id}",
    )


def name_of_asker(row: PlanRow) -> str:
    """Return who asked, to show."""
    return f"{name_of(f'{row.team}:{row.user}')}{_in(TERMINAL) if row.team == LOCAL else ''}"


def _in(place: str) -> str:
    """Say where somebody typed their word, if not right at the card."""
    return {"": "", TERMINAL: " (in a terminal)"}.get(place, f" (typed in <#{place}>)")


def _voters(votes: Iterable[VoteRow]) -> str:
    return listed(
        [f"{name_of(vote.by)}{_in(vote.place)}{f' “{vote.reason}”' if vote.reason else ''}" for vote in votes]
    )


def _waits(count: Count) -> str:
    more = "more " if count.given else ""
    return f"It waits for {count.missing} {more}{'approval' if count.missing == 1 else 'approvals'}"


def _standing(row: PlanRow, count: Count) -> str:
    words = [f"{name_of_asker(row)} asks for approval: {_reason(row)}."]
    so_far = f"; so far {_voters(count.counting)}" if count.counting else ""
    until = f"{row.expires.astimezone(UTC):%H:%M} UTC"
    words.append(f"It takes {counted(count.needed, 'approval')} until {until}{so_far}.")
    gone = [vote for vote in count.votes if vote.by in count.lapsed]
    if gone and count.caveat:
        words.append(f"Not counted for now: {_voters(gone)}. {count.caveat}")
    elif gone:
        words.append(f"Given by somebody who may not approve any more, so it does not count: {_voters(gone)}.")
    return " ".join(words)


def _asked(row: PlanRow) -> str:
    """Say who asked and why."""
    return f"Asked for by {name_of_asker(row)}: {_reason(row)}"


def _reason(row: PlanRow) -> str:
    return row.reason.rstrip(".") or "no reason was given"


def _words(row: PlanRow) -> str:
    """Return what was asked for as it was typed, but for the reason, which is told beside it."""
    kept = []
    words = iter(tokens(row.text))
    for word in words:
        name, is_given, _ = folded(word).partition("=")
        if name.lower() != f"--{REASON.name}":
            kept.append(word)
        elif not is_given:
            next(words, None)
    return " ".join(kept)


def by_whom(row: PlanRow, votes: Sequence[VoteRow]) -> str:
    """Say by whose word something was done, in a sentence, with the moment in which it began."""
    if row.approvals == 0 and not votes:
        who = f"Confirmed by {name_of_asker(row)}{f': {row.reason}' if row.reason else ''}"
    else:
        alone = "alone, by breaking the glass, " if row.alone else ""
        who = f"{_asked(row)}. Approved {alone}by {_voters(votes)}"
    return f"{who}{_moment(row)}."


def _moment(row: PlanRow) -> str:
    return f", {clock(row.started)}" if row.started else ""


def became(row: PlanRow, votes: Sequence[VoteRow] = ()) -> Report:
    """Say how a plan ended: what became of it, by whom, when and why."""
    words = [f"`{_words(row)}`. {_asked(row)}"]
    if votes:
        words.append(f"approved by {_voters(votes)}")
    elif row.started is not None and row.decided_by:
        words.append(f"confirmed by {name_of(row.decided_by)}")
    if row.finished is not None:
        words.append(f"ended {clock(row.finished)}")
    parts: list[Part] = [Text(f"{', '.join(words)}.")]
    if row.summary:
        parts.append(Text(row.summary))
    level = Level.OK if row.state == "done" else Level.INFO if row.state in _GOOD else Level.WARNING
    report = Report(f"`{row.cluster}`: {row.verb} {_SAID[row.state]}", level, tuple(parts))
    if row.state != "interrupted":
        return report
    how = Text("The bot stopped while it ran: what is done stays done, what was not is not known until somebody looks.")
    offered = (Choice("Resume", RESUME, row.id, "primary"), Choice("Abandon", ABANDON, row.id))
    return replace(report, parts=(*report.parts, how), choices=offered, next_step=row.text)


def ended_by(state: PlanState, who: str, where: str, reason: str) -> str:
    """Return the sentence kept with a plan that a person ended: who said no, or took it back from elsewhere."""
    how = "said no" if state == "denied" else "took it back"
    return f"{name_of(who)}{_in(where)} {how}{f': {reason}' if reason else ''}."


def taken(row: PlanRow) -> Report:
    """Tell who typed their approval in another place that it counts."""
    where = f"in <#{row.card.channel}>" if row.card is not None else "where it was asked for"
    parts = (Text(f"The card {where} shows what becomes of it."),)
    return Report(f"`{row.cluster}`: your approval of {row.verb} is taken", Level.INFO, parts, private=True)


def alone(row: PlanRow, who: str, reason: str) -> Report:
    """Say to all that one person went ahead alone, and ask for somebody to look at it afterwards."""
    return Report(
        f"`{row.cluster}`: {row.verb} goes ahead on one person's word (break-glass)",
        Level.CRITICAL,
        (
            Text(f"{name_of(who)} goes ahead alone with `{_words(row)}`: {reason.rstrip('.')}."),
            Text(
                "Nobody else approved it. Somebody else is to look at it afterwards: what was run is in the thread of "
                f"its card and in the audit. Only then press: {name_of(who)} cannot."
            ),
        ),
        choices=(Choice("I have reviewed it", REVIEWED, row.id),),
    )


def still_to_review(row: PlanRow, votes: Iterable[VoteRow], now: datetime) -> Report:
    """Ask again for somebody to look at what one person did alone, for the reason in their own vote."""
    who = row.decided_by or ""
    begun = row.started or row.created
    days = (now - begun).days
    ago = f" ({counted(days, 'day')} ago)" if days else ""
    why = "".join(f", reason: {vote.reason.rstrip('.')}" for vote in votes if vote.by == who and vote.reason)
    at = f"{begun.astimezone(UTC):%Y-%m-%d} {clock(begun)}{ago}"
    told = f"{name_of(who)} went ahead alone, {at}: `{_words(row)}`{why}."
    return Report(
        f"`{row.cluster}`: {row.verb}, done by one person alone, still waits for a review",
        Level.WARNING,
        (
            Text(f"{told} It {_SAID[row.state]}."),
            Text("Somebody else is to look at it: what was run is in the audit. This comes again until somebody has."),
        ),
        choices=(Choice("I have reviewed it", REVIEWED, row.id),),
        next_step=f"audit --cluster {row.cluster}",
    )


def reviewed(row: PlanRow, who: str, at: datetime) -> Report:
    """Say that somebody looked at what one person did alone."""
    return Report(
        f"`{row.cluster}`: {row.verb}, done by one person alone, was reviewed",
        Level.OK,
        (
            Text(f"`{_words(row)}`, by {name_of(row.decided_by or '')}{_moment(row)}: it {_SAID[row.state]}."),
            Text(f"{name_of(who)} looked at it, {clock(at)}."),
        ),
    )


def pending(rows: Sequence[PlanRow], votes: dict[str, Sequence[VoteRow]]) -> Report:
    """List what waits for people, the oldest first."""
    if not rows:
        return Report("Nothing waits for approval", Level.OK)
    lines: list[Part] = []
    for row in rows:
        given = len(votes.get(row.id, ()))
        takes = f"{given} of {counted(row.approvals, 'approval')}" if row.approvals else "yet to be confirmed by them"
        lines.append(
            Text(
                f"`{row.id}`  `{_words(row)}`. {_asked(row)}. "
                f"So far {takes}, since {clock(row.created)} until {clock(row.expires)}."
            )
        )
    return Report(
        f"{counted(len(rows), 'change')} waiting", Level.INFO, tuple(lines), next_step=f"approve {rows[0].id}"
    )
