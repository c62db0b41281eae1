"""Everything that Slack can do to an app on a bad day, by one name each: the one place where it is documented.

In Python each is a method of `Workspace.control`. Over HTTP, on loopback, each is a POST with the same arguments in the
query string; `GET /` says which there are::

    curl -X POST 'http://127.0.0.1:8090/rate_limit?method=chat.postMessage&channel=%23ops&retry_after=30'
    curl -X POST 'http://127.0.0.1:8090/go_away?seconds=60'
    curl -X POST 'http://127.0.0.1:8090/clear'

A method is one of the Web API's, such as `chat.update`, or `*` for any; a channel is `#name`, an id, or `*`. What is
asked for happens to the next calls, as often as `times` says.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from sandbox.slack.delivery import KINDS, Deliveries
from sandbox.slack.faults import ANY
from sandbox.slack.pace import Pace
from sandbox.slack.site import Site
from sandbox.slack.socket_mode import DISCONNECT_WARNING, SocketMode
from sandbox.slack.wire import Json

TOKENS = ("bot", "app")


class Door(Protocol):
    """What can be shut for an outage."""

    async def open(self) -> int:
        """Accept connections."""

    async def close(self) -> None:
        """Refuse connections and cut those there are."""


class Control:
    """Makes Slack misbehave, and well again. Raises ValueError for what there is not."""

    def __init__(self, site: Site, sockets: SocketMode, deliveries: Deliveries) -> None:
        """Act on one workspace."""
        self.door: Door | None = None
        """There is one while the workspace runs."""
        self._site = site
        self._sockets = sockets
        self._deliveries = deliveries
        self._return: asyncio.Task[None] | None = None

    async def rate_limit(self, method: str = ANY, channel: str = ANY, retry_after: int = 30, times: int = 1) -> None:
        """Answer the next calls with HTTP 429 and Retry-After, in seconds; nothing of them is done."""
        self._site.faults.rate_limit(method, channel=self._channel(channel), retry_after=retry_after, times=times)

    async def pace(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a query string has only words
        """Hold the app to Slack's real pace: a message a second in each channel, some 50 edits a minute, and so on."""
        self._site.pace = Pace(self._site.store.clock) if on else None

    async def refuse(self, code: str, method: str = ANY, channel: str = ANY, times: int = 1) -> None:
        """Refuse the next calls with a code of Slack's, such as internal_error or channel_not_found."""
        self._site.faults.refuse(method, code, channel=self._channel(channel), times=times)

    async def error_page(self, method: str = ANY, channel: str = ANY, status: int = 502, times: int = 1) -> None:
        """Answer the next calls with an HTTP status and a page of HTML, as a proxy in between does."""
        self._site.faults.error_page(method, channel=self._channel(channel), status=status, times=times)

    async def lose_request(self, method: str = ANY, channel: str = ANY, times: int = 1) -> None:
        """Drop the connection of the next calls before anything is done."""
        self._site.faults.lose_request(method, channel=self._channel(channel), times=times)

    async def lose_reply(self, method: str = ANY, channel: str = ANY, times: int = 1) -> None:
        """Do what the next calls ask, and drop their connection before the answer."""
        self._site.faults.lose_reply(method, channel=self._channel(channel), times=times)

    async def late_reply(self, method: str = ANY, channel: str = ANY, seconds: float = 5.0, times: int = 1) -> None:
        """Do what the next calls ask at once, and answer after so many seconds."""
        self._site.faults.late_reply(method, channel=self._channel(channel), seconds=seconds, times=times)

    async def duplicate(self, kind: str = ANY, times: int = 1) -> None:
        """Deliver the next payloads twice, by socket or HTTP; kind is slash_commands, events_api or interactive.

        An event comes again as a retry, with its attempt counted; anything else as the same envelope.
        """
        if kind not in (ANY, *KINDS):
            raise ValueError(f"there is no kind {kind}: {', '.join(KINDS)}")
        self._deliveries.double(kind, times)

    async def refuse_socket(self, times: int = 1) -> None:
        """Refuse the next Socket Mode connections; the address that apps.connections.open gave is spent by that."""
        self._sockets.refuse(times)

    async def freeze_sockets(self) -> None:
        """Leave the Socket Mode connections half open: they stand, no ping is answered, what is sent there is lost."""
        self._sockets.freeze()

    async def drop_sockets(self) -> None:
        """Close the Socket Mode connections without a word."""
        await self._sockets.drop()

    async def disconnect(self, reason: str = "warning", grace: float = DISCONNECT_WARNING) -> None:
        """Ask every Socket Mode connection to come anew (warning, refresh_requested), and close it after the grace."""
        await self._sockets.disconnect(reason, grace)

    async def revoke(self, token: str = "bot", code: str = "token_revoked") -> None:  # noqa: S107 - a kind
        """Take the bot's or the app-level token for invalid, with Slack's word for it (invalid_auth, token_revoked)."""
        if token not in TOKENS:
            raise ValueError(f"there is no token {token}: {', '.join(TOKENS)}")
        self._site.revoked[token] = code

    async def go_away(self, seconds: float = 0.0) -> None:
        """Begin an outage, which breaks every connection; it ends by itself after so many seconds, if any."""
        self._forget_return()
        if self.door is not None:
            await self.door.close()
        if seconds:
            self._return = asyncio.create_task(self._later(seconds))

    async def come_back(self) -> None:
        """End an outage, at the same address."""
        self._forget_return()
        if self.door is not None:
            await self.door.open()

    async def clear(self) -> None:
        """Make everything well again: faults to come, tokens, half-open connections, pace, outage."""
        self._site.faults.clear()
        self._site.revoked.clear()
        self._deliveries.clear()
        self._sockets.clear()
        self._site.pace = None
        await self.come_back()

    async def stop(self) -> None:
        """Let go of an outage's end that is still to come."""
        self._forget_return()

    def state(self) -> Json:
        """What is wrong now."""
        return {
            "calls_to_go_wrong": self._site.faults.waiting,
            "paced": self._site.pace is not None,
            "revoked": dict(self._site.revoked),
            "sockets": self._sockets.connected,
        }

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self.door is not None:
            await self.door.open()

    def _forget_return(self) -> None:
        if self._return is not None:
            self._return.cancel()
            self._return = None

    def _channel(self, named: str) -> str:
        if named == ANY:
            return ANY
        try:
            return self._site.store.channel(named).id
        except KeyError:
            raise ValueError(f"there is no channel {named}") from None
