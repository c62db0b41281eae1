"""What the page shows one person, as data: everything at first, then one update per change."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.slack.changes import Change
from sandbox.slack.done import Done
from sandbox.slack.front import Front
from sandbox.slack.payloads import message_payload, view_payload
from sandbox.slack.records import Message
from sandbox.slack.store import SLACKBOT, Store
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User

SLACK_ITSELF: Json = {"id": SLACKBOT, "name": "slackbot", "real_name": "Slackbot", "color": "#475569", "is_bot": True}


class Showing:
    """Turns the workspace's state into what a page needs."""

    def __init__(self, store: Store, front: Front, connected: Callable[[], int]) -> None:
        """Show `store`; `connected` says how many connections the app has."""
        self.front = front
        self._store = store
        self._connected = connected

    def everything(self, user: User) -> Json:
        """The first message to a page."""
        world = self._store.world
        app = world.app
        return {
            "kind": "everything",
            "me": user.id,
            "team": {"id": world.team.id, "name": world.team.name},
            "bot": app.bot_user.id,
            "commands": list(app.commands),
            "has_home": "app_home_opened" in app.events,
            "users": [*(_user(person) for person in self._store.users.values()), SLACK_ITSELF],
            **self._groups(),
            "messages": [self._message(message) for message in self._all_messages(user)],
            **self._channels(user.id),
            **self._front(),
            **self._views(user.id),
            **self._connection(),
        }

    def update(self, user_id: str, change: Change) -> Json | None:
        """What a change means for one person's page; None if nothing."""
        updates: dict[str, Callable[[], Json | None]] = {
            "message": lambda: self._message_update(user_id, change.data),
            "message_deleted": lambda: change.data if self._sees(user_id, change.data["channel"]) else None,
            "views": lambda: self._views(user_id),
            "connection": self._connection,
            "members": lambda: self._channels(user_id),
            "front": self._front,
            "group": self._groups,
        }
        update = updates[change.kind]() if change.kind in updates else None
        return None if update is None else {"kind": change.kind, **update}

    def _message_update(self, user_id: str, place: Json) -> Json | None:
        channel, ts = place["channel"], place["ts"]
        message = self._store.find(channel, ts) or self._store.find_whisper(channel, ts)
        if message is None or not self._sees(user_id, channel):
            return None
        return {"message": self._message(message)}

    def _sees(self, user_id: str, channel_id: str) -> bool:
        return user_id in self._store.members[channel_id]

    def _all_messages(self, user: User) -> list[Message]:
        seen = [channel for channel in self._store.channels if self._sees(user.id, channel)]
        messages = [message for channel in seen for message in self._store.messages(channel)]
        return sorted([*messages, *self._store.whispers(user.id)], key=lambda message: message.ts)

    def _message(self, message: Message) -> Json:
        return {
            **message_payload(self._store, message),
            "channel": message.channel,
            "edits": [version.text for version in message.history],
            "only_you": message.visible_to is not None,
            "thread_ts": message.thread_ts if message.is_reply else None,
            "broadcast": message.broadcast,
        }

    def _channels(self, user_id: str) -> Json:
        mine = [channel for channel in self._store.channels.values() if self._sees(user_id, channel.id)]
        return {"channels": [self._channel(channel) for channel in mine]}

    def _channel(self, channel: Channel) -> Json:
        members = self._store.members[channel.id]
        return {
            "id": channel.id,
            "name": channel.name,
            "topic": channel.topic,
            "is_im": channel.is_im,
            "is_private": channel.is_private,
            "has_bot": self._store.world.app.bot_user.id in members,
            "members": sorted(members),
        }

    def _groups(self) -> Json:
        groups = self._store.groups.values()
        return {"groups": [{"id": group.id, "handle": group.handle, "users": list(group.users)} for group in groups]}

    def _front(self) -> Json:
        return {"front": self.front.payload()}

    def _views(self, user_id: str) -> Json:
        world = self._store.world
        stack = [self._store.views[view_id] for view_id in self._store.modal_stacks.get(user_id, ())]
        home = self._store.homes.get(user_id)
        return {
            "views": [view_payload(world, view) for view in stack],
            "home": view_payload(world, self._store.views[home]) if home else None,
        }

    def _connection(self) -> Json:
        return {"connected": self._connected()}


def _user(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "about": user.about,
        "color": user.color,
        "is_bot": user.is_bot,
    }


def done_payload(done: Done) -> Json:
    """How something went, as the page needs it."""
    return {
        "acked": done.acked,
        "delivered": done.delivered,
        "errors": dict(done.errors),
        "notice": done.notice,
    }
