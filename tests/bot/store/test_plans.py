"""Plans: shown once, decided once, one at a time per cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.store import PlanRow, PlanState, Store
from bot.store.rows import ENDED
from commands.errors import Busy
from tests.bot.store.conftest import NOW

MakePlan = Callable[..., PlanRow]
BOB = "T0HOME:U0BOB"


async def test_a_plan_comes_back_as_it_was_stored(store: Store, make_plan: MakePlan) -> None:
    plan = make_plan("p1", thread_ts="1.2", text="setup web --vip “10.0.0.1/24” … ; drop table plans")
    await store.add_plan(plan)
    assert await store.plan("p1") == plan
    assert await store.plan("p2") is None


async def test_a_decision_says_who_took_it_and_an_end_how_it_went(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1"))
    assert await store.claim("p1", "waiting", "running", BOB, NOW)
    later = NOW + timedelta(seconds=30)
    assert await store.claim("p1", "running", "done", "T0HOME:U0ALICE", later, summary="web runs")
    plan = await store.plan("p1")
    assert plan is not None
    assert (plan.state, plan.decided_by, plan.finished, plan.summary) == ("done", BOB, later, "web runs")


@pytest.mark.parametrize("new_state", ["running", "cancelled"])
async def test_of_many_clicks_on_two_replicas_exactly_one_wins(
    store: Store, other: Store, make_plan: MakePlan, new_state: PlanState
) -> None:
    await store.add_plan(make_plan("p1"))
    clicks = [replica.claim("p1", "waiting", new_state, BOB, NOW) for replica in (store, other) * 10]
    assert sum(await asyncio.gather(*clicks)) == 1


async def test_a_confirmation_and_a_cancellation_at_once_do_not_both_count(
    store: Store, other: Store, make_plan: MakePlan
) -> None:
    for number in range(10):
        await store.add_plan(make_plan(f"p{number}", cluster=f"c{number}"))
        confirmed, cancelled = await asyncio.gather(
            store.claim(f"p{number}", "waiting", "running", BOB, NOW),
            other.claim(f"p{number}", "waiting", "cancelled", BOB, NOW),
        )
        assert confirmed != cancelled


async def test_of_many_plans_of_a_cluster_confirmed_at_once_exactly_one_runs(
    store: Store, other: Store, make_plan: MakePlan
) -> None:
    for number in range(8):
        await store.add_plan(make_plan(f"p{number}"))
    outcomes = await asyncio.gather(
        *((store, other)[n % 2].claim(f"p{n}", "waiting", "running", BOB, NOW) for n in range(8)),
        return_exceptions=True,
    )
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 7
    assert len(await store.running()) == 1
    assert len(await store.waiting()) == 7


async def test_clusters_do_not_wait_for_each_other(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1", cluster="web"))
    await store.add_plan(make_plan("p2", cluster="db"))
    assert await store.claim("p1", "waiting", "running", BOB, NOW)
    assert await store.claim("p2", "waiting", "running", BOB, NOW)
    assert [plan.id for plan in await store.running()] == ["p1", "p2"]


async def test_once_a_change_ended_the_next_of_its_cluster_may_run(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1"))
    await store.add_plan(make_plan("p2"))
    assert await store.claim("p1", "waiting", "running", BOB, NOW)
    with pytest.raises(Busy, match="web"):
        await store.claim("p2", "waiting", "running", BOB, NOW)
    assert await store.claim("p1", "running", "failed", BOB, NOW)
    assert await store.claim("p2", "waiting", "running", BOB, NOW)


async def test_a_plan_that_starts_without_waiting_takes_its_turn_too(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1", state="running"))
    with pytest.raises(Busy):
        await store.add_plan(make_plan("p2", state="running"))


async def test_an_expired_plan_cannot_start(store: Store, make_plan: MakePlan) -> None:
    plan = make_plan("p1")
    await store.add_plan(plan)
    assert not await store.claim("p1", "waiting", "running", BOB, plan.expires)
    assert await store.claim("p1", "waiting", "expired", BOB, plan.expires)


async def test_a_plan_that_is_not_there_is_nobodys(store: Store) -> None:
    assert not await store.claim("forged", "waiting", "running", BOB, NOW)


@pytest.mark.parametrize("ended", sorted(ENDED))
async def test_an_end_is_an_end(store: Store, make_plan: MakePlan, ended: PlanState) -> None:
    await store.add_plan(make_plan("p1"))
    assert await store.claim("p1", "waiting", ended, BOB, NOW)
    assert not await store.claim("p1", "waiting", "running", BOB, NOW)
    with pytest.raises(ValueError, match=ended):
        await store.claim("p1", ended, "running", BOB, NOW)


async def test_what_ran_when_the_bot_died_is_found_with_its_message(
    store: Store, url: str, make_plan: MakePlan
) -> None:
    await store.add_plan(make_plan("p1"))
    await store.set_message("p1", "C0OPS", "1700000000.000100")
    await store.claim("p1", "waiting", "running", BOB, NOW)
    await store.close()
    reborn = await Store.open(url)
    (plan,) = await reborn.running()
    await reborn.close()
    assert (plan.id, plan.channel, plan.message_ts) == ("p1", "C0OPS", "1700000000.000100")


async def test_a_running_plan_whose_bot_died_is_interrupted_once_its_lease_ran_out(
    store: Store, other: Store, make_plan: MakePlan
) -> None:
    for cluster in ("web", "db"):
        await store.add_plan(make_plan(cluster, cluster=cluster))
        assert await store.claim(cluster, "waiting", "running", BOB, NOW, lease=NOW + timedelta(seconds=60))
    await store.extend("db", NOW + timedelta(seconds=120))
    assert await other.interrupt_lapsed(NOW + timedelta(seconds=59)) == ()
    (lapsed,) = await other.interrupt_lapsed(NOW + timedelta(seconds=60))
    assert (lapsed.id, lapsed.state, lapsed.finished) == ("web", "interrupted", NOW + timedelta(seconds=60))
    assert [plan.id for plan in await store.running()] == ["db"]
    assert not await store.claim("web", "running", "done", BOB, NOW)


async def test_a_lease_is_not_prolonged_once_the_plan_ended(store: Store, make_plan: MakePlan) -> None:
    plan = make_plan("p1")
    await store.add_plan(plan)
    await store.claim("p1", "waiting", "cancelled", BOB, NOW)
    await store.extend("p1", NOW + timedelta(days=1))
    stored = await store.plan("p1")
    assert stored is not None
    assert stored.expires == plan.expires


async def test_a_moment_without_a_time_zone_is_refused(store: Store, make_plan: MakePlan) -> None:
    with pytest.raises(Exception, match="time zone"):
        await store.add_plan(make_plan("p1", created=NOW.replace(tzinfo=None)))


async def test_the_changes_of_a_period_are_those_that_ran_in_it(store: Store, make_plan: MakePlan) -> None:
    minute = timedelta(minutes=1)
    for plan_id in ("asked", "cancelled", "done", "died"):
        await store.add_plan(make_plan(plan_id, expires=NOW + timedelta(hours=1)))
    await store.claim("cancelled", "waiting", "cancelled", BOB, NOW)
    await store.claim("done", "waiting", "running", BOB, NOW + minute)
    await store.claim("done", "running", "done", BOB, NOW + 3 * minute)
    await store.claim("died", "waiting", "running", BOB, NOW + 5 * minute)
    assert [(plan.id, plan.started, plan.finished) for plan in await store.plans_between("web", NOW)] == [
        ("done", NOW + minute, NOW + 3 * minute),
        ("died", NOW + 5 * minute, None),
    ]
    assert [plan.id for plan in await store.plans_between("web", NOW + 4 * minute)] == ["died"]
    assert [plan.id for plan in await store.plans_between("web", NOW, NOW + 4 * minute)] == ["done"]
    assert await store.plans_between("db", NOW) == ()


async def test_a_plan_that_needs_nobody_starts_when_it_is_stored(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1", state="running"))
    (plan,) = await store.plans_between("web", NOW)
    assert plan.started == NOW
