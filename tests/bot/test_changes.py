"""Between "do this" and "it is done": what is proposed, and what a click does: once, for whom it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import cards
from bot.conversation import Actor
from bot.store import Store
from bot.verbs import VERBS
from commands.plan import NothingToDo, Refusal
from commands.report import Finding, Level, Listing
from commands.verbs.verb import Verb
from config.approvals import OWN_CONFIRM
from tests.bot.changing import CHANGED, proposed
from tests.bot.conftest import (
    ADMIN,
    CANARY,
    NOBODY,
    NOW,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    Stage,
    make_door,
    words,
)

# ---------------------------------------------------------------- the proposal


async def test_a_proposal_shows_the_exact_commands_and_no_secret(door: Door, nodes: Nodes) -> None:
    plan_id = await proposed(door)
    (card,) = door.surface.of("post")
    (listing,) = (part for part in card.parts if isinstance(part, Listing))
    assert "n1: flip < the password" in listing.text
    assert "n2: flop" in listing.text
    assert CANARY not in words(card)
    assert [choice.action for choice in card.choices] == [cards.CONFIRM, cards.CANCEL, cards.COMMANDS]
    assert {choice.value for choice in card.choices} == {plan_id}
    assert nodes.changed == []
    row = await door.row(plan_id)
    assert (row.state, row.text, row.cluster, row.user) == ("waiting", "flip web", "web", OPERATOR.user)
    assert row.expires == NOW + OWN_CONFIRM.patience
    assert row.message_ts == door.surface.card()[0].ts


async def test_a_dry_run_shows_the_plan_and_nothing_waits(door: Door, nodes: Nodes) -> None:
    await door.ask(OPERATOR, 'flip web —dry-run --reason "to see it"')
    (card,) = door.surface.of("post")
    (listing,) = (part for part in card.parts if isinstance(part, Listing))
    assert "n1: flip < the password" in listing.text
    assert "nothing waits" in card.headline
    assert card.choices == ()
    assert card.next_step == 'flip web --reason "to see it"'
    assert await door.store.waiting() == ()
    assert nodes.changed == []


async def test_the_reason_stays_with_the_request(door: Door) -> None:
    plan_id = await proposed(door, text='flip web --reason "it stands on its head"')
    assert (await door.row(plan_id)).text == 'flip web --reason "it stands on its head"'
    assert any("it stands on its head" in str(detail) for event, _, detail in await door.audited() if event == "asked")


@pytest.mark.parametrize("without", ["flip web", "flip web --reason ' '"])
async def test_what_needs_a_reason_is_not_planned_without_one(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb, without: str
) -> None:
    door = make_door(store, nodes, time, (replace(flip, needs_reason=True),))
    await door.ask(OPERATOR, without)
    assert "takes a reason" in words(door.surface.of("whisper")[0])
    assert await door.store.waiting() == ()
    await door.ask(OPERATOR, "flip web --dry-run")
    assert "nothing waits" in door.surface.of("post")[0].headline
    await proposed(door, text="flip web --reason upside-down")


async def test_what_is_not_to_be_done_has_no_buttons(door: Door, stage: Stage) -> None:
    stage.decision = Refusal("flip", (Finding(Level.CRITICAL, "it is upside down", "Turn it."),))
    await door.ask(OPERATOR, "flip web")
    stage.decision = NothingToDo("flip", "It is flipped already.")
    await door.ask(OPERATOR, "flip web")
    refused, nothing = door.surface.of("post")
    assert "upside down" in words(refused)
    assert nothing.headline == "It is flipped already."
    assert (refused.choices, nothing.choices) == ((), ())
    assert await door.store.waiting() == ()


async def test_copied_commands_go_to_one_person_who_may_look(door: Door) -> None:
    await proposed(door)
    await door.press(VIEWER, cards.COMMANDS)
    (copied,) = door.surface.of("whisper")
    assert "n2: flop" in words(copied)
    assert CANARY not in words(copied)
    await door.press(NOBODY, cards.COMMANDS)
    assert "flop" not in words(door.surface.of("whisper")[-1])


async def test_after_a_restart_the_commands_are_asked_for_anew(
    door: Door, store: Store, nodes: Nodes, flip: Verb
) -> None:
    plan_id = await proposed(door)
    later = make_door(store, nodes, door.time, (*VERBS, flip))
    await later.press(OPERATOR, cards.COMMANDS, plan_id)
    assert "the bot was restarted" in words(later.surface.of("whisper")[0])


# ---------------------------------------------------------------- the click


async def test_a_confirmed_plan_is_carried_out_told_and_over(door: Door, nodes: Nodes) -> None:
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED
    row = await door.row(plan_id)
    assert (row.state, row.decided_by) == ("done", OPERATOR.key)
    card, _ = door.surface.card()
    last = [one for one in door.surface.shown if one.kind == "edit"][-1]
    assert (last.ref, last.final, last.report.level, last.report.choices) == (card, True, Level.OK, ())
    assert "The members of web." in words(last.report)
    assert "Confirmed by <@U0OPERATOR>, 12:00:00 UTC." in words(last.report)
    log = door.surface.shown[-1]
    assert (log.kind, log.under) == ("post", card)
    assert "n2: flop  (exit 0" in words(log.report)
    assert CANARY not in words(log.report)


async def test_a_plan_is_confirmed_by_who_asked_for_it_and_waits_meanwhile(door: Door, nodes: Nodes) -> None:
    plan_id = await proposed(door)
    for other in (ADMIN, WEB_OPERATOR, replace(OPERATOR, team="T0OTHER"), NOBODY, TERMINAL):
        await door.press(other, cards.CONFIRM)
        assert "only the person who asked" in words(door.surface.shown[-1].report)
        assert door.surface.shown[-1].kind == "whisper"
        assert (await door.row(plan_id)).state == "waiting"
    assert nodes.changed == []
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == CHANGED


async def test_a_second_click_and_a_late_cancel_are_told_what_became_of_it(door: Door, nodes: Nodes) -> None:
    await proposed(door)
    for action in (cards.CONFIRM, cards.CONFIRM, cards.CANCEL, cards.COMMANDS):
        await door.press(OPERATOR, action)
    assert nodes.changed == CHANGED
    assert ["is done already" in words(report) for report in door.surface.of("whisper")] == [True] * 3


async def test_two_clicks_at_once_run_it_once(door: Door, nodes: Nodes) -> None:
    await proposed(door)
    await asyncio.gather(*(door.press(OPERATOR, cards.CONFIRM) for _ in range(4)))
    assert nodes.changed == CHANGED
    assert len(door.surface.of("whisper")) == 3


async def test_what_was_cancelled_stays_so(door: Door, nodes: Nodes) -> None:
    plan_id = await proposed(door)
    await door.press(OPERATOR, cards.CANCEL)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "cancelled"
    assert "nothing was run" in words(door.surface.of("edit")[-1])
    assert "is cancelled already" in words(door.surface.of("whisper")[-1])


@pytest.mark.parametrize(("who", "may"), [(ADMIN, True), (WEB_OPERATOR, True), (VIEWER, False), (NOBODY, False)])
async def test_who_could_have_asked_can_cancel(door: Door, who: Actor, may: bool) -> None:  # noqa: FBT001
    plan_id = await proposed(door)
    await door.press(who, cards.CANCEL)
    assert (await door.row(plan_id)).state == ("cancelled" if may else "waiting")


async def test_an_old_plan_is_not_run(door: Door, nodes: Nodes, time: HandTime) -> None:
    plan_id = await proposed(door)
    time.forward(minutes=15)
    await door.press(OPERATOR, cards.CONFIRM)
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "expired"
    assert "not confirmed in time" in words(door.surface.of("edit")[-1])
    assert "Ask again: `/hacluster flip web`" in words(door.surface.of("whisper")[-1])
    await door.press(OPERATOR, cards.CONFIRM, plan_id)
    assert "that plan was not confirmed in time" in words(door.surface.of("whisper")[-1])
    assert {report.headline for report in door.surface.of("whisper")} == {"That came too late"}


FORGED = ["", "x", "a" * 16, "a" * 100_000, "' OR 1=1 --", "\0" * 16, "\ud800" * 16, "a" * 15 + "\n", "ä" * 16]


@pytest.mark.parametrize("action", [cards.CONFIRM, cards.CANCEL, cards.COMMANDS, cards.TRUST, "", "reboot"])
async def test_a_forged_button_is_answered_and_does_nothing(door: Door, nodes: Nodes, action: str) -> None:
    plan_id = await proposed(door)
    for count, forged in enumerate(FORGED, start=1):
        await door.press(ADMIN, action, forged)
        answers = door.surface.of("whisper")
        assert len(answers) == count
        assert "is not known" in words(answers[-1]) or "another version" in words(answers[-1])
        assert len(words(answers[-1])) < 500
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "waiting"


async def test_authority_is_looked_up_again_on_the_click(door: Door, store: Store, nodes: Nodes, flip: Verb) -> None:
    plan_id = await proposed(door)
    grants = tuple(grant for grant in door.world.policy.grants if OPERATOR.user not in grant.users)
    policy = door.world.policy.model_copy(update={"grants": grants})
    later = make_door(store, nodes, door.time, (*VERBS, flip), policy=policy)
    await later.press(OPERATOR, cards.CONFIRM, plan_id)
    assert "takes the role operator" in words(later.surface.of("whisper")[0])
    assert nodes.changed == []
    assert (await door.row(plan_id)).state == "waiting"
