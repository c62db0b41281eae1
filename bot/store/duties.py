"""Duties that one process has at a time. No clock is compared with another: a holder counts, and who waits watches it count."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.base import Part
from bot.store.rows import DutyRow
from bot.store.tables import duties


class DutyPart(Part):
    """Duties by their name."""

    async def duty(self, name: str) -> DutyRow | None:
        """Return who has a duty; None if nobody does."""
        query = select(duties).where(duties.c.name == name)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else DutyRow(**row)

    async def take_duty(self, row: DutyRow, before: DutyRow | None) -> bool:
        """Take a duty, or keep it, if it is still as it was read; return whether this call did.

        Of any number of calls at once that have read the same, exactly one gets True.
        """
        try:
            async with self._writing() as connection:
                if before is None:
                    await connection.execute(insert(duties).values(asdict(row)))
                    return True
                as_read = update(duties).where(
                    duties.c.name == before.name, duties.c.holder == before.holder, duties.c.beat == before.beat
                )
                return (await connection.execute(as_read.values(asdict(row)))).rowcount == 1
        except IntegrityError:
            return False

    async def leave_duty(self, row: DutyRow) -> None:
        """Leave a duty to whoever waits for it, if its holder still has it."""
        mine = delete(duties).where(duties.c.name == row.name, duties.c.holder == row.holder)
        async with self._writing() as connection:
            await connection.execute(mine)
