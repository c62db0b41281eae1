"""Reports that come by themselves: when they are due, once, made up for after an absence, and as the file has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pytest_mock import MockerFixture

from bot.conversation import Courier
from bot.outbox import Outbox
from bot.outbox.form import from_json
from bot.reports.drawing import NotDrawn
from bot.reports.gather import Sources
from bot.reports.rounds import Rounds, adopt
from bot.reports.timeline import Timeline
from bot.slack.plain import plain
from bot.store import ScheduleRow, Store
from commands.condition import State, to_json
from commands.errors import UsageError
from commands.report import Picture, Report
from config.inventory import ClusterSpec
from config.watch_sections import ReportSchedule
from tests.bot.reports.a_past import condition
from tests.bot.reports.conftest import RECORDED
from tests.commands.conftest import CAPTURES, RecordedNodes

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""09:00 in Berlin."""
SCHEDULE = ScheduleRow(
    id="abc123",
    channel="C0OPS",
    cron="every weekday 09:00",
    timezone="Europe/Berlin",
    clusters=(),
    by="T0HOME:U0ALICE",
    created=MONDAY - timedelta(days=10),
    last_due=MONDAY - timedelta(days=3),
)


class Bot:
    """As much of a bot as reports need, with time turned by hand. `outbox` stores and sends nothing."""

    def __init__(self, store: Store, courier: Courier, *clusters: ClusterSpec) -> None:
        self.store = store
        self.now = MONDAY
        self.drawn: list[Timeline] = []
        self.broken = False
        self.courier = courier
        self.outbox = Outbox(store, courier)
        self._clusters = clusters

    @property
    def rounds(self) -> Rounds:
        """Rounds of a bot that has just started: nothing is known from before but by the store."""
        runner = RecordedNodes(CAPTURES / "debian12" / "healthy", together=1)
        return Rounds(
            Sources(self.store, runner, self._link, draw=self._draw), self.outbox, self._declared, lambda: self.now
        )

    async def posted(self) -> list[tuple[str, Report]]:
        return [(row.channel, from_json(row.report)) for row in await self.store.messages_not_yet_shown()]

    async def _link(self, card: str) -> str:
        return f"https://acme.slack.com/archives/C0OPS/p{len(card)}"

    async def _draw(self, timelines: Sequence[Timeline]) -> tuple[bytes, ...]:
        if self.broken:
            raise NotDrawn("drawing failed")
        self.drawn += timelines
        return tuple(timeline.title.encode() for timeline in timelines)

    async def _declared(self) -> Sequence[ClusterSpec]:
        return self._clusters


@pytest.fixture
def bot(store: Store, mocker: MockerFixture) -> Bot:
    return Bot(
        store, mocker.create_autospec(Courier, instance=True), RECORDED, RECORDED.model_copy(update={"name": "blog"})
    )


async def seen(store: Store, since: datetime, until: datetime) -> None:
    """Let somebody have looked at `web` for a while, and seen it healthy."""
    await store.record_look("web", since, timedelta(days=1), to_json(condition()))
    await store.keep_notes({"web": until}, until - since)


async def test_nothing_comes_before_it_is_due(bot: Bot) -> None:
    await bot.store.add_schedule(SCHEDULE)
    bot.now = MONDAY - timedelta(seconds=1)
    await bot.rounds.go()
    assert await bot.posted() == []


async def test_a_report_comes_when_it_is_due_and_once(bot: Bot) -> None:
    await bot.store.add_schedule(SCHEDULE)
    await seen(bot.store, MONDAY - timedelta(days=5), MONDAY)
    bot.now = MONDAY + timedelta(seconds=7)
    for _ in range(3):
        await bot.rounds.go()
    ((channel, report),) = await bot.posted()
    assert channel == "C0OPS"
    assert "Fri 20 Nov 09:00 to Mon 23 Nov 09:00 (Europe/Berlin)." in plain(report)
    assert "web: healthy — 2 of 2 nodes online, quorate, 2 floating IPs served; up all the time" in plain(report)
    assert "I was away" not in plain(report)
    assert {part.png for part in report.parts if isinstance(part, Picture)} == {b"web", b"blog"}


async def test_what_was_missed_is_made_up_for_once_over_all_the_time(bot: Bot) -> None:
    await bot.store.add_schedule(replace(SCHEDULE, last_due=MONDAY - timedelta(days=7)))
    bot.now = MONDAY + timedelta(hours=5)
    await bot.rounds.go()
    await bot.rounds.go()
    ((_, report),) = await bot.posted()
    assert "Mon 16 Nov 09:00 to Mon 23 Nov 14:00" in plain(report)
    assert "This report was due Mon 23 Nov 09:00: I was away then." in plain(report)
    bot.now = MONDAY + timedelta(days=1)
    await bot.rounds.go()
    assert len(await bot.posted()) == 2


async def test_one_that_was_made_after_the_hour_waits_for_the_next(bot: Bot) -> None:
    await bot.store.add_schedule(replace(SCHEDULE, created=MONDAY + timedelta(hours=1), last_due=None))
    bot.now = MONDAY + timedelta(hours=2)
    await bot.rounds.go()
    assert await bot.posted() == []
    bot.now = MONDAY + timedelta(days=1)
    await bot.rounds.go()
    ((_, report),) = await bot.posted()
    assert "Mon 23 Nov 09:00 to Tue 24 Nov 09:00" in plain(report)


async def test_a_bot_that_dies_after_it_said_it_says_it_once_all_the_same(bot: Bot) -> None:
    await bot.store.add_schedule(SCHEDULE)
    await bot.rounds.go()
    await bot.store.remove_schedule(SCHEDULE.id)
    await bot.store.add_schedule(SCHEDULE)  # as it was before it was claimed
    await bot.rounds.go()
    assert len(await bot.posted()) == 1


async def test_two_bots_on_one_store_post_it_once(bot: Bot) -> None:
    other = Bot(bot.store, bot.courier, RECORDED)
    await bot.store.add_schedule(SCHEDULE)
    await bot.rounds.go()
    await other.rounds.go()
    assert len(await bot.posted()) == 1


async def test_a_report_is_about_the_clusters_it_names_and_that_are_there(bot: Bot) -> None:
    await bot.store.add_schedule(replace(SCHEDULE, clusters=("web", "gone")))
    await bot.rounds.go()
    ((_, report),) = await bot.posted()
    assert report.headline == "Health of `web`: healthy"


async def test_without_a_picture_there_is_a_report_all_the_same(bot: Bot) -> None:
    bot.broken = True
    await bot.store.add_schedule(SCHEDULE)
    await bot.rounds.go()
    ((_, report),) = await bot.posted()
    assert not [part for part in report.parts if isinstance(part, Picture)]


async def test_one_that_cannot_be_made_does_not_hold_up_the_others(bot: Bot) -> None:
    await bot.store.add_schedule(replace(SCHEDULE, id="broken", cron="whenever you like"))
    await bot.store.add_schedule(SCHEDULE)
    await bot.rounds.go()
    assert len(await bot.posted()) == 1


async def test_what_this_version_cannot_read_of_the_past_is_unknown(bot: Bot) -> None:
    await bot.store.add_schedule(replace(SCHEDULE, clusters=("web",)))
    await seen(bot.store, MONDAY - timedelta(days=5), MONDAY)
    gap = timedelta(days=1)
    await bot.store.record_look("web", MONDAY - timedelta(hours=24), gap, '{"of": "a later version"}')
    await bot.store.record_look("web", MONDAY - timedelta(hours=6), gap, to_json(condition(n2=State("left"))))
    await bot.rounds.go()
    ((_, report),) = await bot.posted()
    (line,) = [line for line in plain(report).splitlines() if line.startswith("n2 ")]
    assert " ".join(line.split()) == "n2 66.66 % 8.34 % 25 % lost 6 h"


@pytest.fixture
def declare() -> Callable[..., ReportSchedule]:
    return lambda at="every weekday 9:00", **more: ReportSchedule(channel="C0123456789", at=at, **more)


async def test_the_file_wins_over_the_same_made_from_chat(bot: Bot, declare: Callable[..., ReportSchedule]) -> None:
    same = replace(SCHEDULE, channel="C0123456789", timezone="UTC")
    other = replace(same, id="other", cron="every monday 09:00")
    await bot.store.add_schedule(same)
    await bot.store.add_schedule(other)
    await adopt(bot.store, (declare(),), MONDAY)
    assert {(row.source, row.cron) for row in await bot.store.schedules()} == {
        ("slack", "every monday 09:00"),
        ("file", "every weekday 09:00"),
    }


async def test_a_restart_keeps_what_was_posted_and_the_file_takes_away_what_it_no_longer_says(
    bot: Bot, declare: Callable[..., ReportSchedule]
) -> None:
    kept, gone = declare(), declare("every day 07:00")
    await adopt(bot.store, (kept, gone), MONDAY)
    first = {row.cron: row.id for row in await bot.store.schedules()}
    await bot.store.claim_due(first["every weekday 09:00"], MONDAY)
    await adopt(bot.store, (kept,), MONDAY + timedelta(days=1))
    (row,) = await bot.store.schedules()
    assert (row.id, row.last_due) == (first["every weekday 09:00"], MONDAY)
    assert row.created == MONDAY


async def test_a_schedule_of_the_file_that_cannot_be_read_is_refused(
    bot: Bot, declare: Callable[..., ReportSchedule]
) -> None:
    with pytest.raises(UsageError, match="says no time"):
        await adopt(bot.store, (declare("every now and then"),), MONDAY)
