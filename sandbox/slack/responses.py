"""Answers to an interaction: what a response_url was sent, or what came with the acknowledgement of a slash command."""

from __future__ import annotations

from dataclasses import replace

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import Content, read_content
from sandbox.slack.grants import Origin
from sandbox.slack.records import Message
from sandbox.slack.refusal import Refused
from sandbox.slack.store import Store


class Responses:
    """Turns an answer into messages: shown to the person alone unless `in_channel`, or replacing what was acted on."""

    def __init__(self, store: Store) -> None:
        """Write into `store`."""
        self._store = store

    def take(self, origin: Origin, arguments: Arguments) -> Message | None:
        """Apply one answer; the message it made or changed. Refused if its content is not fit to show."""
        if arguments.flag("delete_original"):
            self._delete(origin)
            return None
        content = read_content(arguments)
        if arguments.flag("replace_original") and origin.message_ts:
            return self._replace(origin, content)
        in_channel = arguments.text("response_type", "ephemeral") == "in_channel"
        app = self._store.world.app
        message = Message(
            channel=origin.channel,
            ts=self._store.timestamps.next(),
            user=app.bot_user.id,
            text=content.text,
            blocks=content.blocks,
            attachments=content.attachments,
            bot_id=app.bot_id,
            thread_ts=arguments.text("thread_ts") or origin.thread_ts,
            visible_to=None if in_channel else origin.user,
        )
        return self._store.post(message) if in_channel else self._store.whisper(message)

    def _replace(self, origin: Origin, content: Content) -> Message:
        before = self._original(origin)
        after = replace(before, text=content.text, blocks=content.blocks, attachments=content.attachments)
        if origin.ephemeral:
            return self._store.whisper(after)
        return self._store.edit(replace(after, edited=self._store.timestamps.next()))

    def _delete(self, origin: Origin) -> None:
        original = self._original(origin)
        if origin.ephemeral:
            self._store.unwhisper(original.channel, original.ts)
        else:
            self._store.delete(original.channel, original.ts)

    def _original(self, origin: Origin) -> Message:
        find = self._store.find_whisper if origin.ephemeral else self._store.find
        original = find(origin.channel, origin.message_ts or "")
        if original is None:
            raise Refused("message_not_found")
        return original
