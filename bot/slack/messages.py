"""Reports sent to Slack: posted, edited, whispered, with their files in the thread."""

from __future__ import annotations

import structlog

from bot.conversation import NotDelivered, Ref
from bot.slack.api import Api, words_for
from bot.slack.clock import Clock
from bot.slack.edits import Edits
from bot.slack.render import COMMAND, Attachment, render
from commands.report import Report

_log = structlog.get_logger(__name__)


class Messages:
    """Everything that goes out. `command` is the slash command that next steps are shown with."""

    def __init__(self, api: Api, *, command: str = COMMAND, clock: Clock | None = None) -> None:
        self._api = api
        self._command = command
        self._edits = Edits(self._update, clock)

    async def post(self, channel: str, report: Report, *, thread: str | None = None) -> Ref:
        """Post into a channel, or a thread of it; what is too long follows as files in the thread."""
        message = render(report, command=self._command)
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
        await self._attach(ref.channel, thread or ref.ts, message.files)
        return ref

    async def edit(self, ref: Ref, report: Report, *, final: bool) -> None:
        """Put a report in the place of a message, paced. Files go with the final one only."""
        await self._edits.put(ref, report, final=final)

    async def whisper(self, channel: str, user: str, report: Report, *, thread: str | None = None) -> None:
        """Show a report to one member of a channel. Slack may drop it, and it is gone when they reload."""
        message = render(report, command=self._command, attach=False)
        with words_for("chat.postEphemeral"):
            await self._api.posting.chat_postEphemeral(
                channel=channel, user=user, thread_ts=thread, text=message.text, blocks=message.blocks
            )

    async def respond(self, url: str, report: Report, *, replace: bool = False) -> None:
        """Answer by a `response_url`, where the bot need not be in the channel."""
        await self._api.respond(url, render(report, command=self._command, attach=False), replace=replace)

    async def flush(self) -> None:
        """Show all edits that wait for their turn."""
        await self._edits.flush()

    async def _update(self, ref: Ref, report: Report, final: bool) -> None:  # noqa: FBT001 - the shape of `Show`
        message = render(report, command=self._command, attach=final)
        with words_for("chat.update"):
            await self._api.repeatable.chat_update(
                channel=ref.channel, ts=ref.ts, text=message.text, blocks=message.blocks
            )
        await self._attach(ref.channel, ref.ts, message.files)

    async def _attach(self, channel: str, thread: str, files: tuple[Attachment, ...]) -> None:
        """Upload files into a thread. The message stands without them, so a failure is told there and not raised."""
        for file in files:
            try:
                with words_for("files.upload"):
                    await self._api.posting.files_upload_v2(
                        channel=channel, thread_ts=thread, content=file.text, filename=file.name, title=file.title
                    )
            except NotDelivered as error:
                _log.warning("file not uploaded", channel=channel, name=file.name, why=str(error))
                with words_for("chat.postMessage"):
                    await self._api.posting.chat_postMessage(
                        channel=channel, thread_ts=thread, text=f"The file {file.name} could not be uploaded: {error}"
                    )
