"""files.*: the two-step upload, and files.info."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import replace

from sandbox.slack.arguments import Arguments
from sandbox.slack.content import read_blocks
from sandbox.slack.methods.call import Call, Method
from sandbox.slack.payloads import file_payload
from sandbox.slack.records import File, Message
from sandbox.slack.refusal import Refused, invalid_arguments
from sandbox.slack.store import new_id
from sandbox.slack.wire import Json
from sandbox.slack.world import Channel


async def get_upload_url(call: Call) -> Json:
    """An address to post `length` bytes to."""
    name = call.arguments.required("filename")
    length = call.arguments.number("length", 0)
    if length <= 0:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    file = File(
        id=new_id("F"),
        name=name,
        title=name,
        user=call.bot.id,
        size=length,
        mimetype=mimetypes.guess_type(name)[0] or "text/plain",
        alt_text=call.arguments.text("alt_txt"),
        created=int(call.store.clock()),
        upload_key=secrets.token_urlsafe(18),
    )
    call.store.keep_file(file)
    return {"upload_url": f"{call.site.url}/upload/v1/{file.id}/{file.upload_key}", "file_id": file.id}


async def complete_upload(call: Call) -> Json:
    """Give uploaded files their titles and, with a channel, share them there in one message."""
    channels = _channels(call)
    files = [_uploaded(call, entry) for entry in _entries(call)]
    for file in files:
        call.store.keep_file(replace(file, shared_in=tuple(channel.id for channel in channels)))
    for channel in channels:
        call.store.post(
            Message(
                channel=channel.id,
                ts=call.store.timestamps.next(),
                user=call.bot.id,
                text=call.arguments.text("initial_comment"),
                blocks=read_blocks(call.arguments.structure("blocks", "invalid_blocks_format")),
                thread_ts=call.arguments.text("thread_ts") or None,
                bot_id=call.site.world.app.bot_id,
                files=tuple(file.id for file in files),
            )
        )
    return {"files": [file_payload(call.store.files[file.id]) for file in files]}


def _entries(call: Call) -> list[Json]:
    entries = call.arguments.structure("files")
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) and "id" in e for e in entries):
        raise invalid_arguments("missing required field: files")
    return entries


def _uploaded(call: Call, entry: Json) -> File:
    file = call.store.files.get(str(entry["id"]))
    if file is None or file.content is None:
        raise Refused("file_not_found")
    return replace(file, title=str(entry.get("title") or file.name))


def _channels(call: Call) -> list[Channel]:
    wanted = call.arguments.text("channel_id") or call.arguments.text("channels")
    return [
        Call(call.site, Arguments({"channel": channel_id})).writable_channel()
        for channel_id in wanted.split(",")
        if channel_id
    ]


async def info(call: Call) -> Json:
    """What is known of a file."""
    file = call.store.files.get(call.arguments.required("file"))
    if file is None:
        raise Refused("file_not_found")
    return {"file": file_payload(file)}


METHODS = (
    Method("files.getUploadURLExternal", get_upload_url, ("files:write",)),
    Method("files.completeUploadExternal", complete_upload, ("files:write",)),
    Method("files.info", info, ("files:read",)),
)
