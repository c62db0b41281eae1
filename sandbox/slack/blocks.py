"""Block Kit as Slack enforces it: `message_block_problems` and `view_block_problems` list what Slack would refuse.

Pure: they take JSON and give problems in Slack's words, none for blocks that Slack would show. Block types that are
missing here are refused, so that a bot cannot come to rely on something nobody has checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.slack import elements, limits
from sandbox.slack.schema import (
    Rule,
    anything,
    array,
    boolean,
    by_type,
    choice,
    fields,
    first_failing,
    integer,
    problem,
    string,
)


def _block(required: dict[str, Rule] | None = None, **optional: Rule) -> Rule:
    """A block: its own fields beside `type` and `block_id`."""
    return fields({"type": anything, **(required or {})}, {"block_id": string(limits.BLOCK_ID), **optional})


def _section_says_something(value: Any, pointer: str) -> Iterator[str]:
    if value.get("text") is None and value.get("fields") is None:
        yield problem("missing required field: text", pointer)


def _has_picture(value: Any, pointer: str) -> Iterator[str]:
    if (value.get("image_url") is None) == (value.get("slack_file") is None):
        yield problem("exactly one of image_url and slack_file required", pointer)


_STYLE = fields({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))


def _leaf(required: dict[str, Rule], **optional: Rule) -> Rule:
    return fields({"type": anything, **required}, {"style": _STYLE, **optional})


_LEAF = by_type(
    {
        "text": _leaf({"text": string(shortest=1)}),
        "link": _leaf({"url": string(limits.BUTTON_URL, shortest=1)}, text=string(), unsafe=boolean),
        "emoji": _leaf({"name": string(shortest=1)}, unicode=string()),
        "user": _leaf({"user_id": string(shortest=1)}),
        "usergroup": _leaf({"usergroup_id": string(shortest=1)}),
        "channel": _leaf({"channel_id": string(shortest=1)}),
        "broadcast": _leaf({"range": choice("here", "channel", "everyone")}),
        "date": _leaf({"timestamp": integer(), "format": string(shortest=1)}, url=string(), fallback=string()),
        "color": _leaf({"value": string(shortest=1)}),
    }
)
_SECTION = fields({"type": anything, "elements": array(_LEAF, least=0)})
_LIST_ITEM = by_type({"rich_text_section": _SECTION})

_RICH_TEXT_PART = by_type(
    {
        kind: fields(
            {"type": anything, "elements": array(_LIST_ITEM if kind == "rich_text_list" else _LEAF, least=0)}, more
        )
        for kind, more in {
            "rich_text_section": {},
            "rich_text_preformatted": {"border": integer(0, 1), "language": string()},
            "rich_text_quote": {"border": integer(0, 1)},
            "rich_text_list": {
                "style": choice("bullet", "ordered"),
                "indent": integer(0, 8),
                "offset": integer(),
                "border": integer(0, 1),
            },
        }.items()
    }
)

_RICH_TEXT = _block({"elements": array(_RICH_TEXT_PART)})

_TABLE_CELL = by_type(
    {
        "raw_text": fields({"type": anything, "text": string(shortest=1)}),
        "rich_text": _RICH_TEXT,
    }
)

_EVERYWHERE: dict[str, Rule] = {
    "section": first_failing(
        _block(
            text=elements.any_text(limits.SECTION_TEXT),
            fields=array(elements.any_text(limits.SECTION_FIELD), limits.SECTION_FIELDS),
            accessory=elements.ACCESSORY,
            expand=boolean,
        ),
        _section_says_something,
    ),
    "header": _block({"text": elements.plain_text(limits.HEADER_TEXT)}),
    "divider": _block(),
    "context": _block({"elements": array(elements.CONTEXT, limits.CONTEXT_ELEMENTS)}),
    "actions": _block({"elements": array(elements.ACTIONS, limits.ACTIONS_ELEMENTS)}),
    "input": _block(
        {"label": elements.plain_text(limits.INPUT_LABEL), "element": elements.INPUT},
        hint=elements.plain_text(limits.INPUT_HINT),
        optional=boolean,
        dispatch_action=boolean,
    ),
    "image": first_failing(
        _block(
            {"alt_text": string(limits.IMAGE_ALT_TEXT)},
            image_url=string(limits.IMAGE_URL),
            slack_file=anything,
            title=elements.plain_text(limits.IMAGE_TITLE),
        ),
        _has_picture,
    ),
    "rich_text": _RICH_TEXT,
}

_MESSAGES_ONLY: dict[str, Rule] = {
    "markdown": _block({"text": string(limits.MARKDOWN_TEXT, shortest=1)}),
    "table": _block(
        {"rows": array(array(_TABLE_CELL, limits.TABLE_COLUMNS), limits.TABLE_ROWS)},
        column_settings=array(anything, limits.TABLE_COLUMNS, least=0),
    ),
}

_MESSAGE = array(by_type({**_EVERYWHERE, **_MESSAGES_ONLY}), limits.MESSAGE_BLOCKS, least=0)
_VIEW = array(by_type(_EVERYWHERE), limits.VIEW_BLOCKS, least=0)


def message_block_problems(blocks: Sequence[Any]) -> list[str]:
    """What Slack would refuse of these blocks in a message."""
    problems = [*_MESSAGE(list(blocks), "/blocks"), *_repeated_ids(blocks, "/blocks")]
    tables = [block for block in blocks if isinstance(block, dict) and block.get("type") == "table"]
    if len(tables) > 1:
        problems.append(problem("only_one_table_allowed", "/blocks"))
    if text_length(tables) > limits.TABLE_TEXT:
        problems.append(problem(f"table text must be less than {limits.TABLE_TEXT + 1} characters", "/blocks"))
    return problems


def view_block_problems(blocks: Any, pointer: str = "/view/blocks") -> list[str]:
    """What Slack would refuse of these blocks in a modal or Home tab."""
    problems = list(_VIEW(blocks, pointer))
    if isinstance(blocks, list):
        problems += _repeated_ids(blocks, pointer)
    return problems


def _repeated_ids(blocks: Sequence[Any], pointer: str) -> Iterator[str]:
    """block_ids are unique in a surface, action_ids in a block."""
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in seen:
                yield problem(f"`block_id` must be unique: {block_id}", f"{pointer}/{position}/block_id")
            seen.add(block_id)
        acted: set[str] = set()
        nested = block.get("elements")
        for place, element in enumerate(nested if isinstance(nested, list) else ()):
            action_id = element.get("action_id") if isinstance(element, dict) else None
            if isinstance(action_id, str):
                if action_id in acted:
                    yield problem(
                        f"`action_id` must be unique in its block: {action_id}",
                        f"{pointer}/{position}/elements/{place}/action_id",
                    )
                acted.add(action_id)


def text_length(value: Any) -> int:
    """Characters of all text that a reader of these blocks sees."""
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(
            text_length(part) for part in value.values() if isinstance(part, dict | list)
        )
    if isinstance(value, list | tuple):
        return sum(text_length(part) for part in value)
    return 0
