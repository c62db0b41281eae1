"""Messages on their way: stored before they are sent, with where they ended up.

A message is one row however often it changes: `version` is what it is to say, `shown` what Slack was last given. A row
in the state `sending` is one whose post was begun and whose end nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Part
from bot.store.rows import OutgoingRow
from bot.store.tables import outgoing

_NOT_YET_SHOWN = or_(
    outgoing.c.state.in_(("waiting", "sending")),
    and_(outgoing.c.state == "sent", outgoing.c.shown < outgoing.c.version),
)


Unseen = Callable[[str, str], str]
"""Returns what a card is to say, as JSON, from what it was to say and nobody has seen, and what it is to say now."""


def newest(before: str, now: str) -> str:
    """Let what nobody has seen be forgotten."""
    del before
    return now


class OutgoingPart(Part):
    """Messages in the order in which they were handed in. What changes one returns None if it is there no more."""

    async def put_message(self, row: OutgoingRow, unseen: Unseen = newest) -> OutgoingRow | None:
        """Store a message; see `put_messages`. None if it is not to be sent, or was one of its key."""
        try:
            async with self._writing(hurry=True) as connection:
                stored = await put_messages(connection, (row,), unseen)
        except IntegrityError:
            if row.key is None:
                raise
            return None
        return stored[0] if stored else None

    async def fold_messages(self, ids: Collection[str], row: OutgoingRow) -> OutgoingRow:
        """Store one message in the place of several that wait: all of them change, or none."""
        async with self._writing(hurry=True) as connection:
            folded = update(outgoing).where(outgoing.c.id.in_(ids), outgoing.c.state == "waiting")
            await connection.execute(folded.values(state="folded"))
            return await _add(connection, row)

    async def messages_not_yet_shown(self) -> tuple[OutgoingRow, ...]:
        """Return the messages that are still to be posted or edited, and those of unknown fate."""
        return await self._outgoing(select(outgoing).where(_NOT_YET_SHOWN).order_by(outgoing.c.number))

    async def card_message(self, card: str) -> OutgoingRow | None:
        """Return the message of a card, or None if there is no such card."""
        found = await self._outgoing(select(outgoing).where(outgoing.c.card == card))
        return found[0] if found else None

    async def begin_sending(self, message_id: str, now: datetime) -> OutgoingRow | None:
        """Note that a message is about to be posted as it now stands; None if somebody else took it."""
        begun = {"state": "sending", "shown": outgoing.c.version, "sent": now}
        statement = update(outgoing).where(outgoing.c.id == message_id, outgoing.c.state == "waiting").values(begun)
        async with self._writing(hurry=True) as connection:
            row = (await connection.execute(statement.returning(outgoing))).mappings().one_or_none()
            return None if row is None else OutgoingRow(**row)

    async def was_posted(self, message_id: str, channel: str, ts: str, at: datetime) -> OutgoingRow | None:
        """Note where a message is."""
        return await self._changed(message_id, {"state": "sent", "channel": channel, "ts": ts, "sent": at, "since": at})

    async def was_not_posted(self, message_id: str, *, maybe: bool = False) -> OutgoingRow | None:
        """Let a message wait again. `maybe` says that it might be there all the same."""
        changed: dict[str, Any] = {"state": "waiting", "shown": 0, "ts": None}
        return await self._changed(message_id, changed | ({"maybe_repeat": True} if maybe else {}))

    async def was_edited(self, message_id: str, version: int, at: datetime) -> OutgoingRow | None:
        """Note which version of a message is shown."""
        return await self._changed(message_id, {"shown": version, "sent": at, "since": at})

    async def drop_message(self, message_id: str, why: str) -> OutgoingRow | None:
        """Give a message up: Slack will never take it as it is."""
        return await self._changed(message_id, {"state": "dropped", "why": why})

    async def _changed(self, message_id: str, values: Mapping[str, Any]) -> OutgoingRow | None:
        async with self._writing(hurry=True) as connection:
            return await _change(connection, message_id, values)

    async def _outgoing(self, query: Select[tuple[Any, ...]]) -> tuple[OutgoingRow, ...]:
        async with self._reading() as connection:
            return tuple(OutgoingRow(**row) for row in (await connection.execute(query)).mappings())


async def put_messages(
    connection: AsyncConnection, rows: Iterable[OutgoingRow], unseen: Unseen
) -> tuple[OutgoingRow, ...]:
    """Store messages in their order, and return those that are to be sent, as they stand.

    What a card now says is stored as this new message, or in the one it has, whose channel never changes. A message for
    the thread of a card goes in the card's channel, and is dropped where there is no such card.
    """
    stored = []
    for row in rows:
        if row.card is not None:
            stored.append(await _put_card(connection, row, unseen))
        elif row.parent is None:
            stored.append(await _add(connection, row))
        elif (parent := await _one(connection, outgoing.c.card == row.parent)) is not None:
            stored.append(await _add(connection, replace(row, channel=parent.channel)))
    return tuple(stored)


async def _put_card(connection: AsyncConnection, row: OutgoingRow, unseen: Unseen) -> OutgoingRow:
    there = await _one(connection, outgoing.c.card == row.card)
    if there is None:
        return await _add(connection, row)
    report = row.report if there.ts is not None else unseen(there.report, row.report)
    if there.report == report and there.state != "dropped":
        return there
    changed: dict[str, Any] = {"report": report, "urgency": row.urgency, "version": there.version + 1}
    if there.state == "dropped":
        changed |= {"state": "waiting" if there.ts is None else "sent", "why": "", "since": row.created}
    elif there.state == "sent" and there.shown == there.version:
        changed["since"] = row.created
    return await _change(connection, there.id, changed) or there


async def _one(connection: AsyncConnection, where: ColumnElement[bool]) -> OutgoingRow | None:
    row = (await connection.execute(select(outgoing).where(where).with_for_update())).mappings().one_or_none()
    return None if row is None else OutgoingRow(**row)


async def _change(connection: AsyncConnection, message_id: str, values: Mapping[str, Any]) -> OutgoingRow | None:
    statement = update(outgoing).where(outgoing.c.id == message_id).values(values).returning(outgoing)
    row = (await connection.execute(statement)).mappings().one_or_none()
    return None if row is None else OutgoingRow(**row)


async def _add(connection: AsyncConnection, row: OutgoingRow) -> OutgoingRow:
    values = asdict(row)
    del values["number"]
    added = (await connection.execute(insert(outgoing).values(values).returning(outgoing))).mappings().one()
    return OutgoingRow(**added)
