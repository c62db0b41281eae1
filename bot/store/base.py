"""What every part of the store stands on: one engine, and transactions that either read or write."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Part:
    """A group of the store's questions about one subject."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection for one SELECT, without a transaction: readers never wait for a writer."""
        return self._engine.execution_options(isolation_level="AUTOCOMMIT").connect()

    def _writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a transaction that commits when its block ends and rolls back when it raises."""
        return self._engine.begin()
