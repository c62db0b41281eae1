"""Reports sent to Slack: posted, edited, whispered, with their files in the thread."""

from __future__ import annotations

from bot.clock import Clock
from bot.conversation import Ref
from bot.slack.api import Api, words_for
from bot.slack.edits import Edits
from bot.slack.render import COMMAND, Rendered, render
from bot.slack.sending import send_drawn, upload
from commands.report import Report


class Messages:
    """Everything that goes out. `command` is the slash command that next steps are shown with."""

    def __init__(self, api: Api, *, command: str = COMMAND, clock: Clock | None = None) -> None:
        self._api = api
        self._command = command
        self._edits = Edits(self._update, clock)

    async def post(self, channel: str, report: Report, *, thread: str | None = None) -> Ref:
        """Post into a channel, or a thread of it; what is too long follows as files in the thread."""

        async def send(message: Rendered) -> Ref:
            with words_for("chat.postMessage"):
                answer = await self._api.posting.chat_postMessage(
                    channel=channel,
                    thread_ts=thread,
                    text=message.text,
                    blocks=message.blocks,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            ref = Ref(answer["channel"], answer["ts"])
            await upload(self._api.posting, ref.channel, thread or ref.ts, message.files)
            return ref

        return await send_drawn(report, send, command=self._command)

    async def edit(self, ref: Ref, report: Report, *, final: bool) -> None:
        """Put a report in the place of a message, paced. Files go with the final one only."""
        await self._edits.put(ref, report, final=final)

    async def whisper(self, channel: str, user: str, report: Report, *, thread: str | None = None) -> None:
        """Show a report to one member of a channel. Slack may drop it, and it is gone when they reload."""

        async def send(message: Rendered) -> None:
            with words_for("chat.postEphemeral"):
                await self._api.posting.chat_postEphemeral(
                    channel=channel, user=user, thread_ts=thread, text=message.text, blocks=message.blocks
                )

        await send_drawn(report, send, command=self._command, attach=False)

    def needs_files(self, report: Report) -> bool:
        """Whether a report is more than a message can show."""
        return bool(render(report, command=self._command).files)

    async def respond(self, url: str, report: Report, *, replace: bool = False) -> None:
        """Answer by a `response_url`, where the bot need not be in the channel."""

        async def send(message: Rendered) -> None:
            await self._api.respond(url, message, replace=replace)

        await send_drawn(report, send, command=self._command, attach=False)

    async def flush(self) -> None:
        """Show all edits that wait for their turn."""
        await self._edits.flush()

    async def _update(self, ref: Ref, report: Report, final: bool) -> None:  # noqa: FBT001 - the shape of `Show`
        async def send(message: Rendered) -> None:
            with words_for("chat.update"):
                await self._api.repeatable.chat_update(
                    channel=ref.channel, ts=ref.ts, text=message.text, blocks=message.blocks
                )
            await upload(self._api.posting, ref.channel, ref.ts, message.files)

        await send_drawn(report, send, command=self._command, attach=final)
