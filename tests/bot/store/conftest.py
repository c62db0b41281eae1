"""A store in a file of its own, opened twice: as two replicas of the bot would."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from bot.store import PlanRow, Store, engine

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def migrate(connection: Connection, revision: str) -> None:
    """Bring a database to an earlier version."""
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A new database: a file; or, where `STORE_ON_POSTGRESQL` names a server for it, one of that server.

    It takes `asyncpg` and `createdb`. What looks at the file itself is for SQLite alone: CONTRIBUTING names the rest.
    """
    server = os.environ.get("STORE_ON_POSTGRESQL")
    if not server:
        yield f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"
        return
    name, to_it = f"store_{uuid.uuid4().hex}", server.replace("+asyncpg", "", 1)
    subprocess.run(["createdb", "--maintenance-db", f"{to_it}/postgres", name], check=True)
    yield f"{server}/{name}"
    subprocess.run(["dropdb", "--force", "--maintenance-db", f"{to_it}/postgres", name], check=True)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
async def other(url: str, store: Store) -> AsyncIterator[Store]:
    """A second process's view of the same store."""
    del store  # the first one creates the tables
    other = await Store.open(url)
    yield other
    await other.close()


@pytest.fixture
def make_plan() -> Callable[..., PlanRow]:
    def make(plan_id: str, cluster: str = "web", **changed: Any) -> PlanRow:
        row: dict[str, Any] = {
            "id": plan_id,
            "verb": "start",
            "text": f"start {cluster}",
            "cluster": cluster,
            "team": "T0HOME",
            "user": "U0ALICE",
            "channel": "C0OPS",
            "fingerprint": "f" * 64,
            "created": NOW,
            "expires": NOW + timedelta(minutes=5),
        }
        return PlanRow(**{**row, **changed})

    return make
