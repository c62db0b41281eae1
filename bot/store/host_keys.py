"""Host keys that an admin trusted, and those that were offered and wait for one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from bot.store.base import Part
from bot.store.rows import Offer
from bot.store.tables import host_keys, offers


class HostKeyPart(Part):
    """Trusted keys by address and port, and offers by their opaque id."""

    async def offer(
        self,
        offer_id: str,
        node: str,
        address: str,
        port: int,
        key: str,
        fingerprint: str,
        now: datetime,
    ) -> str:
        """Keep a key exactly as shown, so that Trust stores this one and no other. Return the id it is kept under.

        What was offered before keeps its id: who asks for the status again and again makes no more of it.
        """
        row = Offer(offer_id, node, address, port, key, fingerprint, now)
        same = (offers.c.node == node, offers.c.address == address, offers.c.port == port, offers.c.key == key)
        async with self._writing() as connection:
            before = (await connection.execute(select(offers.c.id).where(*same).limit(1))).scalar_one_or_none()
            if before is None:
                await connection.execute(insert(offers).values(asdict(row)))
            return before or offer_id

    async def offered(self, offer_id: str) -> Offer | None:
        """Return an offer, or None if there is none of that id."""
        async with self._reading() as connection:
            row = (await connection.execute(select(offers).where(offers.c.id == offer_id))).mappings().one_or_none()
            return None if row is None else Offer(**row)

    async def trust(self, address: str, port: int, key: str, fingerprint: str, actor_key: str, now: datetime) -> None:
        """Trust a key for an address, beside those trusted before. Trusting it again keeps the first time."""
        row = {
            "address": address,
            "port": port,
            "fingerprint": fingerprint,
            "key": key,
            "trusted_by": actor_key,
            "trusted_at": now,
        }
        with suppress(IntegrityError):
            async with self._writing() as connection:
                await connection.execute(insert(host_keys).values(row))

    async def trusted(self, address: str, port: int) -> tuple[str, ...]:
        """Return the keys trusted for an address, in OpenSSH's one-line form."""
        query = (
            select(host_keys.c.key)
            .where(host_keys.c.address == address, host_keys.c.port == port)
            .order_by(host_keys.c.trusted_at, host_keys.c.fingerprint)
        )
        async with self._reading() as connection:
            return tuple((await connection.execute(query)).scalars())
