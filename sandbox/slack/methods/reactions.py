"""reactions.*: emoji on messages."""

from __future__ import annotations

import re
from dataclasses import replace

from sandbox.slack.methods.call import Call, Method
from sandbox.slack.records import Message
from sandbox.slack.refusal import Refused
from sandbox.slack.wire import Json

_EMOJI_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


async def add(call: Call) -> Json:
    """React to a message, once per emoji."""
    message, name = _target(call)
    users = dict(message.reactions)
    if call.bot.id in users.get(name, ()):
        raise Refused("already_reacted")
    users[name] = (*users.get(name, ()), call.bot.id)
    call.store.annotate(replace(message, reactions=tuple(users.items())))
    return {}


async def remove(call: Call) -> Json:
    """Take a reaction back."""
    message, name = _target(call)
    users = dict(message.reactions)
    if call.bot.id not in users.get(name, ()):
        raise Refused("no_reaction")
    users[name] = tuple(user for user in users[name] if user != call.bot.id)
    call.store.annotate(replace(message, reactions=tuple(item for item in users.items() if item[1])))
    return {}


def _target(call: Call) -> tuple[Message, str]:
    name = call.arguments.required("name").strip(":")
    if not _EMOJI_NAME.fullmatch(name):
        raise Refused("invalid_name")
    channel = call.channel()
    if not call.is_member(channel):
        raise Refused("not_in_channel")
    message = call.store.find(channel.id, call.arguments.required("timestamp"))
    if message is None:
        raise Refused("message_not_found")
    return message, name


METHODS = (
    Method("reactions.add", add, ("reactions:write",)),
    Method("reactions.remove", remove, ("reactions:write",)),
)
