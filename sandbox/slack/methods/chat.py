"""chat.*: posting, editing and deleting messages."""

from __future__ import annotations

from dataclasses import replace

from sandbox.slack.content import Content, read_content
from sandbox.slack.methods.call import Call, Method
from sandbox.slack.payloads import message_payload
from sandbox.slack.records import Message
from sandbox.slack.refusal import Refused, invalid_arguments
from sandbox.slack.wire import Json


async def post_message(call: Call) -> Json:
    """Post into a channel the bot is in, a thread, or a person's direct messages."""
    channel = call.writable_channel()
    content = read_content(call.arguments)
    thread_ts = _thread(call, channel.id)
    message = call.store.post(
        Message(
            channel=channel.id,
            ts=call.store.timestamps.next(),
            user=call.bot.id,
            text=content.text,
            blocks=content.blocks,
            attachments=content.attachments,
            metadata=content.metadata,
            thread_ts=thread_ts,
            bot_id=call.site.world.app.bot_id,
            broadcast=call.arguments.flag("reply_broadcast"),
        )
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_payload(call.store, message)}


def _thread(call: Call, channel_id: str) -> str | None:
    """The thread to answer in. A reply to a reply joins the same thread.

    Slack does not refuse a thread whose first message is gone: it posts into the channel instead. What cannot have a
    thread, such as an ephemeral message, it refuses.
    """
    thread_ts = call.arguments.text("thread_ts")
    if not thread_ts:
        return None
    parent = call.store.find(channel_id, thread_ts)
    if parent is None:
        if call.store.find_whisper(channel_id, thread_ts):
            raise Refused("cannot_reply_to_message")
        return None
    return parent.thread_ts or parent.ts


async def update(call: Call) -> Json:
    """Edit one of the bot's own messages. Blocks or attachments left out stay; an empty list drops them."""
    channel = call.channel()
    ts = call.arguments.required("ts")
    message = call.store.find(channel.id, ts)
    if message is None:
        raise Refused("message_not_found")
    if message.user != call.bot.id:
        raise Refused("cant_update_message")
    content = read_content(call.arguments, editing=True)
    edited = call.store.edit(_edited(message, content, call))
    return {"channel": channel.id, "ts": ts, "text": edited.text, "message": message_payload(call.store, edited)}


def _edited(message: Message, content: Content, call: Call) -> Message:
    given = call.arguments
    return replace(
        message,
        text=content.text if "text" in given else message.text,
        blocks=content.blocks if "blocks" in given else message.blocks,
        attachments=content.attachments if "attachments" in given else message.attachments,
        metadata=content.metadata if "metadata" in given else message.metadata,
        edited=call.store.timestamps.next(),
    )


async def delete(call: Call) -> Json:
    """Delete one of the bot's own messages."""
    channel = call.channel()
    ts = call.arguments.required("ts")
    message = call.store.find(channel.id, ts)
    if message is None:
        raise Refused("message_not_found")
    if message.user != call.bot.id:
        raise Refused("cant_delete_message")
    call.store.delete(channel.id, ts)
    return {"channel": channel.id, "ts": ts}


async def post_ephemeral(call: Call) -> Json:
    """Show a message to one member of a channel only."""
    channel = call.writable_channel()
    user = call.user()
    if user.id not in call.store.members[channel.id]:
        raise Refused("user_not_in_channel")
    content = read_content(call.arguments)
    message = call.store.whisper(
        Message(
            channel=channel.id,
            ts=call.store.timestamps.next(),
            user=call.bot.id,
            text=content.text,
            blocks=content.blocks,
            attachments=content.attachments,
            thread_ts=call.arguments.text("thread_ts") or None,
            bot_id=call.site.world.app.bot_id,
            visible_to=user.id,
        )
    )
    return {"message_ts": message.ts}


async def get_permalink(call: Call) -> Json:
    """The address of a message in a browser."""
    channel = call.channel()
    ts = call.arguments.text("message_ts")
    if not ts:
        raise invalid_arguments("missing required field: message_ts")
    message = call.store.find(channel.id, ts)
    if message is None:
        raise Refused("message_not_found")
    link = f"{call.site.url}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = (
    Method("chat.postMessage", post_message, ("chat:write",)),
    Method("chat.update", update, ("chat:write",)),
    Method("chat.delete", delete, ("chat:write",)),
    Method("chat.postEphemeral", post_ephemeral, ("chat:write",)),
    Method("chat.getPermalink", get_permalink),
)
