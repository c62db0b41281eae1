"""The Slack side of the bot in one piece: what the composition root builds and closes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from slack_bolt.async_app import AsyncApp

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
        groups: Iterable[str] = (),
        command: str = COMMAND,
        signing_secret: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Build it. `groups` are the user groups that the policy names; HTTP mode needs the signing secret."""
        self.api = api
        self.bolt = AsyncApp(client=api.repeatable, signing_secret=signing_secret, logger=sdk_logger())
        self.checks_signatures = bool(signing_secret)
        self._messages = Messages(api, command=command, clock=clock)
        self._work = Work()
        self.courier: Courier = SlackCourier(api, self._work, command=command)
        """How the outbox's messages get here."""
        listeners = Listeners(dispatch, self._messages, Forms(api), Groups(api, groups, clock), self._work)
        listeners.register(self.bolt)

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
