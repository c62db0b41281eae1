"""Changes that take other people: asked for, approved, denied, void, honoured once, told on their card."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import approval_cards, cards
from bot.approvals import check, rules_that_never_fit
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered
from bot.memory import Memory
from bot.store import PlanRow, Store
from bot.verbs import CHANGING, VERBS
from commands.errors import NotAllowed, UsageError
from commands.report import Report
from commands.verbs.verb import Verb
from config.approvals import ApprovalRule
from tests.bot.conftest import (
    ADMIN,
    HERE,
    NOBODY,
    NOW,
    OPERATOR,
    POLICY,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    Stage,
    flip_plan,
    make_door,
    words,
)

APPROVE, DENY = approval_cards.APPROVE, approval_cards.DENY
CHANGED = [("n1", "flip < the password"), ("n2", "flop")]
ASK = 'flip web --reason "n1 is to be patched"'


def with_rule(store: Store, nodes: Nodes, time: HandTime, flip: Verb, rule: ApprovalRule) -> Door:
    policy = POLICY.model_copy(update={"approvals": (rule,)})
    memory = Memory(store, time.moment)
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy, memory=memory)
    door.dispatcher.reaches(lambda _: door.surface)
    return door


@pytest.fixture
def four_eyes(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    """A door where a change takes one other person."""
    return with_rule(store, nodes, time, flip, ApprovalRule(approvals=1))


@pytest.fixture
def six_eyes(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    """A door where a change takes two other people, and nobody goes alone."""
    return with_rule(store, nodes, time, flip, ApprovalRule(approvals=2, break_glass=False))


async def asked(door: Door, text: str = ASK) -> str:
    """Ask for a change and return the id of its plan."""
    await door.ask(OPERATOR, text)
    _, values = door.surface.card()
    return values[APPROVE]


def answers(door: Door) -> str:
    return " ".join(words(report) for report in door.surface.of("whisper"))


# ---------------------------------------------------------------- the request


async def test_a_request_shows_who_why_what_and_how_many(six_eyes: Door) -> None:
    plan_id = await asked(six_eyes)
    (card,) = six_eyes.surface.of("post")
    told = words(card)
    for word in ("<@U0OPERATOR>", "n1 is to be patched", "2 approvals until 12:30 UTC", "n1: flip", "n2: flop"):
        assert word in told
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


# ---------------------------------------------------------------- in words, and from a terminal


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


# ---------------------------------------------------------------- alone


async def test_alone_takes_a_reason_is_told_loudly_and_reviewed_by_another(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.ask(OPERATOR, f"approve {plan_id} --break-glass")
    assert nodes.changed == []
    assert "takes a reason" in answers(four_eyes)
    await four_eyes.ask(OPERATOR, f'approve {plan_id} --break-glass --reason "the site is down"')
    assert nodes.changed == CHANGED
    loud = next(one for one in four_eyes.surface.shown if "alone" in one.report.headline)
    assert "the site is down" in words(loud.report)
    kinds = [event for event, *_ in await four_eyes.audited()]
    assert Kind.BROKE_GLASS in kinds
    assert loud.ref is not None
    press = four_eyes.dispatcher.press
    await press(OPERATOR, HERE, approval_cards.REVIEWED, plan_id, loud.ref, four_eyes.surface, key="")
    assert "somebody else" in answers(four_eyes)
    await press(ADMIN, HERE, approval_cards.REVIEWED, plan_id, loud.ref, four_eyes.surface, key="")
    assert "was reviewed" in four_eyes.surface.of("edit")[-1].headline
    assert Kind.REVIEWED in [event for event, *_ in await four_eyes.audited()]


async def test_where_the_policy_says_so_nobody_goes_alone(six_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(six_eyes)
    await six_eyes.ask(ADMIN, f'approve {plan_id} --break-glass --reason "the site is down"')
    assert nodes.changed == []
    assert "nobody may go ahead alone" in answers(six_eyes)


async def test_one_of_two_who_is_left_alone_may_still_break_the_glass(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    door = with_rule(store, nodes, time, flip, ApprovalRule(approvals=2))
    plan_id = await asked(door)
    await door.press(ADMIN, APPROVE)
    assert nodes.changed == []
    await door.ask(ADMIN, f'approve {plan_id} --break-glass --reason "nobody else answers"')
    assert nodes.changed == CHANGED


async def test_that_it_cannot_be_told_loudly_stops_nobody_in_an_emergency(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    four_eyes.surface.broken["post"] = NotDelivered("Slack is away")
    await four_eyes.ask(ADMIN, f'approve {plan_id} --break-glass --reason "the site is down"')
    assert nodes.changed == CHANGED
    assert Kind.BROKE_GLASS in [event for event, *_ in await four_eyes.audited()]


async def test_one_person_in_two_teams_of_an_organisation_is_one(six_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(six_eyes)
    same = Actor("T0OTHER", OPERATOR.user)
    await six_eyes.press(same, APPROVE)
    assert "somebody else" in answers(six_eyes)
    await six_eyes.press(ADMIN, APPROVE)
    await six_eyes.press(Actor("T0OTHER", ADMIN.user), APPROVE)
    assert nodes.changed == []
    assert len(await six_eyes.store.votes(plan_id)) == 1


# ---------------------------------------------------------------- the policy itself


def test_a_rule_for_a_verb_that_there_is_not_protects_nothing_and_is_a_mistake() -> None:
    rules = (ApprovalRule(verbs=("fail-over", "status")), ApprovalRule(verbs=("failover",)), ApprovalRule())
    first, second = rules_that_never_fit(POLICY.model_copy(update={"approvals": rules}), CHANGING)
    assert "policy.approvals[0].verbs: `fail-over` changes nothing" in str(first)
    assert "`failover`" in first.remedy
    assert "`status`" in str(second)


async def test_a_policy_that_grew_stricter_counts_for_what_was_shown_before(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    before = make_door(store, nodes, time, (*VERBS, flip))
    await before.ask(OPERATOR, "flip web")
    ref, values = before.surface.card()
    later = with_rule(store, nodes, time, flip, ApprovalRule())
    await later.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[cards.CONFIRM], ref, later.surface, key="")
    assert nodes.changed == []
    assert "takes approvals" in answers(later)


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


# ---------------------------------------------------------------- loose ends


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


# ---------------------------------------------------------------- the rule, whoever and whatever

PEOPLE = st.sampled_from([VIEWER, OPERATOR, ADMIN, WEB_OPERATOR, NOBODY])
ROW = PlanRow(
    id="0123456789abcdef",
    verb="flip",
    text="flip web",
    cluster="web",
    team=OPERATOR.team,
    user=OPERATOR.user,
    channel="C0WEB",
    fingerprint="f",
    created=NOW,
    expires=NOW,
    approvals=1,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asker=PEOPLE,
    who=PEOPLE,
    own=st.booleans(),
    glass=st.booleans(),
    alone=st.booleans(),
    reason=st.sampled_from(["", "  ", "the site is down"]),
)
def test_only_who_may_approves_and_nobody_their_own(
    asker: Actor, who: Actor, reason: str, *, own: bool, glass: bool, alone: bool
) -> None:
    rule = ApprovalRule(own=own, break_glass=glass)
    row = replace(ROW, team=asker.team, user=asker.user)
    may = who in {OPERATOR, ADMIN, WEB_OPERATOR}
    fine = may and ((glass and bool(reason.strip())) if alone else (own or who != asker))
    with nullcontext() if fine else pytest.raises((NotAllowed, UsageError)):
        check(POLICY, rule, row, who, alone=alone, reason=reason)
