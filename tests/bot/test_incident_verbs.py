"""Incidents at the door: listed, acknowledged, silenced, watched; by words and by the buttons of a card."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bot import incident_cards
from bot.conversation import Actor, Place
from bot.incident_buttons import ACK, ACTIONS, END_SILENCE, FAILOVER, SILENCE, STATUS
from bot.incidents import Incident, OwnChange, Phase, acknowledge, of_row, row_of
from bot.memory import Memory
from bot.store import SilenceRow, Store
from bot.verbs import VERBS
from bot.watch.news import Gap, GapKind, StreamState
from bot.watch.state import WatchState
from commands.command import Command
from commands.condition import Condition, State, Topic
from commands.plan import Lane, Plan, Step
from commands.report import Level, Report, Table, Text
from commands.verbs.failover.verb import FAILOVER as FAILOVER_VERB
from commands.verbs.verb import Change, Verb
from config.inventory import ClusterSpec
from tests.bot.conftest import (
    ADMIN,
    DB,
    HERE,
    NOBODY,
    OPERATOR,
    VIEWER,
    WEB,
    WEB_OPERATOR,
    Door,
    HandTime,
    Nodes,
    make_door,
    words,
)
from tests.bot.incidents.course import LOST, NOWHERE, STOPPED, WAITING, Course

STREAM = StreamState("journal", alive=True, since=0.0, why="", last_line_at=60.0, lines=3, gap=None)


@dataclass
class Watched:
    """The watching of this process: what it says of itself, and what it was asked to notice."""

    known: tuple[WatchState, ...] = ()
    looked: list[str] = field(default_factory=list)

    def states(self) -> tuple[WatchState, ...]:
        return self.known

    def look_soon(self, cluster: str) -> None:
        self.looked.append(cluster)


class Posted:
    """An outbox that knows where each card is."""

    async def link(self, card: str) -> str | None:
        return f"https://workspace.example/{card}"


@dataclass
class Bot:
    """The door with a memory behind it."""

    door: Door
    watch: Watched

    @property
    def store(self) -> Store:
        return self.door.store

    async def ask(self, actor: Actor, text: str, place: Place = HERE) -> Report:
        await self.door.ask(actor, text, place)
        return self.door.surface.shown[-1].report

    async def press(self, actor: Actor, action: str, value: str) -> Report:
        await self.door.press(actor, action, value)
        return self.door.surface.shown[-1].report

    async def keep(self, course: Course) -> Incident:
        """Store what a course has brought; return its first incident."""
        for one in course.incidents.values():
            await self.store.save_incident(row_of(one), await self.store.incident(one.id))
        return next(iter(course.incidents.values()))

    async def kept(self, incident: Incident) -> Incident:
        row = await self.store.incident(incident.id)
        assert row is not None
        return of_row(row)

    async def silences(self) -> tuple[SilenceRow, ...]:
        return await self.store.silences(self.door.time.now)


@pytest.fixture
def here(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """The door of a bot that watches."""
    watch = Watched()
    return Bot(make_door(store, nodes, time, memory=Memory(store, time.moment, watch, Posted())), watch)


def course_at(time: HandTime, cluster: str = "web") -> Course:
    return Course(now=time.now, cluster=cluster)


# ---------------------------------------------------------------- ack


async def test_an_acknowledgement_is_kept_and_the_watching_takes_notice(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    incident = await here.keep(course)
    report = await here.ask(OPERATOR, f"ack {incident.id}")
    assert report.private, "the card and its thread tell the others"
    kept = await here.kept(incident)
    assert kept.acknowledged == OPERATOR.key
    assert here.watch.looked == ["web"]

    course.incidents[kept.id] = kept
    (act,) = course.look(LOST, after=1)
    assert act.lines == (f"acknowledged by <@{OPERATOR.user}>",)


async def test_a_cluster_is_acknowledged_as_a_whole_and_nobody_takes_what_another_has(
    here: Bot, time: HandTime
) -> None:
    course = course_at(time)
    course.look(LOST, NOWHERE)
    first, second = course.open
    course.incidents[first.id] = acknowledge(first, ADMIN.key, time.now)
    await here.keep(course)
    report = await here.ask(OPERATOR, "ack")
    assert "1 incident acknowledged" in report.headline
    assert (await here.kept(first)).acknowledged == ADMIN.key
    assert (await here.kept(second)).acknowledged == OPERATOR.key
    assert "no open incident" in (await here.ask(OPERATOR, "ack db")).headline


async def test_who_may_not_does_not_and_of_what_one_may_not_see_nothing_is_told(here: Bot, time: HandTime) -> None:
    course = course_at(time, "db")
    course.look(LOST)
    incident = await here.keep(course)
    assert "takes the role operator" in words(await here.ask(VIEWER, f"ack {incident.id}"))
    for text in (f"ack {incident.id}", f"silence {incident.id}"):
        assert "is not known" in words(await here.ask(WEB_OPERATOR, text))
    assert not (await here.kept(incident)).acknowledged
    assert await here.silences() == ()


async def test_what_is_over_cannot_be_acknowledged(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    course.look(after=1)
    course.look(after=20)
    incident = await here.keep(course)
    assert "resolved already" in words(await here.ask(OPERATOR, f"ack {incident.id}"))
    assert "is not known" in words(await here.ask(OPERATOR, f"ack {'x' * 16}"))


# ---------------------------------------------------------------- silence


@pytest.mark.parametrize(
    ("text", "cluster", "node", "hours", "reason"),
    [
        ("silence web", "web", "", 1.0, ""),
        ("silence n2 --for 2h --reason “new disk”", "web", "n2", 2.0, "new disk"),
        ("silence d1 db --for 30m", "db", "d1", 0.5, ""),
        ("silence db d1 --for 1d", "db", "d1", 24.0, ""),
        ("silence d2", "db", "d2", 1.0, ""),
    ],
)
async def test_clusters_and_nodes_are_silenced_for_a_while(
    here: Bot, text: str, cluster: str, node: str, hours: float, reason: str
) -> None:
    report = await here.ask(OPERATOR, text)
    assert not report.private, "others in the channel ought to know"
    (row,) = await here.silences()
    assert (row.cluster, row.node, row.incident, row.reason, row.by) == (cluster, node, "", reason, OPERATOR.key)
    assert row.until - row.created == timedelta(hours=hours)
    assert here.watch.looked == [cluster]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("silence nobody", "is neither a cluster, nor a node, nor an incident"),
        ("silence wep", "Did you mean `web`?"),
        ("silence n9 web", "there is no node 'n9' in `web`"),
        ("silence web --for 2 years", "is no time for a silence"),
        ("silence web --for forever", "is no time for a silence"),
        ("silence web --for 31d", "is no time for a silence"),
        ("silence web --for 0m", "is no time for a silence"),
        ("silence --for 2h", "say what to silence"),
        ("silence web --end --for 2h", "`--end` stands alone"),
        (f"silence web --reason {'x' * 300}", "300 characters"),
    ],
)
async def test_what_is_wrong_with_a_silence_is_said(here: Bot, text: str, problem: str) -> None:
    assert problem in words(await here.ask(OPERATOR, text))
    assert await here.silences() == ()


async def test_a_node_of_two_clusters_has_to_be_told_apart(store: Store, nodes: Nodes, time: HandTime) -> None:
    twin = DB.model_copy(update={"nodes": WEB.nodes})
    memory = Memory(store, time.moment)
    door = make_door(store, nodes, time, memory=memory, declared={"web": WEB, "db": twin})
    await door.ask(OPERATOR, "silence n1", Place("C0ELSE"))
    assert "'n1' is a node of db, web" in words(door.surface.shown[-1].report)
    await door.ask(OPERATOR, "silence n1")
    (row,) = await store.silences(time.now)
    assert row.cluster == "web", "in its own channel it is that cluster's"


async def test_a_silence_is_listed_and_ended_by_the_words_that_the_list_tells(here: Bot) -> None:
    assert (await here.ask(OPERATOR, "silence")).headline == "Nothing is silenced"
    await here.ask(OPERATOR, "silence n2 web --for 2h --reason disk")
    await here.ask(OPERATOR, "silence web")
    report = await here.ask(OPERATOR, "silence")
    assert "2 silences in force" in report.headline
    (table,) = (part for part in report.parts if isinstance(part, Table))
    of_node = next(row for row in table.rows if row[0] == "n2 of web")
    assert "is not silenced itself" in (await here.ask(OPERATOR, "silence n1 web --end")).headline
    await here.ask(OPERATOR, of_node[-1])
    (left,) = await here.silences()
    assert left.node == ""


async def test_time_ends_a_silence(here: Bot, time: HandTime) -> None:
    await here.ask(OPERATOR, "silence web --for 30m")
    time.forward(minutes=30)
    assert await here.silences() == ()


async def test_one_hears_of_no_silence_of_a_cluster_that_is_not_theirs(here: Bot) -> None:
    await here.ask(OPERATOR, "silence db")
    assert (await here.ask(WEB_OPERATOR, "silence")).headline == "Nothing is silenced"
    assert "Did you mean" not in words(await here.ask(WEB_OPERATOR, "silence d1", Place("C0ELSE")))


# ---------------------------------------------------------------- incidents


async def test_open_incidents_are_listed_worst_first_then_what_was_resolved_lately(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(STOPPED)
    course.look(after=10)
    course.look(after=20)
    course.look(LOST, NOWHERE, after=10)
    await here.keep(course)
    time.forward(minutes=5)
    report = await here.ask(VIEWER, "incidents")
    assert report.headline == "`web`: 2 open incidents"
    assert report.level is Level.CRITICAL
    told = words(report)
    assert told.index("vip1 is down") < told.index("n2 is lost") < told.index("the cluster was stopped on n2 for 10 s")
    assert "not acknowledged" in told
    assert "https://workspace.example/incident:" in told
    assert report.next_step.startswith("ack ")


async def test_of_clusters_that_are_not_theirs_people_hear_of_no_incident(here: Bot, time: HandTime) -> None:
    course = course_at(time, "db")
    course.look(LOST)
    await here.keep(course)
    assert "1 open incident" in (await here.ask(OPERATOR, "incidents", Place("C0ELSE"))).headline
    report = await here.ask(WEB_OPERATOR, "incidents", Place("C0ELSE"))
    assert report.headline == "`web`: no open incident"


async def test_what_was_resolved_long_ago_is_history(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    course.look(after=1)
    course.look(after=20)
    await here.keep(course)
    time.forward(days=2)
    assert (await here.ask(VIEWER, "incidents")).parts == ()


async def test_without_a_store_there_is_a_word_for_it(time: HandTime, nodes: Nodes) -> None:
    door = make_door(None, nodes, time)
    for text in ("incidents", "ack web", "silence web", "watch"):
        await door.ask(OPERATOR, text)
        assert "store cannot be opened" in words(door.surface.shown[-1].report)


# ---------------------------------------------------------------- watch


def watching(time: HandTime, cluster: ClusterSpec = WEB, channel: str | None = "C0WEB") -> WatchState:
    streams = (("n1", STREAM), ("n2", replace(STREAM, alive=False, why="no answer within 5 s")))
    seen = Condition(cluster.name, {(Topic.SIGHT, "n1"): State("seen"), (Topic.SIGHT, "n2"): State("lost")})
    gap = Gap("n1", GapKind.REBOOTED, "it was booted", time.now.timestamp())
    return WatchState(cluster, channel, time.now, time.now, streams, (gap,), seen, ())


async def test_watch_tells_what_is_followed_what_is_missing_and_that_nobody_is_told(here: Bot, time: HandTime) -> None:
    here.watch.known = (watching(time), watching(time, DB, None))
    told = words(await here.ask(VIEWER, "watch", Place("C0ELSE")))
    assert "`db` has no channel: its alerts go nowhere" in told
    assert "`web` has no channel" not in told
    assert "`web`: the journal of n2 has not been followed since" in told
    assert "I cannot reach n2" in told
    assert "lines of n1 may have been missed" in told
    one = await here.ask(VIEWER, "watch web")
    (table,) = (part for part in one.parts if isinstance(part, Table))
    assert [row[:3] for row in table.rows] == [("n1", "journal", "follows"), ("n2", "journal", "down")]
    assert any("Alerts go to <#C0WEB>" in part.text for part in one.parts if isinstance(part, Text))


async def test_watch_says_what_nobody_watches(here: Bot, store: Store, time: HandTime, nodes: Nodes) -> None:
    assert "not watched" in (await here.ask(VIEWER, "watch web")).headline
    terminal = make_door(store, nodes, time, memory=Memory(store, time.moment))
    await terminal.ask(VIEWER, "watch web")
    assert "This process watches nothing" in words(terminal.surface.shown[-1].report)


# ---------------------------------------------------------------- the buttons of a card


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


async def test_two_who_acknowledge_at_once_leave_one_who_has_it(here: Bot, time: HandTime) -> None:
    course = course_at(time)
    course.look(LOST)
    incident = await here.keep(course)
    await asyncio.gather(*(here.ask(actor, f"ack {incident.id}") for actor in (OPERATOR, ADMIN)))
    kept = await here.kept(incident)
    assert kept.acknowledged in {OPERATOR.key, ADMIN.key}
    assert len([line for line in kept.lines if "acknowledged" in line.text]) == 1


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
