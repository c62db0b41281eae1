"""How long the bot itself has been able to notice anything: time in which it stood still does not count.

On a machine with too much to do, or behind a long burst of work, an answer may have lain there for seconds before the
bot came to read it. That says nothing about the node which gave it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.clock import Clock

TICK = 0.25
"""Seconds between two proofs that the bot gets its turn. Of what passes between them no more than this counts."""


@dataclass(slots=True)
class Attention:
    """A clock that stops while the bot does. It goes while `run` runs; before that it stands."""

    clock: Clock = field(default_factory=Clock)
    _attended: float = 0.0
    _last: float | None = None

    def now(self) -> float:
        """Return the seconds attended so far."""
        if self._last is None:
            return self._attended
        return self._attended + min(self.clock.now() - self._last, TICK)

    async def run(self) -> None:
        """Go on until cancelled."""
        self._last = self.clock.now()
        try:
            while True:
                await self.clock.sleep(TICK)
                self._attended, self._last = self.now(), self.clock.now()
        finally:
            self._attended, self._last = self.now(), None
