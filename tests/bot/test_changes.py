"""Between "do this" and "it is done": what is confirmed, by whom, once, and what is told when things go wrong."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import cards, ids
from bot.conversation import Actor, Place, Ref
from bot.differences import differences
from bot.store import PlanRow, Store
from bot.under_way import LEASE
from bot.verbs import VERBS
from commands.errors import OutcomeUnknown
from commands.plan import NothingToDo, Refusal
from commands.report import Finding, Level, Listing, Report
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.verb import Desk, Verb
from config.approvals import OWN_CONFIRM
from config.policy import Role
from tests.bot.conftest import (
    ADMIN,
    BROKEN,
    CANARY,
    DB,
    HERE,
    LOST,
    NOBODY,
    NOW,
    OPERATOR,
    PATIENCE,
    TERMINAL,
    VIEWER,
    WEB,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    Recorder,
    Stage,
    flip_plan,
    make_door,
    url_of,
    words,
)

CHANGED = [("n1", "flip < the password"), ("n2", "flop")]


async def proposed(door: Door, actor: Actor = OPERATOR, text: str = "flip web") -> str:
    """Ask for a change and return the id of its plan."""
    await door.ask(actor, text)
    _, values = door.surface.card()
    return values[cards.CONFIRM]


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


# ---------------------------------------------------------------- one at a time


async def test_one_change_at_a_time_per_cluster_and_the_other_waits(door: Door, nodes: Nodes, stage: Stage) -> None:
    end = nodes.hold("flip")
    await proposed(door)
    first, values = door.surface.card()
    running = asyncio.create_task(
        door.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[cards.CONFIRM], first, door.surface, key="")
    )
    await nodes.started("flip")
    second = await proposed(door, ADMIN)
    await door.press(ADMIN, cards.CONFIRM)
    assert "another change of web is running" in words(door.surface.of("whisper")[-1])
    assert (await door.row(second)).state == "waiting"

    stage.decision = flip_plan(DB, words="other")
    await proposed(door, OPERATOR, "flip db")
    await door.press(OPERATOR, cards.CONFIRM)
    assert ("d1", "other < the password") in nodes.changed, "another cluster is nobody's business"

    end.set()
    await running
    stage.decision = flip_plan()
    await door.press(ADMIN, cards.CONFIRM, second)
    assert nodes.changed.count(("n2", "flop")) == 2


async def test_a_running_change_prolongs_its_lease_until_it_ends(door: Door, nodes: Nodes, time: HandTime) -> None:
    end = nodes.hold("flip")
    plan_id = await proposed(door)
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    assert (await door.row(plan_id)).expires == NOW + LEASE
    for _ in range(12):
        await time.paused()
        time.forward(seconds=2.5)
        await door.until_held(plan_id, time.now + LEASE)
    assert await door.store.interrupt_lapsed(time.now) == ()
    assert "30 s" in words(door.surface.of("edit")[-1]), "progress tells the elapsed time"
    end.set()
    await running
    assert (await door.row(plan_id)).state == "done"


class Stumbling(Store):
    """A store whose prolonging of leases fails now and then."""

    failures: int = 0

    async def extend(self, plan_id: str, until: object) -> bool:
        if Stumbling.failures:
            Stumbling.failures -= 1
            raise OSError("the disk is busy")
        return await super().extend(plan_id, until)  # type: ignore[arg-type]


async def test_a_store_that_stumbles_once_costs_no_lease(url: str, nodes: Nodes, time: HandTime, flip: Verb) -> None:
    store = await Stumbling.open(url)
    door = make_door(store, nodes, time, (*VERBS, flip))
    end = nodes.hold("flip")
    plan_id = await proposed(door)
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    await time.paused()
    Stumbling.failures = 1
    time.forward(seconds=2.5)
    async with asyncio.timeout(PATIENCE):
        await time.paused()
    assert (await door.row(plan_id)).expires == NOW + LEASE
    time.forward(seconds=2.5)
    await door.until_held(plan_id, time.now + LEASE)
    end.set()
    await running
    assert (await door.row(plan_id)).state == "done"
    await store.close()


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


# ---------------------------------------------------------------- a bot that dies


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


async def left_running(store: Store, expires_in: float, **parts: str) -> PlanRow:
    """Put a plan that some bot left running into the store."""
    row = PlanRow(
        id=ids.fresh(),
        verb="flip",
        text="flip web",
        cluster=parts.get("cluster", "web"),
        team=parts.get("team", "T0HOME"),
        user="U0ADMIN",
        channel="C0OPS",
        fingerprint="f",
        created=NOW,
        expires=NOW + timedelta(seconds=expires_in),
        state="running",
        message_ts="1.2",
        thread_ts="1.1",
    )
    await store.add_plan(row)
    return row


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
    await left_running(store, 0, team="local")
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


# ---------------------------------------------------------------- what is kept


async def test_the_audit_tells_the_whole_story_and_no_secret(door: Door) -> None:
    plan_id = await proposed(door)
    await door.press(ADMIN, cards.CONFIRM)
    await door.press(OPERATOR, cards.CONFIRM)
    story = await door.audited()
    assert [(event, actor) for event, actor, _ in story] == [
        ("asked", OPERATOR.key),
        ("planned", OPERATOR.key),
        ("shown", OPERATOR.key),
        ("refused", ADMIN.key),
        ("confirmed", OPERATOR.key),
        ("step", OPERATOR.key),
        ("command", OPERATOR.key),
        ("command ended", OPERATOR.key),
        ("step", OPERATOR.key),
        ("step", OPERATOR.key),
        ("command", OPERATOR.key),
        ("command ended", OPERATOR.key),
        ("step", OPERATOR.key),
        ("outcome", OPERATOR.key),
    ]
    details = [detail for *_, detail in story]
    assert details[1]["steps"] == ["first", "second"]
    assert details[4] == {"plan": plan_id}
    assert details[6] == {"node": "n1", "argv": ["flip"], "stdin": "the password"}
    assert details[7] == {"command": 7, "node": "n1", "status": 0, "seconds": 0.1}
    assert [detail["state"] for detail in details[5:] if "step" in detail] == ["started", "done"] * 2
    assert details[-1] == {"plan": plan_id, "state": "done", "seconds": 0.0}
    assert (await door.store.verified()).broken is None
    assert CANARY not in repr(story)


async def test_a_cluster_is_remembered_before_its_first_step_with_the_channel_it_was_made_in(
    door: Door, nodes: Nodes, stage: Stage
) -> None:
    made = WEB.model_copy(update={"name": "made", "channels": ()})
    stage.decision = replace(flip_plan(), declares=made)
    end = nodes.hold("flip")
    await proposed(door)
    assert await door.store.declared() == ()
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    (known,) = await door.store.declared()
    assert (known.name, known.channels) == ("made", ("C0WEB",))
    end.set()
    await running


async def test_a_cluster_made_from_the_terminal_has_no_channel(door: Door, stage: Stage) -> None:
    stage.decision = replace(flip_plan(), declares=WEB.model_copy(update={"name": "made", "channels": ()}))
    await proposed(door, TERMINAL)
    await door.press(TERMINAL, cards.CONFIRM)
    (known,) = await door.store.declared()
    assert known.channels == ()


async def test_without_the_store_nothing_is_changed(nodes: Nodes, time: HandTime, flip: Verb) -> None:
    door = make_door(None, nodes, time, (*VERBS, flip))
    await door.ask(TERMINAL, "flip web")
    await door.press(TERMINAL, cards.CONFIRM, ids.fresh())
    assert all("store cannot be opened" in words(report) for report in door.surface.of("whisper"))
    assert len(door.surface.shown) == 2
    assert nodes.ran == []


PRESSES = st.lists(
    st.tuples(
        st.sampled_from([OPERATOR, ADMIN, VIEWER, NOBODY]),
        st.sampled_from([cards.CONFIRM, cards.CANCEL, cards.COMMANDS]),
        st.integers(0, 20),
    ),
    max_size=5,
)


@given(PRESSES)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_pressed_by_whomever_a_plan_runs_at_most_once_and_only_for_its_owner(
    tmp_path_factory: pytest.TempPathFactory,
    empty_store: Path,
    stage: Stage,
    flip: Verb,
    presses: list[tuple[Actor, str, int]],
) -> None:
    async def story() -> None:
        nodes, time = Nodes(), HandTime()
        copy = shutil.copy(empty_store, tmp_path_factory.mktemp("story") / "store.db")
        store = await Store.open(url_of(Path(copy)))
        try:
            door = make_door(store, nodes, time, (*VERBS, flip))
            await proposed(door)
            for number, (actor, action, minutes) in enumerate(presses, start=1):
                time.forward(minutes=minutes)
                before = len(door.surface.shown)
                await door.press(actor, action)
                assert len(door.surface.shown) > before, f"press {number} got no answer"
            confirmed = any(actor is OPERATOR and action == cards.CONFIRM for actor, action, _ in presses)
            assert nodes.changed in ([], CHANGED)
            assert confirmed or not nodes.changed
        finally:
            await store.close()

    stage.decision = flip_plan()
    asyncio.run(story())
