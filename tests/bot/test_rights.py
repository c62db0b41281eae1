"""Whose word counts at the last click: everybody's rights are looked up anew, and whoever lost theirs is told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from bot.approval_cards import APPROVE
from bot.audit import Kind
from bot.cards import CONFIRM
from bot.conversation import Actor, Ref
from bot.memory import Memory
from bot.rights import Membership
from bot.store import Store
from bot.verbs import VERBS
from commands.command import Command, Completed
from commands.errors import Unreachable
from commands.report import Report
from commands.verbs.verb import Verb
from config.approvals import ApprovalRule
from config.inventory import NodeSpec
from config.policy import Grant, Policy, Role
from tests.bot.approving import CHANGED, answers, asked
from tests.bot.changing import proposed
from tests.bot.conftest import ADMIN, OPERATOR, PATIENCE, POLICY, Door, HandTime, Nodes, Recorder, make_door, words

ONCALL = "S0ONCALL"
BOB, EVE, ZOE = (Actor("T0HOME", user, frozenset({ONCALL})) for user in ("U0BOB", "U0EVE", "U0ZOE"))


@dataclass
class Slack:
    """Who is in which user group, as Slack would say."""

    members: dict[str, frozenset[str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    async def now(self) -> Membership:
        return Membership(dict(self.members), self.unread)

    def leaves(self, person: Actor) -> None:
        self.members = {group: people - {person.user} for group, people in self.members.items()}


@pytest.fixture
def slack() -> Slack:
    return Slack({ONCALL: frozenset({BOB.user, EVE.user, ZOE.user})})


def with_groups(approvals: int) -> Policy:
    grant = Grant(role=Role.OPERATOR, groups=(ONCALL,), clusters=("*",))
    return POLICY.model_copy(
        update={"grants": (*POLICY.grants, grant), "approvals": (ApprovalRule(approvals=approvals),)}
    )


DoorFor = Callable[[int], Door]


@pytest.fixture
def door_for(store: Store, nodes: Nodes, time: HandTime, flip: Verb, slack: Slack) -> DoorFor:
    """A door where a change takes so many people, of whom some have their rights through a group."""

    def make(approvals: int) -> Door:
        door = make_door(
            store,
            nodes,
            time,
            (*VERBS, flip),
            policy=with_groups(approvals),
            memory=Memory(store, time.moment),
            groups_anew=slack.now,
        )
        door.dispatcher.reaches(lambda _: door.surface)
        return door

    return make


async def test_an_approval_by_somebody_who_lost_the_right_since_does_not_count_and_that_is_said(
    door_for: DoorFor, nodes: Nodes, slack: Slack
) -> None:
    door = door_for(2)
    plan_id = await asked(door)
    await door.press(BOB, APPROVE)
    slack.leaves(BOB)
    await door.press(EVE, APPROVE)
    assert nodes.changed == []
    card = words(door.surface.of("edit")[-1])
    assert "2 approvals until 12:30 UTC; so far <@U0EVE>." in card
    assert "may not approve any more, so it does not count: <@U0BOB>" in card
    told = [detail for kind, _, detail in await door.audited() if kind == Kind.APPROVED][-1]
    assert (told["approvals"], told["lapsed"]) == (1, [BOB.key])
    await door.press(ADMIN, APPROVE)
    assert nodes.changed == CHANGED
    assert (await door.row(plan_id)).state == "done"


async def test_whose_right_came_back_counts_again(door_for: DoorFor, nodes: Nodes, slack: Slack) -> None:
    door = door_for(2)
    await asked(door)
    await door.press(BOB, APPROVE)
    before = slack.members
    slack.leaves(BOB)
    slack.members = before
    await door.press(EVE, APPROVE)
    assert nodes.changed == CHANGED


async def test_who_lost_the_right_to_ask_gets_nothing_done_by_others(
    door_for: DoorFor, nodes: Nodes, slack: Slack
) -> None:
    door = door_for(1)
    await door.ask(BOB, "flip web")
    slack.leaves(BOB)
    await door.press(EVE, APPROVE)
    assert nodes.changed == []
    assert "<@U0BOB> asked for this and may not do so any more" in answers(door)


async def test_who_clicks_has_the_rights_of_now_not_those_of_some_minutes_ago(
    door_for: DoorFor, nodes: Nodes, slack: Slack
) -> None:
    door = door_for(1)
    await asked(door)
    slack.leaves(EVE)
    await door.press(EVE, APPROVE)
    assert "may not approve" in answers(door)
    alone = door_for(0)
    plan_id = await proposed(alone, BOB)
    slack.leaves(BOB)
    await alone.press(BOB, CONFIRM)
    assert "takes the role operator" in answers(alone)
    assert (await alone.row(plan_id)).state == "waiting"
    assert nodes.changed == []


async def test_that_slack_did_not_say_in_time_is_said(door_for: DoorFor, nodes: Nodes, slack: Slack) -> None:
    door = door_for(1)
    await asked(door)
    slack.members, slack.unread = {}, (ONCALL,)
    await door.press(EVE, APPROVE)
    assert nodes.changed == []
    assert f"Slack did not say who is in {ONCALL}" in answers(door)
    await door.press(ADMIN, APPROVE)
    assert nodes.changed == CHANGED, "whoever has the right by their id needs no group"


async def test_a_slow_slack_is_not_told_as_a_right_that_was_lost(door_for: DoorFor, nodes: Nodes, slack: Slack) -> None:
    door = door_for(1)
    await door.ask(BOB, "flip web")
    members = slack.members
    slack.members, slack.unread = {}, (ONCALL,)
    await door.press(ADMIN, APPROVE)
    assert nodes.changed == []
    assert f"Slack did not say who is in {ONCALL}" in answers(door)
    assert "any more" not in answers(door)
    slack.members, slack.unread = members, ()
    await door.press(ADMIN, APPROVE)
    assert nodes.changed == CHANGED


async def test_an_approval_that_slack_does_not_vouch_for_in_time_counts_again_later(
    door_for: DoorFor, nodes: Nodes, slack: Slack
) -> None:
    door = door_for(3)
    await asked(door)
    await door.press(BOB, APPROVE)
    members = slack.members
    slack.members, slack.unread = {}, (ONCALL,)
    await door.press(ADMIN, APPROVE)
    card = words(door.surface.of("edit")[-1])
    assert "Not counted for now: <@U0BOB>." in card
    assert f"Slack did not say who is in {ONCALL}" in card
    assert "any more" not in card
    slack.members, slack.unread = members, ()
    await door.press(EVE, APPROVE)
    assert nodes.changed == CHANGED


async def test_who_confirms_while_slack_is_slow_is_told_to_try_again_not_to_ask_for_a_grant(
    door_for: DoorFor, nodes: Nodes, slack: Slack
) -> None:
    door = door_for(0)
    plan_id = await proposed(door, BOB)
    slack.members, slack.unread = {}, (ONCALL,)
    await door.press(BOB, CONFIRM)
    assert nodes.changed == []
    assert f"Slack did not say who is in {ONCALL}" in answers(door)
    assert "try again in a moment" in answers(door)
    assert "grant" not in answers(door)
    assert (await door.row(plan_id)).state == "waiting"


async def test_where_no_slack_is_at_hand_the_groups_count_that_were_known(
    door_for: DoorFor, store: Store, nodes: Nodes, flip: Verb
) -> None:
    door = door_for(2)
    plan_id = await asked(door)
    await door.press(BOB, APPROVE)
    terminal = make_door(store, nodes, door.time, (*VERBS, flip), policy=door.world.policy)
    await terminal.ask(Actor("local", "root"), f"approve {plan_id}")
    assert nodes.changed == CHANGED


# ---------------------------------------------------------------- what the card says


class Slow(Recorder):
    """A surface on which the first edit takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        if not self.begun.is_set():
            self.begun.set()
            await self.go_on.wait()
        await super().edit(ref, report, final=final)


@pytest.fixture
def slow(door_for: DoorFor) -> Door:
    door = replace(door_for(3), surface=Slow())
    door.dispatcher.reaches(lambda _: door.surface)
    return door


async def test_of_two_votes_in_the_same_instant_the_card_ends_up_true(slow: Door) -> None:
    assert isinstance(slow.surface, Slow)
    await asked(slow)
    first = asyncio.create_task(slow.press(BOB, APPROVE))
    await slow.surface.begun.wait()
    await slow.press(EVE, APPROVE)
    slow.surface.go_on.set()
    await first
    assert "so far <@U0BOB> and <@U0EVE>." in words(slow.surface.of("edit")[-1])


async def test_a_late_word_on_a_vote_does_not_stand_over_the_end(slow: Door, nodes: Nodes) -> None:
    assert isinstance(slow.surface, Slow)
    plan_id = await asked(slow)
    first = asyncio.create_task(slow.press(BOB, APPROVE))
    await slow.surface.begun.wait()
    await slow.ask(OPERATOR, f"cancel {plan_id}")
    slow.surface.go_on.set()
    await first
    assert "It waits for 2 more approvals" in words(slow.surface.of("edit")[-1]), "it came over the end"
    slow.time.forward(seconds=11)
    await slow.dispatcher.tie_loose_ends()
    assert "was taken back" in words(slow.surface.of("edit")[-1])
    assert nodes.changed == []


# ---------------------------------------------------------------- and nobody waits for the dead


class HalfDead(Nodes):
    """Nodes of which `n2` answers no question: it says so at once, or never says anything."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = False

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        if node.name == "n2" and not command.changes:
            if self.hangs:
                await asyncio.Event().wait()
            raise Unreachable("no answer", node="n2")
        return await super().run(node, command)


async def test_after_a_restart_the_click_does_not_wait_for_a_node_that_was_silent_before(
    store: Store, time: HandTime, flip: Verb
) -> None:
    nodes = HalfDead()
    before = make_door(store, nodes, time, (*VERBS, flip))
    plan_id = await proposed(before)
    assert (await before.row(plan_id)).silent == ("n2",)
    nodes.hangs = True
    after = make_door(store, nodes, time, (*VERBS, flip))
    async with asyncio.timeout(PATIENCE):
        await after.press(OPERATOR, CONFIRM, plan_id)
    assert nodes.changed == CHANGED
