"""A store that cannot be written: nothing that must be written down is begun, and what cannot be is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import cards
from bot.store import Store
from bot.verbs import VERBS
from commands.report import Level, Report
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.verb import Desk, Verb
from config.policy import Role
from tests.bot.changing import CHANGED, proposed
from tests.bot.conftest import CANARY, OPERATOR, VIEWER, Door, HandTime, Nodes, make_door, words


class FullDisk(Store):
    """A store whose disk is full as soon as, and for as long as, the test says."""

    writes_left: int | None = None

    @asynccontextmanager
    async def _writing(self, *, hurry: bool = False) -> AsyncIterator[AsyncConnection]:
        if FullDisk.writes_left == 0:
            raise OperationalError("INSERT INTO audit …", {"body": CANARY}, Exception("database or disk is full"))
        if FullDisk.writes_left is not None:
            FullDisk.writes_left -= 1
        async with super()._writing(hurry=hurry) as connection:
            yield connection


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = await FullDisk.open(url)
    yield store
    FullDisk.writes_left = None
    await store.close()


async def look(_: ClusterRequest, desk: Desk) -> Report:
    del desk
    return Report("looked")


LOOK = Verb(name="look", summary="", usage="look [CLUSTER]", role=Role.VIEWER, parse=parse_cluster, answer=look)


@pytest.fixture
def door(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    return make_door(store, nodes, time, (*VERBS, flip, LOOK))


async def test_what_cannot_be_written_down_is_not_begun_and_why_is_said(door: Door, nodes: Nodes) -> None:
    FullDisk.writes_left = 0
    await door.ask(OPERATOR, "flip web", key="once")
    (answer,) = door.surface.shown
    assert answer.kind == "whisper"
    assert "nothing was started" in answer.report.headline
    assert "database or disk is full" in words(answer.report)
    assert "store.url" in words(answer.report)
    assert CANARY not in words(answer.report)
    assert nodes.ran == []


async def test_a_click_that_cannot_be_written_down_starts_nothing_and_counts_later(door: Door, nodes: Nodes) -> None:
    await proposed(door)
    FullDisk.writes_left = 0
    await door.press(OPERATOR, cards.CONFIRM)
    assert "nothing was started" in door.surface.of("whisper")[-1].headline
    assert nodes.changed == []
    FullDisk.writes_left = None
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED


async def test_who_only_looks_is_answered(door: Door) -> None:
    FullDisk.writes_left = 0
    await door.ask(VIEWER, "look web", key="once")
    assert [report.headline for report in door.surface.of("post")] == ["looked"]


async def test_somebody_who_may_not_is_told_so_all_the_same(door: Door) -> None:
    FullDisk.writes_left = 0
    await door.ask(VIEWER, "flip web")
    assert "takes the role operator" in words(door.surface.of("whisper")[-1])


@pytest.mark.parametrize("more", range(15))
async def test_wherever_it_fails_on_the_way_no_command_goes_unrecorded_and_the_card_tells(
    door: Door, nodes: Nodes, more: int
) -> None:
    """The writes of a confirmed change one after the other: claimed, confirmed, each step, each command, its end."""
    plan_id = await proposed(door)
    FullDisk.writes_left = more
    await door.press(OPERATOR, cards.CONFIRM)
    FullDisk.writes_left = None
    recorded = [detail["argv"] for kind, _, detail in await door.audited() if kind == "command"]
    assert len(nodes.changed) == len(recorded), "what was sent was written down before"
    assert not any(CANARY in words(one.report) for one in door.surface.shown)
    assert not any("fault of mine" in words(one.report) for one in door.surface.shown)
    if (await door.row(plan_id)).state == "waiting":
        assert nodes.changed == []
        assert "nothing was started" in door.surface.shown[-1].report.headline
        return
    card = door.surface.of("edit")[-1]
    if "done and verified" in card.headline:
        assert nodes.changed == CHANGED
        if (await door.row(plan_id)).state != "done":
            assert "could not be kept" in words(door.surface.of("whisper")[-1])
        return
    assert card.level is Level.CRITICAL
    assert "my store does not work" in card.headline
    assert "No command was sent" not in words(card) or nodes.changed == []
    assert "store failed while this was under way" in words(door.surface.of("whisper")[-1])
