"""The store as the rest of the bot sees it."""

from __future__ import annotations

from typing import Self

from bot.store.audit import AuditPart
from bot.store.clusters import ClusterPart
from bot.store.conditions import ConditionPart
from bot.store.cursors import CursorPart
from bot.store.duties import DutyPart
from bot.store.engine import open_engine
from bot.store.events import EventPart
from bot.store.host_keys import HostKeyPart
from bot.store.incidents import IncidentPart
from bot.store.outgoing import OutgoingPart
from bot.store.plans import PlanPart
from bot.store.retention import RetentionPart
from bot.store.schedules import SchedulePart
from bot.store.seen import SeenPart
from bot.store.silences import SilencePart


class Store(
    ClusterPart,
    HostKeyPart,
    PlanPart,
    SeenPart,
    AuditPart,
    CursorPart,
    ConditionPart,
    EventPart,
    IncidentPart,
    SilencePart,
    SchedulePart,
    OutgoingPart,
    DutyPart,
    RetentionPart,
):
    """Everything the bot remembers, in one database. Several bots may share one."""

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database, creating or migrating its tables. Raises `StoreUnusable`."""
        return cls(await open_engine(url))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
