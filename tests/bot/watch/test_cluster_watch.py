"""One cluster watched, where the store fails."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.outbox import Outbox
from bot.store import IncidentRow, PlanRow, SilenceRow, Store
from bot.watch.cluster_watch import ClusterWatch
from bot.watch.tools import Tools
from commands.command import Command, Stream
from commands.errors import Unreachable
from config.inventory import NodeSpec
from tests.bot.conftest import PATIENCE, WEB, Dark
from tests.bot.scripted_slack import HandClock, ScriptedSlack
from tests.bot.watch.mortal import SETTINGS


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


@pytest.fixture
async def store(store: Store) -> Unreadable:
    return Unreadable(store)


async def test_a_watch_that_is_to_end_ends_whatever_fails_at_that_moment(store: Unreadable) -> None:
    watch = ClusterWatch(WEB, Tools(Unreached(), store, Outbox(store, ScriptedSlack(HandClock())), SETTINGS))
    with structlog.testing.capture_logs():
        watching = asyncio.create_task(watch.run())
        await asyncio.wait_for(store.asked.wait(), PATIENCE)
        store.fails.set()
        watching.cancel()
        done, _ = await asyncio.wait({watching}, timeout=PATIENCE)
    assert done
    assert watching.cancelled()
