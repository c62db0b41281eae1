"""What Bolt calls: acknowledge, read, and hand over to `Dispatch`, which works on in our own tasks.

Every delivery gets an answer; whatever breaks on the way becomes a reference id for the person and a traceback for the
log.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot.conversation import FORM_ACTION, Actor, Dispatch, NotDelivered, Place
from bot.slack import payloads
from bot.slack.api import SlackRefused
from bot.slack.forms import Forms
from bot.slack.groups import Groups
from bot.slack.messages import Messages
from bot.slack.modals import closing_view, field_errors
from bot.slack.payloads import Filled, Press, Sent, Typed
from bot.slack.surface import NotInvited, SlackSurface
from bot.slack.work import Work
from commands.report import Choice, Finding, Level, Report, Text

SUBMIT_PATIENCE = 2.2
"""Seconds to wait for the check of a form; Slack waits three for the acknowledgement that carries its errors."""

_ANY = re.compile(".*")
_VERB = re.compile(r"[a-z][a-z-]{0,40}", re.IGNORECASE)
_OUT_OF_DATE = closing_view(
    "Out of date", "This form is from another version of me. Close it and type the command again."
)
_log = structlog.get_logger(__name__)


class Listeners:
    """The door's Slack side. `register` tells Bolt about it."""

    def __init__(
        self,
        dispatch: Dispatch,
        messages: Messages,
        forms: Forms,
        groups: Groups,
        work: Work,
        *,
        submit_patience: float = SUBMIT_PATIENCE,
    ) -> None:
        self._dispatch = dispatch
        self._messages = messages
        self._forms = forms
        self._groups = groups
        self._work = work
        self._submit_patience = submit_patience

    def register(self, bolt: AsyncApp) -> None:
        """Listen to everything: what Bolt knows no listener for it never acknowledges, and Slack shows an error."""
        bolt.command(_ANY)(self.on_slash)
        bolt.event("app_mention")(self.on_mention)
        bolt.event(_ANY)(self.on_other_event)
        bolt.action(_ANY)(self.on_press)
        bolt.view(_ANY)(self.on_submission)

    async def on_slash(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """`/hacluster …`."""
        await ack()
        self._typed(payloads.slash(body))

    async def on_mention(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """`@hacluster …`, the only way to ask in a thread."""
        await ack()
        typed = payloads.mention(body, context.bot_user_id or "")
        if typed is not None:
            self._typed(typed)

    async def on_other_event(self, ack: AsyncAck) -> None:
        """Take what we did not ask for without a word."""
        await ack()

    async def on_press(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Take a pressed button, or a chosen line of a menu."""
        await ack()
        press = payloads.press(body)

        async def job(actor: Actor, surface: SlackSurface) -> None:
            await self._pressed(press, actor, surface)

        self._start(press.sent, SlackSurface.of_press(self._messages, press), job)

    async def on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Take a form sent off: what is wrong goes under its fields, in the acknowledgement itself."""
        try:
            filled = payloads.filled(body)
        except payloads.UNREADABLE:
            _log.warning("unreadable form", view=str(body.get("view"))[:80])
            await ack(response_action="update", view=_OUT_OF_DATE)
            return
        surface = SlackSurface.of(self._messages, filled.sent)
        check = self._work.start(self._submitted(filled, surface), f"submit {filled.verb}")
        done, _ = await asyncio.wait({check}, timeout=self._submit_patience)
        if not done:
            sentence = "Checking takes a moment longer. The answer comes in the channel."
            await ack(response_action="update", view=closing_view(filled.verb, sentence))
            self._work.start(self._tell_late(check, surface), f"late errors of {filled.verb}")
            return
        outcome = check.result()
        if isinstance(outcome, Report):
            await ack(response_action="update", view=closing_view(filled.verb, outcome.headline))
        elif outcome:
            await ack(response_action="errors", errors=field_errors(outcome, filled.fields))
        else:
            await ack()

    def unread(self, error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        """Take a delivery that could not be read, or that nobody listens to: nothing comes of it but an answer.

        Return its acknowledgement: of a form the answer itself.
        """
        kind = str(body.get("type"))[:40]
        _log.error("delivery not read", type=kind, exc_info=error)
        if kind == "view_submission":
            return BoltResponse(status=200, body={"response_action": "update", "view": _OUT_OF_DATE})
        found = payloads.whereabouts(body)
        if found.user or found.response_url:
            place = Place(found.channel or found.user or "")
            surface = SlackSurface(self._messages, place, found.user, found.response_url)
            self._work.start(self._tell_unread(surface), "answer to what could not be read")
        return BoltResponse(status=200, body="")

    async def _tell_unread(self, surface: SlackSurface) -> None:
        remedy = Text("Nothing was done. Ask again; if it was a button, type the command instead.")
        try:
            await surface.whisper(
                Report("I cannot read what Slack sent me", Level.WARNING, (remedy,), next_step="help")
            )
        except NotDelivered as error:
            _log.warning("answer not delivered", channel=surface.place.channel, why=str(error))

    def _typed(self, typed: Typed) -> None:
        async def job(actor: Actor, surface: SlackSurface) -> None:
            sent, text = typed.sent, typed.text
            if _VERB.fullmatch(text):
                fill_in = self._opened if sent.trigger else self._offered
                if await fill_in(text.lower(), sent, actor, surface):
                    return
            await self._dispatch.request(actor, sent.place, text, surface, key=sent.key)

        self._start(typed.sent, SlackSurface.of(self._messages, typed.sent), job)

    async def _pressed(self, press: Press, actor: Actor, surface: SlackSurface) -> None:
        sent, pressed = press.sent, press.pressed
        if pressed is None:
            headline = "I do not know that button any more: another version of me made it."
            await surface.whisper(Report(headline, Level.WARNING, next_step="help"))
        elif pressed.action != FORM_ACTION:
            await self._dispatch.press(
                actor, sent.place, pressed.action, pressed.value, press.message, surface, key=sent.key
            )
        elif not await self._opened(pressed.value, sent, actor, surface):
            await self._dispatch.request(actor, sent.place, pressed.value, surface, key=sent.key)

    async def _opened(self, verb: str, sent: Sent, actor: Actor, surface: SlackSurface) -> bool:
        """Open the form of a verb typed bare. False if there is none to open: then it is a request like any other."""
        if sent.trigger is None:
            return False
        try:
            return await self._forms.open(sent.trigger, verb, sent.place, self._dispatch.form(actor, sent.place, verb))
        except SlackRefused as refused:
            if refused.code != "exchanged_trigger_id":  # that is a second delivery: the first has opened the form
                _log.warning("form not opened", verb=verb, why=str(refused))
                remedy = Text(f"Slack waits three seconds for a form. Try again, or type it: `help {verb}` says how.")
                await surface.whisper(Report("The form could not be opened", Level.WARNING, (remedy,)))
            return True

    async def _offered(self, verb: str, sent: Sent, actor: Actor, surface: SlackSurface) -> bool:
        """Offer the form of a verb by a button: a mention brings no trigger to open one with, a click does."""
        if await self._dispatch.form(actor, sent.place, verb) is None:
            return False
        words = Text(f"Slack lets me open a form only on a click or on `/hacluster {verb}`.")
        await surface.post(
            Report(f"`{verb}` has a form", parts=(words,), choices=(Choice("Open the form", FORM_ACTION, verb),))
        )
        return True

    async def _submitted(self, filled: Filled, surface: SlackSurface) -> Mapping[str, str] | Report:
        """Return what is wrong with the form, or how the check itself broke."""
        try:
            actor = await self._actor(filled.sent)
            return await self._dispatch.submit(
                actor, filled.sent.place, filled.verb, filled.values, surface, key=filled.sent.key
            )
        except Exception as error:  # noqa: BLE001 - the one place for what nobody foresaw
            return _unexpected(error, filled.sent)

    async def _tell_late(self, check: asyncio.Task[Mapping[str, str] | Report], surface: SlackSurface) -> None:
        outcome = await check
        if isinstance(outcome, Report):
            await surface.whisper(outcome)
        elif outcome:
            findings = tuple(Finding(Level.WARNING, f"{field}: {error}") for field, error in outcome.items())
            await surface.whisper(Report("The form cannot be taken as it is", Level.WARNING, findings))

    def _start(self, sent: Sent, surface: SlackSurface, job: Callable[[Actor, SlackSurface], Awaitable[None]]) -> None:
        self._work.start(self._guarded(sent, surface, job), f"delivery {sent.key}")

    async def _guarded(
        self, sent: Sent, surface: SlackSurface, job: Callable[[Actor, SlackSurface], Awaitable[None]]
    ) -> None:
        try:
            await job(await self._actor(sent), surface)
        except NotInvited as error:
            await surface.whisper(Report(error.message, Level.WARNING, (Text(error.remedy),)))
        except NotDelivered as error:
            _log.warning("answer not delivered", channel=sent.place.channel, why=str(error))
        except Exception as error:  # noqa: BLE001 - the one place for what nobody foresaw
            await surface.whisper(_unexpected(error, sent))

    async def _actor(self, sent: Sent) -> Actor:
        return Actor(sent.team, sent.user, await self._groups.of(sent.user), sent.name)


def _unexpected(error: Exception, sent: Sent) -> Report:
    """Log the traceback under a reference, and give the person the reference only."""
    reference = secrets.token_hex(4)
    _log.error("unexpected", reference=reference, channel=sent.place.channel, user=sent.user, exc_info=error)
    return Report(
        f"Something went wrong that I did not foresee. Reference `{reference}`: the log says more.", Level.CRITICAL
    )
