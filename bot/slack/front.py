"""The Slack side of the bot in one piece: what the composition root builds and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.clock import Clock
from bot.conversation import Courier, Dispatch, NotDelivered, Place, Surface
from bot.slack.api import TOKEN_REFUSED, Api, SlackRefused, words_for
from bot.slack.courier import SlackCourier
from bot.slack.forms import Forms
from bot.slack.groups import Groups
from bot.slack.listeners import Listeners
from bot.slack.messages import Messages
from bot.slack.render import COMMAND
from bot.slack.sdk_log import sdk_logger
from bot.slack.surface import SlackSurface
from bot.slack.work import Work
from commands.errors import HaclusterError

_log = structlog.get_logger(__name__)
_LAST_EDITS = 5.0
"""Seconds that a shutdown gives to edits which wait for their turn, however long Slack asks for patience."""
_TRYING = 10.0


class Slack:
    """Bolt with our listeners, and what they share. `socket.Socket` or `http.application` connect it to Slack."""

    def __init__(
        self,
        api: Api,
        dispatch: Dispatch,
        *,
        groups: Groups | None = None,
        command: str = COMMAND,
        signing_secret: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Build it. `groups` tells who is in which user group; HTTP mode needs the signing secret."""
        self.api = api
        self.bolt = AsyncApp(
            client=api.repeatable,
            signing_secret=signing_secret,
            logger=sdk_logger(),
            raise_error_for_unhandled_request=True,  # to our listener for errors: who asked is owed an answer
        )
        self.checks_signatures = bool(signing_secret)
        self._messages = Messages(api, command=command, clock=clock)
        self._work = Work()
        self.courier: Courier = SlackCourier(api, self._work, command=command)
        """How the outbox's messages get here."""
        self._verifier = SignatureVerifier(signing_secret) if signing_secret else None
        self._listeners = Listeners(dispatch, self._messages, Forms(api), groups or Groups(api, ()), self._work)
        self._listeners.register(self.bolt)
        self.bolt.error(self._on_error)

    async def take(
        self, payload: Mapping[str, Any], headers: Mapping[str, str | Sequence[str]] | None = None
    ) -> BoltResponse:
        """Hand a delivery of the socket to Bolt. One so strange that Bolt itself stumbles is answered all the same."""
        try:
            request = AsyncBoltRequest(mode="socket_mode", body=dict(payload), headers=dict(headers or {}))
        except Exception as error:  # noqa: BLE001 - whatever it stumbles over
            return self._listeners.unread(error, payload)
        return await self.dispatch(request)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Let Bolt do its work. Nothing is raised."""
        try:
            return await self.bolt.async_dispatch(request)
        except Exception as error:  # noqa: BLE001 - as above
            return await self._on_error(error, request) or BoltResponse(status=400, body="")

    async def _on_error(self, error: Exception, request: AsyncBoltRequest) -> BoltResponse | None:
        """Answer what could not be read, if it is Slack that sent it: who else asks names any address they like."""
        if not self._is_slacks(request):
            _log.warning("request not read", why=type(error).__name__)
            return None
        return self._listeners.unread(error, request.body)

    def _is_slacks(self, request: AsyncBoltRequest) -> bool:
        if request.mode == "socket_mode":
            return True
        moment, signature = (
            request.headers.get(name, [""])[0] for name in ("x-slack-request-timestamp", "x-slack-signature")
        )
        if self._verifier is None or not moment.isdecimal():
            return False
        return self._verifier.is_valid(request.raw_body, moment, signature)

    async def try_token(self) -> None:
        """Ask whether Slack takes the bot token: without it everything is heard and nothing answered.

        Raises `HaclusterError` where it does not. That Slack cannot be asked is no refusal: the connection tells of it.
        """
        try:
            async with asyncio.timeout(_TRYING):
                with words_for("auth.test"):
                    await self.api.once.auth_test()
        except SlackRefused as refused:
            if refused.code in TOKEN_REFUSED:
                raise HaclusterError(
                    f"Slack refuses the bot token: {refused.code}",
                    remedy="Install the app again and copy its Bot User OAuth Token to slack.bot_token.",
                ) from None
        except (NotDelivered, TimeoutError):
            pass

    def surface(self, place: Place) -> Surface:
        """Return where the bot says something of its own accord, as alerts and reports."""
        return SlackSurface(self._messages, place)

    async def close(self, grace: float) -> tuple[str, ...]:
        """Let what is under way end within `grace` seconds, show the last edits; return what had to be cancelled."""
        late = await self._work.drain(grace)
        try:
            async with asyncio.timeout(_LAST_EDITS):
                await self._messages.flush()
        except TimeoutError:
            return (*late, "last edits")
        return late
