"""Opening a store: new, old, shared, broken; and the tables that the migrations really make."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, insert, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.store import PlanRow, Store
from bot.store.chain import GENESIS, canonical, moment, seal
from bot.store.engine import StoreUnusable, why
from bot.store.tables import audit, metadata, plans, seen
from tests.bot.store.conftest import NOW, migrate


async def test_the_migrations_make_the_tables_that_the_code_expects(store: Store, tmp_path: Path) -> None:
    del store

    def differences(connection: Connection) -> list[object]:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
        return found

    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_opening_again_keeps_what_is_there(store: Store, url: str) -> None:
    await store.first_time("trigger", NOW)
    again = await Store.open(url)
    assert not await again.first_time("trigger", NOW)
    await again.close()


async def test_replicas_that_start_at_once_on_a_new_database_all_come_up(url: str) -> None:
    stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
    assert sum([await store.first_time("trigger", NOW) for store in stores]) == 1
    for store in stores:
        await store.close()


async def test_readers_and_a_writer_work_side_by_side(store: Store, tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert await store.running() == ()
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    writer.execute("ROLLBACK")
    writer.close()


async def test_a_store_of_an_earlier_version_is_brought_up_to_date_with_what_it_holds(url: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        migrate(connection, "0001")
        connection.execute(insert(seen).values(key="trigger", at=NOW))
    engine.dispose()
    store = await Store.open(url)
    assert not await store.first_time("trigger", NOW)
    assert await store.schedules() == ()
    assert await store.waiting() == ()
    await store.close()


async def test_what_was_done_alone_under_an_earlier_version_waits_for_its_review_unless_it_had_one(
    url: str, tmp_path: Path, make_plan: Callable[..., PlanRow]
) -> None:
    done = {"state": "done", "started": NOW, "decided_by": "T0HOME:U0ALICE"}
    told = [("p1", "broke-glass"), ("p2", "broke-glass"), ("p2", "reviewed"), ("p3", "approved")]
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        migrate(connection, "0005")
        columns = {column["name"] for column in inspect(connection).get_columns("plans")}
        for plan_id in ("p1", "p2", "p3"):
            row = asdict(make_plan(plan_id, **done))
            connection.execute(insert(plans).values({name: row[name] for name in columns & row.keys()}))
        previous = GENESIS
        for number, (plan_id, kind) in enumerate(told, start=1):
            body = canonical({"plan": plan_id})
            entry = (number, moment(NOW), "T0HOME:U0BOB", "", "slack", "", "start", "web", kind, body, previous)
            names = ("number", "at", "who", "name", "surface", "place", "verb", "cluster", "kind", "body", "previous")
            previous = seal(*entry)
            connection.execute(insert(audit).values({**dict(zip(names, entry, strict=True)), "hash": previous}))
    engine.dispose()
    store = await Store.open(url)
    rows = [await store.plan(plan_id) for plan_id in ("p1", "p2", "p3")]
    assert [(row.alone, row.reviewed_by) for row in rows if row] == [
        (True, None),
        (True, "T0HOME:U0BOB"),
        (False, None),
    ]
    waits = await store.plans_to_review(NOW + timedelta(hours=1))
    assert [(row.id, row.review_asked) for row in waits] == [("p1", NOW)]
    await store.close()


async def test_an_error_of_the_store_tells_no_value_of_what_was_to_be_stored(
    store: Store, tmp_path: Path, make_plan: Callable[..., PlanRow]
) -> None:
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        connection.execute("DROP TABLE plans")
    connection.close()
    with pytest.raises(SQLAlchemyError) as refused:
        await store.add_plan(make_plan("p1", text="setup web --token c4n4ry"))
    assert "c4n4ry" not in f"{refused.value}{refused.value!r}"
    assert why(refused.value) == "no such table: plans"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite+aiosqlite:////nowhere/at/all/store.db", "there is no folder /nowhere/at/all"),
        ("not a url", "not a database URL"),
        ("nosuch+driver://bot:c4n4ry@db/bot", "not a database URL"),
    ],
)
async def test_a_store_that_cannot_be_opened_says_why_and_shows_no_password(url: str, reason: str) -> None:
    with pytest.raises(StoreUnusable, match=reason) as refused:
        await Store.open(url)
    assert refused.value.remedy
    assert "c4n4ry" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(StoreUnusable, match="not a database"):
        await Store.open(url)


async def test_a_store_of_a_later_version_is_left_alone(store: Store, url: str, tmp_path: Path) -> None:
    await store.close()
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreUnusable, match="another version"):
        await Store.open(url)


def test_the_tables_can_be_written_for_postgresql() -> None:
    dialect = make_url("postgresql+asyncpg://").get_dialect()()
    tables = "".join(str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables)
    assert tables.count("TIMESTAMP WITH TIME ZONE") == 26
    (only_one,) = [index for index in plans.indexes if index.unique]
    assert "WHERE state = 'running'" in str(CreateIndex(only_one).compile(dialect=dialect))
