"""`incidents` and `watch`: what is wrong, and what is being watched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation import Place
from bot.memory import Memory
from bot.store import Store
from bot.watch.news import Gap, GapKind, StreamState
from bot.watch.state import WatchState
from commands.condition import Condition, State, Topic
from commands.report import Level, Table, Text
from config.inventory import ClusterSpec
from tests.bot.attending import Bot, course_at, watching_bot
from tests.bot.conftest import (
    DB,
    OPERATOR,
    VIEWER,
    WEB,
    WEB_OPERATOR,
    HandTime,
    Nodes,
    make_door,
    words,
)
from tests.bot.incidents.course import LOST, NOWHERE, STOPPED

STREAM = StreamState("journal", alive=True, since=0.0, why="", last_line_at=60.0, lines=3, gap=None)


@pytest.fixture
def here(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """The door of a bot that watches."""
    return watching_bot(store, nodes, time)


async def test_open_incidents_are_listed_worst_first_then_what_was_resolved_lately(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(STOPPED)
    course.look(after=10)
    course.look(after=20)
    course.look(LOST, NOWHERE, after=10)
    await here.keep(course)
    time.forward(minutes=5)
    report = await here.ask(VIEWER, "incidents")
    assert report.headline == "`web`: 2 open incidents"
    assert report.level is Level.CRITICAL
    told = words(report)
    assert told.index("vip1 is down") < told.index("n2 is lost") < told.index("the cluster was stopped on n2 for 10 s")
    assert "not acknowledged" in told
    assert "https://workspace.example/incident:" in told
    assert report.next_step.startswith("ack ")


async def test_of_clusters_that_are_not_theirs_people_hear_of_no_incident(here: Bot, time: HandTime) -> None:
    course = course_at(time, "db")
    course.look(LOST)
    await here.keep(course)
    assert "1 open incident" in (await here.ask(OPERATOR, "incidents", Place("C0ELSE"))).headline
    report = await here.ask(WEB_OPERATOR, "incidents", Place("C0ELSE"))
    assert report.headline == "`web`: no open incident"


async def test_what_was_resolved_long_ago_is_history(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    course.look(after=1)
    course.look(after=20)
    await here.keep(course)
    time.forward(days=2)
    assert (await here.ask(VIEWER, "incidents")).parts == ()


async def test_without_a_store_there_is_a_word_for_it(time: HandTime, nodes: Nodes) -> None:
    door = make_door(None, nodes, time)
    for text in ("incidents", "ack web", "silence web", "watch"):
        await door.ask(OPERATOR, text)
        assert "store cannot be opened" in words(door.surface.shown[-1].report)


def watching(time: HandTime, cluster: ClusterSpec = WEB, channel: str | None = "C0WEB") -> WatchState:
    streams = (("n1", STREAM), ("n2", replace(STREAM, alive=False, why="no answer within 5 s")))
    seen = Condition(cluster.name, {(Topic.SIGHT, "n1"): State("seen"), (Topic.SIGHT, "n2"): State("lost")})
    gap = Gap("n1", GapKind.REBOOTED, "it was booted", time.now.timestamp())
    return WatchState(cluster, channel, time.now, time.now, streams, (gap,), seen, ())


async def test_watch_tells_what_is_followed_what_is_missing_and_that_nobody_is_told(here: Bot, time: HandTime) -> None:
    here.watch.known = (watching(time), watching(time, DB, None))
    told = words(await here.ask(VIEWER, "watch", Place("C0ELSE")))
    assert "`db` has no channel: its alerts go nowhere" in told
    assert "`web` has no channel" not in told
    assert "`web`: the journal of n2 has not been followed since" in told
    assert "I cannot reach n2" in told
    assert "lines of n1 may have been missed" in told
    one = await here.ask(VIEWER, "watch web")
    (table,) = (part for part in one.parts if isinstance(part, Table))
    assert [row[:3] for row in table.rows] == [("n1", "journal", "follows"), ("n2", "journal", "down")]
    assert any("Alerts go to <#C0WEB>" in part.text for part in one.parts if isinstance(part, Text))


async def test_watch_says_what_nobody_watches(here: Bot, store: Store, time: HandTime, nodes: Nodes) -> None:
    assert "not watched" in (await here.ask(VIEWER, "watch web")).headline
    terminal = make_door(store, nodes, time, memory=Memory(store, time.moment))
    await terminal.ask(VIEWER, "watch web")
    assert "This process watches nothing" in words(terminal.surface.shown[-1].report)
