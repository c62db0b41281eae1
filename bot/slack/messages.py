"""Reports sent to Slack: posted, edited, whispered, with their files in the thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.clock import Clock
from bot.conversation import NotDelivered, Ref
from bot.slack.api import Api, SlackRefused, words_for
from bot.slack.edits import Edits
from bot.slack.limits import message_problems
from bot.slack.render import COMMAND, Attachment, Rendered, render, render_simply
from commands.report import Report

_BAD_BLOCKS = frozenset({
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "only_one_table_allowed",
    "msg_too_long",
})  # fmt: skip
T = TypeVar("T")

_log = structlog.get_logger(__name__)


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
            await self._attach(ref.channel, thread or ref.ts, message.files)
            return ref

        return await self._drawn(report, send)

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

        await self._drawn(report, send, attach=False)

    async def respond(self, url: str, report: Report, *, replace: bool = False) -> None:
        """Answer by a `response_url`, where the bot need not be in the channel."""

        async def send(message: Rendered) -> None:
            await self._api.respond(url, message, replace=replace)

        await self._drawn(report, send, attach=False)

    async def flush(self) -> None:
        """Show all edits that wait for their turn."""
        await self._edits.flush()

    async def _update(self, ref: Ref, report: Report, final: bool) -> None:  # noqa: FBT001 - the shape of `Show`
        async def send(message: Rendered) -> None:
            with words_for("chat.update"):
                await self._api.repeatable.chat_update(
                    channel=ref.channel, ts=ref.ts, text=message.text, blocks=message.blocks
                )
            await self._attach(ref.channel, ref.ts, message.files)

        await self._drawn(report, send, attach=final)

    async def _drawn(self, report: Report, send: Callable[[Rendered], Awaitable[T]], *, attach: bool = True) -> T:
        """Send a report drawn in full; should we or Slack find fault with the drawing, drawn simply."""
        message = render(report, command=self._command, attach=attach)
        problems = message_problems(message.text, message.blocks)
        if not problems:
            try:
                return await send(message)
            except SlackRefused as refused:
                if refused.code not in _BAD_BLOCKS:
                    raise
                problems = [str(refused)]
        _log.error("message drawn simply", headline=report.headline, problems=problems)
        return await send(render_simply(report, attach=attach))

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
