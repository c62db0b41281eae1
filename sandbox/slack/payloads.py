"""Slack's shapes of things: how messages, users, channels and views look inside answers and events."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sandbox.slack.grants import Credentials
from sandbox.slack.records import File, Message, View
from sandbox.slack.store import Store
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel, User, UserGroup, World


def with_block_ids(blocks: Sequence[Json]) -> tuple[Json, ...]:
    """The blocks with a block_id each, as Slack fills them in."""
    return tuple({**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]} for block in blocks)


def message_payload(store: Store, message: Message, *, with_metadata: bool = True) -> Json:
    """A message as history, answers and interactions carry it."""
    team = store.world.team.id
    payload: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": team}
    if message.bot_id:
        app = store.world.app
        payload |= {
            "bot_id": message.bot_id,
            "app_id": app.id,
            "bot_profile": {"id": message.bot_id, "app_id": app.id, "name": app.bot_user.name, "team_id": team},
        }
    if message.blocks:
        payload["blocks"] = list(message.blocks)
    if message.attachments:
        payload["attachments"] = list(message.attachments)
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
        if message.is_reply:
            parent = store.find(message.channel, message.thread_ts)
            if parent is not None:
                payload["parent_user_id"] = parent.user
    replies = [] if message.is_reply or message.visible_to else store.thread(message.channel, message.ts)
    if replies:
        payload |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": sorted({reply.user for reply in replies}),
            "reply_users_count": len({reply.user for reply in replies}),
            "latest_reply": replies[-1].ts,
        }
    if message.edited:
        payload["edited"] = {"user": message.user, "ts": message.edited}
    if message.reactions:
        payload["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions
        ]
    if message.metadata and with_metadata:
        payload["metadata"] = message.metadata
    if message.files:
        payload["files"] = [file_payload(store.files[file_id]) for file_id in message.files]
    if message.visible_to:
        payload |= {"is_ephemeral": True}
    return payload


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
