"""One attempt at one message, and what its outcome means: for the message, for its channel, for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from bot.clock import Clock
from bot.conversation import CannotLook, Courier, FateUnknown, NotDelivered, RateLimited, Ref, SlackAway
from bot.outbox.channel import Task
from bot.outbox.queue import Job, Queue
from bot.outbox.refusals import Meaning, meaning
from bot.outbox.wording import as_sent
from bot.store import OutgoingRow, Store

_LOOK_AFTER = 2.0
"""Seconds after a post of unknown fate until it is looked for: Slack may be at it still."""
_AGAIN = 1.0
"""Seconds until a message is tried again after a failure that may pass, doubled each time."""
_LOOKS = 4
"""Failed looks after which a message is sent again, marked: a card is worth more than the doubt."""

_log = structlog.get_logger(__name__)

Write = Callable[[], Awaitable[OutgoingRow | None]]
"""Changes a message in the store and returns it."""


class Attempts:
    """Carries out jobs. `kept` writes what became of a message to the store and to the queue."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        queue: Queue,
        clock: Clock,
        kept: Callable[[Write], Awaitable[OutgoingRow | None]],
    ) -> None:
        self._store = store
        self._courier = courier
        self._queue = queue
        self._clock = clock
        self._kept = kept
        self.last_sent: datetime | None = None
        self.away_since: datetime | None = None

    async def make(self, job: Job) -> None:
        """Carry out a job. Whatever goes wrong, the other messages go on."""
        tasks = {Task.POST: self._post, Task.EDIT: self._edit, Task.LOOK: self._look}
        try:
            await tasks[job.task](job.row)
        except Exception:  # noqa: BLE001 - logged with its traceback
            # a defect, or a store that cannot write: where it was being posted it is looked for first
            tries = self._rest(job.row, _AGAIN)
            _log.exception("message not sent", message=job.row.id, channel=job.row.channel, tries=tries)
        finally:
            self._queue.end(job.row.id)

    async def _post(self, waiting: OutgoingRow) -> None:
        thread = await self._thread(waiting)
        row = await self._kept(lambda: self._store.begin_sending(waiting.id, self._now()))
        if row is None:  # it was pruned, or somebody else took it
            self._queue.forget((waiting.id,))
            return
        try:
            ref = await self._courier.post(row.channel, as_sent(row, self._now()), thread=thread, id=row.id)
        except FateUnknown as error:
            self._rest(row, _LOOK_AFTER)
            _log.warning("message of unknown fate", message=row.id, channel=row.channel, why=str(error))
        except NotDelivered as error:
            await self._kept(lambda: self._store.was_not_posted(row.id))
            await self._refused(row, error)
        else:
            await self._kept(lambda: self._store.was_posted(row.id, ref.channel, ref.ts, self._now()))
            self._came_through(row)

    async def _edit(self, row: OutgoingRow) -> None:
        ref = Ref(row.channel, row.ts or "")
        try:
            await self._courier.edit(ref, as_sent(row, self._now()))
        except FateUnknown:
            self._rest(row, _AGAIN)  # to edit again does no harm
        except NotDelivered as error:
            if meaning(error) is Meaning.GONE:
                _log.warning("message cannot be edited: posted anew", card=row.card, why=error.code)
                await self._kept(lambda: self._store.was_not_posted(row.id))
                self._slack_answers()
            else:
                await self._refused(row, error)
        else:
            await self._kept(lambda: self._store.was_edited(row.id, row.version, self._now()))
            self._came_through(row)

    async def _look(self, row: OutgoingRow) -> None:
        """Find out whether a post whose end nobody knows came about."""
        try:
            found = await self._courier.find(
                row.channel, row.id, row.sent or row.created, thread=await self._thread(row)
            )
        except (RateLimited, SlackAway) as error:
            await self._refused(row, error)
        except NotDelivered as error:
            if meaning(error) is Meaning.CHANNEL:
                await self._refused(row, error)
            elif self._rest(row, _LOOK_AFTER) >= _LOOKS:
                await self._again(row, str(error))
        else:
            match found:
                case Ref():
                    await self._kept(lambda: self._store.was_posted(row.id, found.channel, found.ts, self._now()))
                    self._came_through(row)
                case CannotLook():
                    await self._again(row, found.why)
                case None:
                    await self._kept(lambda: self._store.was_not_posted(row.id))
                    self._slack_answers()

    async def _again(self, row: OutgoingRow, why: str) -> None:
        _log.warning("message sent again, it may be there twice", message=row.id, channel=row.channel, why=why)
        await self._kept(lambda: self._store.was_not_posted(row.id, maybe=True))

    async def _refused(self, row: OutgoingRow, error: NotDelivered) -> None:
        """Take a certain no. The message waits on, unless it will never be taken."""
        now = self._clock.now()
        if isinstance(error, SlackAway):
            if self._queue.away(now):
                self.away_since = self._now()
                _log.warning("Slack cannot be reached", why=str(error), waiting=len(self._queue.rows))
            return
        self._slack_answers()
        if isinstance(error, RateLimited):
            self._queue.patience(row.id, now + error.retry_after)
            return
        match meaning(error):
            case Meaning.CHANNEL:
                if self._queue.refused(row.id, error.code, now):
                    _log.error("channel takes no messages from the bot", channel=row.channel, why=error.code)
            case Meaning.MESSAGE:
                await self._kept(lambda: self._store.drop_message(row.id, error.code))
                _log.error("message given up", message=row.id, channel=row.channel, why=error.code)
            case _:
                tries = self._rest(row, _AGAIN)
                _log.warning("message refused", message=row.id, channel=row.channel, why=str(error), tries=tries)

    def _came_through(self, row: OutgoingRow) -> None:
        self.last_sent = self._now()
        self._queue.came_through(row.id)
        self._slack_answers()

    def _slack_answers(self) -> None:
        if self.away_since is not None:
            _log.info("Slack is back", away=str(self._now() - self.away_since), waiting=len(self._queue.rows))
        self.away_since = None
        self._queue.slack_answers()

    def _rest(self, row: OutgoingRow, least: float) -> int:
        return self._queue.rest(row.id, self._clock.now(), least)

    async def _thread(self, row: OutgoingRow) -> str | None:
        """Return the message in whose thread this one goes."""
        parent = await self._store.card_message(row.parent) if row.parent is not None else None
        return parent.ts if parent else None

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)
