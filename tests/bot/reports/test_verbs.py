"""`report` and `history` at the door: who may, what they read, what they keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import Actor, Place
from bot.incidents import row_of
from bot.memory import Memory
from bot.reports.rounds import BY_FILE
from bot.slack.plain import plain
from bot.store import EventRow, ScheduleRow, Store
from commands.condition import to_json
from commands.events import Kind
from commands.report import Level, Listing, Picture, Report
from config.policy import Grant, Policy, Role
from tests.bot.conftest import (
    HERE,
    NOW,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Dark,
    Door,
    HandTime,
    make_door,
)
from tests.bot.reports.a_past import condition, incident

WEB_VIEWER = Actor("T0HOME", "U0WEBVIEWER")
POLICY = Policy(
    everyone_views=False,
    grants=(
        Grant(role=Role.VIEWER, users=(VIEWER.user,), clusters=("*",)),
        Grant(role=Role.OPERATOR, users=(OPERATOR.user,), clusters=("*",)),
        Grant(role=Role.OPERATOR, users=(WEB_OPERATOR.user,), clusters=("web",)),
        Grant(role=Role.VIEWER, users=(WEB_VIEWER.user,), clusters=("web",)),
    ),
)
CARD = "https://acme.slack.com/archives/C0ALERTS/p1763884800000100"


class Cards:
    """Cards that are all at one address."""

    async def link(self, card: str) -> str | None:
        return CARD if card.startswith("incident:") else None


@pytest.fixture
def door(store: Store, time: HandTime) -> Door:
    return make_door(store, Dark(), time, policy=POLICY, memory=Memory(store, time.moment, outbox=Cards()))


async def answer(door: Door, who: Actor, text: str) -> Report:
    before = len(door.surface.shown)
    await door.ask(who, text)
    (shown,) = door.surface.shown[before:]
    return shown.report


async def said(door: Door, who: Actor, text: str) -> str:
    return plain(await answer(door, who, text))


async def test_a_report_at_once_tells_of_the_last_day_with_a_picture(door: Door) -> None:
    await door.store.record_look("web", NOW - timedelta(days=2), timedelta(days=1), to_json(condition()))
    await door.store.keep_notes({"web": NOW}, timedelta(days=3))
    report = await answer(door, VIEWER, "report now web")
    assert report.headline == "Health of `web`: unknown"
    assert "Sat 28 Feb 12:00 to Sun 01 Mar 12:00 (UTC)." in plain(report)
    (picture,) = [part for part in report.parts if isinstance(part, Picture)]
    assert picture.png.startswith(b"\x89PNG")
    assert "vip1: served all the time, held by n1." in picture.alt


async def test_a_bare_report_is_about_the_channels_own_cluster(door: Door) -> None:
    assert "Health of web" in await said(door, VIEWER, "report")
    assert "Health of web" in await said(door, VIEWER, "report web --since 2h")


async def test_nobody_is_told_of_clusters_that_are_not_theirs(door: Door) -> None:
    assert "db" not in await said(door, WEB_VIEWER, "report now")
    assert "takes the role viewer on db" in await said(door, WEB_VIEWER, "report now web db")


async def test_a_channel_as_slack_writes_it_an_id_or_the_one_it_is_asked_in(door: Door) -> None:
    await said(door, OPERATOR, "report every weekday 09:00 in <#C0OPS|ops>")
    await said(door, OPERATOR, "report every monday 8:30 in C0123456789 web db --timezone Europe/Berlin")
    await said(door, OPERATOR, "report cron 0 7 * * 1-5")
    await said(door, OPERATOR, "report every sunday 10:00 web")
    assert {(row.channel, row.cron, row.timezone, row.clusters) for row in await door.store.schedules()} == {
        ("C0OPS", "every weekday 09:00", "UTC", ()),
        ("C0123456789", "every monday 08:30", "Europe/Berlin", ("web", "db")),
        (HERE.channel, "0 7 * * 1-5", "UTC", ()),
        (HERE.channel, "every sunday 10:00", "UTC", ("web",)),
    }


async def test_what_was_kept_is_said_with_when_it_comes_next(door: Door) -> None:
    report = await answer(door, OPERATOR, "report every weekday 09:00 in <#C0OPS|ops> --timezone Europe/Berlin")
    (row,) = await door.store.schedules()
    assert report.level is Level.OK
    told = plain(report)
    assert "every weekday 09:00 (Europe/Berlin) in #C0OPS, on all clusters; next Mon 02 Mar 09:00" in told
    assert report.next_step == f"report stop {row.id}"


async def test_the_same_report_is_not_kept_twice(door: Door) -> None:
    await said(door, OPERATOR, "report every weekday 09:00")
    assert "comes already" in await said(door, OPERATOR, "report every weekday 9:00")
    assert len(await door.store.schedules()) == 1


@pytest.mark.parametrize(
    ("who", "text", "why"),
    [
        (VIEWER, "report every day 09:00 web", "takes the role operator on web"),
        (WEB_OPERATOR, "report every day 09:00", "takes the role operator on all clusters"),
        (WEB_OPERATOR, "report every day 09:00 in <#C0OPS|ops> web db", "takes the role operator on db"),
        (OPERATOR, "report every day 09:00 in #ops", "I do not know the channel '#ops'"),
        (OPERATOR, "report every day 09:00 in", "say in which channel"),
        (OPERATOR, "report every blue moon 09:00", "'blue' is no day"),
        (OPERATOR, "report every day 09:00 --timezone Europe/Berlim", "is not a time zone"),
        (OPERATOR, "report every day 09:00 --since 2d", "goes with report now"),
        (OPERATOR, "report now --since tomorrow", "is no time to look back"),
        (OPERATOR, "report now --since 900d", "is no time to look back"),
        (OPERATOR, "report evry day 09:00", "Did you mean report every?"),
        (OPERATOR, "report stop", "say which report to stop"),
        (OPERATOR, "report stop nothing", "there is no report nothing"),
        (TERMINAL, "report every day 09:00", "say in which channel"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(door: Door, who: Actor, text: str, why: str) -> None:
    assert why in await said(door, who, text)
    assert await door.store.schedules() == ()


def schedule(name: str, source: str = "slack", clusters: tuple[str, ...] = ()) -> ScheduleRow:
    return ScheduleRow(
        id=name,
        channel="C0OPS",
        cron="every day 07:00",
        timezone="UTC",
        clusters=clusters,
        by="T0HOME:U0OPERATOR" if source == "slack" else BY_FILE,
        created=NOW,
        source="slack" if source == "slack" else "file",
    )


async def test_a_list_shows_where_each_comes_from_and_no_foreign_cluster(door: Door) -> None:
    for row in (schedule("one", "file"), schedule("two", clusters=("web", "db")), schedule("three", clusters=("db",))):
        await door.store.add_schedule(row)
    mine = await said(door, WEB_VIEWER, "report list")
    assert "2 reports come by themselves" in mine
    assert (
        "one: every day 07:00 (UTC) in #C0OPS, on all clusters; next Mon 02 Mar 07:00; from the configuration" in mine
    )
    assert "two: every day 07:00 (UTC) in #C0OPS, on web and 1 more cluster" in mine
    assert "made from chat by @U0OPERATOR" in mine
    assert "3 reports come by themselves" in await said(door, VIEWER, "report list")


async def test_a_report_is_stopped_by_who_may_and_where_it_was_made(door: Door) -> None:
    for row in (schedule("one", "file"), schedule("two", clusters=("web",)), schedule("three", clusters=("db",))):
        await door.store.add_schedule(row)
    assert "from the configuration file" in await said(door, OPERATOR, "report stop one")
    assert "takes the role operator" in await said(door, VIEWER, "report stop two")
    assert "there is no report three" in await said(door, WEB_OPERATOR, "report stop three")
    assert "Report two stopped" in await said(door, WEB_OPERATOR, "report stop two")
    assert {row.id for row in await door.store.schedules()} == {"one", "three"}


async def test_a_report_at_once_is_by_the_clock_that_the_channel_has(door: Door) -> None:
    await said(door, OPERATOR, "report every day 07:00 --timezone Europe/Berlin")
    assert "Sun 01 Mar 13:00 (Europe/Berlin)" in await said(door, VIEWER, "report now")


async def happened(door: Door) -> None:
    events = (
        EventRow("web", NOW - timedelta(hours=5), Kind.MEMBER_LEFT, "n2", "n2 left"),
        EventRow("web", NOW - timedelta(hours=4), Kind.MEMBER_JOINED, "n2", "`n2` joined", own="start n2"),
        EventRow("db", NOW - timedelta(hours=3), Kind.LINK_DOWN, "d1/d2/0", "the link is down"),
        EventRow("web", NOW - timedelta(days=3), Kind.LINK_DOWN, "n1/n2/0", "long ago"),
    )
    await door.store.record_look("web", NOW, timedelta(days=3), events=events)
    over = replace(
        incident(0, 1, told=True),
        opened=NOW - timedelta(hours=5),
        turned=NOW - timedelta(hours=4),
        closed=NOW - timedelta(hours=4),
    )
    await door.store.save_incident(row_of(over))


async def test_the_history_tells_incidents_with_their_cards_and_every_event(door: Door) -> None:
    await happened(door)
    report = await answer(door, VIEWER, "history web")
    told = plain(report)
    assert report.headline == "`web`: 1 incident and 2 events in the last 1 d"
    assert f"• 2026-03-01 07:00 UTC, 1 h: web: n2 was lost ({CARD})" in told
    (listing,) = [part for part in report.parts if isinstance(part, Listing)]
    assert listing.text == "2026-03-01 08:00:00  n2 joined  (start n2)\n2026-03-01 07:00:00  n2 left"
    assert "long ago" in await said(door, VIEWER, "history web --since 1w")


async def test_the_history_of_all_is_that_of_the_clusters_one_may_see(door: Door) -> None:
    await happened(door)
    for who, lines in ((VIEWER, ["db", "web", "web"]), (WEB_VIEWER, ["n2", "n2"])):
        before = len(door.surface.shown)
        await door.ask(who, "history", Place("D0DIRECT"))
        (shown,) = door.surface.shown[before:]
        (listing,) = [part for part in shown.report.parts if isinstance(part, Listing)]
        assert [line.split()[2] for line in listing.text.splitlines()] == lines


async def test_without_the_store_there_is_no_past_but_a_reason(time: HandTime) -> None:
    door = make_door(None, Dark(), time, policy=POLICY)
    for text in ("report now", "history", "report list"):
        assert "store cannot be opened" in await said(door, VIEWER, text)
