"""Time as the workspace sees it: injected, so that a test may let half an hour pass in no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""Seconds since the epoch."""

wall_clock: Clock = time.time


class Timestamps:
    """Slack's message timestamps: `seconds.microseconds`, unique and increasing, the id within a channel."""

    def __init__(self, clock: Clock) -> None:
        """Count from `clock`."""
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """A timestamp later than all before."""
        self._last = max(self._last + 1, int(self._clock() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
