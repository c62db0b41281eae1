"""Reports that are due again and again. The time they were last due at is here, so that none is sent twice or missed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update

from bot.store.base import Part
from bot.store.rows import ScheduleRow
from bot.store.tables import schedules


class SchedulePart(Part):
    """Schedules by their opaque id."""

    async def schedules(self) -> tuple[ScheduleRow, ...]:
        """Return all schedules, oldest first."""
        query = select(schedules).order_by(schedules.c.created, schedules.c.id)
        async with self._reading() as connection:
            return tuple(ScheduleRow(**row) for row in (await connection.execute(query)).mappings())

    async def add_schedule(self, row: ScheduleRow) -> None:
        """Keep a schedule, in place of one of the same id: what that was last due at is kept."""
        values = asdict(row)
        async with self._writing() as connection:
            again = {name: value for name, value in values.items() if name not in {"last_due", "created"}}
            changed = await connection.execute(update(schedules).where(schedules.c.id == row.id).values(again))
            if changed.rowcount == 0:
                await connection.execute(insert(schedules).values(values))

    async def remove_schedule(self, schedule_id: str) -> bool:
        """Remove a schedule; return whether it was there."""
        async with self._writing() as connection:
            result = await connection.execute(delete(schedules).where(schedules.c.id == schedule_id))
            return result.rowcount == 1

    async def claim_due(self, schedule_id: str, due: datetime) -> bool:
        """Take on the report that was due at a moment. Of any number of calls, exactly one gets True.

        One that was due before a moment already taken on is no longer to be had.
        """
        statement = (
            update(schedules)
            .where(schedules.c.id == schedule_id, or_(schedules.c.last_due.is_(None), schedules.c.last_due < due))
            .values(last_due=due)
        )
        async with self._writing() as connection:
            return (await connection.execute(statement)).rowcount == 1
