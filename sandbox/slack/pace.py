"""How fast an app may go, and how long it has to wait where it goes faster.

Slack documents one message a second in each channel, with short bursts, and for other methods a number of calls in a
minute (their tier), counted for each method. How short a burst is, and over what window it counts, it does not say:
the windows below are this model's own.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass

from sandbox.slack.clock import Clock


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls within so many seconds."""

    calls: int
    seconds: float


_TIER_3 = Limit(50, 60.0)
_TIER_4 = Limit(100, 60.0)
IN_EACH_CHANNEL = {"chat.postMessage": Limit(3, 3.0)}
OF_THE_APP = {
    "chat.update": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.replies": _TIER_3,
    "files.completeUploadExternal": _TIER_4,
    "files.getUploadURLExternal": _TIER_4,
}


class Pace:
    """Counts calls. What is refused does not count."""

    def __init__(self, clock: Clock) -> None:
        """Count by `clock`."""
        self._clock = clock
        self._taken: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def wait(self, method: str, channel: str) -> int | None:
        """Whole seconds that the app has to wait before this call; None where it may go on, which counts."""
        limit, place = _limit(method, channel)
        if limit is None:
            return None
        now, taken = self._clock(), self._taken[method, place]
        while taken and taken[0] <= now - limit.seconds:
            taken.popleft()
        if len(taken) >= limit.calls:
            return max(1, math.ceil(taken[0] + limit.seconds - now))
        taken.append(now)
        return None


def _limit(method: str, channel: str) -> tuple[Limit | None, str]:
    """What limits a method, and in which place its calls are counted."""
    if method in IN_EACH_CHANNEL:
        return IN_EACH_CHANNEL[method], channel
    return OF_THE_APP.get(method), ""
