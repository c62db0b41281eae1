"""How fast Slack takes messages, from its reference on rate limits. Pure: the time comes in as monotonic seconds.

A channel takes about one message a second and shows no long burst; `chat.update` is a method of tier 3, some 50 calls a
minute for the whole workspace.
"""

from __future__ import annotations

from dataclasses import dataclass

POST = 1.0
"""Seconds between two posts to a channel."""
EDIT = 1.2
"""Seconds between two edits in a channel, and between all edits once the workspace's spare ones are used up."""
LOOK = 1.2
"""Seconds between two looks into a channel's history."""
SPARE_EDITS = 20
"""Edits that may go at once in different channels."""


@dataclass(slots=True)
class Turns:
    """Turns that come at an interval. Those that were not taken add up, to `spare` at most, for who may draw on them."""

    interval: float
    spare: int = 0
    _next: float = float("-inf")

    def ready_at(self, spare: int | None = None) -> float:
        """Return when the next turn may be taken by one that may use up so many spare ones (by default all)."""
        return self._next - self.interval * (self.spare if spare is None else min(spare, self.spare))

    def take(self, now: float) -> None:
        """Take a turn."""
        self._next = max(now, self._next) + self.interval

    def wait_until(self, moment: float) -> None:
        """Give no turn before a moment, not even a spare one: Slack said so."""
        self._next = max(self._next, moment + self.interval * self.spare)
