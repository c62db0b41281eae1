"""`ack`: somebody attends to an incident, and one of two who do."""

from __future__ import annotations

import asyncio

import pytest

from bot.incidents import acknowledge
from bot.store import Store
from tests.bot.attending import Bot, course_at, watching_bot
from tests.bot.conftest import (
    ADMIN,
    OPERATOR,
    VIEWER,
    WEB_OPERATOR,
    HandTime,
    Nodes,
    words,
)
from tests.bot.incidents.course import LOST, NOWHERE


@pytest.fixture
def here(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """The door of a bot that watches."""
    return watching_bot(store, nodes, time)


async def test_an_acknowledgement_is_kept_and_the_watching_takes_notice(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    incident = await here.keep(course)
    report = await here.ask(OPERATOR, f"ack {incident.id}")
    assert report.private, "the card and its thread tell the others"
    kept = await here.kept(incident)
    assert kept.acknowledged == OPERATOR.key
    assert here.watch.looked == ["web"]

    course.incidents[kept.id] = kept
    (act,) = course.look(LOST, after=1)
    assert act.lines == (f"acknowledged by <@{OPERATOR.user}>",)


async def test_a_cluster_is_acknowledged_as_a_whole_and_nobody_takes_what_another_has(
    here: Bot, time: HandTime
) -> None:
    course = course_at(time)
    course.look(LOST, NOWHERE)
    first, second = course.open
    course.incidents[first.id] = acknowledge(first, ADMIN.key, time.now)
    await here.keep(course)
    report = await here.ask(OPERATOR, "ack")
    assert "1 incident acknowledged" in report.headline
    assert (await here.kept(first)).acknowledged == ADMIN.key
    assert (await here.kept(second)).acknowledged == OPERATOR.key
    assert "no open incident" in (await here.ask(OPERATOR, "ack db")).headline


async def test_who_may_not_does_not_and_of_what_one_may_not_see_nothing_is_told(here: Bot, time: HandTime) -> None:
    course = course_at(time, "db")
    course.look(LOST)
    incident = await here.keep(course)
    assert "takes the role operator" in words(await here.ask(VIEWER, f"ack {incident.id}"))
    for text in (f"ack {incident.id}", f"silence {incident.id}"):
        assert "is not known" in words(await here.ask(WEB_OPERATOR, text))
    assert not (await here.kept(incident)).acknowledged
    assert await here.silences() == ()


async def test_what_is_over_cannot_be_acknowledged(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    course.look(after=1)
    course.look(after=20)
    incident = await here.keep(course)
    assert "resolved already" in words(await here.ask(OPERATOR, f"ack {incident.id}"))
    assert "is not known" in words(await here.ask(OPERATOR, f"ack {'x' * 16}"))


async def test_two_who_acknowledge_at_once_leave_one_who_has_it(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    incident = await here.keep(course)
    await asyncio.gather(*(here.ask(actor, f"ack {incident.id}") for actor in (OPERATOR, ADMIN)))
    kept = await here.kept(incident)
    assert kept.acknowledged in {OPERATOR.key, ADMIN.key}
    assert len([line for line in kept.lines if "acknowledged" in line.text]) == 1
