"""What Slack takes as a modal or a Home tab, and how it refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from typing import Any

from sandbox.slack import limits
from sandbox.slack.blocks import view_block_problems
from sandbox.slack.elements import plain_text
from sandbox.slack.refusal import Refused, invalid_arguments
from sandbox.slack.schema import anything, boolean, fields, string
from sandbox.slack.wire import Json

_COMMON = {
    "private_metadata": string(limits.VIEW_PRIVATE_METADATA),
    "callback_id": string(limits.VIEW_CALLBACK_ID),
    "external_id": string(limits.VIEW_EXTERNAL_ID),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "close": plain_text(limits.VIEW_CLOSE),
    "submit": plain_text(limits.VIEW_SUBMIT),
    "submit_disabled": boolean,
}
_SHAPES = {
    "modal": fields(
        {"type": anything, "title": plain_text(limits.VIEW_TITLE), "blocks": anything},
        _COMMON,
    ),
    "home": fields({"type": anything, "blocks": anything}, {**_COMMON, "title": plain_text(limits.VIEW_TITLE)}),
}


def check_view(body: Any, kind: str, *, taken_external_ids: AbstractSet[str] = frozenset()) -> Json:
    """The view as it came if Slack would show it as a `kind` (modal or home); Refused otherwise."""
    if not isinstance(body, dict):
        raise invalid_arguments("must provide an object [json-pointer:/view]")
    if body.get("type") != kind:
        raise invalid_arguments(f"must be of type {kind} [json-pointer:/view/type]")
    problems = [*_SHAPES[kind](body, "/view"), *view_block_problems(body.get("blocks"))]
    if not problems and kind == "modal" and not body.get("submit") and _has_inputs(body):
        problems.append("missing required field: submit [json-pointer:/view]")
    if problems:
        raise invalid_arguments(*problems)
    if len(json.dumps(body)) > limits.VIEW_BYTES:
        raise Refused("view_too_large")
    if body.get("external_id") and body["external_id"] in taken_external_ids:
        raise Refused("duplicate_external_id")
    return body


def _has_inputs(body: Json) -> bool:
    return any(block["type"] == "input" for block in body["blocks"])
