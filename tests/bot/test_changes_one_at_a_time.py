"""One change at a time per cluster, held by a lease that the running change keeps prolonging."""

from __future__ import annotations

import asyncio

from bot import cards
from bot.store import Store
from bot.under_way import LEASE
from bot.verbs import VERBS
from commands.verbs.verb import Verb
from tests.bot.changing import proposed
from tests.bot.conftest import (
    ADMIN,
    DB,
    HERE,
    NOW,
    OPERATOR,
    PATIENCE,
    Door,
    HandTime,
    Nodes,
    Stage,
    flip_plan,
    make_door,
    words,
)


async def test_one_change_at_a_time_per_cluster_and_the_other_waits(door: Door, nodes: Nodes, stage: Stage) -> None:
    end = nodes.hold("flip")
    await proposed(door)
    first, values = door.surface.card()
    running = asyncio.create_task(
        door.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[cards.CONFIRM], first, door.surface, key="")
    )
    await nodes.started("flip")
    second = await proposed(door, ADMIN)
    await door.press(ADMIN, cards.CONFIRM)
    assert "another change of web is running" in words(door.surface.of("whisper")[-1])
    assert (await door.row(second)).state == "waiting"

    stage.decision = flip_plan(DB, words="other")
    await proposed(door, OPERATOR, "flip db")
    await door.press(OPERATOR, cards.CONFIRM)
    assert ("d1", "other < the password") in nodes.changed, "another cluster is nobody's business"

    end.set()
    await running
    stage.decision = flip_plan()
    await door.press(ADMIN, cards.CONFIRM, second)
    assert nodes.changed.count(("n2", "flop")) == 2


async def test_a_running_change_prolongs_its_lease_until_it_ends(door: Door, nodes: Nodes, time: HandTime) -> None:
    end = nodes.hold("flip")
    plan_id = await proposed(door)
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    assert (await door.row(plan_id)).expires == NOW + LEASE
    for _ in range(12):
        await time.paused()
        time.forward(seconds=2.5)
        await door.until_held(plan_id, time.now + LEASE)
    assert await door.store.interrupt_lapsed(time.now) == ()
    assert "30 s" in words(door.surface.of("edit")[-1]), "progress tells the elapsed time"
    end.set()
    await running
    assert (await door.row(plan_id)).state == "done"


class Stumbling(Store):
    """A store whose prolonging of leases fails now and then."""

    failures: int = 0

    async def extend(self, plan_id: str, until: object) -> bool:
        if Stumbling.failures:
            Stumbling.failures -= 1
            raise OSError("the disk is busy")
        return await super().extend(plan_id, until)  # type: ignore[arg-type]


async def test_a_store_that_stumbles_once_costs_no_lease(url: str, nodes: Nodes, time: HandTime, flip: Verb) -> None:
    store = await Stumbling.open(url)
    door = make_door(store, nodes, time, (*VERBS, flip))
    end = nodes.hold("flip")
    plan_id = await proposed(door)
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    await time.paused()
    Stumbling.failures = 1
    time.forward(seconds=2.5)
    async with asyncio.timeout(PATIENCE):
        await time.paused()
    assert (await door.row(plan_id)).expires == NOW + LEASE
    time.forward(seconds=2.5)
    await door.until_held(plan_id, time.now + LEASE)
    end.set()
    await running
    assert (await door.row(plan_id)).state == "done"
    await store.close()
