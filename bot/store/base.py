"""What every part of the store stands on: one engine, and transactions that either read or write."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

READING = {"hacluster_reading": True}
"""Marks a connection that only reads: on SQLite no lock is taken for it."""


class Part:
    """A group of the store's questions about one subject."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def _reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a connection for one SELECT, which waits for no writer."""
        return self._engine.execution_options(**READING).connect()

    def _writing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Return a transaction that commits when its block ends and rolls back when it raises."""
        return self._engine.begin()
