"""Forgetting: what is older than the operator wants to keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select

from bot.store.base import Part
from bot.store.tables import conditions, cursors, events, incidents, lookouts, outgoing, silences


class RetentionPart(Part):
    """What watching brings grows for ever unless it is pruned. The audit, plans and schedules are not touched."""

    async def prune(self, before: datetime) -> int:
        """Forget what was over before a moment; return how many rows that were. Each table is a transaction.

        What still holds stays however old it is: each cluster's last condition, open incidents and their cards, `incident:ID`.
        """
        newest = select(func.max(conditions.c.number)).group_by(conditions.c.cluster)
        still_open = select("incident:" + incidents.c.id).where(incidents.c.closed.is_(None))
        over = (
            delete(conditions).where(conditions.c.at < before, conditions.c.number.not_in(newest)),
            delete(lookouts).where(lookouts.c.until < before),
            delete(events).where(events.c.at < before),
            delete(incidents).where(incidents.c.closed < before),
            delete(silences).where(or_(silences.c.until < before, silences.c.ended < before)),
            delete(cursors).where(cursors.c.at < before),
            delete(outgoing).where(
                or_(outgoing.c.sent < before, and_(outgoing.c.sent.is_(None), outgoing.c.since < before)),
                or_(outgoing.c.card.is_(None), outgoing.c.card.not_in(still_open)),
            ),
        )
        pruned = 0
        for statement in over:
            async with self._writing() as connection:
                pruned += (await connection.execute(statement)).rowcount
        return pruned
