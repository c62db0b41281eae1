"""Messages are stored, then sent; what becomes of each attempt is stored too.

A bot that dies loses nothing: what waited still waits, and what was being posted is looked for before it is posted
again. One outbox works on a store at a time: `bot.duty` sees to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from bot import ids
from bot.clock import Clock
from bot.conversation import Courier, NotDelivered, Ref
from bot.outbox.attempts import Attempts, Write
from bot.outbox.form import to_json, unseen
from bot.outbox.queue import Queue
from bot.outbox.wording import channel_digest, thread_digest
from bot.store import OutgoingRow, Store
from bot.turns import Turns
from commands.report import Report

_log = structlog.get_logger(__name__)


class Outbox:
    """Takes messages at any time; sends them while `run` runs.

    `card`, `note` and `say` return once the message is stored. They raise what the store raises.
    """

    def __init__(
        self,
        store: Store,
        courier: Courier,
        *,
        clock: Clock | None = None,
        fresh_id: Callable[[], str] = ids.fresh,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock or Clock()
        self._fresh_id = fresh_id
        self._queue = Queue()
        self._news = asyncio.Event()
        self._turns = Turns()
        self._writing: set[asyncio.Task[tuple[OutgoingRow, ...]]] = set()
        self._attempts = Attempts(store, courier, self._queue, self._clock, self._sent)

    async def card(self, card: str, channel: str, report: Report, *, urgency: int = 0) -> None:
        """Show a report as the one message of a card: post it, or edit it. Of several that wait only the newest is shown.

        What it says already is not said again. A card stays in the channel it was first given. Who is mentioned in what
        was never posted is mentioned in what is.
        """
        row = self.card_row(card, channel, report, urgency=urgency)
        await self._kept(lambda: self._store.put_message(row, unseen))

    async def note(self, card: str, report: Report, *, urgency: int = 0, key: str = "") -> None:
        """Add a message to a card's thread, once the card is there; of several with one key only the first counts."""
        row = self.note_row(card, report, urgency=urgency, key=key)
        if await self._kept(lambda: self._store.put_message(row, unseen)) is None and not key:
            _log.warning("note for a card that is not there", card=card)

    async def say(self, channel: str, report: Report, *, key: str = "", urgency: int = 0) -> None:
        """Post a message of its own; of several with one key only the first counts."""
        row = self._row(channel, report, urgency, key=key or None)
        await self._kept(lambda: self._store.put_message(row, unseen))

    def card_row(self, card: str, channel: str, report: Report, *, urgency: int = 0) -> OutgoingRow:
        """Make what `card` stores, for one who stores it together with something else: see `together`."""
        return self._row(channel, report, urgency, card=card)

    def note_row(self, card: str, report: Report, *, urgency: int = 0, key: str = "") -> OutgoingRow:
        """Make what `note` stores."""
        return self._row("", report, urgency, parent=card, key=key or None)

    async def together(self, write: Callable[[], Awaitable[tuple[OutgoingRow, ...]]]) -> tuple[OutgoingRow, ...]:
        """Write to the store, and take over the messages that it then has: what they tell and they are kept, or neither.

        It goes on to its end even if whoever waits for it is cancelled.
        """
        return await self._to_the_end(self._write(write, hurry=False))

    async def _to_the_end(self, write: Coroutine[Any, Any, tuple[OutgoingRow, ...]]) -> tuple[OutgoingRow, ...]:
        writing = asyncio.create_task(write)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    async def take_in(self) -> None:
        """Take over what another process handed in to the store, as a terminal does, which sends nothing itself."""
        async with self._turns.taken():
            for row in await self._store.messages_not_yet_shown():
                if row.id not in self._queue.rows:
                    self._queue.keep(row)
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled, first what an earlier run left behind: of this process, or of one that had the duty."""
        async with self._turns.taken():
            self._queue.forget(tuple(self._queue.rows))
            for row in await self._store.messages_not_yet_shown():
                self._queue.keep(row)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._news.clear()
                    await self._fold()
                    jobs, later = self._queue.begin(self._clock.now())
                    for job in jobs:
                        group.create_task(self._attempts.make(job)).add_done_callback(lambda _: self._news.set())
                    await self._until(later)
        finally:
            await asyncio.gather(*self._writing, return_exceptions=True)

    async def link(self, card: str) -> str | None:
        """Return the address of a card's message; None while it has none, and where Slack cannot say."""
        row = await self._store.card_message(card)
        if row is None or row.ts is None:
            return None
        try:
            return await self._courier.permalink(Ref(row.channel, row.ts))
        except NotDelivered as error:
            _log.info("no link to a card", card=card, why=str(error))
            return None

    def waiting(self) -> int:
        """Count the messages that are not shown as they should be."""
        return len(self._queue.rows)

    @property
    def last_sent(self) -> datetime | None:
        """When a message was last posted or edited."""
        return self._attempts.last_sent

    @property
    def away_since(self) -> datetime | None:
        """Since when Slack cannot be reached; None while it can."""
        return self._attempts.away_since

    @property
    def refused(self) -> Mapping[str, str]:
        """The channels that take nothing from the bot, and Slack's word for why. They are tried again now and then."""
        return {name: channel.refused for name, channel in self._queue.channels.items() if channel.refused}

    def _row(
        self,
        channel: str,
        report: Report,
        urgency: int,
        *,
        card: str | None = None,
        key: str | None = None,
        parent: str | None = None,
    ) -> OutgoingRow:
        now = self._now()
        return OutgoingRow(
            id=self._fresh_id(),
            channel=channel,
            report=to_json(report),
            urgency=urgency,
            created=now,
            since=now,
            card=card,
            key=key,
            parent=parent,
        )

    async def _kept(self, write: Write) -> OutgoingRow | None:
        return await self._one(write, hurry=False)

    async def _sent(self, write: Write) -> OutgoingRow | None:
        """Keep what became of an attempt: before what is handed in meanwhile, else sending would wait for all of it."""
        return await self._one(write, hurry=True)

    async def _one(self, write: Write, *, hurry: bool) -> OutgoingRow | None:
        async def one() -> tuple[OutgoingRow, ...]:
            row = await write()
            return () if row is None else (row,)

        rows = await self._to_the_end(self._write(one, hurry=hurry))
        return rows[0] if rows else None

    async def _write(
        self, write: Callable[[], Awaitable[tuple[OutgoingRow, ...]]], *, hurry: bool
    ) -> tuple[OutgoingRow, ...]:
        async with self._turns.taken(hurry=hurry):  # one at a time: else an older state might come in after a newer one
            rows = await write()
            for row in rows:
                self._queue.keep(row)
        self._news.set()
        return rows

    async def _fold(self) -> None:
        for rows in tuple(self._queue.floods(self._now())):
            first = rows[0]
            in_thread = first.parent is not None
            away = self._queue.channels[first.channel].missed
            digest = OutgoingRow(
                id=self._fresh_id(),
                channel=first.channel,
                report=to_json(thread_digest(rows) if in_thread else channel_digest(rows, away)),
                urgency=max(row.urgency for row in rows),
                created=self._now(),
                since=first.since,
                parent=first.parent,
            )
            await self._replace(rows, digest)

    async def _replace(self, rows: tuple[OutgoingRow, ...], digest: OutgoingRow) -> None:
        folded = tuple(row.id for row in rows)
        await self._kept(lambda: self._store.fold_messages(folded, digest))
        self._queue.forget(folded)

    async def _until(self, later: float | None) -> None:
        """Wait for news, or until a moment."""
        turns: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._news.wait())]
        if later is not None:
            turns.append(asyncio.ensure_future(self._clock.sleep(max(0.0, later - self._clock.now()))))
        try:
            await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for turn in turns:
                turn.cancel()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)
