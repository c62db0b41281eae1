"""What all ways to Slack have in common: a drawing that is accepted, and files that follow a message into its thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.conversation import NotDelivered
from bot.slack.api import SlackRefused, words_for
from bot.slack.limits import message_problems
from bot.slack.render import Attachment, Rendered, render, render_simply
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


async def send_drawn(
    report: Report, send: Callable[[Rendered], Awaitable[T]], *, command: str, attach: bool = True
) -> T:
    """Send a report drawn in full; should we or Slack find fault with the drawing, drawn simply."""
    message = render(report, command=command, attach=attach)
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


async def upload(client: AsyncWebClient, channel: str, thread: str, files: tuple[Attachment, ...]) -> None:
    """Upload files into a thread. The message stands without them, so a failure is told there and not raised."""
    for file in files:
        try:
            with words_for("files.upload"):
                await client.files_upload_v2(
                    channel=channel,
                    thread_ts=thread,
                    content=file.content,
                    filename=file.name,
                    title=file.title,
                    alt_txt=file.alt or None,
                )
        except NotDelivered as error:
            _log.warning("file not uploaded", channel=channel, name=file.name, why=str(error))
            with words_for("chat.postMessage"):
                await client.chat_postMessage(
                    channel=channel, thread_ts=thread, text=f"The file {file.name} could not be uploaded: {error}"
                )
