"""What is going to happen: actions at moments.

Nothing runs by itself. Whoever looks at the world settles it first; a network, whose followers look all the time, sets
itself a timer to what happens next.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from sandbox.nodes.clock import Clock


class Agenda:
    """Actions in the order of their time. An action sees `now` as the moment it was meant for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._moment: float | None = None
        self.sooner: Callable[[], None] = lambda: None
        """Called when something is to happen before all that was ahead until then."""

    @property
    def due(self) -> float | None:
        """The moment of what happens next, in seconds since 1970; None where nothing is ahead."""
        return self._ahead[0][0] if self._ahead else None

    @property
    def now(self) -> float:
        """The present moment, in seconds since 1970."""
        return self._clock.now() if self._moment is None else self._moment

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen later, in a clock's seconds."""
        before = self.due
        at = self.now + seconds / self._clock.speed
        heapq.heappush(self._ahead, (at, next(self._number), action))
        if before is None or at < before:
            self.sooner()

    def settle(self) -> None:
        """Let everything happen whose time has come, and what follows from it."""
        while self._ahead and self._ahead[0][0] <= self._clock.now():
            self._moment, _, action = heapq.heappop(self._ahead)
            try:
                action()
            finally:
                self._moment = None
