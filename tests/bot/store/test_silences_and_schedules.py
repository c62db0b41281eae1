"""What people ask of the watching: not to be called, and to be told regularly."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.store import ScheduleRow, SilenceRow, Store
from tests.bot.store.conftest import NOW

MINUTE = timedelta(minutes=1)
SILENCE = SilenceRow("s1", "web", "n2", "", NOW + 60 * MINUTE, "new disk", "T0:U0ALICE", NOW)
DAILY = ScheduleRow("d1", "C0OPS", "0 9 * * 1-5", "Europe/Berlin", ("web", "db"), "T0:U0ALICE", NOW)


class TestSilences:
    async def test_one_is_in_force_from_its_beginning_to_its_end(self, store: Store) -> None:
        await store.add_silence(SILENCE)
        assert await store.silences(NOW - MINUTE) == ()
        assert await store.silences(NOW) == (SILENCE,)
        assert await store.silences(NOW + 59 * MINUTE) == (SILENCE,)
        assert await store.silences(NOW + 60 * MINUTE) == ()

    async def test_one_can_be_ended_early_once(self, store: Store) -> None:
        await store.add_silence(SILENCE)
        assert await store.end_silence("s1", NOW + 10 * MINUTE)
        assert not await store.end_silence("s1", NOW + 11 * MINUTE)
        assert await store.silences(NOW + 10 * MINUTE) == ()
        assert [row.id for row in await store.silences(NOW + 9 * MINUTE)] == ["s1"]

    async def test_one_that_is_over_cannot_be_ended(self, store: Store) -> None:
        await store.add_silence(SILENCE)
        assert not await store.end_silence("s1", NOW + 60 * MINUTE)
        assert not await store.end_silence("forged", NOW)


class TestSchedules:
    async def test_one_comes_back_whole_until_it_is_removed(self, store: Store) -> None:
        await store.add_schedule(DAILY)
        assert await store.schedules() == (DAILY,)
        assert await store.remove_schedule("d1")
        assert not await store.remove_schedule("d1")
        assert await store.schedules() == ()

    async def test_what_is_due_is_taken_on_once(self, store: Store, other: Store) -> None:
        await store.add_schedule(DAILY)
        claims = await asyncio.gather(*(replica.claim_due("d1", NOW) for replica in (store, other) * 5))
        assert sum(claims) == 1
        assert await store.claim_due("d1", NOW + MINUTE)
        assert not await store.claim_due("d1", NOW)
        assert not await store.claim_due("forged", NOW)

    async def test_declaring_it_again_keeps_what_it_was_last_due_at(self, store: Store) -> None:
        await store.add_schedule(DAILY)
        await store.claim_due("d1", NOW)
        await store.add_schedule(replace(DAILY, cron="0 8 * * *", created=NOW + MINUTE))
        assert await store.schedules() == (replace(DAILY, cron="0 8 * * *", last_due=NOW),)
        assert not await store.claim_due("d1", NOW)
