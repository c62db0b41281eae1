"""What every part of the store stands on: one engine, and transactions that either read or write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.turns import Turns

READING = {"hacluster_reading": True}
"""Marks a connection that only reads: on SQLite no lock is taken for it."""


class Part:
    """A group of the store's questions about one subject."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # SQLite lets one write at a time and wakes those that wait in no order: some would wait for ever
        self._turns = Turns() if engine.dialect.name == "sqlite" else None

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection for one SELECT, which waits for no writer."""
        return self._engine.execution_options(**READING).connect()

    @asynccontextmanager
    async def _writing(self, *, hurry: bool = False) -> AsyncIterator[AsyncConnection]:
        """Hold a transaction that commits when its block ends and rolls back when it raises.

        In a `hurry` is what people wait for: it goes before what only notes something.
        """
        turn = self._turns.taken(hurry=hurry) if self._turns is not None else nullcontext()
        async with turn, self._engine.begin() as connection:
            yield connection
