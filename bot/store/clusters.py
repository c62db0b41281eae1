"""Clusters declared from Slack. Those of the settings file are not here, and win over these."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import delete, insert, select

from bot.store.base import Part
from bot.store.tables import clusters
from commands.errors import HaclusterError
from config.inventory import ClusterSpec


class ClusterPart(Part):
    """Declared clusters, by name."""

    async def declare(self, spec: ClusterSpec, actor_key: str, now: datetime) -> None:
        """Store a cluster, in place of one of the same name."""
        row = {"name": spec.name, "spec": spec.model_dump_json(), "declared_by": actor_key, "declared_at": now}
        async with self._writing() as connection:
            await connection.execute(delete(clusters).where(clusters.c.name == spec.name))
            await connection.execute(insert(clusters).values(row))

    async def declared(self) -> tuple[ClusterSpec, ...]:
        """Return all clusters, by name. One that this version cannot read is an error, not an absence."""
        async with self._reading() as connection:
            rows = await connection.execute(select(clusters.c.name, clusters.c.spec).order_by(clusters.c.name))
            return tuple(_spec(name, text) for name, text in rows)

    async def forget(self, name: str) -> bool:
        """Remove a cluster; return whether it was there."""
        async with self._writing() as connection:
            result = await connection.execute(delete(clusters).where(clusters.c.name == name))
            return result.rowcount > 0


def _spec(name: str, text: str) -> ClusterSpec:
    try:
        return ClusterSpec.model_validate_json(text)
    except ValidationError as error:
        why = "; ".join(each["msg"] for each in error.errors(include_input=False, include_url=False))
        raise HaclusterError(f"the stored cluster {name} cannot be read: {why}") from None
