"""conversations.*: channels, their members and their history."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.slack.methods.call import Call, Method, page
from sandbox.slack.payloads import channel_payload, message_payload
from sandbox.slack.records import Message
from sandbox.slack.refusal import Refused
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel

_TYPE_SCOPES = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}


async def list_all(call: Call) -> Json:
    """Conversations of the wanted types; private ones only where the bot is a member."""
    types = [kind.strip() for kind in call.arguments.text("types", "public_channel").split(",")]
    for kind in types:
        if kind not in _TYPE_SCOPES:
            raise Refused("invalid_types")
        call.need_scope(_TYPE_SCOPES[kind])
    archived_too = not call.arguments.flag("exclude_archived")
    found = [
        channel_payload(call.store, channel)
        for channel in call.store.channels.values()
        if _type_of(channel) in types
        and (not channel.is_private or call.is_member(channel))
        and (archived_too or not channel.is_archived)
    ]
    channels, metadata = page(found, call)
    return {"channels": channels, "response_metadata": metadata}


def _type_of(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


async def info(call: Call) -> Json:
    """One conversation."""
    channel = call.channel()
    call.read_scope(channel)
    payload = channel_payload(call.store, channel)
    if not call.arguments.flag("include_num_members"):
        payload.pop("num_members", None)
    return {"channel": payload}


async def members(call: Call) -> Json:
    """Who is in a conversation."""
    channel = call.channel()
    call.read_scope(channel)
    ids = [{"id": user_id} for user_id in sorted(call.store.members[channel.id])]
    shown, metadata = page(ids, call)
    return {"members": [entry["id"] for entry in shown], "response_metadata": metadata}


async def open_direct(call: Call) -> Json:
    """Open the direct messages with one person."""
    users = [user for user in call.arguments.text("users").split(",") if user]
    if len(users) != 1:
        raise Refused("not_enough_users" if not users else "too_many_users")
    if users[0] not in call.store.users:
        raise Refused("user_not_found")
    if users[0] == call.bot.id:
        raise Refused("invalid_user_combination")
    channel = call.store.direct_message(users[0])
    return {"channel": {"id": channel.id}, "no_op": False, "already_open": True}


async def history(call: Call) -> Json:
    """Top-level messages of a channel the bot is in, newest first."""
    channel = _readable(call)
    within = _window(call)
    found = [message for message in call.store.messages(channel.id) if not message.is_reply and within(message)]
    return _messages(call, list(reversed(found)))


async def replies(call: Call) -> Json:
    """A thread: its first message, then the replies, oldest first."""
    channel = _readable(call)
    parent = call.store.find(channel.id, call.arguments.required("ts"))
    if parent is None:
        raise Refused("thread_not_found")
    parent = call.store.find(channel.id, parent.thread_ts or parent.ts) or parent
    within = _window(call)
    thread = [parent, *(message for message in call.store.thread(channel.id, parent.ts) if within(message))]
    return _messages(call, thread)


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.read_scope(channel, "history")
    if not call.is_member(channel):
        raise Refused("not_in_channel")
    return channel


def _window(call: Call) -> Callable[[Message], bool]:
    """Whether a message is of the time that was asked for."""
    try:
        low, high = float(call.arguments.text("oldest", "0")), float(call.arguments.text("latest", "9" * 12))
    except ValueError:
        raise Refused("invalid_ts_latest") from None
    if call.arguments.flag("inclusive"):
        return lambda message: low <= float(message.ts) <= high
    return lambda message: low < float(message.ts) < high


def _messages(call: Call, messages: list[Message]) -> Json:
    with_metadata = call.arguments.flag("include_all_metadata")
    payloads = [message_payload(call.store, message, with_metadata=with_metadata) for message in messages]
    shown, metadata = page(payloads, call)
    return {"messages": shown, "has_more": bool(metadata["next_cursor"]), "response_metadata": metadata}


METHODS = (
    Method("conversations.list", list_all),
    Method("conversations.info", info),
    Method("conversations.members", members),
    Method("conversations.open", open_direct, ("im:write",)),
    Method("conversations.history", history),
    Method("conversations.replies", replies),
)
