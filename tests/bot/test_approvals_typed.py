"""Approvals in words: from a terminal, from another channel, listed by `pending`."""

from __future__ import annotations

from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report
from commands.verbs.verb import Verb
from tests.bot.approving import CHANGED, asked
from tests.bot.conftest import (
    TERMINAL,
    VIEWER,
    Door,
    Nodes,
    make_door,
    words,
)


async def test_pending_lists_what_can_be_decided_still(four_eyes: Door) -> None:
    await four_eyes.ask(VIEWER, "pending")
    assert "Nothing waits" in words(four_eyes.surface.of("post")[-1])
    plan_id = await asked(four_eyes)
    await four_eyes.ask(VIEWER, "pending")
    told = words(four_eyes.surface.of("post")[-1])
    assert plan_id in told
    assert "0 of 1 approvals" in told
    four_eyes.time.forward(minutes=30)
    await four_eyes.ask(VIEWER, "pending web")
    assert "Nothing waits" in words(four_eyes.surface.of("post")[-1])


async def test_an_approval_in_a_terminal_is_shown_there_and_later_on_the_card(
    four_eyes: Door, store: Store, nodes: Nodes, flip: Verb
) -> None:
    plan_id = await asked(four_eyes)
    terminal = make_door(
        store, nodes, four_eyes.time, (*VERBS, flip), policy=four_eyes.world.policy
    )  # a process of its own, which reaches no card
    await terminal.surface.post(Report("a message of its own"))
    await terminal.ask(TERMINAL, f"approve {plan_id}")
    assert nodes.changed == CHANGED
    assert "done and verified" in words(terminal.surface.of("edit")[-1])
    await four_eyes.dispatcher.tie_loose_ends()
    assert "done and verified" not in words(four_eyes.surface.shown[-1].report), "whoever did it may still tell"
    four_eyes.time.forward(seconds=11)
    await four_eyes.dispatcher.tie_loose_ends()
    told = four_eyes.surface.shown[-1]
    card, _ = four_eyes.surface.card()
    assert (told.kind, told.ref) == ("edit", card)
    assert "was done and verified" in words(told.report)
    assert "root" in words(told.report)
    shown = len(four_eyes.surface.shown)
    await four_eyes.dispatcher.tie_loose_ends()
    assert len(four_eyes.surface.shown) == shown
