"""Who asked for what and what came of it. Entries are only ever added: the database refuses anything else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.store.base import Part
from bot.store.rows import AuditEntry
from bot.store.tables import audit


class AuditPart(Part):
    """The audit, in the order it was written."""

    async def record(
        self,
        when: datetime,
        actor: str,
        surface: str,
        verb: str,
        cluster: str | None,
        event: str,
        detail: Mapping[str, Any],
    ) -> None:
        """Add an entry. `detail` is JSON data; it must hold no secret."""
        row = {
            "when": when,
            "actor": actor,
            "surface": surface,
            "verb": verb,
            "cluster": cluster,
            "event": event,
            "detail": dict(detail),
        }
        async with self._writing() as connection:
            await connection.execute(insert(audit).values(row))

    async def recorded(self, limit: int = 50, cluster: str | None = None) -> tuple[AuditEntry, ...]:
        """Return the latest entries, newest first, of all clusters or of one."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if cluster is not None:
            query = query.where(audit.c.cluster == cluster)
        async with self._reading() as connection:
            return tuple(AuditEntry(**row) for row in (await connection.execute(query)).mappings())
