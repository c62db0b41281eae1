"""What Slack sends, read into our own terms. Pure; raises KeyError or TypeError for what is not Slack's.

Everything here comes from outside: ids to look things up by, never authority.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversation import Place, Ref
from bot.slack.buttons import Pressed, pressed
from bot.slack.modals import CALLBACK, answers

_LINK = re.compile(r"<(?:https?://|mailto:)[^|>]*\|(?P<label>[^>]*)>|<(?P<bare>(?:https?://|mailto:)[^|>]*)>")
_MENTION = re.compile(r"<(?P<id>[@#!][^|>]+)\|[^>]*>")


@dataclass(frozen=True, slots=True)
class Sent:
    """What every delivery tells: who, where, and the key by which a second delivery of the same is known."""

    team: str
    user: str
    place: Place
    key: str
    trigger: str | None = None
    """Opens a modal, within three seconds."""
    response_url: str | None = None
    name: str = ""
    """What they are called, where Slack says so: for the audit's readers."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command or a mention."""

    sent: Sent
    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button or a line of a menu. `pressed` is None if it is not one that we make."""

    sent: Sent
    pressed: Pressed | None
    message: Ref
    ephemeral: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """A form sent off. `fields` are the ids of its questions, in order."""

    sent: Sent
    verb: str
    values: Mapping[str, str]
    fields: tuple[str, ...]


def slash(body: Mapping[str, Any]) -> Typed:
    """Read a slash command. Slack lets none be typed in threads."""
    sent = Sent(
        body["team_id"],
        body["user_id"],
        Place(body["channel_id"]),
        body["trigger_id"],
        body["trigger_id"],
        body.get("response_url"),
        str(body.get("user_name") or ""),
    )
    return Typed(sent, typed(body.get("text") or ""))


def mention(body: Mapping[str, Any], bot_user: str) -> Typed | None:
    """Read an `app_mention` event; None if another bot, or an edit, made it: two bots must not start to talk."""
    event = body["event"]
    if event.get("bot_id") or event.get("subtype") or event.get("edited"):
        return None
    before, _, after = event["text"].partition(f"<@{bot_user}>")
    text = after if after.strip() else before
    team = event.get("user_team") or event.get("team") or body["team_id"]
    sent = Sent(team, event["user"], Place(event["channel"], event.get("thread_ts")), body["event_id"])
    return Typed(sent, typed(text))


def press(body: Mapping[str, Any]) -> Press:
    """Read a `block_actions` payload of a message."""
    container = body["container"]
    channel, ts = container["channel_id"], container["message_ts"]
    thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
    place = Place(channel, thread if thread != ts else None)
    url = body.get("response_url")
    sent = Sent(*_who(body), place, body["trigger_id"], body["trigger_id"], url, _name(body))
    return Press(sent, pressed(body["actions"][0]), Ref(channel, ts), bool(container.get("is_ephemeral")))


def filled(body: Mapping[str, Any]) -> Filled:
    """Read a `view_submission` payload of one of our forms."""
    view = body["view"]
    metadata = json.loads(view["private_metadata"])
    place = Place(str(metadata["channel"]), metadata.get("thread"))
    sent = Sent(*_who(body), place, body["trigger_id"], body["trigger_id"], name=_name(body))
    fields = tuple(block["block_id"] for block in view["blocks"] if block["type"] == "input")
    return Filled(sent, view["callback_id"].removeprefix(CALLBACK), answers(view["state"]["values"]), fields)


def typed(text: str) -> str:
    """Undo what Slack does to text: links around what looks like one, labels in mentions, entities, code marks."""
    text = _LINK.sub(lambda link: link["label"] or link["bare"].removeprefix("mailto:"), text)
    text = _MENTION.sub(lambda found: f"<{found['id']}>", text)
    return html.unescape(text).replace("`", "").strip()


def _who(body: Mapping[str, Any]) -> tuple[str, str]:
    user = body["user"]
    return user.get("team_id") or body["team"]["id"], user["id"]


def _name(body: Mapping[str, Any]) -> str:
    user = body["user"]
    return str(user.get("username") or user.get("name") or "")
