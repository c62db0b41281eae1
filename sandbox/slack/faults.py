"""What can go wrong between an app and the Web API, on request: for the next calls of a method, of a channel, or all."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

ANY = "*"
"""Stands for every method, or every channel."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """HTTP 429: nothing is done, come again after so many seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is done, and Slack says `code`."""

    code: str


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Nothing is done, and something in between answers with a page of HTML."""

    status: int


@dataclass(frozen=True, slots=True)
class LostRequest:
    """The connection breaks before Slack has heard anything."""


@dataclass(frozen=True, slots=True)
class LostReply:
    """Slack does what was asked, and the connection breaks before it can say so."""


@dataclass(frozen=True, slots=True)
class LateReply:
    """Slack does what was asked at once, and says so only after so many seconds."""

    seconds: float


Fault = RateLimit | Refusal | ErrorPage | LostRequest | LostReply | LateReply


class Faults:
    """The faults that wait for their call, in the order in which they were asked for. Channels are named by id."""

    def __init__(self) -> None:
        """Start with a Slack that works."""
        self._waiting: dict[tuple[str, str], deque[Fault]] = defaultdict(deque)

    def rate_limit(self, method: str = ANY, *, channel: str = ANY, retry_after: int = 1, times: int = 1) -> None:
        """Answer the next calls with HTTP 429."""
        self._add(method, channel, RateLimit(retry_after), times)

    def refuse(self, method: str, code: str, *, channel: str = ANY, times: int = 1) -> None:
        """Refuse the next calls with a code of Slack's, such as `internal_error`."""
        self._add(method, channel, Refusal(code), times)

    def error_page(self, method: str = ANY, *, channel: str = ANY, status: int = 502, times: int = 1) -> None:
        """Answer the next calls with an HTTP status and no JSON."""
        self._add(method, channel, ErrorPage(status), times)

    def lose_request(self, method: str = ANY, *, channel: str = ANY, times: int = 1) -> None:
        """Cut the connection of the next calls before they are handled."""
        self._add(method, channel, LostRequest(), times)

    def lose_reply(self, method: str = ANY, *, channel: str = ANY, times: int = 1) -> None:
        """Handle the next calls, and cut their connection before the answer."""
        self._add(method, channel, LostReply(), times)

    def late_reply(self, method: str = ANY, *, channel: str = ANY, seconds: float = 5.0, times: int = 1) -> None:
        """Handle the next calls at once, and answer them late."""
        self._add(method, channel, LateReply(seconds), times)

    def clear(self) -> None:
        """Let everything work again."""
        self._waiting.clear()

    def take(self, method: str, channel: str = "") -> Fault | None:
        """What happens to this call; a fault that names its method and channel goes before one for any."""
        for place in ((method, channel), (method, ANY), (ANY, channel), (ANY, ANY)):
            if self._waiting.get(place):
                return self._waiting[place].popleft()
        return None

    @property
    def waiting(self) -> int:
        """How many calls will still go wrong."""
        return sum(len(faults) for faults in self._waiting.values())

    def _add(self, method: str, channel: str, fault: Fault, times: int) -> None:
        self._waiting[method, channel].extend([fault] * times)
