"""One at a time, in order, those in a hurry first; and nobody waits for ever because somebody else gave up."""

from __future__ import annotations

import asyncio

from bot.turns import Turns


async def test_those_in_a_hurry_go_first_and_each_line_keeps_its_order() -> None:
    turns = Turns()
    had: list[str] = []

    async def have(name: str, *, hurry: bool = False) -> None:
        async with turns.taken(hurry=hurry):
            had.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(have(name))
        for name in ("urgent 1", "urgent 2"):
            group.create_task(have(name, hurry=True))
    assert had == ["a", "urgent 1", "urgent 2", "b", "c"]
    assert not turns.locked()


async def test_who_is_cancelled_hands_on_its_turn_even_one_it_had_just_been_given() -> None:
    for given in (False, True):
        turns = Turns()
        async with turns.taken():
            tasks = [asyncio.create_task(_have(turns)) for _ in range(3)]
            await asyncio.sleep(0)
            if not given:
                tasks[0].cancel()
        tasks[0].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert [task.cancelled() for task in tasks] == [True, False, False]
        assert not turns.locked()


async def _have(turns: Turns) -> None:
    async with turns.taken():
        await asyncio.sleep(0)
