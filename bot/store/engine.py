"""Opening the database: connections that behave, and the schema brought up to date."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.base import READING
from commands.errors import HaclusterError

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 0x6861636C  # "hacl": the key of our advisory lock
_BUSY = 10_000
"""Milliseconds that a SQLite writer waits for another one."""
_AGAIN = 0.05
"""Seconds between two tries to open a SQLite file that somebody else is making."""


class StoreUnusable(HaclusterError):
    """The database cannot be opened or does not fit this version."""


async def open_engine(url: str) -> AsyncEngine:
    """Connect and migrate. Raises `StoreUnusable`, whose text shows no password."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        engine = create_async_engine(
            url, hide_parameters=True
        )  # an error of it goes to the log, what people typed does not
    except (ArgumentError, ImportError) as error:
        reason = "its driver is not installed" if isinstance(error, ImportError) else "it is not a database URL"
        raise StoreUnusable(f"the store cannot be opened: {reason}", remedy="Look at store.url.") from None
    if engine.dialect.name == "sqlite":
        _require_folder(engine.url.database)
        _tame_sqlite(engine)
    try:
        await _brought_up_to_date(engine)
    except CommandError as error:
        await engine.dispose()
        raise StoreUnusable(
            f"the store {shown} was written by another version: {error}",
            remedy="Start the version that wrote it, or restore the store's backup.",
        ) from None
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        raise StoreUnusable(
            f"the store {shown} cannot be opened: {why(error)}",
            remedy="Look at store.url: the folder must exist and be writable, a server must be reachable.",
        ) from None
    return engine


def why(error: Exception) -> str:
    """Return the database's own words for what went wrong: "database or disk is full". No statement, no value of one."""
    orig = getattr(error, "orig", None)
    if isinstance(error, SQLAlchemyError) and orig is None:
        return type(error).__name__
    return str(orig or error)


async def _brought_up_to_date(engine: AsyncEngine) -> None:
    """Migrate. Turning a new file to write-ahead logging waits for nobody: when bots start at once, all but one try again."""
    patience = _BUSY / 1000
    while True:
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_migrate)
                return
        except OperationalError as error:
            if "database is locked" not in str(error.orig) or patience <= 0:
                raise
        patience -= _AGAIN
        await asyncio.sleep(_AGAIN)


def _require_folder(database: str | None) -> None:
    """Refuse a file in a folder that is not there, before the driver tries: its thread may outlive its failure."""
    if database and database != ":memory:" and not Path(database).parent.is_dir():
        raise StoreUnusable(
            f"the store cannot be opened: there is no folder {Path(database).parent}",
            remedy="Make the folder, writable by the bot alone, or look at store.url.",
        )


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # replicas that start at once take turns; on SQLite the transaction itself is the lock
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _tame_sqlite(engine: AsyncEngine) -> None:
    """Let readers and one writer work side by side, and make transactions start where we say so.

    The driver's own idea of transactions leaves schema changes outside of them and takes the write lock halfway
    through, where SQLite no longer waits for it. So it begins none by itself; ours take the lock at once.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        if not READING.items() <= connection.get_execution_options().items():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
