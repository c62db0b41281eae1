"""`Surface` in Slack: where the answers to one slash command, mention, button or form go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.conversation import NotDelivered, Place, Ref
from bot.slack.api import SlackRefused
from bot.slack.messages import Messages
from bot.slack.payloads import Press, Sent
from commands.report import Finding, Level, Report

_NOT_THERE = frozenset({"not_in_channel", "channel_not_found"})
_REMEDY = Finding(
    Level.WARNING,
    "I am not in this conversation, so nobody but you can see my answers.",
    remedy="Invite me with `/invite @hacluster`, then ask again. In a direct message with somebody I cannot be.",
)


class NotInvited(NotDelivered):
    """The bot may not write in the channel. Whoever asked has been told to invite it."""


@dataclass(frozen=True, slots=True)
class SlackSurface:
    """Answers into a channel or thread, and to one person there."""

    messages: Messages
    place: Place
    user: str | None = None
    """Who asked; None for what the bot says of its own accord."""
    response_url: str | None = None
    ephemeral: Ref | None = None
    """The ephemeral message whose button was pressed: it can be replaced by `response_url` only."""

    @classmethod
    def of(cls, messages: Messages, sent: Sent) -> SlackSurface:
        """Return where answers to a command, mention or form go."""
        return cls(messages, sent.place, sent.user, sent.response_url)

    @classmethod
    def of_press(cls, messages: Messages, press: Press) -> SlackSurface:
        """Return where answers to a pressed button go."""
        sent = press.sent
        return cls(messages, sent.place, sent.user, sent.response_url, press.message if press.ephemeral else None)

    async def post(self, report: Report, *, under: Ref | None = None) -> Ref:
        """Post into the place, or the thread of `under`. Where the bot is not, the answer goes to the asker alone."""
        try:
            return await self.messages.post(self.place.channel, report, thread=self._thread(under))
        except SlackRefused as refused:
            if refused.code not in _NOT_THERE or self.response_url is None:
                raise
            shown = replace(report, parts=(_REMEDY, *report.parts), choices=())
            await self.messages.respond(self.response_url, shown)
            raise NotInvited(str(refused)) from refused

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        """Replace a message, paced; at once when final."""
        if ref == self.ephemeral and self.response_url is not None:
            await self.messages.respond(self.response_url, report, replace=True)
        else:
            await self.messages.edit(ref, report, final=final)

    async def whisper(self, report: Report) -> None:
        """Tell the asker alone: in the channel, else by `response_url`, else in a direct message."""
        if self.user is None:
            raise NotDelivered("nobody asked, so there is nobody to whisper to")
        try:
            await self.messages.whisper(self.place.channel, self.user, report, thread=self.place.thread)
        except NotDelivered:
            if self.response_url is not None:
                await self.messages.respond(self.response_url, report)
            else:
                await self.messages.post(self.user, report)

    def _thread(self, under: Ref | None) -> str | None:
        """Slack's threads have one level: below a message in a thread means in that thread."""
        if under is None or (self.place.thread and under.channel == self.place.channel):
            return self.place.thread
        return under.ts
