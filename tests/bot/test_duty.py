"""Of all bots on a store one watches and sends; the others stand by and take over when it is gone."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
import structlog

from bot import process
from bot.duty import LEASE, NAME, TICK, Duty
from bot.store import Store
from bot.store.rows import DutyRow
from tests.bot.scripted_slack import HandClock

HERE = process.this_process()
ELSEWHERE = "far 7 another-boot/pid:[1] 100 cafe"


@dataclass
class Bots:
    """Bots on one store, by their clock."""

    url: str
    clock: HandClock = field(default_factory=HandClock)
    at_work: list[str] = field(default_factory=list)
    """The bots that work now."""
    most: int = 0
    """How many worked at once, at most."""

    @asynccontextmanager
    async def bot(self, name: str) -> AsyncIterator[Duty]:
        """Let a bot run for as long as the block lasts, and then stop in order."""
        store = await Store.open(self.url)
        duty = Duty(store, clock=self.clock.clock(), me=f"{HERE}{name}")
        running = asyncio.create_task(duty.run(lambda: self._work(name)))
        try:
            yield duty
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await store.close()

    async def _work(self, name: str) -> None:
        self.at_work.append(name)
        self.most = max(self.most, len(self.at_work))
        try:
            await asyncio.Event().wait()
        finally:
            self.at_work.remove(name)

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not reached():  # noqa: ASYNC110 - what is awaited goes through the store
                await asyncio.sleep(0.001)

    async def resting(self, count: int) -> None:
        """Wait until so many bots wait for time to pass."""
        await self.until(lambda: sum(not sleep.done() for _, sleep in self.clock._asleep) == count)

    async def forward(self, seconds: float, bots: int) -> None:
        """Let time pass tick by tick."""
        end = self.clock.time + seconds
        while self.clock.time < end:
            await self.resting(bots)
            self.clock.forward(min(TICK, end - self.clock.time))
        await self.resting(bots)


@pytest.fixture
def bots(url: str) -> Bots:
    return Bots(url)


async def test_the_second_one_stands_by_and_says_so(bots: Bots) -> None:
    with structlog.testing.capture_logs() as logs:
        async with bots.bot("one") as one, bots.bot("two") as two:
            await bots.resting(2)
            await bots.forward(10 * LEASE, 2)
            assert len(bots.at_work) == bots.most == 1
            working, waiting = (one, two) if one.mine else (two, one)
            assert working.mine
            assert not waiting.mine
            assert waiting.holder == process.shown(HERE)
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "standing by: another bot on this store watches and sends"
    ]


async def test_one_that_stops_in_order_leaves_the_duty_at_once(bots: Bots) -> None:
    async with bots.bot("one"):
        await bots.until(lambda: bots.at_work == ["one"])
        await bots.resting(1)
        second = bots.bot("two")
        await second.__aenter__()
        await bots.resting(2)
    await bots.forward(TICK, 1)
    assert (bots.at_work, bots.most) == (["two"], 1)
    await second.__aexit__(None, None, None)


async def test_one_that_gives_no_sign_of_life_loses_it_after_the_lease(bots: Bots, store: Store) -> None:
    assert await store.take_duty(DutyRow(NAME, ELSEWHERE, 1), None)
    async with bots.bot("two"):
        await bots.resting(1)
        await bots.forward(LEASE - TICK, 1)
        assert bots.at_work == []
        assert await store.take_duty(DutyRow(NAME, ELSEWHERE, 2), DutyRow(NAME, ELSEWHERE, 1))
        await bots.forward(LEASE, 1)
        assert bots.at_work == []
        await bots.forward(TICK, 1)
        assert bots.at_work == ["two"]


async def test_one_that_was_asleep_stops_when_it_finds_another_on_duty(bots: Bots, store: Store) -> None:
    async with bots.bot("one") as one:
        await bots.until(lambda: bots.at_work == ["one"])
        there = await store.duty(NAME)
        assert there is not None
        assert await store.take_duty(DutyRow(NAME, ELSEWHERE, there.beat + 1), there)
        await bots.forward(TICK, 1)
        assert bots.at_work == []
        assert not one.mine


async def test_one_that_cannot_reach_the_store_stops_before_another_begins(bots: Bots, store: Store) -> None:
    async with bots.bot("one") as one:
        await bots.until(lambda: bots.at_work == ["one"])
        await bots.resting(1)
        async with store._writing() as connection:
            await connection.exec_driver_sql("ALTER TABLE duties RENAME TO gone")
        with structlog.testing.capture_logs():
            await bots.forward(LEASE - TICK, 1)
        assert bots.at_work == []
        async with store._writing() as connection:
            await connection.exec_driver_sql("ALTER TABLE gone RENAME TO duties")
        await bots.forward(TICK, 1)
        assert one.mine
        assert bots.at_work == ["one"]


async def test_of_many_that_see_the_duty_free_one_gets_it(store: Store, url: str) -> None:
    other = await Store.open(url)
    rows = [DutyRow(NAME, f"bot {number}", 1) for number in range(10)]
    taken = await asyncio.gather(*(one.take_duty(row, None) for row, one in zip(rows, (store, other) * 5, strict=True)))
    assert sum(taken) == 1
    assert await store.duty(NAME) in rows
    await other.close()


async def test_a_process_of_this_machine_that_was_killed_is_not_waited_for(bots: Bots, store: Store) -> None:
    code = "import sys; from bot.process import this_process; print(this_process(), flush=True); sys.stdin.read()"
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=PIPE, stdout=PIPE)
    assert other.stdout is not None
    name = (await other.stdout.readline()).decode().strip()
    assert await store.take_duty(DutyRow(NAME, name, 1), None)
    async with bots.bot("two"):
        await bots.forward(TICK, 1)
        assert bots.at_work == []
        other.kill()
        await other.wait()
        await bots.forward(TICK, 1)
        assert bots.at_work == ["two"]


def test_only_what_is_gone_for_certain_is_gone() -> None:
    assert not process.is_gone(HERE)
    assert not process.is_gone(ELSEWHERE)
    host, pid, place, _, mark = HERE.split(" ")
    assert process.is_gone(f"{host} {pid} {place} 1 {mark}"), "another process has had this number"
    assert not process.is_gone(f"{host} {pid} - - {mark}"), "nobody can tell"
