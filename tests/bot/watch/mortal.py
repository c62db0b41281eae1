"""A bot that dies at a given step, wherever that is, and is started again on the same store in front of the same Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.incidents import Rules
from bot.store import Store
from bot.watch.ledger import Ledger
from bot.watch.tools import Tools
from config.inventory import ClusterSpec
from config.watch_sections import WatchSettings
from tests.bot.conftest import Dark
from tests.bot.scripted_slack import HandClock, Office, ScriptedSlack

RULES = Rules(
    hold_down=timedelta(seconds=20),
    flap_count=3,
    flap_window=timedelta(seconds=600),
    flap_quiet=timedelta(seconds=120),
    escalate_after=timedelta(seconds=30),
)
SETTINGS = WatchSettings(mentions={"service": ("S0ONCALL",), "redundancy": ("U0ALICE",)})


@dataclass
class Fate:
    """Counts the steps of a life. The one after the `last` is never taken, nor any other."""

    last: int | None = None
    steps: int = 0
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self) -> None:
        self.steps += 1
        if self.last is not None and self.steps > self.last:
            self.dead.set()
            await asyncio.Event().wait()


class MortalStore(Store):
    """A store that may be left before something is written, and after."""

    fate: Fate
    busy: int = 0
    """What is under way in the database: it is let end, for our process goes on where the bot's would not."""

    @classmethod
    async def unsynced(cls, url: str) -> Self:
        """Open a store that does not wait for the disk: no power is lost here."""
        store = await cls.open(url)
        await store.close()
        event.listen(store._engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        return store

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        async with self._at_it(super()._reading()) as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self, *, hurry: bool = False) -> AsyncIterator[AsyncConnection]:
        await self.fate.step()
        async with self._at_it(super()._writing(hurry=hurry)) as connection:
            yield connection
        await self.fate.step()

    @asynccontextmanager
    async def _at_it(self, transaction: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
        self.busy += 1
        try:
            async with transaction as connection:
                yield connection
        finally:
            self.busy -= 1


class MortalSlack(ScriptedSlack):
    """A workspace that outlives the bot: what was said to it may be the last thing."""

    fate: Fate

    async def _do(self, method: str, channel: str, headline: str, id: str, effect: Callable[[], None]) -> None:  # noqa: A002
        await self.fate.step()
        await super()._do(method, channel, headline, id, effect)
        await self.fate.step()


@dataclass
class Bot:
    """What of the bot tells incidents, alive."""

    cluster: ClusterSpec
    office: Office
    ledger: Ledger

    async def forward(self, seconds: float) -> None:
        await self.office.forward(seconds)


Chapter = Callable[[Bot], Awaitable[None]]
"""Something that happens to a bot, and happens again to the next one if this one does not survive it."""


@dataclass
class Story:
    """Chapters, and how far they have come, over all lives. Each story has a cluster and a Slack of its own."""

    store: MortalStore
    cluster: ClusterSpec
    chapters: list[Chapter]
    clock: HandClock = field(default_factory=HandClock)
    slack: MortalSlack = field(init=False)
    done: int = 0

    def __post_init__(self) -> None:
        self.slack = MortalSlack(self.clock)

    async def live(self, fate: Fate) -> None:
        """Go on until all of it has happened, or the bot is dead."""
        self.store.fate = self.slack.fate = fate
        office = Office(self.store, self.clock, self.slack)
        office.start()
        tools = Tools(Dark(), self.store, office.outbox, SETTINGS, self.clock.clock())
        life = asyncio.create_task(self._go_on(Bot(self.cluster, office, Ledger(self.cluster, tools, RULES))))
        death = asyncio.create_task(fate.dead.wait())
        await asyncio.wait({life, death}, return_when=asyncio.FIRST_COMPLETED)
        alive = life.done()
        while self.store.busy:  # noqa: ASYNC110 - what is awaited is in the store
            await asyncio.sleep(0.001)
        await _end_all()
        if alive:
            life.result()

    async def _go_on(self, bot: Bot) -> None:
        await bot.ledger.show(None)
        while self.done < len(self.chapters):
            await self.chapters[self.done](bot)
            self.done += 1
        await bot.forward(10)


async def _end_all() -> None:
    """End every task at once, as a process ends."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.wait(others)
