"""Approvals in the store: each person counts once, the last one that is needed starts the plan, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.store import PlanRow, PlanState, Store
from bot.store.rows import VoteRow
from commands.errors import Busy
from tests.bot.store.conftest import NOW

MakePlan = Callable[..., PlanRow]
LEASE = NOW + timedelta(seconds=15)


def word(by: str, plan: str = "p1", seconds: float = 0) -> VoteRow:
    return VoteRow(plan, f"T0HOME:{by}", NOW + timedelta(seconds=seconds), f"{by} has looked")


async def test_the_last_approval_that_is_needed_starts_the_plan(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1", approvals=2, reason="n1 is to be patched", risk="dangerous", groups=("S0A",)))
    first, second = word("U0BOB"), word("U0EVE", seconds=3)
    assert await store.approve("p1", first, 2, LEASE) == ("waiting", (first,), True)
    assert await store.approve("p1", second, 2, LEASE) == ("running", (first, second), True)
    plan = await store.plan("p1")
    assert plan is not None
    assert (plan.state, plan.started, plan.expires, plan.decided_by) == ("running", second.at, LEASE, second.by)
    assert (plan.reason, plan.risk, plan.groups) == ("n1 is to be patched", "dangerous", ("S0A",))
    assert await store.votes("p1") == (first, second)


async def test_nobody_counts_twice(store: Store, make_plan: MakePlan) -> None:
    await store.add_plan(make_plan("p1", approvals=2))
    await store.approve("p1", word("U0BOB"), 2, LEASE)
    state, votes, new = await store.approve("p1", word("U0BOB", seconds=9), 2, LEASE)
    assert (state, len(votes), new) == ("waiting", 1, False)


@pytest.mark.parametrize("state", ["cancelled", "denied", "withdrawn", "expired"])
async def test_what_waits_no_longer_takes_no_approval(store: Store, make_plan: MakePlan, state: PlanState) -> None:
    await store.add_plan(make_plan("p1", approvals=1))
    await store.claim("p1", "waiting", state, "T0HOME:U0ALICE", NOW)
    assert await store.approve("p1", word("U0BOB"), 1, LEASE) == (state, (), False)
    assert await store.approve("p2", word("U0BOB", "p2"), 1, LEASE) == (None, (), False)


async def test_an_approval_that_comes_too_late_starts_nothing(store: Store, make_plan: MakePlan) -> None:
    plan = make_plan("p1", approvals=1)
    await store.add_plan(plan)
    late = word("U0BOB", seconds=(plan.expires - NOW).total_seconds())
    assert await store.approve("p1", late, 1, LEASE) == ("waiting", (), False)


async def test_of_many_approvals_at_once_each_counts_and_one_starts_it(
    store: Store, other: Store, make_plan: MakePlan
) -> None:
    for needed in (1, 2, 3):
        name = f"p{needed}"
        await store.add_plan(make_plan(name, cluster=f"c{needed}", approvals=needed))
        clicks = [
            replica.approve(name, word(f"U{number}", name), needed, LEASE)
            for number, replica in enumerate((store, other) * 4)
        ]
        outcomes = await asyncio.gather(*clicks)
        counted = [votes for _, votes, new in outcomes if new]
        assert sorted(len(votes) for votes in counted) == list(range(1, needed + 1))
        assert sum(new and state == "running" for state, _, new in outcomes) == 1
        assert len(await store.votes(name)) == needed


async def test_while_another_change_of_the_cluster_runs_the_last_approval_is_not_kept(
    store: Store, make_plan: MakePlan
) -> None:
    await store.add_plan(make_plan("p0", state="running"))
    await store.add_plan(make_plan("p1", approvals=1))
    with pytest.raises(Busy):
        await store.approve("p1", word("U0BOB"), 1, LEASE)
    assert await store.votes("p1") == ()
    await store.claim("p0", "running", "done", "T0HOME:U0ALICE", NOW)
    assert (await store.approve("p1", word("U0BOB"), 1, LEASE))[0] == "running"


async def test_an_end_that_no_message_tells_is_found_once(store: Store, make_plan: MakePlan) -> None:
    for name in ("told", "untold", "nowhere", "waits"):
        await store.add_plan(make_plan(name))
        if name != "nowhere":
            await store.set_message(name, "C0OPS", "1.0")
        if name != "waits":
            await store.claim(name, "waiting", "cancelled", "T0HOME:U0ALICE", NOW)
    await store.plan_told("told")
    second = timedelta(seconds=1)
    assert [plan.id for plan in await store.plans_to_tell(NOW, NOW + second)] == ["untold"]
    assert await store.plans_to_tell(NOW - second, NOW) == await store.plans_to_tell(NOW + second, NOW + second) == ()
