"""Requests seen: Slack delivers some things twice, and nothing else would notice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from bot.store.base import Part
from bot.store.tables import seen

KEPT = timedelta(days=1)
"""How long a key is remembered. Slack gives up repeating an event after about an hour."""


class SeenPart(Part):
    """Keys of requests (trigger ids, event ids) seen within the last day."""

    async def first_time(self, key: str, now: datetime) -> bool:
        """Whether the key is new. Of any number of calls at once with one key exactly one gets True."""
        try:
            # one transaction: each takes the disk a moment, and somebody waits for the answer
            async with self._writing() as connection:
                await connection.execute(delete(seen).where(seen.c.at < now - KEPT))
                await connection.execute(insert(seen).values(key=key, at=now))
        except IntegrityError:
            return False
        return True
