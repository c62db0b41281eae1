"""What can go wrong between an app and Slack, on request: for the next calls of a method, or all of it at once."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

ANY = "*"
"""Stands for every method."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """HTTP 429: nothing is done, come again after so many seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is done, and Slack says `code`."""

    code: str


@dataclass(frozen=True, slots=True)
class LostRequest:
    """The connection breaks before Slack has heard anything."""


@dataclass(frozen=True, slots=True)
class LostReply:
    """Slack does what was asked, and the connection breaks before it can say so."""


Fault = RateLimit | Refusal | LostRequest | LostReply


class Faults:
    """The faults that wait for their call, in the order in which they were asked for."""

    def __init__(self) -> None:
        """Start with a Slack that works."""
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)

    def rate_limit(self, method: str = ANY, *, retry_after: int = 1, times: int = 1) -> None:
        """Answer the next calls with HTTP 429."""
        self._add(method, RateLimit(retry_after), times)

    def refuse(self, method: str, code: str, *, times: int = 1) -> None:
        """Refuse the next calls with a code of Slack's, such as `internal_error`."""
        self._add(method, Refusal(code), times)

    def lose_request(self, method: str = ANY, *, times: int = 1) -> None:
        """Cut the connection of the next calls before they are handled."""
        self._add(method, LostRequest(), times)

    def lose_reply(self, method: str = ANY, *, times: int = 1) -> None:
        """Handle the next calls, and cut their connection before the answer."""
        self._add(method, LostReply(), times)

    def clear(self) -> None:
        """Let everything work again."""
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """What happens to this call; a fault of its own method goes before one for any."""
        for name in (method, ANY):
            if self._waiting[name]:
                return self._waiting[name].popleft()
        return None

    def _add(self, method: str, fault: Fault, times: int) -> None:
        self._waiting[method].extend([fault] * times)
