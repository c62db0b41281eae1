"""The audit: in order whoever writes, never changed, and if it was all the same, found by the first link that breaks."""

# ruff: noqa: S608 - the statements are made of names of columns, to damage a database of our own

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple, replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, table, text
from sqlalchemy import column as col

from bot.store import AuditEntry, Store
from bot.store.chain import Break, Head, Verified, seal
from tests.bot.store.conftest import NOW, migrate

ALICE, BOB = "T0HOME:U0ALICE", "T0HOME:U0BOB"
TOLD = {"text": "stop wéb — “now”", "n": 1.5, "none": None, "deep": [{"b": 1, "a": "\ud800"}]}


async def write(store: Store, count: int, who: str = ALICE) -> None:
    for number in range(count):
        cluster = ("web", "db", None)[number % 3]
        await store.record(NOW, who, "slack", "stop", cluster, "asked", {**TOLD, "i": number}, name="Alice", place="C0")


def tampered(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """Do to the database what its triggers refuse, as whoever owns the file can."""
    with closing(sqlite3.connect(path)) as database, database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            database.execute(statement, values)


SAID = "at, who, name, surface, place, verb, cluster, kind, body"
PUT = f"INSERT INTO audit VALUES ({','.join('?' * 12)})"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


class TestWriting:
    async def test_entries_are_found_newest_first_by_cluster_person_and_time(self, store: Store) -> None:
        await write(store, 3)
        await store.record(NOW + timedelta(hours=1), BOB, "terminal", "start", "web", "asked", {})
        assert [entry.number for entry in await store.recorded()] == [4, 3, 2, 1]
        assert [entry.number for entry in await store.recorded(limit=1)] == [4]
        assert [entry.number for entry in await store.recorded(clusters=["web"])] == [4, 1]
        assert [entry.number for entry in await store.recorded(since=NOW + timedelta(minutes=1))] == [4]
        assert [entry.number for entry in await store.recorded(who=ALICE)] == [3, 2, 1]
        assert [entry.number for entry in await store.recorded(who="U0BOB")] == [4]
        assert [entry.number for entry in await store.recorded(clusters=["web"], who="0BOB")] == []

    async def test_an_entry_comes_back_as_it_was_told(self, store: Store) -> None:
        await write(store, 1)
        (entry,) = await store.recorded()
        assert (entry.who, entry.name, entry.place, entry.surface) == (ALICE, "Alice", "C0", "slack")
        assert (entry.verb, entry.cluster, entry.kind, entry.when) == ("stop", "web", "asked", NOW)
        assert entry.detail == {**TOLD, "i": 0}

    async def test_a_moment_of_another_zone_is_the_same_moment(self, store: Store) -> None:
        await store.record(NOW.astimezone(timezone(timedelta(hours=9))), ALICE, "slack", "stop", "web", "asked", {})
        assert (await store.recorded())[0].when == NOW

    async def test_a_name_that_is_no_word_is_kept_as_far_as_it_is_one(self, store: Store) -> None:
        await store.record(NOW, ALICE, "slack", "stop", "web", "asked", {}, name="A\ud800l\0i\nce" + "e" * 500)
        assert (await store.recorded())[0].name == ("Alice" + "e" * 500)[:80]
        assert (await store.verified()).broken is None

    async def test_many_writers_of_two_stores_at_once_make_one_chain(self, store: Store, other: Store) -> None:
        await asyncio.gather(*(write(one, 5, who) for one in (store, other) for who in (ALICE, BOB, "T:U", "bot")))
        assert await store.verified() == await other.verified()
        assert (await store.verified()).head.number == 40
        assert (await store.verified()).broken is None

    async def test_another_process_writes_into_the_same_chain(self, store: Store, url: str) -> None:
        script = (
            "import asyncio, sys\n"
            "from tests.bot.store.test_audit import write, Store\n"
            "async def main():\n"
            "    store = await Store.open(sys.argv[1])\n"
            "    print('ready', flush=True)\n"
            "    sys.stdin.readline()\n"
            "    await write(store, 15, 'another:process')\n"
            "    while not await store.recorded(1, who='T0HOME:U0ALICE'):\n"
            "        await asyncio.sleep(0.01)\n"
            "    await write(store, 15, 'another:process')\n"
            "    await store.close()\n"
            "asyncio.run(main())\n"
        )
        folder = Path(__file__).parents[3]
        with subprocess.Popen(  # noqa: ASYNC220 - it is waited for in threads
            [sys.executable, "-c", script, url], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
            process.stdin.write(b"go\n")
            process.stdin.flush()
            while not await store.recorded(1, who="another:process"):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.01)
            await write(store, 20)
            assert await asyncio.to_thread(process.wait) == 0
        verified = await store.verified()
        assert verified.broken is None
        assert verified.head.number == len(await store.recorded(10_000))
        assert len(await store.recorded(10_000, who="another:process")) == 30


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit SET who = 'nobody'",
            "DELETE FROM audit",
            "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1",
            "REPLACE INTO audit SELECT * FROM audit WHERE number = 2",
            f"INSERT INTO audit SELECT number + 2, {SAID}, hash, 'x' FROM audit WHERE number = 1",
            f"INSERT INTO audit SELECT number + 5, {SAID}, hash, 'x' FROM audit WHERE number = 2",
        ],
    )
    async def test_whatever_is_not_the_next_entry(self, store: Store, path: Path, statement: str) -> None:
        await write(store, 2)
        with (
            closing(sqlite3.connect(path)) as database,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
            database,
        ):
            database.execute(statement)
        assert (await store.verified()).head.number == 2
        assert (await store.verified()).broken is None


class TestVerifying:
    async def test_an_empty_chain_holds(self, store: Store) -> None:
        assert await store.verified() == Verified(Head())

    @pytest.mark.parametrize(
        ("statement", "broken", "why"),
        [
            ("DELETE FROM audit WHERE number = 3", 3, "missing: in its place stands 4"),
            ("DELETE FROM audit WHERE number = 1", 1, "missing: in its place stands 2"),
            ("UPDATE audit SET body = '{}' WHERE number = 4", 4, "what it says is not"),
            ("UPDATE audit SET cluster = 'db' WHERE number = 1", 1, "what it says is not"),
            ("UPDATE audit SET body = CAST(x'ff41' AS TEXT) WHERE number = 2", 2, "not text"),
            ("UPDATE audit SET body = x'4141' WHERE number = 2", 2, "not text"),
            ("UPDATE audit SET number = number + 1000 WHERE number = 5", 5, "missing: in its place stands 6"),
            ("UPDATE audit SET number = 0 WHERE number = 5", 1, "missing: in its place stands 0"),
        ],
    )
    async def test_the_first_link_that_breaks_is_named(
        self, store: Store, path: Path, statement: str, broken: int, why: str
    ) -> None:
        await write(store, 6)
        tampered(path, statement)
        found = (await store.verified()).broken
        assert found is not None
        assert found.number == broken
        assert why in found.why

    async def test_entries_that_changed_places_are_found(self, store: Store, path: Path) -> None:
        await write(store, 4)
        change = "UPDATE audit SET number = {} WHERE number = {}".format
        tampered(path, change(9, 2), change(2, 3), change(3, 9))
        assert (await store.verified()).broken == Break(2, "the hash that it names as its predecessor's is another one")

    async def test_an_entry_resealed_by_somebody_who_knows_how_breaks_the_next(self, store: Store, path: Path) -> None:
        await write(store, 4)
        (entry,) = [one for one in await store.recorded() if one.number == 2]
        *said, _ = astuple(replace(entry, who=BOB))
        tampered(path, "UPDATE audit SET who = ?, hash = ? WHERE number = 2", values=(BOB, seal(*said)))
        broken = (await store.verified()).broken
        assert broken is not None
        assert broken.number == 3

    async def test_a_chain_that_was_cut_off_does_not_reach_the_head_that_was_noted(
        self, store: Store, path: Path
    ) -> None:
        await write(store, 4)
        noted = (await store.verified()).head
        tampered(path, "DELETE FROM audit WHERE number > 2")
        assert (await store.verified()).broken is None, "no chain knows that by itself"
        broken = (await store.verified(noted)).broken
        assert broken == Break(3, "it is missing: the chain ends at 2, and 4 was noted")

    async def test_a_chain_written_anew_does_not_go_through_the_head_that_was_noted(self, store: Store) -> None:
        await write(store, 4)
        good = (await store.verified()).head
        assert (await store.verified(good)).broken is None
        broken = (await store.verified(replace(good, number=3))).broken
        assert broken == Break(3, "its hash is not the one that was noted")

    async def test_a_chain_longer_than_a_page_is_looked_at_to_its_end(self, store: Store, path: Path) -> None:
        previous: AuditEntry | None = None
        rows = []
        for number in range(1, 1204):
            said = (number, "t", ALICE, "", "slack", "", "stop", None, "asked", "{}")
            said_all = (*said, previous.hash if previous else Head().hash)
            previous = AuditEntry(*said_all, seal(*said_all))
            rows.append(astuple(previous))
        with closing(sqlite3.connect(path)) as database, database:
            database.executemany(PUT, rows)
        assert (await store.verified()).head.number == 1203
        tampered(path, "UPDATE audit SET name = 'x' WHERE number = 1203")
        broken = (await store.verified()).broken
        assert broken is not None
        assert broken.number == 1203

    def test_a_head_is_read_as_it_is_told(self) -> None:
        head = Head(7, "a1" * 32)
        assert Head.parse(f" {head} ") == head
        assert Head.parse("7") is None
        assert Head.parse(f"x:{head.hash}") is None


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Callable[..., Verified]]]:
    """A store whose triggers are gone, and how to look at its chain."""
    path = tmp_path_factory.mktemp("chain") / "store.db"
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(f"sqlite+aiosqlite:///{path}"))
        runner.run(write(store, 4))
        tampered(path)
        yield path, lambda noted=None: runner.run(store.verified(noted))
        runner.run(store.close())


COLUMNS = tuple(AuditEntry.__slots__)


@settings(deadline=None)
@given(data=st.data())
def test_one_flipped_bit_in_any_column_of_any_entry_is_found(
    chain: tuple[Path, Callable[..., Verified]], data: st.DataObject
) -> None:
    path, verified = chain
    number, name = data.draw(st.integers(1, 4)), data.draw(st.sampled_from(COLUMNS))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        whole = database.execute("SELECT * FROM audit WHERE number = ?", (number,)).fetchone()
        query = f"SELECT CAST({name} AS BLOB) FROM audit WHERE number = ?"
        (was,) = (number,) if name == "number" else database.execute(query, (number,)).fetchone()
        assume(was)
        flipped = _flipped(was, data)
        stored = "?" if name == "number" else "CAST(? AS TEXT)"
        try:
            database.execute(f'UPDATE audit SET "{name}" = {stored} WHERE number = ?', (flipped, number))
        except sqlite3.IntegrityError:
            assume(False)
        now = flipped if name == "number" else number
        try:
            found = verified().broken
        finally:
            database.execute("DELETE FROM audit WHERE number = ?", (now,))
            database.execute(PUT, whole)
    assert found is not None, (number, name, was, flipped)
    assert found.number <= number
    assert verified().broken is None, "the bit is back where it was"


def _flipped(was: Any, data: st.DataObject) -> Any:
    if isinstance(was, int):
        flipped = was ^ (1 << data.draw(st.integers(0, 63)))
        return flipped - 2**64 if flipped >= 2**63 else flipped
    bit = data.draw(st.integers(0, len(was) * 8 - 1))
    return bytes(byte ^ (1 << bit % 8) if place == bit // 8 else byte for place, byte in enumerate(was))


@settings(deadline=None)
@given(gone=st.sets(st.integers(1, 4), min_size=1))
def test_whatever_is_removed_is_found_but_for_the_newest_and_these_beside_a_noted_head(
    chain: tuple[Path, Callable[..., Verified]], gone: set[int]
) -> None:
    path, verified = chain
    noted = verified().head
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        whole = [database.execute("SELECT * FROM audit WHERE number = ?", (one,)).fetchone() for one in sorted(gone)]
        database.executemany("DELETE FROM audit WHERE number = ?", [(one,) for one in gone])
        try:
            alone, beside = verified().broken, verified(noted).broken
        finally:
            database.executemany(PUT, whole)
    newest_only = gone == set(range(min(gone), 5))
    assert (alone is None) is newest_only, "no chain knows by itself that its end was cut off"
    assert beside is not None
    assert beside.number == min(gone)
    assert verified(noted).broken is None


async def test_entries_from_before_the_chain_are_chained_as_they_stand(url: str, path: Path) -> None:
    old = table("audit", *map(col, ("when", "actor", "surface", "verb", "cluster", "event", "detail")))

    def make(connection: Connection) -> None:
        migrate(connection, "0003")
        for number in range(700):
            row = {
                "when": f"2026-03-01 12:00:{number % 60:02}.000000", "actor": ALICE, "surface": "slack",
                "verb": "stop", "cluster": "web" if number % 2 else None, "event": "asked", "detail": '{"b": 1, "a": [2]}',
            }  # fmt: skip
            connection.execute(insert(old).values(row))
        connection.execute(text("DROP TRIGGER audit_keeps_DELETE"))
        connection.execute(text("DELETE FROM audit WHERE number = 5"))

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        make(connection)
    engine.dispose()
    store = await Store.open(url)
    await write(store, 1)
    assert await store.verified() == Verified(Head(700, (await store.recorded(1))[0].hash))
    first = (await store.recorded(1000))[-1]
    assert (first.number, first.who, first.kind, first.body) == (1, ALICE, "asked", '{"a":[2],"b":1}')
    assert first.when == NOW
    await store.close()
