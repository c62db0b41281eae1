"""Up to where each node's journal has been read, so that a break loses no line of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

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

    async def keep_cursor(self, node_address: str, cursor: str, boot: str, at: datetime) -> None:
        """Remember how far a node's journal has been read."""
        await self.keep_cursors((CursorRow(node_address, cursor, boot, at),))

    async def keep_cursors(self, rows: Iterable[CursorRow]) -> None:
        """Remember several at once: one transaction costs the same for one as for many."""
        async with self._writing() as connection:
            await put_cursors(connection, rows)


async def put_cursors(connection: AsyncConnection, rows: Iterable[CursorRow]) -> None:
    """Write cursors in place of those of the same nodes."""
    newest = {row.node_address: asdict(row) for row in rows}
    if newest:
        await connection.execute(delete(cursors).where(cursors.c.node_address.in_(newest)))
        await connection.execute(insert(cursors), list(newest.values()))
