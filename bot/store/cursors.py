"""Up to where each node's journal has been read, so that a break loses no line of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Part
from bot.store.rows import CursorRow
from bot.store.tables import cursors


class CursorPart(Part):
    """Cursors by the address of the node."""

    async def cursor(self, node_address: str) -> CursorRow | None:
        """Return where reading stopped; None if it never began."""
        query = select(cursors).where(cursors.c.node_address == node_address)
        async with self._reading() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else CursorRow(**row)


async def put_cursors(connection: AsyncConnection, rows: Iterable[CursorRow]) -> None:
    """Write cursors in place of those of the same nodes."""
    newest = {row.node_address: asdict(row) for row in rows}
    if newest:
        await connection.execute(delete(cursors).where(cursors.c.node_address.in_(newest)))
        await connection.execute(insert(cursors), list(newest.values()))
