"""The Socket Mode connection, and the watchdog it needs.

slack_sdk's client survives most breaks by itself, but not all: when one issued socket address is refused it tries that
address for ever, and an invalid token it retries without a word. So the token is tried first, and a connection that is
dead for longer than its `Patience` is thrown away for a new one.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from time import time
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.clock import Clock
from bot.conversation import NotDelivered
from bot.slack.api import TOKEN_REFUSED, Api, SlackRefused, words_for
from bot.slack.front import Slack
from bot.slack.scopes import APP_SCOPE
from bot.slack.sdk_log import sdk_logger
from commands.errors import HaclusterError

_LONGEST_PAUSE = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the connection may be in trouble, in seconds."""

    grace: float = 45.0
    """Without a connection or a pong: the SDK, which gives up on one after four pings, has had its chance by then."""
    connecting: float = 20.0
    closing: float = 5.0
    ping: float = 5.0
    look: float = 2.0
    """Between two looks of the watchdog."""


class AppTokenRefused(HaclusterError):
    """Slack does not take the app-level token, so there is no connection to wait for."""


@dataclass(frozen=True, slots=True)
class SocketHealth:
    """How the connection is: whether it stands, and how many seconds ago Slack last answered on it."""

    connected: bool
    last_pong_age: float | None


class _Handler(AsyncSocketModeHandler):
    """Bolt's own, but for what it stumbles over."""

    def __init__(self, slack: Slack, app_token: str, **parts: Any) -> None:
        super().__init__(slack.bolt, app_token, **parts)
        self._slack = slack

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Take one delivery and acknowledge it."""
        began = time()
        answer = await self._slack.take(req.payload, build_headers(req))
        await send_async_response(client, req, answer, began)


class Socket:
    """Keeps one Socket Mode connection up."""

    def __init__(
        self,
        slack: Slack,
        api: Api,
        app_token: str,
        *,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.connected = asyncio.Event()
        """Set once the first connection stands."""
        self._slack = slack
        self._api = api
        self._app_token = app_token
        self._clock = clock or Clock()
        self._patience = patience or Patience()
        self._client: SocketModeClient | None = None

    async def run(self) -> None:
        """Connect and stay connected until cancelled. Raises `AppTokenRefused` if the token was never good."""
        failures = 0
        while True:
            try:
                await self._try_token()
                await self._one_connection()
                failures = 0
            except AppTokenRefused:
                if not self.connected.is_set():
                    raise
                failures += 1
                _log.error("slack refuses the app token it has taken before")
            except (NotDelivered, TimeoutError) as error:
                failures += 1
                _log.warning("no connection to slack", why=str(error) or type(error).__name__, failures=failures)
            if failures:
                pause = min(2.0**failures, _LONGEST_PAUSE)
                await self._clock.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads reconnects, no secret

    def health(self) -> SocketHealth:
        """Look at the connection as it is now."""
        client = self._client
        if client is None or client.closed:
            return SocketHealth(connected=False, last_pong_age=None)
        session = client.current_session
        age = self._pong_age(client)
        alive = (
            session is not None
            and not session.closed
            and not client.stale
            and (age is None or age < self._patience.grace)
        )
        return SocketHealth(alive, age)

    async def _try_token(self) -> None:
        """Ask for a connection's address: it says what is wrong with the token, which the SDK would hide."""
        try:
            async with asyncio.timeout(self._patience.connecting):
                with words_for("apps.connections.open"):
                    await self._api.repeatable.apps_connections_open(app_token=self._app_token)
        except SlackRefused as refused:
            if refused.code not in TOKEN_REFUSED:
                raise
            remedy = f"Make an app-level token with the scope {APP_SCOPE} and Socket Mode switched on."
            raise AppTokenRefused(f"Slack refuses the app token: {refused.code}", remedy=remedy) from None

    async def _one_connection(self) -> None:
        """Hold one connection until it is dead."""
        handler = _Handler(
            self._slack,
            self._app_token,
            logger=sdk_logger(),
            web_client=self._api.repeatable,
            ping_interval=self._patience.ping,
        )
        self._client = handler.client
        try:
            async with asyncio.timeout(self._patience.connecting):
                await handler.connect_async()  # type: ignore[no-untyped-call]
            self.connected.set()
            await self._watch(handler.client)
            _log.warning("connection to slack is dead, making a new one", pong_age=self._pong_age(handler.client))
        finally:
            await self._close(handler)

    async def _close(self, handler: AsyncSocketModeHandler) -> None:
        """Close a connection, dead or alive. The SDK says goodbye first, and on a dead line would leave the rest open."""
        client = handler.client
        try:
            async with asyncio.timeout(self._patience.closing):
                await handler.close_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            for task in (client.message_processor, client.current_session_monitor, client.message_receiver):
                if task is not None:
                    task.cancel()
        finally:
            await client.aiohttp_client_session.close()

    async def _watch(self, client: SocketModeClient) -> None:
        """Return when the connection has been dead for the grace time."""
        alive_at = self._clock.now()
        while self._clock.now() - alive_at < self._patience.grace:
            await self._clock.sleep(self._patience.look)
            age = self._pong_age(client)
            if await client.is_connected() and (age is None or age < self._patience.grace):
                alive_at = self._clock.now()

    def _pong_age(self, client: SocketModeClient) -> float | None:
        """Seconds since the last pong, by the wall clock the SDK notes it by."""
        return None if client.last_ping_pong_time is None else self._clock.wall() - client.last_ping_pong_time
