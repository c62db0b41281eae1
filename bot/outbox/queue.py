"""What waits to be shown, and what of it may be done now. No waiting, no calls: the time comes in, jobs go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.outbox import pace
from bot.outbox.channel import Channel, Lane, Task
from bot.outbox.pace import Turns
from bot.outbox.wording import LATE
from bot.store import OutgoingRow

AWAY = timedelta(minutes=5)
"""How late messages of no urgency are told in one digest and no longer each by itself."""
FEW = 3
"""So many late ones are no flood, and each is sent."""
_LOSS = 2
"""The urgency from which something is lost for certain."""
_LONGEST_REST = 300.0
_REFUSED_AGAIN = 60.0
"""Seconds until a channel that refuses is tried again: somebody may have invited the bot."""
_AWAY_AGAIN = (1.0, 2.0, 4.0, 8.0)
"""Seconds until Slack is tried again when it cannot be reached; the last one from then on."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do now for a message as it now stands."""

    task: Task
    row: OutgoingRow


@dataclass(slots=True)
class _Rest:
    """A message that is left alone until a moment, after so many failures of one kind of call."""

    until: float
    failures: int
    lane: Lane


class Queue:
    """Messages that are not shown yet, by id; and the channels they go to."""

    def __init__(self) -> None:
        self.rows: dict[str, OutgoingRow] = {}
        self.channels: defaultdict[str, Channel] = defaultdict(Channel)
        self._under_way: dict[str, tuple[Channel, Lane]] = {}
        self._rests: dict[str, _Rest] = {}
        self._edits = Turns(pace.EDIT, spare=pace.SPARE_EDITS)
        self._away_until: float | None = None
        self._away_failures = 0

    def keep(self, row: OutgoingRow) -> None:
        """Take a message as it now stands. One that is all shown, or given up, is let go."""
        if _task(row) is None:
            self.forget((row.id,))
        else:
            self.rows[row.id] = row

    def forget(self, ids: Collection[str]) -> None:
        """Let messages go."""
        for message_id in ids:
            self.rows.pop(message_id, None)
            self._rests.pop(message_id, None)

    def begin(self, now: float) -> tuple[tuple[Job, ...], float | None]:
        """Take what may be done now, most urgent first; and when to ask again, unless something happens before."""
        begun: list[Job] = []
        later: list[float] = []
        for job in self._jobs():
            ready = self._ready_at(job)
            if ready is None:
                continue
            if ready > now:
                later.append(ready)
                continue
            channel = self.channels[job.row.channel]
            lane = channel.lanes[job.task]
            lane.busy = True
            lane.turns.take(now)
            if job.task is Task.EDIT:
                self._edits.take(now)
            self._under_way[job.row.id] = channel, lane
            begun.append(job)
        return tuple(begun), min(later, default=None)

    def end(self, message_id: str) -> None:
        """Note that the job of a message is over, however it went."""
        _, lane = self._under_way.pop(message_id)
        lane.busy = False

    def came_through(self, message_id: str) -> None:
        """Note that Slack did what was asked."""
        channel, _ = self._under_way[message_id]
        channel.refused = ""
        channel.answers = True
        self._rests.pop(message_id, None)

    def slack_answers(self) -> None:
        """Note that Slack is there, whatever it said."""
        self._away_until, self._away_failures = None, 0

    def patience(self, message_id: str, until: float) -> None:
        """Leave the lane of a message alone until then: it was too fast."""
        _, lane = self._under_way[message_id]
        lane.turns.wait_until(until)

    def refused(self, message_id: str, code: str, now: float) -> bool:
        """Note that a channel takes nothing; return whether that is new."""
        channel, _ = self._under_way[message_id]
        new = channel.refused != code
        channel.refused, channel.again_at = code, now + _REFUSED_AGAIN
        channel.answers, channel.missed = False, f"the bot could not post here ({code})"
        return new

    def away(self, now: float) -> bool:
        """Note that Slack cannot be reached; return whether that is new."""
        new = self._away_until is None
        self._away_until = now + _AWAY_AGAIN[min(self._away_failures, len(_AWAY_AGAIN) - 1)]
        self._away_failures += 1
        for channel in self.channels.values():
            channel.answers = False
            if not channel.refused:
                channel.missed = "Slack was away"
        return new

    def rest(self, message_id: str, now: float, least: float) -> int:
        """Leave a message alone for a while, longer each time; return how often what is being done has failed."""
        _, lane = self._under_way[message_id]
        before = self._rests.get(message_id)
        failures = before.failures + 1 if before is not None and before.lane is lane else 1
        self._rests[message_id] = _Rest(now + min(least * 2 ** (failures - 1), _LONGEST_REST), failures, lane)
        return failures

    def floods(self, now: datetime) -> Iterator[tuple[OutgoingRow, ...]]:
        """Give the late messages that are better told in one: of one thread, or of one channel.

        Only where the latest call came through: before, what waits may still become more.
        """
        threads: defaultdict[str, list[OutgoingRow]] = defaultdict(list)
        plain: defaultdict[str, list[OutgoingRow]] = defaultdict(list)
        posted = self._posted()
        for row in self._in_order(self.rows.values()):
            if row.state != "waiting" or row.id in self._under_way or not self.channels[row.channel].answers:
                continue
            if row.parent is not None and posted(row.parent):
                threads[row.parent].append(row)
            elif row.parent is None and row.card is None and row.urgency <= 0 and now - row.since > AWAY:
                plain[row.channel].append(row)
        yield from (tuple(rows) for rows in threads.values() if len(rows) > 1 and now - rows[0].since > LATE)
        yield from (tuple(rows) for rows in plain.values() if len(rows) > FEW)

    def _jobs(self) -> list[Job]:
        """Give what is to be done, most urgent first, then in order; what is to follow something waits for it."""
        posted = self._posted()
        threads: set[str] = set()
        jobs = []
        for row in self._in_order(self.rows.values()):
            task = _task(row)
            if task is None:
                continue
            if row.parent is not None:
                first_of_thread = row.parent not in threads
                threads.add(row.parent)
                if not (first_of_thread and posted(row.parent)):
                    continue
            if row.id not in self._under_way:
                jobs.append(Job(task, row))
        return sorted(jobs, key=lambda job: (-job.row.urgency, job.row.parent is not None))

    def _posted(self) -> Callable[[str], bool]:
        """Return whether a card has its message, so that others may follow in its thread."""
        waiting = {row.card for row in self.rows.values() if row.card is not None and row.ts is None}
        return lambda card: card not in waiting

    @staticmethod
    def _in_order(rows: Iterable[OutgoingRow]) -> list[OutgoingRow]:
        return sorted(rows, key=lambda row: row.number)

    def _ready_at(self, job: Job) -> float | None:
        """Return when a job may be begun; None if that hangs on something under way."""
        channel = self.channels[job.row.channel]
        lane = channel.lanes[job.task]
        if lane.busy or (channel.refused and channel.busy) or (self._away_until is not None and self._under_way):
            return None
        ready = [lane.turns.ready_at(1 if _is_to_be_known_at_once(job) else 0)]
        if job.task is Task.EDIT:
            ready.append(self._edits.ready_at())
        if job.row.id in self._rests:
            ready.append(self._rests[job.row.id].until)
        if channel.refused:
            ready.append(channel.again_at)
        if self._away_until is not None:
            ready.append(self._away_until)
        return max(ready)


def _task(row: OutgoingRow) -> Task | None:
    """Say what is to be done for a message."""
    if row.state == "waiting":
        return Task.POST
    if row.state == "sending":
        return Task.LOOK
    return Task.EDIT if row.state == "sent" and row.shown < row.version else None


def _is_to_be_known_at_once(job: Job) -> bool:
    """Whether people have nothing about this yet; or have a card that does not say yet how bad it is."""
    return job.row.urgency >= _LOSS if job.task is Task.EDIT else job.row.card is not None or job.row.urgency > 0
