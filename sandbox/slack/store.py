"""The workspace's state: conversations, messages, files, views. Every write publishes a change."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from sandbox.slack.changes import Change, Changes
from sandbox.slack.clock import Clock, Timestamps
from sandbox.slack.records import File, Message, View
from sandbox.slack.refusal import Refused
from sandbox.slack.world import Channel, User, UserGroup, World

SLACKBOT = "USLACKBOT"
"""Who speaks for Slack itself."""

MODAL_STACK_LIMIT = 3
"""Views of one modal on top of each other (Slack: push_limit_reached beyond)."""


def new_id(prefix: str) -> str:
    """A fresh id of Slack's shape."""
    return prefix + secrets.token_hex(5).upper()


class Store:
    """What is true in the workspace now. It checks existence only; who may do what is the API's business."""

    def __init__(self, world: World, clock: Clock, changes: Changes) -> None:
        """Fill an empty workspace with the world's people and channels."""
        self.world = world
        self.clock = clock
        self.changes = changes
        self.timestamps = Timestamps(clock)
        self.users = {user.id: user for user in world.users}
        self.groups = {group.id: group for group in world.groups}
        self.channels = {channel.id: channel for channel in world.channels}
        self.members = {channel.id: set(channel.members) for channel in world.channels}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.modal_stacks: dict[str, list[str]] = {}
        self.homes: dict[str, str] = {}
        self._messages: dict[str, dict[str, Message]] = {channel.id: {} for channel in world.channels}
        self._ephemerals: dict[tuple[str, str], Message] = {}

    # People and channels

    def user(self, name_or_id: str) -> User:
        """A person by name or id; KeyError if there is none."""
        name = name_or_id.removeprefix("@")
        for user in self.users.values():
            if name in (user.id, user.name):
                return user
        raise KeyError(name_or_id)

    def channel(self, name_or_id: str) -> Channel:
        """A channel by `#name`, name or id; KeyError if there is none."""
        name = name_or_id.removeprefix("#")
        for channel in self.channels.values():
            if name in (channel.id, channel.name):
                return channel
        raise KeyError(name_or_id)

    def group(self, group_id: str) -> UserGroup:
        """A user group by id; KeyError if there is none."""
        return self.groups[group_id]

    def join(self, channel_id: str, user_id: str) -> None:
        """Put someone into a channel."""
        self.members[channel_id].add(user_id)
        self.changes.publish(Change("members", {"channel": channel_id}))

    def leave(self, channel_id: str, user_id: str) -> None:
        """Take someone out of a channel."""
        self.members[channel_id].discard(user_id)
        self.changes.publish(Change("members", {"channel": channel_id}))

    def set_channel(self, channel: Channel) -> None:
        """Add a channel, or change what is known of it (archive it, make it private)."""
        self.channels[channel.id] = channel
        self.members.setdefault(channel.id, set(channel.members))
        self._messages.setdefault(channel.id, {})
        self.changes.publish(Change("members", {"channel": channel.id}))

    def direct_message(self, user_id: str) -> Channel:
        """The conversation between the bot and one person, opened if need be."""
        for channel in self.channels.values():
            if channel.im_user == user_id:
                return channel
        opened = Channel(
            new_id("D"),
            name=self.users[user_id].name,
            members=(user_id, self.world.app.bot_user.id),
            is_im=True,
            im_user=user_id,
        )
        self.set_channel(opened)
        return opened

    # Messages

    def post(self, message: Message) -> Message:
        """Append a message; its `ts` comes from `timestamps`."""
        self._messages[message.channel][message.ts] = message
        self._announce(message)
        return message

    def edit(self, message: Message) -> Message:
        """Replace a message by a newer version, keeping the older one in its history."""
        before = self._messages[message.channel][message.ts]
        edited = replace(message, history=(*before.history, replace(before, history=())))
        self._messages[message.channel][message.ts] = edited
        self._announce(edited)
        return edited

    def annotate(self, message: Message) -> Message:
        """Replace a message where nothing was edited (reactions)."""
        self._messages[message.channel][message.ts] = message
        self._announce(message)
        return message

    def delete(self, channel_id: str, ts: str) -> None:
        """Take a message out of its channel; one with replies leaves a tombstone that holds the thread."""
        gone = self._messages[channel_id].pop(ts)
        if self.thread(channel_id, ts):
            self.post(Message(channel_id, ts, SLACKBOT, "This message was deleted.", thread_ts=gone.thread_ts))
            return
        self.changes.publish(Change("message_deleted", {"channel": channel_id, "ts": ts}))

    def find(self, channel_id: str, ts: str) -> Message | None:
        """A message that everyone in the channel sees."""
        return self._messages.get(channel_id, {}).get(ts)

    def messages(self, channel_id: str) -> list[Message]:
        """All messages of a channel, replies included, oldest first."""
        return sorted(self._messages[channel_id].values(), key=lambda message: message.ts)

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """The replies below a message, oldest first."""
        return [m for m in self.messages(channel_id) if m.is_reply and m.thread_ts == ts]

    # Ephemeral messages

    def whisper(self, message: Message) -> Message:
        """Show a message to one person only, or show a changed one."""
        before = self._ephemerals.get((message.channel, message.ts))
        if before is not None:
            message = replace(message, history=(*before.history, replace(before, history=())))
        self._ephemerals[message.channel, message.ts] = message
        self._announce(message)
        return message

    def unwhisper(self, channel_id: str, ts: str) -> None:
        """Take an ephemeral message away."""
        gone = self._ephemerals.pop((channel_id, ts))
        self.changes.publish(Change("message_deleted", {"channel": channel_id, "ts": ts}, only_for=gone.visible_to))

    def find_whisper(self, channel_id: str, ts: str) -> Message | None:
        """An ephemeral message."""
        return self._ephemerals.get((channel_id, ts))

    def whispers(self, user_id: str) -> list[Message]:
        """What one person was shown privately, oldest first."""
        mine = (message for message in self._ephemerals.values() if message.visible_to == user_id)
        return sorted(mine, key=lambda message: message.ts)

    def _announce(self, message: Message) -> None:
        place = {"channel": message.channel, "ts": message.ts}
        self.changes.publish(Change("message", place, only_for=message.visible_to))

    # Files

    def keep_file(self, file: File) -> None:
        """Remember a file, or what has become of it."""
        self.files[file.id] = file
        self.changes.publish(Change("file", {"file": file.id}))

    # Views

    def modal(self, user_id: str) -> View | None:
        """The modal view on top in front of a person."""
        stack = self.modal_stacks.get(user_id)
        return self.views[stack[-1]] if stack else None

    def open_modal(self, view: View) -> None:
        """Put a new root view in front of a person, in place of whatever modal was there."""
        self._forget(self.modal_stacks.pop(view.user, []))
        self.modal_stacks[view.user] = [view.id]
        self.keep_view(view)

    def push_modal(self, view: View) -> None:
        """Lay a view on top of the modal that is open; refused from the fourth on."""
        stack = self.modal_stacks[view.user]
        if len(stack) >= MODAL_STACK_LIMIT:
            raise Refused("push_limit_reached")
        stack.append(view.id)
        self.keep_view(view)

    def keep_view(self, view: View) -> None:
        """Remember a view or its newer version."""
        self.views[view.id] = view
        if view.type == "home":
            self.homes[view.user] = view.id
        self._announce_views(view.user)

    def close_modal(self, user_id: str, *, whole_stack: bool = False) -> list[View]:
        """Take away the top view, or the whole stack; what was closed, topmost first."""
        stack = self.modal_stacks.get(user_id, [])
        closing = list(reversed(stack)) if whole_stack else stack[-1:]
        closed = [self.views[view_id] for view_id in closing]
        remaining = stack[: len(stack) - len(closing)]
        if remaining:
            self.modal_stacks[user_id] = remaining
        else:
            self.modal_stacks.pop(user_id, None)
        self._forget(closing)
        self._announce_views(user_id)
        return closed

    def _forget(self, view_ids: Sequence[str]) -> None:
        for view_id in view_ids:
            self.views.pop(view_id, None)

    def _announce_views(self, user_id: str) -> None:
        self.changes.publish(Change("views", only_for=user_id))
