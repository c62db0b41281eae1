"""What is left of plans when nobody presses anything."""

from __future__ import annotations

from bot import approval_cards
from tests.bot.approving import APPROVE, answers, asked
from tests.bot.conftest import (
    ADMIN,
    HERE,
    NOW,
    OPERATOR,
    VIEWER,
    Door,
    Nodes,
    words,
)


async def test_what_nobody_answers_says_so_by_itself(four_eyes: Door) -> None:
    plan_id = await asked(four_eyes)
    four_eyes.time.forward(minutes=30)
    await four_eyes.dispatcher.tie_loose_ends()
    assert (await four_eyes.row(plan_id)).state == "expired"
    assert "not answered in time" in words(four_eyes.surface.of("edit")[-1])


async def test_an_interrupted_one_is_resumed_by_asking_anew_or_left(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.store.claim(plan_id, "waiting", "running", ADMIN.key, NOW, lease=NOW)  # and the bot died
    await four_eyes.dispatcher.tie_loose_ends()
    card = four_eyes.surface.of("edit")[-1]
    assert [choice.label for choice in card.choices] == ["Resume", "Abandon"]
    ref, _ = four_eyes.surface.card()
    press = four_eyes.dispatcher.press
    await press(OPERATOR, HERE, approval_cards.RESUME, plan_id, ref, four_eyes.surface, key="")
    assert nodes.changed == [], "it is asked for anew, and approved anew"
    _, values = four_eyes.surface.card()
    assert values[APPROVE] != plan_id
    await press(VIEWER, HERE, approval_cards.ABANDON, plan_id, ref, four_eyes.surface, key="")
    assert "takes the role operator" in answers(four_eyes)
    await press(OPERATOR, HERE, approval_cards.ABANDON, plan_id, ref, four_eyes.surface, key="")
    assert "left at that" in words(four_eyes.surface.of("edit")[-1])
