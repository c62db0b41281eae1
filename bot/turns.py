"""A lock that is handed on in order, but to those in a hurry first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One at a time. Who is in a hurry waits for the one whose turn it is and no longer."""

    def __init__(self) -> None:
        self._held = False
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    def locked(self) -> bool:
        """Whether it is somebody's turn."""
        return self._held

    @asynccontextmanager
    async def taken(self, *, hurry: bool = False) -> AsyncIterator[None]:
        """Wait for a turn, and have it for as long as the block lasts."""
        await self._take(self._hurried if hurry else self._others)
        try:
            yield
        finally:
            self._hand_on()

    async def _take(self, line: deque[asyncio.Future[None]]) -> None:
        if not self._held:
            self._held = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had just been handed on to who was cancelled
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        for line in (self._hurried, self._others):
            while line:
                turn = line.popleft()
                if not turn.cancelled():
                    turn.set_result(None)
                    return
        self._held = False
