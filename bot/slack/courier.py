"""`Courier` for Slack: single attempts, whose outcome the outbox weighs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from bot.conversation import CannotLook, Ref
from bot.slack.api import Api, SlackRefused, words_for
from bot.slack.render import COMMAND, Rendered
from bot.slack.sending import send_drawn, upload
from bot.slack.work import Work
from commands.report import Report

EVENT_TYPE = "hacluster_message"
"""The kind of metadata that marks the outbox's messages; its payload holds the `id`."""
SKEW = 300.0
"""Seconds that Slack's clock, which stamps messages, may be behind ours."""
_PAGE = 200
"""Messages asked for at once; Slack recommends no more."""


class SlackCourier:
    """Posts, edits and finds messages. It never waits where Slack asks for patience: others may have their turn.

    Files go after their message in the background, held by `work`, and there they are patient.
    """

    def __init__(self, api: Api, work: Work, *, command: str = COMMAND) -> None:
        self._api = api
        self._work = work
        self._command = command

    async def post(self, channel: str, report: Report, *, thread: str | None, id: str) -> Ref:  # noqa: A002
        """Post a report marked with `id`."""

        async def send(message: Rendered) -> Ref:
            with words_for("chat.postMessage"):
                answer = await self._api.once.chat_postMessage(
                    channel=channel,
                    thread_ts=thread,
                    text=message.text,
                    blocks=message.blocks,
                    metadata={"event_type": EVENT_TYPE, "event_payload": {"id": id}},
                    unfurl_links=False,
                    unfurl_media=False,
                )
            ref = Ref(answer["channel"], answer["ts"])
            if message.files:
                uploads = upload(self._api.posting, ref.channel, thread or ref.ts, message.files)
                self._work.start(uploads, f"files of {ref.ts}")
            return ref

        return await send_drawn(report, send, command=self._command)

    async def edit(self, ref: Ref, report: Report) -> None:
        """Replace a message."""

        async def send(message: Rendered) -> None:
            with words_for("chat.update"):
                await self._api.once.chat_update(
                    channel=ref.channel, ts=ref.ts, text=message.text, blocks=message.blocks
                )

        await send_drawn(report, send, command=self._command, attach=False)

    async def find(
        self,
        channel: str,
        id: str,  # noqa: A002
        since: datetime,
        *,
        thread: str | None = None,
    ) -> Ref | CannotLook | None:
        """Look for the message marked with `id`, from a while before `since`."""
        oldest = f"{since.timestamp() - SKEW:.6f}"
        try:
            async for message in self._messages(channel, oldest, thread):
                if _mark(message) == id:
                    return Ref(channel, message["ts"])
        except SlackRefused as refused:
            if refused.code == "missing_scope":
                return CannotLook(refused.code)
            if refused.code == "thread_not_found":  # Slack posts into the channel when the thread is gone
                return await self.find(channel, id, since)
            raise
        return None

    async def permalink(self, ref: Ref) -> str | None:
        """Return the message's address; None if it has been deleted."""
        try:
            with words_for("chat.getPermalink"):
                answer = await self._api.once.chat_getPermalink(channel=ref.channel, message_ts=ref.ts)
        except SlackRefused as refused:
            if refused.code == "message_not_found":
                return None
            raise
        return str(answer["permalink"])

    async def _messages(self, channel: str, oldest: str, thread: str | None) -> AsyncIterator[dict[str, Any]]:
        """Give the messages of a channel, or of one thread of it, page by page."""
        cursor = ""
        asked: dict[str, Any] = {
            "channel": channel,
            "oldest": oldest,
            "inclusive": True,
            "limit": _PAGE,
            "include_all_metadata": True,
        }
        while True:
            if thread is None:
                with words_for("conversations.history"):
                    answer = await self._api.once.conversations_history(**asked, cursor=cursor or None)
            else:
                with words_for("conversations.replies"):
                    answer = await self._api.once.conversations_replies(**asked, ts=thread, cursor=cursor or None)
            for message in answer["messages"]:
                yield message
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _mark(message: dict[str, Any]) -> str | None:
    """Return the id that a message of ours is marked with."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return (metadata.get("event_payload") or {}).get("id")
