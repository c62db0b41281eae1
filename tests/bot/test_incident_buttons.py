"""The buttons of an incident's card: each does what its words do, and asks for the right to it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import incident_cards
from bot.conversation import Actor
from bot.incident_buttons import ACK, ACTIONS, END_SILENCE, FAILOVER, SILENCE, STATUS
from bot.incidents import Incident, OwnChange, Phase
from bot.memory import Memory
from bot.store import SilenceRow, Store
from bot.verbs import VERBS
from commands.command import Command
from commands.plan import Lane, Plan, Step
from commands.report import Level
from commands.verbs.failover.verb import FAILOVER as FAILOVER_VERB
from commands.verbs.verb import Change, Verb
from tests.bot.attending import Bot, Watched, course_at, watching_bot
from tests.bot.conftest import (
    ADMIN,
    NOBODY,
    OPERATOR,
    VIEWER,
    WEB,
    WEB_OPERATOR,
    HandTime,
    Nodes,
    make_door,
    words,
)
from tests.bot.incidents.course import LOST, STOPPED, WAITING, Course


@pytest.fixture
def here(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """The door of a bot that watches."""
    return watching_bot(store, nodes, time)


def buttons_of(incident: Incident) -> dict[str, str]:
    """Return each button of a card by its action; of several with one action, the first."""
    report = incident_cards.card(incident, None)
    assert len(report.choices) <= 3
    return {choice.action: choice.value for choice in reversed((*report.choices, *report.more))}


async def test_each_button_does_what_its_words_do(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST, WAITING)
    incident = await here.keep(course)
    values = buttons_of(incident)
    await here.press(OPERATOR, ACK, values[ACK])
    assert (await here.kept(incident)).acknowledged == OPERATOR.key
    await here.press(OPERATOR, SILENCE, values[SILENCE])
    (row,) = await here.silences()
    assert (row.incident, row.until - row.created) == (incident.id, timedelta(hours=1))
    silenced = replace(incident, silenced=row.id)
    await here.press(OPERATOR, END_SILENCE, buttons_of(silenced)[END_SILENCE])
    assert await here.silences() == ()
    assert "`web`" in (await here.press(VIEWER, STATUS, values[STATUS])).headline


async def test_fail_over_proposes_the_plan_that_its_words_would(store: Store, nodes: Nodes, time: HandTime) -> None:
    asked: list[object] = []
    command = Command(("crm_attribute",), changes=True)
    plan = Plan("failover", WEB, "Move `vip2`.", (Step("gate", "Open", (Lane(WEB.nodes[0], (command,)),)),))

    def decide(request: object, snapshot: object) -> Plan:
        del snapshot
        asked.append(request)
        return plan

    verb: Verb = replace(FAILOVER_VERB, change=Change((), decide))
    verbs = tuple(verb if one.name == "failover" else one for one in VERBS)
    here = Bot(make_door(store, nodes, time, verbs, memory=Memory(store, time.moment)), Watched())
    course = course_at(time)
    course.look(LOST, WAITING)
    incident = await here.keep(course)
    assert "You may not do that" in (await here.press(VIEWER, FAILOVER, f"{incident.id}:vip2")).headline
    assert asked == []
    report = await here.press(OPERATOR, FAILOVER, buttons_of(incident)[FAILOVER])
    assert "failover — 1 step. Do it?" in report.headline
    assert nodes.changed == [], "it proposes; its own Confirm does it"
    _, values = here.door.surface.card()
    row = await here.door.row(values["confirm"])
    assert (row.text, row.user) == ("failover vip2 --to n1 web", OPERATOR.user)
    await here.door.press(OPERATOR, "confirm")
    assert nodes.changed == [("n1", "crm_attribute")]


@pytest.mark.parametrize("action", sorted(ACTIONS))
@pytest.mark.parametrize(
    "who",
    [NOBODY, VIEWER, WEB_OPERATOR, OPERATOR, ADMIN],
    ids=["nobody", "viewer", "operator of web", "operator", "admin"],
)
async def test_who_may_press_is_asked_on_each_press(here: Bot, time: HandTime, who: Actor, action: str) -> None:
    may = who in {OPERATOR, ADMIN}
    course = course_at(time, "db")
    waiting = replace(WAITING, remedy="failover vip2 --to d1 db")
    course.look(LOST, waiting)
    incident = await here.keep(course)
    silence = SilenceRow("s" * 16, "db", "", incident.id, time.now + timedelta(hours=1), "", ADMIN.key, time.now)
    values = buttons_of(incident) | {END_SILENCE: incident.id}
    if action == END_SILENCE:
        await here.store.add_silence(silence)
    report = await here.press(who, action, values[action])
    looks = action == STATUS and who is VIEWER
    refused = report.headline in {"You may not do that here", "I cannot make sense of that"}
    assert refused is not (may or looks)
    changed = (bool((await here.kept(incident)).acknowledged), bool(await here.silences()))
    expected = {ACK: (may, False), SILENCE: (False, may), END_SILENCE: (False, not may)}
    assert changed == expected.get(action, (False, False))


async def test_a_button_for_what_is_over_says_so(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST, WAITING)
    value = buttons_of(course.only)[FAILOVER]
    course.look(LOST, after=1)
    await here.keep(course)
    assert "asks for that no longer" in words(await here.press(OPERATOR, FAILOVER, value))


@pytest.mark.parametrize("action", sorted(ACTIONS))
@pytest.mark.parametrize("value", ["", "x", "x" * 16, "../../etc:vip1", "{id}:nonsense", "{id}:vip1;reboot"])
async def test_a_forged_button_does_nothing(here: Bot, time: HandTime, action: str, value: str) -> None:
    course = course_at(time)
    course.look(LOST, WAITING)
    incident = await here.keep(course)
    report = await here.press(NOBODY, action, value.format(id=incident.id))
    assert report.level is Level.WARNING
    await here.press(VIEWER, action, value.format(id=incident.id))
    assert not (await here.kept(incident)).acknowledged
    assert await here.silences() == ()
    assert await here.store.waiting() == ()


def test_a_resolved_card_asks_for_nothing_and_one_of_our_own_doing_for_no_acknowledgement() -> None:
    course = Course()
    course.look(LOST)
    course.look(after=1)
    course.look(after=20)
    assert course.only.phase is Phase.RESOLVED
    report = incident_cards.card(course.only, None)
    assert (report.choices, report.more, report.level) == ((), (), Level.OK)
    own = Course(own=(OwnChange("stop", "stop web", "T0HOME:U0ANNA0", datetime(2026, 3, 1, 3, 0).astimezone()),))
    own.look(STOPPED)
    assert ACK not in buttons_of(own.only)
