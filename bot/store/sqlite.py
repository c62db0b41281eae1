"""SQLite with few visits to its thread.

Each connection works in a thread of its own, so that a lock that is waited for holds up nobody else. aiosqlite goes there
to make a cursor, to execute, to fetch, to close it, and to roll back where nothing was begun: on a busy machine each way
there and back takes as long as two processes take to let ours have its turn. Here a statement is one visit, with all of
its rows. It leans on aiosqlite's queue of calls (`_execute`), as SQLAlchemy's own adapter does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite
from sqlalchemy import URL


class _Cursor:
    """One statement at a time, as SQLAlchemy's adapter uses a cursor: executed, all fetched, closed."""

    def __init__(self, connection: Connection) -> None:
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1
        self._connection = connection
        self._rows: Sequence[Any] = ()

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._connection.visit(lambda there: self._take(there.execute(statement, parameters)))

    async def executemany(self, statement: str, parameters: Iterable[Any]) -> None:
        await self._connection.visit(lambda there: self._take(there.executemany(statement, parameters)))

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """Leave it: there is nothing open in the thread."""
        self._rows = ()

    def _take(self, cursor: sqlite3.Cursor) -> None:
        try:
            self.description, self.lastrowid = cursor.description, cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount = cursor.rowcount  # of what returns rows it is known once they are fetched
        finally:
            cursor.close()  # left open by a row that is no text, it would go on reading what was there then


class Connection(aiosqlite.Connection):
    """A connection whose statements are one visit each."""

    def cursor(self) -> _Cursor:  # type: ignore[override] # all that SQLAlchemy's adapter asks of one
        """Return a cursor; nothing is done for it."""
        return _Cursor(self)

    async def rollback(self) -> None:
        """Roll back what was begun."""
        if self._conn.in_transaction:
            await super().rollback()

    async def visit(self, do: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in the connection's thread. Raises what it raises."""
        await self._execute(do, self._conn)  # type: ignore[no-untyped-call]


def connecting(url: URL) -> Callable[[], Awaitable[Connection]]:
    """Return what SQLAlchemy makes its connections to a URL with."""
    arguments, options = url.get_dialect()().create_connect_args(url)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    async def connected() -> Connection:
        connection = Connection(lambda: connect(*arguments, **options), iter_chunk_size=64)
        connection._thread.daemon = True  # as SQLAlchemy has it: a bot that is stopped waits for no statement  # noqa: SLF001
        await connection
        return connection

    return connected
