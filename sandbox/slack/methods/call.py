"""One call of the Web API, and the questions every method asks of it: which channel, may the app, which text."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.slack.arguments import Arguments
from sandbox.slack.refusal import Refused
from sandbox.slack.site import Site
from sandbox.slack.store import Store
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments and the workspace they are about. The caller is always the app, by its bot token."""

    site: Site
    arguments: Arguments

    @property
    def store(self) -> Store:
        """The workspace's state."""
        return self.site.store

    @property
    def bot(self) -> User:
        """The calling app's bot user."""
        return self.site.world.app.bot_user

    def need_scope(self, *any_of: str) -> None:
        """Refuse unless one of these scopes was granted, naming the first."""
        if not any(scope in self.site.scopes for scope in any_of):
            raise Refused("missing_scope", needed=any_of[0], provided=",".join(self.site.scopes))

    def is_member(self, channel: Channel) -> bool:
        """Whether the bot is in the channel."""
        return self.bot.id in self.store.members[channel.id]

    def channel(self, argument: str = "channel") -> Channel:
        """The conversation an argument names by id; a private one only if the bot is in it."""
        channel = self.store.channels.get(self.arguments.required(argument))
        if channel is None or (channel.is_private and not self.is_member(channel)):
            raise Refused("channel_not_found")
        return channel

    def read_scope(self, channel: Channel, verb: str = "read") -> None:
        """Refuse unless the scope for this kind of conversation was granted (`channels:read`, `im:history`, ...)."""
        kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
        self.need_scope(f"{kind}:{verb}")

    def writable_channel(self) -> Channel:
        """The channel to post into: by id, by `#name`, or a person's id for a direct message; joined, not archived."""
        wanted = self.arguments.required("channel")
        if wanted in self.store.users:
            return self.store.direct_message(wanted)
        if wanted.startswith("#"):
            try:
                wanted = self.store.channel(wanted).id
            except KeyError:
                raise Refused("channel_not_found") from None
        channel = self.store.channels.get(wanted)
        if channel is None or (channel.is_private and not self.is_member(channel)):
            raise Refused("channel_not_found")
        if channel.is_archived:
            raise Refused("is_archived")
        if not self.is_member(channel) and "chat:write.public" not in self.site.scopes:
            raise Refused("not_in_channel")
        return channel

    def user(self, argument: str = "user") -> User:
        """The person an argument names by id."""
        user = self.store.users.get(self.arguments.required(argument))
        if user is None:
            raise Refused("user_not_found")
        return user


Answer: TypeAlias = Callable[[Call], Coroutine[Any, Any, Json]]
"""A method: takes the call, gives what goes beside `ok: true`, raises Refused."""


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: its name, the scopes one of which it needs, and the kind of token it takes."""

    name: str
    answer: Answer
    scopes: tuple[str, ...] = ()
    token: str = "bot"  # noqa: S105 - a kind, not a token


def page(items: list[Json], call: Call, default_limit: int = 100) -> tuple[list[Json], Json]:
    """One page of `items` and the cursor to the next, as `response_metadata`."""
    cursor = call.arguments.text("cursor")
    try:
        start = int(cursor.removeprefix("next:")) if cursor else 0
    except ValueError:
        raise Refused("invalid_cursor") from None
    limit = call.arguments.number("limit", default_limit) or default_limit
    if not 0 < limit <= 1000:  # noqa: PLR2004 - Slack's bound for every list
        raise Refused("invalid_limit")
    end = start + limit
    return items[start:end], {"next_cursor": f"next:{end}" if end < len(items) else ""}
