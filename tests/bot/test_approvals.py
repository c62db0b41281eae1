"""Changes that take other people: asked for, approved, denied, void, honoured once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot import approval_cards, cards
from bot.audit import Kind
from bot.conversation import Actor
from bot.store import Store
from tests.bot.approving import APPROVE, CHANGED, DENY, answers, asked
from tests.bot.conftest import (
    ADMIN,
    HERE,
    NOBODY,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Door,
    Nodes,
    Stage,
    flip_plan,
    words,
)

# ---------------------------------------------------------------- the request


async def test_a_request_shows_who_why_what_and_how_many(six_eyes: Door) -> None:
    plan_id = await asked(six_eyes)
    (card,) = six_eyes.surface.of("post")
    told = words(card)
    for word in ("<@U0OPERATOR>", "n1 is to be patched", "2 approvals until 12:30 UTC", "n1: flip", "n2: flop"):
        assert word in told
    assert card.headline == "`web`: flip — 2 steps. It waits for 2 approvals"
    assert [choice.label for choice in card.choices] == ["Approve", "Deny"]
    assert {choice.value for choice in (*card.choices, *card.more)} == {plan_id}
    row = await six_eyes.row(plan_id)
    assert (row.reason, row.approvals, row.risk) == ("n1 is to be patched", 2, "ordinary")


async def test_another_person_approves_and_it_is_done_once(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.press(ADMIN, APPROVE)
    assert nodes.changed == CHANGED
    row = await four_eyes.row(plan_id)
    assert (row.state, row.decided_by, row.told) == ("done", ADMIN.key, True)
    end = words(next(one for one in reversed(four_eyes.surface.of("edit")) if "done and verified" in one.headline))
    assert "Asked for by <@U0OPERATOR>: n1 is to be patched. Approved by <@U0ADMIN>, 12:00:00 UTC." in end
    await four_eyes.press(WEB_OPERATOR, APPROVE)
    assert nodes.changed == CHANGED
    assert "done already" in answers(four_eyes)
    told = [(event, actor) for event, actor, _ in await four_eyes.audited()]
    assert (Kind.REQUESTED, OPERATOR.key) in told
    assert (Kind.APPROVED, ADMIN.key) in told


async def test_with_two_to_approve_the_first_is_told_on_the_card(six_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(six_eyes)
    await six_eyes.press(ADMIN, APPROVE)
    assert nodes.changed == []
    assert "so far <@U0ADMIN>" in words(six_eyes.surface.of("edit")[-1])
    await six_eyes.press(ADMIN, APPROVE)
    assert "you have approved it already" in answers(six_eyes)
    await six_eyes.press(WEB_OPERATOR, APPROVE)
    assert nodes.changed == CHANGED
    assert (await six_eyes.row(plan_id)).state == "done"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (OPERATOR, "somebody else"),
        (VIEWER, "may not approve"),
        (NOBODY, "may not approve"),
    ],
)
async def test_who_may_not_approve_executes_nothing(four_eyes: Door, nodes: Nodes, who: Actor, why: str) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.press(who, APPROVE)
    await four_eyes.ask(who, f"approve {plan_id}")
    assert nodes.changed == []
    assert why in answers(four_eyes)
    assert (await four_eyes.row(plan_id)).state == "waiting"
    assert await four_eyes.store.votes(plan_id) == ()


async def test_a_button_to_confirm_does_not_get_around_it(four_eyes: Door, nodes: Nodes) -> None:
    await asked(four_eyes)
    ref, values = four_eyes.surface.card()
    await four_eyes.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[APPROVE], ref, four_eyes.surface, key="")
    assert nodes.changed == []
    assert "takes approvals" in answers(four_eyes)


@pytest.mark.parametrize("forged", ["x" * 16, "", "'; drop table plans", "a" * 5000])
async def test_a_forged_id_executes_nothing(four_eyes: Door, nodes: Nodes, forged: str) -> None:
    await asked(four_eyes)
    ref, _ = four_eyes.surface.card()
    for action in (APPROVE, DENY, approval_cards.RESUME, approval_cards.ABANDON, approval_cards.REVIEWED):
        await four_eyes.dispatcher.press(ADMIN, HERE, action, forged, ref, four_eyes.surface, key="")
    assert nodes.changed == []
    assert answers(four_eyes).count("that plan is not known") == 5


async def test_clicks_in_the_same_instant_execute_once(six_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(six_eyes)
    people = (ADMIN, WEB_OPERATOR, ADMIN, TERMINAL, WEB_OPERATOR)
    await asyncio.gather(*(six_eyes.press(who, APPROVE) for who in people))
    assert nodes.changed == CHANGED
    assert len(await six_eyes.store.votes(plan_id)) == 2


async def test_an_answer_that_comes_too_late_executes_nothing(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    four_eyes.time.forward(minutes=31)
    await four_eyes.press(ADMIN, APPROVE)
    assert nodes.changed == []
    assert "older than 30 minutes" in answers(four_eyes)
    assert (await four_eyes.row(plan_id)).state == "expired"


# ---------------------------------------------------------------- what was shown is what is done


async def test_a_cluster_that_changed_meanwhile_makes_it_void_and_asks_anew(
    four_eyes: Door, nodes: Nodes, stage: Stage
) -> None:
    plan_id = await asked(four_eyes)
    stage.decision = flip_plan(guards=("vip1 on n2",))
    await four_eyes.press(ADMIN, APPROVE)
    assert nodes.changed == []
    assert (await four_eyes.row(plan_id)).state == "stale"
    _, values = four_eyes.surface.card()
    assert values[APPROVE] != plan_id
    assert "No longer so: vip1 on n1" in words(four_eyes.surface.of("post")[-1])
    new = await four_eyes.row(values[APPROVE])
    assert (new.user, new.reason) == (OPERATOR.user, "n1 is to be patched"), "it is still the same person's request"
    await four_eyes.press(OPERATOR, APPROVE)
    assert nodes.changed == []


async def test_that_shows_at_the_first_of_two_approvals_already(six_eyes: Door, nodes: Nodes, stage: Stage) -> None:
    plan_id = await asked(six_eyes)
    stage.decision = flip_plan(guards=("vip1 on n2",))
    await six_eyes.press(ADMIN, APPROVE)
    assert (await six_eyes.row(plan_id)).state == "stale"
    _, values = six_eyes.surface.card()
    await six_eyes.press(WEB_OPERATOR, APPROVE)
    assert nodes.changed == []
    assert len(await six_eyes.store.votes(values[APPROVE])) == 1


# ---------------------------------------------------------------- no


@pytest.mark.parametrize("typed", [False, True])
async def test_a_no_ends_it_and_says_why(four_eyes: Door, nodes: Nodes, *, typed: bool) -> None:
    plan_id = await asked(four_eyes)
    if typed:
        await four_eyes.ask(ADMIN, f'deny {plan_id} --reason "not before the backup"')
    else:
        await four_eyes.press(ADMIN, DENY)
    row = await four_eyes.row(plan_id)
    assert (row.state, row.decided_by, row.told) == ("denied", ADMIN.key, True)
    told = words(four_eyes.surface.of("edit")[-1])
    assert "was denied" in told
    assert ("not before the backup" in told) is typed
    await four_eyes.press(ADMIN, APPROVE)
    assert nodes.changed == []


async def test_who_asked_takes_it_back(four_eyes: Door) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.ask(OPERATOR, f"cancel {plan_id}")
    assert (await four_eyes.row(plan_id)).state == "cancelled"


async def test_a_no_takes_the_right_to_say_yes(four_eyes: Door) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.press(VIEWER, DENY)
    assert (await four_eyes.row(plan_id)).state == "waiting"


# ---------------------------------------------------------------- one change at a time


async def test_who_lost_the_cluster_to_another_runs_nothing_more(four_eyes: Door, store: Store, nodes: Nodes) -> None:
    end = nodes.hold("flip")
    plan_id = await asked(four_eyes)
    running = asyncio.create_task(four_eyes.press(ADMIN, APPROVE))
    await nodes.started("flip")
    four_eyes.time.now += timedelta(hours=1)  # it stood still, and another bot took the plan for dead
    assert [row.id for row in await store.interrupt_lapsed(four_eyes.time.now)] == [plan_id]
    end.set()
    await running
    assert nodes.changed == CHANGED[:1], "the second step's command was not sent"
    assert (await four_eyes.row(plan_id)).state == "interrupted"
