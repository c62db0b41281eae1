"""One cluster watched: when it looks, and what becomes of it where the store fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.incidents import of_row
from bot.outbox import Outbox
from bot.store import IncidentRow, OutgoingRow, PlanRow, SilenceRow, Store
from bot.watch.cluster_watch import AGAIN, FRESH, RESTLESS, ClusterWatch
from bot.watch.tools import Tools
from commands.command import Command, Completed, Stream
from commands.condition import State, Topic
from commands.condition.pacemaker import PROBING
from commands.errors import Unreachable
from commands.facts import crm_mon, host
from commands.signals import Signal, SignalKind
from config.inventory import ClusterSpec, NodeSpec
from tests.bot.conftest import PATIENCE, WEB, Dark
from tests.bot.scripted_slack import START, HandClock, ScriptedSlack
from tests.bot.watch.doubles import ScriptedStream, settled
from tests.bot.watch.mortal import SETTINGS
from tests.commands.conftest import CAPTURES, RecordedNodes

RECORDED = ClusterSpec.model_validate(
    {
        "name": "web",
        "nodes": [{"name": "n1", "addresses": ["10.213.2.11"]}, {"name": "n2", "addresses": ["10.213.2.12"]}],
        "vips": [{"address": "10.213.2.101", "prefix": 24}, {"address": "10.213.2.102", "prefix": 24}],
    }
)
SELDOM = SETTINGS.model_copy(update={"sweep": 3600.0})
"""With these, a look soon has another reason than the sweep."""


class Unreadable(Store):
    """A store whose reads about incidents, silences and plans all fail when the test says so."""

    def __init__(self, whole: Store) -> None:
        super().__init__(whole._engine)
        self.asked, self.fails = asyncio.Event(), asyncio.Event()

    async def plans_between(self, *_: object, **__: object) -> tuple[PlanRow, ...]:
        return await self._fail()

    async def incidents(self, *_: object) -> tuple[IncidentRow, ...]:
        return await self._fail()

    async def silences(self, *_: object) -> tuple[SilenceRow, ...]:
        return await self._fail()

    async def _fail(self) -> tuple[()]:
        self.asked.set()
        await self.fails.wait()
        raise SQLAlchemyError("no connection is free")


class Unreached(Dark):
    """Nodes to which nothing leads, streams included."""

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise Unreachable(f"no way to run {command.argv[0]}", node=node.name)


class Streamless(RecordedNodes):
    """The healthy recorded nodes, whose streams never begin. Where `stopped`, the instance of HAProxy on n1 is called stopped."""

    stopped = False

    def __init__(self) -> None:
        super().__init__(CAPTURES / "debian12" / "healthy", together=1)

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        if command == host.CLOCK.command:
            return Completed(node.name, command, 0, "1700000000.0\n", "")
        done = await super().run(node, command)
        if self.stopped and command == crm_mon.FACT.command:
            return replace(done, stdout=_with_an_instance_stopped(done.stdout))
        return done

    @asynccontextmanager
    async def stream(self, node: NodeSpec, command: Command) -> AsyncIterator[Stream]:
        await asyncio.Event().wait()
        yield ScriptedStream(node, command)


def _with_an_instance_stopped(status: str) -> str:
    started = 'role="Started" active="true" orphaned="false" blocked="false" managed="true" failed="false" '
    on_n1 = 'failure_ignored="false" nodes_running_on="1">\n        <node name="n1" id="1" cached="true"/>\n      '
    assert f"{started}{on_n1}" in status
    return status.replace(
        f"{started}{on_n1}",
        started.replace("Started", "Stopped").replace('active="true"', 'active="false"')
        + 'failure_ignored="false" nodes_running_on="0">',
        1,
    )


@dataclass
class Watching:
    """A watch under way, and its time."""

    watch: ClusterWatch
    clock: HandClock

    async def until(self, reached: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not reached():  # noqa: ASYNC110 - what is awaited is in the store
                await asyncio.sleep(0)

    async def look_at(self, time: float) -> None:
        """Let time pass until then, and wait for the look that is due there."""
        self.clock.forward(time - self.clock.time)
        self.watch.sweep(self.clock.time)
        await self.until(lambda: self.looked == pytest.approx(time))
        await settled()

    @property
    def looked(self) -> float | None:
        """When it last looked."""
        last = self.watch.state().last_look
        return None if last is None else (last - START).total_seconds()

    def state(self, name: str) -> State:
        """Return what is known of a resource."""
        condition = self.watch.state().condition
        assert condition is not None
        return condition.states[Topic.RESOURCE, name]


@asynccontextmanager
async def watching(store: Store, nodes: RecordedNodes) -> AsyncIterator[Watching]:
    """Watch the recorded cluster, which was looked at once."""
    clock = HandClock()
    tools = Tools(nodes, store, Outbox(store, ScriptedSlack(clock)), SELDOM, clock.clock())
    one = Watching(ClusterWatch(RECORDED, tools), clock)
    running = asyncio.create_task(one.watch.run())
    try:
        await one.until(lambda: clock.next() is not None)
        clock.forward(0)
        await one.until(lambda: one.looked == 0)
        await settled()
        yield one
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_what_is_left_open_for_a_while_is_looked_at_when_that_is_over(store: Store) -> None:
    nodes = Streamless()
    async with watching(store, nodes) as one:
        nodes.stopped = True
        one.watch.look_soon()
        await one.look_at(1)
        await one.until(lambda: not one.state("haproxy@n1").known)
        await settled()
        for passed in AGAIN:
            await one.look_at(1 + passed)
        assert one.state("haproxy@n1").word == "started"  # nobody says otherwise yet, and no look follows from this one
        await one.look_at(1 + PROBING + 1)
        assert one.state("haproxy@n1").word == "stopped"


class Unwritable(Store):
    """A store to which nothing can be written while the test says so."""

    def __init__(self, whole: Store) -> None:
        super().__init__(whole._engine)
        self.full = False
        self.refused = 0

    async def record_look(self, *arguments: Any) -> tuple[OutgoingRow, ...]:
        if self.full:
            self.refused += 1
            raise SQLAlchemyError("the disk is full")
        return await super().record_look(*arguments)


async def _hear_what_is_refused(one: Watching, unwritable: Unwritable) -> None:
    """Let the watch hear of a link while the store takes nothing, and then take all again."""
    with structlog.testing.capture_logs():
        unwritable.full = True
        one.watch.hear(Signal("n1", "log", SignalKind.LINK_DOWN, 2, 0, "a line"))
        await one.until(lambda: unwritable.refused)
        await settled()
    unwritable.full = False


async def test_news_that_could_not_be_written_down_is_told_as_soon_as_it_can_be(store: Store) -> None:
    async with watching(unwritable := Unwritable(store), Streamless()) as one:
        await _hear_what_is_refused(one, unwritable)
        await one.look_at(RESTLESS)
        (told,) = await store.incidents("web", START)
        assert of_row(told).cause == "LinkDown:n1/n2/0"


async def test_news_that_nobody_can_write_down_for_long_is_no_early_word_any_more(store: Store) -> None:
    async with watching(unwritable := Unwritable(store), Streamless()) as one:
        await _hear_what_is_refused(one, unwritable)
        await one.look_at(FRESH)
        assert await store.incidents("web", START) == ()


@pytest.fixture
def unreadable(store: Store) -> Unreadable:
    return Unreadable(store)


async def test_a_watch_that_is_to_end_ends_whatever_fails_at_that_moment(unreadable: Unreadable) -> None:
    watch = ClusterWatch(WEB, Tools(Unreached(), unreadable, Outbox(unreadable, ScriptedSlack(HandClock())), SETTINGS))
    with structlog.testing.capture_logs():
        life = asyncio.create_task(watch.run())
        await asyncio.wait_for(unreadable.asked.wait(), PATIENCE)
        unreadable.fails.set()
        life.cancel()
        done, _ = await asyncio.wait({life}, timeout=PATIENCE)
    assert done
    assert life.cancelled()
