"""What was known of each cluster, and when anybody was looking. Text in and out: the store knows nothing of its form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.base import Part
from bot.store.cursors import put_cursors
from bot.store.events import put_events
from bot.store.incidents import put_incident
from bot.store.outgoing import Unseen, newest, put_messages
from bot.store.rows import ConditionRow, CursorRow, EventRow, IncidentRow, Lookout, OutgoingRow
from bot.store.tables import conditions, lookouts


class ConditionPart(Part):
    """Conditions and lookouts of clusters, in the order of time."""

    async def record_look(
        self,
        cluster: str,
        at: datetime,
        gap: timedelta,
        condition: str | None = None,
        events: Iterable[EventRow] = (),
        incidents: Iterable[tuple[IncidentRow | None, IncidentRow]] = (),
        messages: Iterable[OutgoingRow] = (),
        unseen: Unseen = newest,
    ) -> tuple[OutgoingRow, ...]:
        """Write down all that one look at a cluster brought, and what is to be told of it, in one transaction.

        All of it is kept, or nothing. `condition` None means that it is as the last look had it; see `keep_notes` for
        `gap`. Each incident comes with what it was made from, None for a new one. Returns the messages to be sent, see
        `put_messages`. Raises `Overtaken` where somebody has changed an incident meanwhile.
        """
        messages = tuple(messages)
        async with self._writing(hurry=bool(messages)) as connection:
            await _prolong(connection, cluster, at, gap)
            if condition is not None:
                await _put_condition(connection, cluster, at, condition)
            await put_events(connection, events)
            for before, incident in incidents:
                await put_incident(connection, incident, before)
            return await put_messages(connection, messages, unseen)

    async def keep_notes(
        self, looks: Mapping[str, datetime], gap: timedelta, cursors: Iterable[CursorRow] = ()
    ) -> None:
        """Note, in one transaction, when clusters were looked at and how far journals were read.

        A look prolongs the cluster's latest lookout, or begins one if that ended more than `gap` before.
        """
        async with self._writing() as connection:
            for cluster, at in looks.items():
                await _prolong(connection, cluster, at, gap)
            await put_cursors(connection, cursors)

    async def lookouts(self, cluster: str, since: datetime, until: datetime) -> tuple[Lookout, ...]:
        """Return the times in which somebody looked that reach into a period, whole, in their order."""
        query = (
            select(lookouts.c.cluster, lookouts.c.begun, lookouts.c.until)
            .where(lookouts.c.cluster == cluster, lookouts.c.until >= since, lookouts.c.begun <= until)
            .order_by(lookouts.c.begun)
        )
        async with self._reading() as connection:
            return tuple(Lookout(**row) for row in (await connection.execute(query)).mappings())

    async def last_condition(self, cluster: str) -> tuple[datetime, str] | None:
        """Return what was known last and since when; None if nothing ever was."""
        async with self._reading() as connection:
            return await _last(connection, cluster)

    async def conditions(self, cluster: str, since: datetime, until: datetime) -> tuple[ConditionRow, ...]:
        """Return what was known in a period, the one that held when it began included, in the order of time."""
        columns = (conditions.c.cluster, conditions.c.at, conditions.c.json)
        before = (
            select(conditions.c.at)
            .where(conditions.c.cluster == cluster, conditions.c.at <= since)
            .order_by(conditions.c.at.desc())
            .limit(1)
        )
        async with self._reading() as connection:
            held = (await connection.execute(before)).scalar_one_or_none()
            query = (
                select(*columns)
                .where(conditions.c.cluster == cluster, conditions.c.at >= (held or since), conditions.c.at <= until)
                .order_by(conditions.c.at, conditions.c.number)
            )
            return tuple(ConditionRow(**row) for row in (await connection.execute(query)).mappings())


async def _prolong(connection: AsyncConnection, cluster: str, at: datetime, gap: timedelta) -> None:
    newest = (
        select(lookouts.c.number)
        .where(lookouts.c.cluster == cluster)
        .order_by(lookouts.c.until.desc())
        .limit(1)
        .scalar_subquery()
    )
    prolonged = await connection.execute(
        update(lookouts)
        .where(lookouts.c.number == newest, lookouts.c.until >= at - gap)
        .values(until=case((lookouts.c.until < at, at), else_=lookouts.c.until))
    )
    if prolonged.rowcount == 0:
        await connection.execute(insert(lookouts).values(cluster=cluster, begun=at, until=at))


async def _put_condition(connection: AsyncConnection, cluster: str, at: datetime, json: str) -> None:
    last = await _last(connection, cluster)
    if last is None or last[1] != json:
        await connection.execute(insert(conditions).values(cluster=cluster, at=at, json=json))


async def _last(connection: AsyncConnection, cluster: str) -> tuple[datetime, str] | None:
    query = (
        select(conditions.c.at, conditions.c.json)
        .where(conditions.c.cluster == cluster)
        .order_by(conditions.c.at.desc(), conditions.c.number.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.at, row.json)
