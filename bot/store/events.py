"""What happened in the clusters. What is told of the past is told from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Part
from bot.store.rows import EventRow
from bot.store.tables import events


class EventPart(Part):
    """Events, in the order in which they were found."""

    async def events(self, cluster: str | None, since: datetime, until: datetime) -> tuple[EventRow, ...]:
        """Return the events of one cluster, or of all, from `since` up to and with `until`, oldest first."""
        query = select(events).where(events.c.at >= since, events.c.at <= until).order_by(events.c.at, events.c.number)
        if cluster is not None:
            query = query.where(events.c.cluster == cluster)
        async with self._reading() as connection:
            return tuple(EventRow(**row) for row in (await connection.execute(query)).mappings())


async def put_events(connection: AsyncConnection, rows: Iterable[EventRow]) -> None:
    """Write events; the store numbers them."""
    values = [asdict(row) for row in rows]
    for value in values:
        del value["number"]
    if values:
        await connection.execute(insert(events), values)
