"""`Surface` in Slack: where the answers to one slash command, mention, button or form go."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.conversation import NotDelivered, Place, Ref
from bot.slack.api import SlackRefused
from bot.slack.messages import Messages
from bot.slack.payloads import Press, Sent
from commands.report import Report, Text

_NOT_THERE = frozenset({"not_in_channel", "channel_not_found"})


class NotInvited(NotDelivered):
    """The bot is not in the conversation it was asked in. Whoever asked can still be told, by `whisper`."""

    def __init__(self) -> None:
        super().__init__(
            "I am not in this conversation, so I cannot answer in it",
            remedy="Invite me with `/invite @hacluster` and ask again. I cannot join direct messages between people.",
        )


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
        """Post into the place, or the thread of `under`. Raises `NotInvited` where the bot is not in the channel."""
        try:
            return await self.messages.post(self.place.channel, report, thread=self._thread(under))
        except SlackRefused as refused:
            if refused.code in _NOT_THERE:
                raise NotInvited from refused
            raise

    async def edit(self, ref: Ref, report: Report, *, final: bool = False) -> None:
        """Replace a message, paced; at once when final."""
        if ref == self.ephemeral and self.response_url is not None:
            await self.messages.respond(self.response_url, report, replace=True)
        else:
            await self.messages.edit(ref, report, final=final)

    async def whisper(self, report: Report) -> None:
        """Tell the asker alone: in the channel, else by `response_url`, else in a direct message.

        What is too long to be shown there goes into a direct message at once: only that bears files.
        """
        if self.user is None:
            if self.response_url is None:
                raise NotDelivered("nobody asked, so there is nobody to whisper to")
            await self.messages.respond(self.response_url, report)
            return
        if not report.choices and self.messages.needs_files(report):
            report = await self._directly(self.user, report)
        try:
            await self.messages.whisper(self.place.channel, self.user, report, thread=self.place.thread)
        except NotDelivered:
            if self.response_url is not None:
                await self.messages.respond(self.response_url, report)
            else:
                await self.messages.post(self.user, report)

    async def _directly(self, user: str, report: Report) -> Report:
        """Send a direct message, and return what to say where it was asked: the report itself if it did not get there."""
        try:
            await self.messages.post(user, report)
        except NotDelivered:
            return report
        return replace(report, parts=(Text("It is long: you have it as a direct message from me."),), next_step="")

    def _thread(self, under: Ref | None) -> str | None:
        """Slack's threads have one level: below a message in a thread means in that thread."""
        if under is None or (self.place.thread and under.channel == self.place.channel):
            return self.place.thread
        return under.ts
