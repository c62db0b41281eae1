"""What is left of a change whose bot stopped, and what it does not keep others from."""

from __future__ import annotations

import asyncio

import pytest

from bot import cards
from bot.conversation import Place, Ref
from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.verb import Desk, Verb
from config.policy import Role
from tests.bot.changing import CHANGED, left_running, proposed
from tests.bot.conftest import (
    HERE,
    LOST,
    OPERATOR,
    VIEWER,
    Door,
    HandTime,
    Nodes,
    Recorder,
    make_door,
    words,
)


async def test_a_shutdown_lets_the_next_start_say_that_it_was_interrupted(
    door: Door, store: Store, nodes: Nodes, flip: Verb
) -> None:
    nodes.hold("flip")
    plan_id = await proposed(door)
    card, _ = door.surface.card()
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    later = make_door(store, nodes, door.time, (*VERBS, flip))
    places: list[Place] = []

    def surface_of(place: Place) -> Recorder:
        places.append(place)
        return later.surface

    later.dispatcher.reaches(surface_of)
    await later.dispatcher.tie_loose_ends()
    (told,) = later.surface.shown
    assert (told.kind, told.ref, told.final, places) == ("edit", card, True, [HERE])
    assert "was interrupted" in words(told.report)
    assert told.report.next_step == "flip web"
    assert (await door.row(plan_id)).state == "interrupted"
    later.dispatcher.reaches(surface_of)
    await later.dispatcher.tie_loose_ends()
    assert len(later.surface.shown) == 1, "it is told once"


@pytest.mark.parametrize(("expires_in", "told"), [(15, {"web": "flip"}), (0, {})])
async def test_whoever_asks_how_a_cluster_is_hears_what_is_being_done_to_it(
    store: Store, nodes: Nodes, time: HandTime, expires_in: float, told: dict[str, str]
) -> None:
    seen: list[Desk] = []

    async def look(_: ClusterRequest, desk: Desk) -> Report:
        seen.append(desk)
        return Report("looked")

    verb = Verb(name="look", summary="", usage="look [CLUSTER]", role=Role.VIEWER, parse=parse_cluster, answer=look)
    await left_running(store, expires_in)
    await make_door(store, nodes, time, (verb,)).ask(VIEWER, "look web")
    assert [dict(desk.under_way) for desk in seen] == [told], "what a dead bot left is not under way"


async def test_only_what_has_lapsed_is_taken_for_dead(door: Door, store: Store) -> None:
    alive = await left_running(store, 1)
    dead = await left_running(store, 0, cluster="db")
    door.dispatcher.reaches(lambda _: door.surface)
    await door.dispatcher.tie_loose_ends()
    assert [one.ref for one in door.surface.shown] == [Ref("C0OPS", "1.2")]
    assert (await door.row(alive.id)).state == "running"
    assert (await door.row(dead.id)).state == "interrupted"
    assert [event for event, *_ in await door.audited()] == ["interrupted"]


async def test_a_card_that_cannot_be_reached_keeps_no_other_from_being_told(door: Door, store: Store) -> None:
    await left_running(store, 0)
    await left_running(store, 0, cluster="db")
    door.surface.broken["edit"] = LOST
    door.dispatcher.reaches(lambda _: door.surface)
    await door.dispatcher.tie_loose_ends()
    assert await store.running() == ()


async def test_what_a_terminal_left_behind_has_no_card(door: Door, store: Store) -> None:
    await left_running(store, 0, team="local", message_ts=None)
    door.dispatcher.reaches(lambda _: door.surface)
    await door.dispatcher.tie_loose_ends()
    assert door.surface.shown == []


async def test_a_dead_bots_change_does_not_bar_the_way_and_is_told_on_its_card(
    door: Door, store: Store, nodes: Nodes
) -> None:
    dead = await left_running(store, 0)
    await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED
    assert (await door.row(dead.id)).state == "interrupted"
    door.dispatcher.reaches(lambda _: door.surface)
    door.time.forward(seconds=11)
    await door.dispatcher.tie_loose_ends()
    (told,) = [one for one in door.surface.shown if one.ref == Ref("C0OPS", "1.2")]
    assert "was interrupted" in words(told.report)
