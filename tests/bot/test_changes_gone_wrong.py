"""What is told when the cluster changed meanwhile, a step fails, or nobody can be told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import cards
from bot.differences import differences
from bot.store import Store
from bot.verbs import VERBS
from commands.errors import OutcomeUnknown
from commands.plan import NothingToDo, Refusal
from commands.report import Finding, Level
from commands.verbs.verb import Verb
from tests.bot.changing import CHANGED, proposed
from tests.bot.conftest import (
    BROKEN,
    CANARY,
    HERE,
    LOST,
    OPERATOR,
    Door,
    HandTime,
    Nodes,
    Stage,
    flip_plan,
    make_door,
    words,
)

# ---------------------------------------------------------------- the cluster changed meanwhile


async def test_a_cluster_that_changed_gets_a_new_card_that_says_what_changed(
    door: Door, nodes: Nodes, stage: Stage
) -> None:
    plan_id = await proposed(door)
    stage.decision = flip_plan(guards=("vip1 on n2",))
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "stale"
    assert "was not carried out" in words(door.surface.of("edit")[-1])
    card, values = door.surface.card()
    told = words(door.surface.of("post")[-1])
    assert "No longer so: vip1 on n1." in told
    assert "Now so: vip1 on n2." in told
    assert values[cards.CONFIRM] != plan_id
    await door.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[cards.CONFIRM], card, door.surface, key="")
    assert nodes.changed == CHANGED


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (NothingToDo("flip", "It is flipped already."), "It is flipped already."),
        (Refusal("flip", (Finding(Level.CRITICAL, "it is upside down", "Turn it."),)), "upside down"),
    ],
)
async def test_a_change_that_is_no_longer_possible_or_needed_is_not_done(
    door: Door, nodes: Nodes, stage: Stage, now: NothingToDo | Refusal, told: str
) -> None:
    plan_id = await proposed(door)
    stage.decision = now
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "stale"
    assert told in words(door.surface.of("post")[-1])


def test_the_difference_of_two_plans_is_told_in_their_own_words() -> None:
    before = flip_plan(guards=("a", "b"))
    after = replace(flip_plan(guards=("b", "c")), steps=before.steps[:1])
    lines = differences(before, after)
    assert lines[1:] == ("No longer so: a.", "Now so: c.", "No longer needed: Flop it.")
    assert differences(before, before) == lines[:1]


# ---------------------------------------------------------------- failures


async def test_a_step_that_fails_stops_the_rest_and_is_told_in_the_tools_own_words(door: Door, nodes: Nodes) -> None:
    nodes.answers["flip"] = 1
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED[:1]
    assert (await door.row(plan_id)).state == "failed"
    last = door.surface.of("edit")[-1]
    told = words(last)
    assert last.level is Level.CRITICAL
    assert "ended with exit status 1" in told
    assert "what the tool says" in told
    assert "not done" in told
    assert last.next_step == "flip web"
    assert CANARY not in told


async def test_a_lost_end_is_a_failure_where_no_fact_tells_otherwise(door: Door, nodes: Nodes) -> None:
    nodes.answers["flip"] = OutcomeUnknown("connection lost", node="n1")
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED[:1]
    assert (await door.row(plan_id)).state == "failed"


@pytest.mark.parametrize("how", [LOST, BROKEN])
async def test_a_change_goes_on_and_is_done_though_nobody_can_be_told(door: Door, nodes: Nodes, how: Exception) -> None:
    plan_id = await proposed(door)
    door.surface.broken["edit"] = how
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED
    assert (await door.row(plan_id)).state == "done"


async def test_the_end_is_told_though_the_progress_could_not_be(door: Door, nodes: Nodes) -> None:
    end = nodes.hold("flip")
    await proposed(door)
    door.surface.broken["edit"] = LOST
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    door.surface.broken.clear()
    end.set()
    await running
    assert door.surface.of("edit")[-1].level is Level.OK


async def test_results_that_cannot_be_read_do_not_spoil_a_success(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    async def broken(*_: object) -> tuple[()]:
        raise BROKEN

    door = make_door(store, nodes, time, (*VERBS, flip), results=broken)
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert door.surface.of("edit")[-1].level is Level.OK
    assert (await door.row(plan_id)).state == "done"


async def test_a_defect_of_ours_ends_the_plan_and_its_card_and_shows_a_reference_only(door: Door, nodes: Nodes) -> None:
    nodes.answers["flip"] = ZeroDivisionError(CANARY)
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert (await door.row(plan_id)).state == "failed"
    assert "cut short by a fault of mine" in words(door.surface.of("edit")[-1])
    (answer,) = door.surface.of("whisper")
    assert "in my log under" in words(answer)
    assert not any(CANARY in words(one.report) for one in door.surface.shown)
    await door.ask(OPERATOR, "flip web")
    nodes.answers.clear()
    await door.press(OPERATOR, cards.CONFIRM)
    assert ("n2", "flop") in nodes.changed, "the cluster is free again"
