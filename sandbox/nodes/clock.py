"""The time that simulated servers live by."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in seconds since 1970, and waits. `speed` is how much faster than told everything goes."""

    speed: float

    def now(self) -> float:
        """Return the time."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def until(self, moment: float) -> float | None:
        """Return how many seconds on the wall it is until then; None if that depends on somebody who turns it."""
        ...


class WallClock:
    """The time on the wall. With another speed it stays true, and all that takes its time takes less of it."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> float:
        """Return this machine's time."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds / self.speed)

    def until(self, moment: float) -> float:
        """Return how many seconds it is until then."""
        return max(0.0, moment - time.time())


class HandClock:
    """A clock that stands still until it is turned; whoever waits turns it himself."""

    def __init__(self, start: float = 1_795_422_900.0) -> None:
        self.speed = 1.0
        self._now = start

    def now(self) -> float:
        """Return the time it was turned to."""
        return self._now

    def turn(self, seconds: float) -> None:
        """Turn it on."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Turn it on and let others run."""
        self.turn(seconds)
        await asyncio.sleep(0)

    def until(self, moment: float) -> None:
        """Nobody knows when it will be turned."""
