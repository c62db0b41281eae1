"""What a message says: text, blocks, attachments and metadata, checked as Slack checks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.slack import limits
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import message_block_problems, text_length
from sandbox.slack.payloads import with_ids
from sandbox.slack.refusal import Refused
from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a message its author chooses."""

    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    metadata: Json | None = None


def read_content(arguments: Arguments, *, editing: bool = False) -> Content:
    """The content in `arguments`, or Refused.

    A new message needs text, blocks or attachments. An edit may leave out what it leaves alone, but not everything.
    """
    text = arguments.text("text")
    if len(text) > limits.MESSAGE_TEXT:
        raise Refused("msg_too_long")
    blocks = read_blocks(arguments.structure("blocks", "invalid_blocks_format"))
    attachments = _attachments(arguments.structure("attachments", "invalid_attachments"))
    metadata = _metadata(arguments.structure("metadata", "invalid_metadata_format"))
    touched = any(name in arguments for name in ("blocks", "attachments", "metadata"))
    if not text.strip() and not blocks and not attachments and not (editing and touched and "text" not in arguments):
        raise Refused("no_text")
    return Content(text, blocks, attachments, metadata)


def read_blocks(value: Any) -> tuple[Json, ...]:
    """Blocks of a message with their ids filled in; Refused if Slack would not show them."""
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(b, dict) for b in value):
        raise Refused("invalid_blocks_format")
    problems = message_block_problems(value)
    if problems:
        raise Refused("invalid_blocks", [f"[ERROR] {problem}" for problem in problems])
    if text_length(value) > limits.MESSAGE_BLOCKS_TEXT:
        raise Refused("msg_blocks_too_long")
    return with_ids(value)


def _attachments(value: Any) -> tuple[Json, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refused("invalid_attachments")
    if len(value) > limits.MESSAGE_ATTACHMENTS:
        raise Refused("too_many_attachments")
    for attachment in value:
        read_blocks(attachment.get("blocks"))
    return tuple(value)


def _metadata(value: Any) -> Json | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        raise Refused("invalid_metadata_format")
    if not isinstance(value.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(value["event_payload"])) > limits.METADATA_BYTES:
        raise Refused("metadata_too_large")
    return value
