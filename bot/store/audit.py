"""Who asked for what and what came of it. Entries are only ever added, each chained to the one before it.

The database refuses to change or remove one (triggers), and that it was done all the same is found by `verified`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select
from sqlalchemy.exc import DBAPIError

from bot.store.base import Part
from bot.store.chain import GENESIS, Break, Head, Verified, canonical, moment, seal
from bot.store.rows import AuditEntry
from bot.store.tables import audit
from commands.errors import HaclusterError

_PAGE = 500
_WRITING = 0x61756469
""""audi": the key of the advisory lock under which PostgreSQL's replicas append, one at a time."""


class AuditPart(Part):
    """The audit, in the order it was written."""

    async def record(
        self,
        at: datetime,
        who: str,
        surface: str,
        verb: str,
        cluster: str | None,
        kind: str,
        body: Mapping[str, Any],
        *,
        name: str = "",
        place: str = "",
    ) -> int:
        """Add an entry and return its number. `body` is JSON data; it must hold no secret.

        The entry that it follows is read in the same transaction, and nobody else writes meanwhile: SQLite's writers
        wait for each other anyway, PostgreSQL's do by a lock.
        """
        name = "".join(each for each in name if each.isprintable())[:80]
        async with self._writing(hurry=True) as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(_WRITING)))
            last = (
                await connection.execute(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1))
            ).one_or_none()
            number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
            said = (number, moment(at), who, name, surface, place, verb, cluster, kind, canonical(body), previous)
            entry = dict(zip(audit.c.keys(), (*said, seal(*said)), strict=True))
            await connection.execute(insert(audit).values(entry))
        return int(number)

    async def recorded(
        self,
        limit: int | None = 50,
        clusters: Collection[str] | None = None,
        since: datetime | None = None,
        who: str = "",
    ) -> tuple[AuditEntry, ...]:
        """Return the latest entries, newest first: about all clusters and none, or about some; by all people, or by one.

        `who` is `team:user`, or the user in whichever team. Raises `HaclusterError` where one cannot be read.
        """
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        if clusters is not None:
            query = query.where(audit.c.cluster.in_(clusters))
        if since is not None:
            query = query.where(audit.c.at >= moment(since))
        if who:
            query = query.where(or_(audit.c.who == who, audit.c.who.endswith(f":{who}", autoescape=True)))
        async with self._reading() as connection:
            try:
                return tuple(AuditEntry(**row) for row in (await connection.execute(query)).mappings())
            except DBAPIError:
                raise HaclusterError(
                    "an entry of the audit is damaged", remedy="`/hacluster audit verify` names it."
                ) from None

    async def verified(self, noted: Head | None = None) -> Verified:
        """Look at the whole chain, from its first entry to its last. `noted` is a head that it must go through."""
        so_far = Verified(Head())
        async for entry in self._oldest_first():
            if isinstance(entry, int):
                return Verified(so_far.head, Break(so_far.head.number + 1, "it holds what is not text"))
            so_far = so_far.extend((entry,), noted)
            if so_far.broken is not None:
                break
        return so_far.ended(noted)

    async def _oldest_first(self) -> AsyncIterator[AuditEntry | int]:
        """Yield every entry, page by page; of one that the driver cannot even read, its number."""
        after: int | None = None
        while True:
            query = select(audit).order_by(audit.c.number).limit(_PAGE)
            page = await self._page(query if after is None else query.where(audit.c.number > after))
            for entry in page:
                yield entry
            if not page:
                return
            after = page[-1] if isinstance(page[-1], int) else page[-1].number

    async def _page(self, query: Select[Any]) -> list[AuditEntry | int]:
        async with self._reading() as connection:
            try:
                return [AuditEntry(**row) for row in (await connection.execute(query)).mappings()]
            except DBAPIError:
                numbers = (await connection.execute(query.with_only_columns(audit.c.number))).scalars().all()
            found: list[AuditEntry | int] = []
            for number in numbers:
                try:
                    one = await connection.execute(select(audit).where(audit.c.number == number))
                    found.append(AuditEntry(**one.mappings().one()))
                except DBAPIError:
                    found.append(number)
            return found
