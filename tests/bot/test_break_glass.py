"""One person alone: with a reason, told loudly, reviewed by another."""

from __future__ import annotations

from bot import approval_cards
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered, Ref
from bot.outbox.form import from_json
from bot.store import Store
from commands.report import Report
from commands.verbs.verb import Verb
from config.approvals import ApprovalRule
from tests.bot.approving import APPROVE, CHANGED, answers, asked
from tests.bot.conftest import (
    ADMIN,
    HERE,
    OPERATOR,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    Stage,
    flip_plan,
    with_rule,
    words,
)


async def test_alone_takes_a_reason_is_told_loudly_and_reviewed_by_another(four_eyes: Door, nodes: Nodes) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.ask(OPERATOR, f"approve {plan_id} --break-glass")
    assert nodes.changed == []
    assert "takes a reason" in answers(four_eyes)
    await four_eyes.ask(OPERATOR, f'approve {plan_id} --break-glass --reason "the site is down"')
    assert nodes.changed == CHANGED
    end = next(one for one in four_eyes.surface.of("edit") if "done and verified" in one.headline)
    assert "Approved alone, by breaking the glass, by <@U0OPERATOR> “the site is down”" in words(end)
    loud = next(one for one in four_eyes.surface.shown if "on one person's word" in one.report.headline)
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


async def test_nobody_reviews_themselves_from_another_team_of_the_organisation(four_eyes: Door) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.ask(ADMIN, f'approve {plan_id} --break-glass --reason "the site is down"')
    same, ref = Actor("T0OTHER", ADMIN.user), Ref("C0WEB", "1.9")
    await four_eyes.dispatcher.press(same, HERE, approval_cards.REVIEWED, plan_id, ref, four_eyes.surface, key="")
    assert "somebody else is to look at what you did alone" in answers(four_eyes)
    assert (await four_eyes.row(plan_id)).reviewed_by is None


async def test_who_is_asked_for_a_review_reads_why_somebody_went_alone_not_why_it_was_asked_for(
    four_eyes: Door, store: Store
) -> None:
    await four_eyes.ask(OPERATOR, 'flip web --reason "a new disk"')
    plan_id = (await store.waiting())[0].id
    await four_eyes.ask(ADMIN, f'approve {plan_id} --break-glass --reason "the site is down"')
    four_eyes.time.forward(hours=25)
    await four_eyes.dispatcher.ask_for_reviews()
    (row,) = await store.messages_not_yet_shown()
    again = words(from_json(row.report))
    assert "reason: the site is down" in again
    assert "a new disk" not in again


async def test_why_one_of_two_went_alone_after_all_is_what_their_approval_says(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    door = with_rule(store, nodes, time, flip, ApprovalRule(approvals=2))
    plan_id = await asked(door)
    await door.press(ADMIN, APPROVE)
    await door.ask(ADMIN, f'approve {plan_id} --break-glass --reason "nobody else answers"')
    assert nodes.changed == CHANGED
    assert [vote.reason for vote in await store.votes(plan_id)] == ["nobody else answers"]


async def test_what_was_void_and_never_ran_asks_for_no_review(
    four_eyes: Door, nodes: Nodes, store: Store, stage: Stage
) -> None:
    plan_id = await asked(four_eyes)
    stage.decision = flip_plan(guards=("vip1 on n2",))
    await four_eyes.ask(ADMIN, f'approve {plan_id} --break-glass --reason "the site is down"')
    assert nodes.changed == []
    assert (await four_eyes.row(plan_id)).state == "stale"
    four_eyes.time.forward(hours=25)
    assert await store.plans_to_review(four_eyes.time.moment()) == ()


async def test_a_review_that_nobody_gives_is_asked_for_again_each_day_until_somebody_does(
    four_eyes: Door, store: Store
) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.ask(OPERATOR, f'approve {plan_id} --break-glass --reason "the site is down"')

    async def asked_again() -> list[Report]:
        await four_eyes.dispatcher.ask_for_reviews()
        await four_eyes.dispatcher.ask_for_reviews()  # another bot on the store asks too
        rows = await store.messages_not_yet_shown()
        for row in rows:
            await store.drop_message(row.id, "seen")
        return [from_json(row.report) for row in rows]

    four_eyes.time.forward(hours=23)
    assert await asked_again() == []
    four_eyes.time.forward(hours=2)
    (again,) = await asked_again()
    assert again.headline == "`web`: flip, done by one person alone, still waits for a review"
    assert "(1 day ago)" in words(again)
    assert [choice.action for choice in again.choices] == [approval_cards.REVIEWED]
    assert await asked_again() == []
    four_eyes.time.forward(hours=25)
    (again,) = await asked_again()
    ref = Ref("C0WEB", "1.9")
    press = four_eyes.dispatcher.press
    await press(ADMIN, HERE, approval_cards.REVIEWED, plan_id, ref, four_eyes.surface, key="")
    four_eyes.time.forward(hours=25)
    assert await asked_again() == []
    await press(WEB_OPERATOR, HERE, approval_cards.REVIEWED, plan_id, ref, four_eyes.surface, key="")
    assert "somebody has reviewed it already" in answers(four_eyes)


async def test_what_was_not_done_alone_asks_for_no_review(four_eyes: Door, store: Store) -> None:
    plan_id = await asked(four_eyes)
    await four_eyes.press(ADMIN, APPROVE)
    four_eyes.time.forward(hours=25)
    await four_eyes.dispatcher.ask_for_reviews()
    assert await store.messages_not_yet_shown() == ()
    ref = Ref("C0WEB", "1.9")
    await four_eyes.dispatcher.press(
        WEB_OPERATOR, HERE, approval_cards.REVIEWED, plan_id, ref, four_eyes.surface, key=""
    )
    assert "nothing to review" in answers(four_eyes)
