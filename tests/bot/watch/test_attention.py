"""What the bot could not notice, because it stood still itself, is no time that a node let pass."""

from __future__ import annotations

import asyncio

import pytest

from bot.clock import Clock
from bot.watch.attention import TICK, Attention


class Turns:
    """Gives the bot its turn when the test says, at a time that the test says."""

    def __init__(self) -> None:
        self.time = 100.0
        self._turn = asyncio.Event()

    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, sleep=self._sleep)

    async def _sleep(self, _: float) -> None:
        self._turn.clear()
        await self._turn.wait()

    async def come(self, after: float) -> None:
        self.time += after
        self._turn.set()
        for _ in range(3):
            await asyncio.sleep(0)


async def _attending(turns: Turns) -> tuple[Attention, asyncio.Task[None]]:
    attention = Attention(turns.clock())
    task = asyncio.create_task(attention.run())
    await asyncio.sleep(0)
    return attention, task


async def test_it_goes_as_the_clock_does_while_the_bot_gets_its_turns() -> None:
    turns = Turns()
    attention, task = await _attending(turns)
    for _ in range(8):
        await turns.come(TICK)
    assert attention.now() == pytest.approx(8 * TICK)
    turns.time += TICK / 2
    assert attention.now() == pytest.approx(8.5 * TICK)
    task.cancel()


async def test_time_in_which_the_bot_stood_still_does_not_count() -> None:
    turns = Turns()
    attention, task = await _attending(turns)
    turns.time += 30
    assert attention.now() == pytest.approx(TICK), "not even before it has noticed"
    await turns.come(0)
    assert attention.now() == pytest.approx(TICK)
    task.cancel()


async def test_it_stands_before_it_runs_and_after() -> None:
    turns = Turns()
    attention = Attention(turns.clock())
    turns.time += 30
    assert attention.now() == 0
    attention, task = await _attending(turns)
    await turns.come(TICK)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    turns.time += 30
    assert attention.now() == pytest.approx(TICK)
