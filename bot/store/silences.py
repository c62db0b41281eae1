"""Silences: who wants not to be called about what, until when, and why."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, or_, select, update

from bot.store.base import Part
from bot.store.rows import SilenceRow
from bot.store.tables import silences


class SilencePart(Part):
    """Silences by their opaque id. One that is over stays, for what is told of the past."""

    async def add_silence(self, row: SilenceRow) -> None:
        """Keep a silence."""
        async with self._writing() as connection:
            await connection.execute(insert(silences).values(asdict(row)))

    async def silences(self, at: datetime) -> tuple[SilenceRow, ...]:
        """Return the silences in force at a moment, oldest first."""
        query = (
            select(silences)
            .where(
                silences.c.created <= at,
                silences.c.until > at,
                or_(silences.c.ended.is_(None), silences.c.ended > at),
            )
            .order_by(silences.c.created, silences.c.id)
        )
        async with self._reading() as connection:
            return tuple(SilenceRow(**row) for row in (await connection.execute(query)).mappings())

    async def end_silence(self, silence_id: str, at: datetime) -> bool:
        """End a silence before its time; return whether this call did."""
        statement = (
            update(silences)
            .where(silences.c.id == silence_id, silences.c.ended.is_(None), silences.c.until > at)
            .values(ended=at)
        )
        async with self._writing() as connection:
            return (await connection.execute(statement)).rowcount == 1
