"""A look at a cluster waits for whoever answers, and not for the dead."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, suppress

import pytest

from bot.watch import eyes
from bot.watch.attention import Attention
from bot.watch.eyes import Eyes
from commands.command import Command, Completed, Stream
from commands.errors import Unreachable
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.facts.host import CLOCK
from commands.facts.host import Clock as NodeClock
from config.inventory import ClusterSpec, NodeSpec, parse_node

WEB = ClusterSpec(name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")))


class Nodes:
    """Nodes that answer `date` at once, but for those in `dead`, which keep everybody waiting until `revive`."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.revived = asyncio.Event()
        self.asked: list[str] = []

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.asked.append(node.name)
        if node.name in self.dead:
            await self.revived.wait()
        return Completed(node.name, command, 0, "1700000000.0\n", "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError((node, command))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    # the logic is the same for any number of seconds
    monkeypatch.setattr(eyes, "PATIENCE", 0.05)
    monkeypatch.setattr(eyes, "UNHURRIED", 0.01)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


class Turned(Attention):
    """Attention as a test says."""

    time = 0.0

    def now(self) -> float:
        return self.time


def _eyes(nodes: Nodes, news: asyncio.Event, answered: asyncio.Event, attention: Attention | None = None) -> Eyes:
    return Eyes(WEB, nodes, ("clock",), news, answered.set, attention or Turned())


async def test_every_node_is_asked_at_once(nodes: Nodes) -> None:
    look = _eyes(nodes, asyncio.Event(), asyncio.Event())
    snapshot = await look.look()
    assert [node.clock for node in snapshot.nodes] == [Known(NodeClock(1700000000.0))] * 2


async def test_a_node_that_is_spared_is_not_asked(nodes: Nodes) -> None:
    snapshot = await _eyes(nodes, asyncio.Event(), asyncio.Event()).look(spare=("n2",))
    assert snapshot.node("n2").clock is NOT_ASKED
    assert nodes.asked == ["n1"]


async def test_a_node_that_does_not_answer_is_unknown_and_asked_once(nodes: Nodes) -> None:
    answered, attention = asyncio.Event(), Turned()
    look = _eyes(nodes, asyncio.Event(), answered, attention)
    await look.look()
    nodes.dead, nodes.asked = {"n2"}, []
    await look.look()
    attention.time += eyes.PATIENCE
    snapshot = await look.look()
    reading = snapshot.node("n2").clock
    assert isinstance(reading, Unknown)
    assert isinstance(reading.error, Unreachable)
    assert isinstance(snapshot.node("n1").clock, Known)
    assert nodes.asked == ["n1", "n2", "n1"]

    nodes.revived.set()
    await asyncio.wait_for(answered.wait(), 5)
    assert isinstance((await look.look()).node("n2").clock, Known)
    await look.close()


class Breaking(Nodes):
    """The connection to n2 breaks after its first answer."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        if node.name == "n2" and command != CLOCK.command:
            raise Unreachable("the connection was lost", node="n2")
        return await super().run(node, command)


async def test_what_a_node_said_before_its_connection_broke_is_not_its_word() -> None:
    """It may have said it in the moment of its death."""
    look = Eyes(WEB, Breaking(), ("clock", "addresses"), asyncio.Event(), asyncio.Event().set, Turned())
    snapshot = await look.look()
    assert isinstance(snapshot.node("n1").clock, Known)
    told = snapshot.node("n2")
    assert all(isinstance(one, Unknown) and isinstance(one.error, Unreachable) for one in (told.clock, told.addresses))


async def test_a_bot_that_stood_still_calls_nobody_silent(nodes: Nodes) -> None:
    attention = Turned()
    look = _eyes(nodes, asyncio.Event(), asyncio.Event(), attention)
    await look.look()
    nodes.dead = {"n2"}
    await look.look()
    attention.time += eyes.PATIENCE / 2  # however long it was by the clock on the wall
    assert (await look.look()).node("n2").clock is NOT_ASKED
    await look.close()


async def test_a_node_that_never_answered_is_silent_only_when_ssh_says_so(nodes: Nodes) -> None:
    """Its connection may wait for its turn at the bot."""
    nodes.dead, attention = {"n2"}, Turned()
    look = _eyes(nodes, asyncio.Event(), asyncio.Event(), attention)
    await look.look()
    attention.time += 1000 * eyes.PATIENCE
    assert (await look.look()).node("n2").clock is NOT_ASKED
    await look.close()


class Failing(Nodes):
    """The connection to the dead gives up when `revived` is set, and only then."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        done = await super().run(node, command)
        if node.name in self.dead:
            raise Unreachable("the connection was lost", node=node.name)
        return done


async def test_what_ssh_said_between_two_looks_holds_until_the_node_answers() -> None:
    """Else a node of a bot too busy to call it silent would never be seen lost: each look asks it anew."""
    nodes, answered = Failing(), asyncio.Event()
    look = _eyes(nodes, asyncio.Event(), answered)
    nodes.dead = {"n2"}
    assert (await look.look()).node("n2").clock is NOT_ASKED
    nodes.revived.set()
    await asyncio.wait_for(answered.wait(), 5)
    nodes.revived.clear()
    reading = (await look.look()).node("n2").clock
    assert isinstance(reading, Unknown)
    assert isinstance(reading.error, Unreachable)

    answered.clear()
    nodes.dead = set()
    nodes.revived.set()
    await asyncio.wait_for(answered.wait(), 5)
    assert isinstance((await look.look()).node("n2").clock, Known)
    nodes.dead = {"n2"}
    nodes.revived.clear()
    assert (await look.look()).node("n2").clock is NOT_ASKED
    await look.close()


async def test_news_ends_a_look_that_waits_and_calls_nobody_silent(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eyes, "PATIENCE", 60.0)
    nodes.dead = {"n2"}
    news = asyncio.Event()
    look = _eyes(nodes, news, asyncio.Event())
    looking = asyncio.create_task(look.look())
    news.set()
    snapshot = await asyncio.wait_for(looking, 5)
    assert isinstance(snapshot.node("n1").clock, Known)
    assert snapshot.node("n2").clock is NOT_ASKED
    await look.close()


async def test_a_look_that_is_cancelled_leaves_nothing_behind(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "PATIENCE", 60.0)
    nodes.dead = {"n1", "n2"}
    look = _eyes(nodes, asyncio.Event(), asyncio.Event())
    looking = asyncio.create_task(look.look())
    await asyncio.sleep(0)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    await look.close()
    assert {task for task in asyncio.all_tasks() if not task.done()} == {asyncio.current_task()}
