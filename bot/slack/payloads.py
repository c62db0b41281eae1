"""What Slack sends, read into our own terms. Pure; raises one of `UNREADABLE` for what is not as Slack makes it.

Everything here comes from outside: ids to look things up by, never authority.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.conversation import Place, Ref
from bot.slack.buttons import Pressed, pressed
from bot.slack.modals import CALLBACK, answers

_LINK = re.compile(r"<(?:https?://|mailto:)[^|>]*\|(?P<label>[^>]*)>|<(?P<bare>(?:https?://|mailto:)[^|>]*)>")
_ID = re.compile(r"[A-Z0-9]{1,64}")
_TS = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")
_KEY = re.compile(r"[!-~]{1,255}")
_URL = re.compile(r"https?://[!-~]{1,2000}")
_MENTION = re.compile(r"<(?P<id>[@#!][^|>]+)\|[^>]*>")
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


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


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody can be told that what came from them could not be read: whatever of it is sound."""

    user: str | None
    channel: str | None
    response_url: str | None


def slash(body: Mapping[str, Any]) -> Typed:
    """Read a slash command. Slack lets none be typed in threads."""
    key, place = _key(body["trigger_id"]), Place(_id(body["channel_id"]))
    sent = Sent(
        _id(body["team_id"]), _id(body["user_id"]), place, key, key, _url(body), str(body.get("user_name") or "")
    )
    return Typed(sent, typed(_text(body.get("text") or "")))


def mention(body: Mapping[str, Any], bot_user: str) -> Typed | None:
    """Read an `app_mention` event; None if another bot, or an edit, made it: two bots must not start to talk."""
    event = body["event"]
    if event.get("bot_id") or event.get("subtype") or event.get("edited"):
        return None
    before, _, after = _text(event["text"]).partition(f"<@{bot_user}>")
    text = after if after.strip() else before
    team = event.get("user_team") or event.get("team") or body["team_id"]
    place = Place(_id(event["channel"]), _ts(event["thread_ts"]) if event.get("thread_ts") else None)
    return Typed(Sent(_id(team), _id(event["user"]), place, _key(body["event_id"])), typed(text))


def press(body: Mapping[str, Any]) -> Press:
    """Read a `block_actions` payload of a message."""
    container = body["container"]
    channel, ts = _id(container["channel_id"]), _ts(container["message_ts"])
    thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
    place = Place(channel, _ts(thread) if thread and thread != ts else None)
    key = _key(body["trigger_id"])
    sent = Sent(*_who(body), place, key, key, _url(body), _name(body))
    return Press(sent, pressed(body["actions"][0]), Ref(channel, ts), bool(container.get("is_ephemeral")))


def filled(body: Mapping[str, Any]) -> Filled:
    """Read a `view_submission` payload of one of our forms."""
    view = body["view"]
    metadata = json.loads(view["private_metadata"])
    place = Place(_id(metadata["channel"]), _ts(metadata["thread"]) if metadata.get("thread") else None)
    key = _key(body["trigger_id"])
    sent = Sent(*_who(body), place, key, key, name=_name(body))
    fields = tuple(_text(block["block_id"]) for block in view["blocks"] if block["type"] == "input")
    prefix, form, verb = _text(view["callback_id"]).partition(CALLBACK)
    if prefix or not form or not fields:
        raise ValueError("a view that is no form of ours")
    return Filled(sent, verb, answers(view["state"]["values"]), fields)


def whereabouts(body: Mapping[str, Any]) -> Whereabouts:
    """Look for an address in a delivery that cannot be read. Nothing is raised, whatever it is."""
    event, container = _mapping(body.get("event")), _mapping(body.get("container"))
    users = (body.get("user_id"), _mapping(body.get("user")).get("id"), event.get("user"))
    channels = (
        body.get("channel_id"),
        container.get("channel_id"),
        _mapping(body.get("channel")).get("id"),
        event.get("channel"),
    )
    return Whereabouts(_first_id(users), _first_id(channels), _url(body))


def _first_id(values: Iterable[object]) -> str | None:
    return next((value for value in values if isinstance(value, str) and _ID.fullmatch(value)), None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {type(value).__name__}")
    return value


def _of(form: re.Pattern[str], value: object) -> str:
    if not form.fullmatch(_text(value)):
        raise ValueError(f"not of the form {form.pattern}")
    return str(value)


def _id(value: object) -> str:
    return _of(_ID, value)


def _ts(value: object) -> str:
    return _of(_TS, value)


def _key(value: object) -> str:
    return _of(_KEY, value)


def _url(body: Mapping[str, Any]) -> str | None:
    url = body.get("response_url")
    return url if isinstance(url, str) and _URL.fullmatch(url) else None


def typed(text: str) -> str:
    """Undo what Slack does to text: links around what looks like one, labels in mentions, entities, code marks."""
    text = _LINK.sub(lambda link: link["label"] or link["bare"].removeprefix("mailto:"), text)
    text = _MENTION.sub(lambda found: f"<{found['id']}>", text)
    return html.unescape(text).replace("`", "").strip()


def _who(body: Mapping[str, Any]) -> tuple[str, str]:
    user = body["user"]
    return _id(user.get("team_id") or body["team"]["id"]), _id(user["id"])


def _name(body: Mapping[str, Any]) -> str:
    user = body["user"]
    return str(user.get("username") or user.get("name") or "")
