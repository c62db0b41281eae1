"""Approvals in words: from a terminal, from another channel, listed by `pending`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import approval_cards
from bot.conversation import TERMINAL, Place, Ref
from bot.memory import Memory
from bot.outbox.form import from_json
from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report
from commands.verbs.verb import Verb
from config.approvals import ApprovalRule
from tests.bot.approving import APPROVE, ASK, CHANGED, asked
from tests.bot.conftest import (
    ADMIN,
    DB,
    HERE,
    NOW,
    POLICY,
    VIEWER,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    Recorder,
    Stage,
    flip_plan,
    make_door,
    words,
)
from tests.bot.conftest import TERMINAL as ROOT


async def test_pending_lists_what_can_be_decided_still(four_eyes: Door) -> None:
    await four_eyes.ask(VIEWER, "pending")
    assert "Nothing waits" in words(four_eyes.surface.of("post")[-1])
    plan_id = await asked(four_eyes)
    await four_eyes.ask(VIEWER, "pending")
    told = words(four_eyes.surface.of("post")[-1])
    assert plan_id in told
    assert "So far 0 of 1 approval, since 12:00:00 UTC until 12:30:00 UTC." in told
    assert "`flip web`. Asked for by <@U0OPERATOR>: n1 is to be patched." in told
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
    await terminal.ask(ROOT, f"approve {plan_id}")
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


# ---------------------------------------------------------------- asked for in a terminal


async def in_a_terminal(store: Store, nodes: Nodes, time: HandTime, flip: Verb, rule: ApprovalRule) -> Door:
    """A process of its own, which reaches no Slack."""
    policy = POLICY.model_copy(update={"approvals": (rule,)})
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy, memory=Memory(store, time.moment))
    return replace(door, surface=InTerminal())


class InTerminal(Recorder):
    """A surface whose messages are in nobody's Slack."""

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        ref = await super().post(report, under=under)
        self.shown[-1].ref = Ref(TERMINAL, ref.ts)
        return Ref(TERMINAL, ref.ts)


async def posted(store: Store) -> list[tuple[str, Report]]:
    """Send what was handed in, as the outbox of the bot that serves Slack does; return it with its channels."""
    sent = []
    for number, row in enumerate(await store.messages_not_yet_shown()):
        assert await store.begin_sending(row.id, NOW) is not None
        await store.was_posted(row.id, row.channel, f"1800000000.{number:06}", NOW)
        sent.append((row.channel, from_json(row.report)))
    return sent


@pytest.fixture
async def terminal(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    return await in_a_terminal(store, nodes, time, flip, ApprovalRule(approvals=1))


async def test_what_a_terminal_asks_for_has_its_card_in_the_clusters_channel(
    terminal: Door, four_eyes: Door, store: Store, nodes: Nodes
) -> None:
    await terminal.ask(ROOT, ASK)
    (shown,) = terminal.surface.of("post")
    assert "shows it in the channel `C0WEB` too" in words(shown)
    ((channel, card),) = await posted(store)
    assert channel == "C0WEB"
    assert "root (in a terminal) asks for approval: n1 is to be patched." in words(card)
    (approve, _) = card.choices
    await four_eyes.dispatcher.tie_loose_ends()
    ref = Ref("C0WEB", "1800000000.000000")
    assert (await four_eyes.row(approve.value)).card == ref
    await four_eyes.dispatcher.press(ADMIN, HERE, APPROVE, approve.value, ref, four_eyes.surface, key="")
    assert nodes.changed == CHANGED
    assert "done and verified" in words(four_eyes.surface.of("edit")[-1])


async def test_that_it_expired_or_was_taken_back_is_told_on_that_card(
    terminal: Door, four_eyes: Door, store: Store
) -> None:
    await terminal.ask(ROOT, ASK)
    await posted(store)
    four_eyes.time.forward(minutes=31)
    for _ in range(2):
        await four_eyes.dispatcher.tie_loose_ends()
        four_eyes.time.forward(seconds=11)
    (told,) = four_eyes.surface.shown
    assert (told.kind, told.ref) == ("edit", Ref("C0WEB", "1800000000.000000"))
    assert "was not answered in time" in words(told.report)


async def test_one_that_ended_before_its_card_was_posted_says_so_all_the_same(
    terminal: Door, four_eyes: Door, store: Store
) -> None:
    await terminal.ask(ROOT, ASK)
    _, values = terminal.surface.card()
    await terminal.ask(ROOT, f"cancel {values[APPROVE]}")
    assert (await terminal.row(values[APPROVE])).state == "cancelled"
    await posted(store)
    four_eyes.time.forward(seconds=11)
    await four_eyes.dispatcher.tie_loose_ends()
    (told,) = four_eyes.surface.shown
    assert "was taken back" in words(told.report)


async def test_where_a_cluster_has_no_channel_who_asks_is_told_that_nobody_sees_it(
    terminal: Door, store: Store, stage: Stage
) -> None:
    stage.decision = flip_plan(DB)
    await terminal.ask(ROOT, "flip db")
    assert "nobody is shown this in Slack" in words(terminal.surface.of("post")[0])
    assert await posted(store) == []


async def test_who_breaks_the_glass_in_a_terminal_is_told_of_in_the_channel(
    terminal: Door, store: Store, nodes: Nodes
) -> None:
    await terminal.ask(ROOT, ASK)
    _, values = terminal.surface.card()
    await posted(store)
    await terminal.ask(ROOT, f'approve {values[APPROVE]} --break-glass --reason "the site is down"')
    assert nodes.changed == CHANGED
    ((channel, loud),) = await posted(store)
    assert channel == "C0WEB"
    assert "root goes ahead alone with `flip web`: the site is down." in words(loud)
    assert [choice.action for choice in loud.choices] == [approval_cards.REVIEWED]


async def test_a_plan_of_a_terminal_that_became_void_in_slack_is_asked_for_anew_there_and_its_expiry_is_told(
    terminal: Door, four_eyes: Door, store: Store, stage: Stage, nodes: Nodes
) -> None:
    await terminal.ask(ROOT, ASK)
    ((_, card),) = await posted(store)
    stage.decision = flip_plan(guards=("vip1 on n2",))
    ref = Ref("C0WEB", "1800000000.000000")
    await four_eyes.dispatcher.press(ADMIN, HERE, APPROVE, card.choices[0].value, ref, four_eyes.surface, key="")
    assert nodes.changed == []
    anew, values = four_eyes.surface.card()
    assert (await four_eyes.row(values[APPROVE])).card == anew
    four_eyes.time.forward(minutes=31)
    await four_eyes.dispatcher.tie_loose_ends()
    told = four_eyes.surface.shown[-1]
    assert (told.kind, told.ref) == ("edit", anew)
    assert "was not answered in time" in words(told.report)


# ---------------------------------------------------------------- typed elsewhere


ELSEWHERE = Place("C0OTHER")


async def doors_of_two_channels(four_eyes: Door) -> Recorder:
    """Let the card's channel and the one that is typed in be two surfaces; return the card's."""
    there = Recorder()
    four_eyes.dispatcher.reaches(lambda place: there if place == HERE else four_eyes.surface)
    return there


async def test_a_word_typed_in_another_channel_is_answered_there_and_the_card_says_where_from(
    six_eyes: Door, nodes: Nodes
) -> None:
    there = await doors_of_two_channels(six_eyes)
    plan_id = await asked(six_eyes)
    await six_eyes.ask(ADMIN, f"approve {plan_id}", ELSEWHERE)
    assert "so far <@U0ADMIN> (typed in <#C0OTHER>)" in words(there.of("edit")[-1])
    assert "your approval of flip is taken" in six_eyes.surface.of("whisper")[-1].headline
    await six_eyes.ask(WEB_OPERATOR, f"deny {plan_id} --reason later", ELSEWHERE)
    assert "<@U0WEBONLY> (typed in <#C0OTHER>) said no: later." in words(there.of("edit")[-1])
    assert "was denied" in six_eyes.surface.of("whisper")[-1].headline
    assert nodes.changed == []


async def test_of_an_approval_in_a_terminal_the_card_says_that_it_was_one(
    four_eyes: Door, terminal: Door, nodes: Nodes
) -> None:
    plan_id = await asked(four_eyes)
    await terminal.ask(ROOT, f"approve {plan_id}")
    assert nodes.changed == CHANGED
    four_eyes.time.forward(seconds=11)
    await four_eyes.dispatcher.tie_loose_ends()
    assert "approved by root (in a terminal)" in words(four_eyes.surface.of("edit")[-1])
