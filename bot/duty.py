"""The duty to watch and to send: of all bots on a store one has it, and the others stand by to take it over.

Two that watched would tell everything twice. The duty is held by a row of the store that its holder counts up. One that
stands by takes it when it sees no counting for `LEASE` seconds of its own clock, or that the holder, a process of this
machine, is gone; a bot that stops in order leaves it. Requests from people any bot answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import process
from bot.clock import Clock
from bot.store import Store
from bot.store.rows import DutyRow

NAME = "watch and send"
TICK = 3.0
"""Seconds between two signs of life of the holder, and between two looks of those that stand by."""
LEASE = 18.0
"""Seconds without a sign of life after which the duty is anybody's."""
_GIVEN_UP = LEASE - 2 * TICK
"""Seconds in which the store does not take a sign of life, after which its holder stops of its own accord."""

_log = structlog.get_logger(__name__)


class Duty:
    """One bot's part in it."""

    def __init__(self, store: Store, *, clock: Clock | None = None, me: str | None = None) -> None:
        self._store = store
        self._clock = clock or Clock()
        self._me = me or process.this_process()
        self._holder = ""

    @property
    def mine(self) -> bool:
        """Whether this bot has it."""
        return self._holder == self._me

    @property
    def holder(self) -> str:
        """Who has it as far as is known, for people; "" for nobody."""
        return process.shown(self._holder) if self._holder else ""

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the work whenever this bot has the duty, until cancelled. Work that ends by itself ends this too."""
        while True:
            row = await self._taken()
            _log.info("on duty: this bot watches and sends")
            try:
                if not await self._lost(row, work):
                    return
            except asyncio.CancelledError:
                await self._leave(row)
                raise
            self._holder = ""
            _log.warning("no longer on duty: it watches and sends nothing")

    def while_mine(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return a job that is done only by the bot on duty."""

        async def done() -> None:
            if self.mine:
                await job()

        return done

    async def _taken(self) -> DutyRow:
        """Stand by until the duty is to be had, and take it."""
        seen: DutyRow | None = None
        since = self._clock.now()
        while True:
            try:
                there = await self._store.duty(NAME)
                if there != seen:
                    seen, since = there, self._clock.now()
                free = there is None or there.holder == self._me or process.is_gone(there.holder)
                if free or self._clock.now() - since >= LEASE:
                    mine = DutyRow(NAME, self._me, there.beat + 1 if there else 1)
                    if await self._store.take_duty(mine, there):
                        self._holder = self._me
                        return mine
                elif there is not None and there.holder != self._holder:
                    self._holder = there.holder
                    _log.warning("standing by: another bot on this store watches and sends", holder=self.holder)
            except SQLAlchemyError as error:
                _log.warning("who is on duty cannot be told", why=type(error).__name__)
            await self._clock.sleep(TICK)

    async def _lost(self, row: DutyRow, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Work and hold the duty; return True once it is lost, False if the work ended by itself."""
        working, holding = asyncio.create_task(work()), asyncio.create_task(self._hold(row))
        try:
            await asyncio.wait({working, holding}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return False
            holding.result()
            return True
        finally:
            working.cancel()
            holding.cancel()
            await asyncio.gather(working, holding, return_exceptions=True)

    async def _hold(self, row: DutyRow) -> None:
        """Give signs of life until the duty is lost."""
        given = self._clock.now()
        while True:
            await self._clock.sleep(TICK)
            try:
                again = replace(row, beat=row.beat + 1)
                if await self._store.take_duty(again, row):
                    row, given = again, self._clock.now()
                    continue
                there = await self._store.duty(NAME)
                if there is None or there.holder != self._me:
                    return
                row = there  # the last sign of life did get there, only its answer did not
            except SQLAlchemyError as error:
                _log.warning("the duty cannot be held on to", why=type(error).__name__)
            if self._clock.now() - given >= _GIVEN_UP:
                return

    async def _leave(self, row: DutyRow) -> None:
        """Let another bot have it at once."""
        self._holder = ""
        try:
            await self._store.leave_duty(row)
        except SQLAlchemyError as error:
            _log.warning("the duty could not be left", why=type(error).__name__)
