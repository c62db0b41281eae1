"""Slack's shapes of things: how messages, users, channels and views look inside answers and events."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sandbox.slack.grants import Credentials
from sandbox.slack.records import File, Message, View
from sandbox.slack.store import Store
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User, UserGroup, World


def with_ids(blocks: Sequence[Json]) -> tuple[Json, ...]:
    """The blocks with a block_id each, and an action_id for each button that has none, as Slack fills them in."""
    return tuple({**_with_action_ids(block), "block_id": block.get("block_id") or _short_id()} for block in blocks)


def _with_action_ids(block: Json) -> Json:
    named = dict(block)
    if block["type"] == "actions":
        named["elements"] = [{"action_id": _short_id(), **element} for element in block["elements"]]
    for place in ("accessory", "element"):
        if place in block and block[place]["type"] != "image":
            named[place] = {"action_id": _short_id(), **block[place]}
    return named


def _short_id() -> str:
    return secrets.token_urlsafe(4)[:5]


def message_payload(store: Store, message: Message, *, with_metadata: bool = True) -> Json:
    """A message as history, answers and interactions carry it."""
    payload: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": store.world.team.id,
        **_authorship(store.world, message),
        **_thread(store, message),
    }
    optional: Json = {
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "edited": {"user": message.user, "ts": message.edited} if message.edited else None,
        "reactions": [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions],
        "metadata": message.metadata if with_metadata else None,
        "files": [file_payload(store.files[file_id]) for file_id in message.files],
        "is_ephemeral": message.visible_to is not None,
    }
    return payload | {name: value for name, value in optional.items() if value}


def _authorship(world: World, message: Message) -> Json:
    """What marks an app's message."""
    if not message.bot_id:
        return {}
    app = world.app
    profile = {"id": message.bot_id, "app_id": app.id, "name": app.bot_user.name, "team_id": world.team.id}
    return {"bot_id": message.bot_id, "app_id": app.id, "bot_profile": profile}


def _thread(store: Store, message: Message) -> Json:
    """What says that a message is a reply, or has replies."""
    if message.thread_ts and message.is_reply:
        parent = store.find(message.channel, message.thread_ts)
        return {"thread_ts": message.thread_ts} | ({"parent_user_id": parent.user} if parent else {})
    replies = [] if message.visible_to else store.thread(message.channel, message.ts)
    if not replies:
        return {}
    people = sorted({reply.user for reply in replies})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }


def file_payload(file: File) -> Json:
    """A file object, without what only Slack's own pages need."""
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2] or "text",
        "user": file.user,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "channels": list(file.shared_in),
        "alt_txt": file.alt_text,
    }


def user_payload(world: World, user: User) -> Json:
    """A user object."""
    return {
        "id": user.id,
        "team_id": world.team.id,
        "name": user.name,
        "deleted": False,
        "color": user.color.removeprefix("#"),
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "title": user.about,
            **({"api_app_id": world.app.id, "bot_id": world.app.bot_id} if user.is_bot else {}),
        },
        "is_admin": False,
        "is_owner": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
    }


def channel_payload(store: Store, channel: Channel) -> Json:
    """A conversation object as the bot sees it."""
    if channel.is_im:
        return {"id": channel.id, "is_im": True, "user": channel.im_user, "is_archived": False, "is_open": True}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": False,
        "is_shared": False,
        "is_member": store.world.app.bot_user.id in store.members[channel.id],
        "context_team_id": store.world.team.id,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(store.members[channel.id]),
    }


def group_payload(world: World, group: UserGroup) -> Json:
    """A user group object."""
    return {
        "id": group.id,
        "team_id": world.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.users),
        "users": list(group.users),
    }


def view_payload(world: World, view: View, values: Json | None = None) -> Json:
    """A view object; `values` is what the person entered."""
    body = view.body
    return {
        "id": view.id,
        "team_id": world.team.id,
        "type": view.type,
        "blocks": list(view.blocks),
        "private_metadata": body.get("private_metadata") or "",
        "callback_id": body.get("callback_id") or "",
        "external_id": body.get("external_id") or "",
        "state": {"values": values or {}},
        "hash": view.hash,
        "title": body.get("title"),
        "close": body.get("close"),
        "submit": body.get("submit"),
        "clear_on_close": bool(body.get("clear_on_close")),
        "notify_on_close": bool(body.get("notify_on_close")),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": world.app.id,
        "app_installed_team_id": world.team.id,
        "bot_id": world.app.bot_id,
    }


def actor_payload(world: World, user: User) -> Json:
    """The person inside an interaction payload."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": world.team.id}


def envelope_of_interaction(world: World, credentials: Credentials, kind: str, user: User) -> Json:
    """What every interaction payload begins with."""
    return {
        "type": kind,
        "team": {"id": world.team.id, "domain": world.team.domain},
        "user": actor_payload(world, user),
        "api_app_id": world.app.id,
        "token": credentials.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
    }
