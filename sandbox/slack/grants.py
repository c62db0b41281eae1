"""What Slack hands out for a short while: tokens, trigger ids, response URLs, socket tickets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sandbox.slack.clock import Clock
from sandbox.slack.refusal import Refused

TRIGGER_LIFETIME = 3.0
"""Seconds a trigger_id may be exchanged for a modal."""
RESPONSE_URL_LIFETIME = 30 * 60.0
"""Seconds a response_url lives."""
RESPONSE_URL_USES = 5
"""How often a response_url may be posted to."""
TICKET_LIFETIME = 30.0
"""Seconds the URL from apps.connections.open may be connected to; once."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the app's owner copies from Slack's pages. Made anew for every workspace; never shown in a repr."""

    bot_token: str = field(default_factory=lambda: _token("xoxb"), repr=False)
    app_token: str = field(default_factory=lambda: _token("xapp-1"), repr=False)
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    verification_token: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)


def _token(prefix: str) -> str:
    return f"{prefix}-{secrets.randbelow(10**12):012d}-{secrets.token_hex(16)}"


@dataclass(slots=True)
class _Trigger:
    user: str
    view: str | None
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Whose trigger it was and, if it came from inside a modal, which view."""

    user: str
    view: str | None


class Triggers:
    """Trigger ids: three seconds, one exchange."""

    def __init__(self, clock: Clock) -> None:
        """Count lifetimes by `clock`."""
        self._clock = clock
        self._issued: dict[str, _Trigger] = {}

    def issue(self, user: str, view: str | None = None) -> str:
        """A trigger for something `user` just did, inside `view` if it was in one."""
        now = self._clock()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = _Trigger(user, view, now + TRIGGER_LIFETIME)
        return trigger_id

    def check(self, trigger_id: str) -> Exchanged:
        """What the trigger stands for, without using it up; Refused as Slack refuses it."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._clock() > trigger.expires:
            raise Refused("expired_trigger_id")
        return Exchanged(trigger.user, trigger.view)

    def use(self, trigger_id: str) -> None:
        """Spend it: the view was accepted."""
        self._issued[trigger_id].used = True


@dataclass(frozen=True, slots=True)
class Origin:
    """What a response_url answers: who did something where, and the message it was done on, if any."""

    user: str
    channel: str
    message_ts: str | None = None
    ephemeral: bool = False
    thread_ts: str | None = None


@dataclass(slots=True)
class _ResponseUrl:
    origin: Origin
    expires: float
    uses: int = 0


class ResponseUrls:
    """Response URLs: five posts in thirty minutes."""

    def __init__(self, clock: Clock) -> None:
        """Count lifetimes by `clock`."""
        self._clock = clock
        self._issued: dict[str, _ResponseUrl] = {}

    def issue(self, origin: Origin) -> str:
        """The secret last part of a new URL."""
        key = secrets.token_urlsafe(18)
        self._issued[key] = _ResponseUrl(origin, self._clock() + RESPONSE_URL_LIFETIME)
        return key

    def use(self, key: str) -> Origin:
        """Spend one use; Refused with `expired_url` or `used_url`."""
        url = self._issued.get(key)
        if url is None or self._clock() > url.expires:
            raise Refused("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        url.uses += 1
        return url.origin


class Tickets:
    """One-time addresses of Socket Mode connections."""

    def __init__(self, clock: Clock) -> None:
        """Count lifetimes by `clock`."""
        self._clock = clock
        self._expires: dict[str, float] = {}

    def issue(self) -> str:
        """A new ticket."""
        ticket = secrets.token_urlsafe(24)
        self._expires[ticket] = self._clock() + TICKET_LIFETIME
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether the ticket was good; it is gone either way."""
        expires = self._expires.pop(ticket, None)
        return expires is not None and self._clock() <= expires
