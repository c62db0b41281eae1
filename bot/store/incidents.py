"""Incidents as they stand, so that a bot that was restarted goes on with them and not with new ones.

The watching and people change the same ones, from several processes. So each change names what it was made from: if
that is no longer how the incident stands, nothing is written, and whoever wanted to change it reads it again.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Part
from bot.store.rows import IncidentRow
from bot.store.tables import incidents


class Overtaken(Exception):
    """Somebody else has changed an incident since it was read. Nothing was written: read it again."""


class IncidentPart(Part):
    """Incidents by their opaque id."""

    async def save_incident(self, row: IncidentRow, before: IncidentRow | None = None) -> None:
        """Keep an incident as it now stands. `before` is what it was made from, None for a new one. Raises `Overtaken`."""
        async with self._writing() as connection:
            await put_incident(connection, row, before)

    async def incident(self, incident_id: str) -> IncidentRow | None:
        """Return an incident, or None if there is none of that id."""
        found = await self._incidents(select(incidents).where(incidents.c.id == incident_id))
        return found[0] if found else None

    async def open_incidents(self, cluster: str | None = None) -> tuple[IncidentRow, ...]:
        """Return the incidents that are not closed, of one cluster or of all, oldest first."""
        return await self._incidents(_of(cluster).where(incidents.c.closed.is_(None)))

    async def incidents(self, cluster: str | None, since: datetime) -> tuple[IncidentRow, ...]:
        """Return the incidents that were open at some moment since then, oldest first."""
        return await self._incidents(
            _of(cluster).where(or_(incidents.c.closed.is_(None), incidents.c.closed >= since)),
        )

    async def _incidents(self, query: Select[tuple[object, ...]]) -> tuple[IncidentRow, ...]:
        async with self._reading() as connection:
            return tuple(IncidentRow(**row) for row in (await connection.execute(query)).mappings())


def _of(cluster: str | None) -> Select[tuple[object, ...]]:
    query = select(incidents).order_by(incidents.c.opened, incidents.c.id)
    return query if cluster is None else query.where(incidents.c.cluster == cluster)


async def put_incident(connection: AsyncConnection, row: IncidentRow, before: IncidentRow | None) -> None:
    """Write an incident in place of what it was before, if it still is that. Raises `Overtaken`."""
    if before is None:
        await connection.execute(insert(incidents).values(asdict(row)))
        return
    as_read = update(incidents).where(incidents.c.id == row.id, incidents.c.json == before.json)
    if (await connection.execute(as_read.values(asdict(row)))).rowcount == 0:
        raise Overtaken(row.id)
