"""Slack's limits, and `problems`, which says what in a message or modal is over them before Slack does.

The numbers are from the Block Kit reference, in characters or items. They are checked on the way out, since Slack's own
answer to one character too many is to show nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Block: TypeAlias = dict[str, Any]

TEXT = 40_000
BLOCKS = 50
BLOCKS_TEXT = 13_200
"""All text of a message's blocks together. Undocumented: near it, Slack answers `msg_blocks_too_long`."""
VIEW_BLOCKS = 100
VIEW_TITLE = 24
VIEW_BUTTON = 24
PRIVATE_METADATA = 3_000
ID = 255
"""Of a `block_id`, an `action_id` and a `callback_id`."""

HEADER = 150
SECTION = 3_000
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
INPUT_LABEL = 2_000
INPUT_HINT = 2_000
INPUT_TEXT = 3_000
PLACEHOLDER = 150

TABLE_ROWS = 100
TABLE_COLUMNS = 20
TABLE_TEXT = 10_000

BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
ACCESSIBILITY_LABEL = 75
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
OPTION_TEXT = 75
OPTION_VALUE = 150
OPTION_DESCRIPTION = 75
OVERFLOW_OPTIONS = 5
SELECT_OPTIONS = 100

_BY_KEY: Mapping[tuple[str, str], int] = {
    ("header", "text"): HEADER,
    ("section", "text"): SECTION,
    ("context", "text"): SECTION,
    ("button", "text"): BUTTON_TEXT,
    ("button", "value"): BUTTON_VALUE,
    ("button", "accessibility_label"): ACCESSIBILITY_LABEL,
    ("confirm", "title"): CONFIRM_TITLE,
    ("confirm", "text"): CONFIRM_TEXT,
    ("confirm", "confirm"): CONFIRM_BUTTON,
    ("confirm", "deny"): CONFIRM_BUTTON,
    ("option", "text"): OPTION_TEXT,
    ("option", "value"): OPTION_VALUE,
    ("option", "description"): OPTION_DESCRIPTION,
    ("input", "label"): INPUT_LABEL,
    ("input", "hint"): INPUT_HINT,
    ("element", "placeholder"): PLACEHOLDER,
    ("element", "initial_value"): INPUT_TEXT,
    ("view", "title"): VIEW_TITLE,
    ("view", "submit"): VIEW_BUTTON,
    ("view", "close"): VIEW_BUTTON,
}


def message_problems(text: str, blocks: Sequence[Block]) -> list[str]:
    """Say what Slack would refuse in a message of this text and these blocks."""
    found = [*_length("text", text, TEXT)]
    if not text.strip():
        found.append("text is empty: screen readers and notifications have nothing to read")
    found += _count("blocks", blocks, BLOCKS)
    if characters(blocks) > BLOCKS_TEXT:
        found.append(f"blocks: {characters(blocks)} characters in all, at most {BLOCKS_TEXT}")
    if sum(block["type"] == "table" for block in blocks) > 1:
        found.append("blocks: more than one table")
    return [*found, *_blocks(blocks)]


def view_problems(view: Block) -> list[str]:
    """Say what Slack would refuse in a modal."""
    found = [*_texts("view", view, "view"), *_count("blocks", view["blocks"], VIEW_BLOCKS)]
    found += _length("private_metadata", view.get("private_metadata", ""), PRIVATE_METADATA)
    found += _length("callback_id", view.get("callback_id", ""), ID)
    return [*found, *_blocks(view["blocks"])]


def characters(value: object) -> int:
    """Count the characters that a reader of these blocks sees."""
    if isinstance(value, dict):
        own = value.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(
            characters(part) for part in value.values() if isinstance(part, dict | list)
        )
    if isinstance(value, list | tuple):
        return sum(characters(part) for part in value)
    return 0


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(ids)) < len(ids):
        yield "blocks: a block_id is there twice"
    for position, block in enumerate(blocks):
        where = f"blocks[{position}]"
        yield from _length(f"{where}.block_id", block.get("block_id", ""), ID)
        yield from _texts(block["type"], block, where)
        yield from _elements(block, where)
        if block["type"] == "table":
            yield from _table(block, where)


def _elements(block: Block, where: str) -> Iterator[str]:
    elements = [*block.get("elements", ()), *([block["element"]] if "element" in block else [])]
    if block["type"] == "actions":
        yield from _count(where, elements, ACTIONS_ELEMENTS)
    if block["type"] == "context":
        yield from _count(where, elements, CONTEXT_ELEMENTS)
    ids = [element["action_id"] for element in elements if "action_id" in element]
    if len(set(ids)) < len(ids):
        yield f"{where}: an action_id is there twice"
    for place, element in enumerate(elements):
        here = f"{where}.elements[{place}]"
        yield from _length(f"{here}.action_id", element.get("action_id", ""), ID)
        yield from _texts("element", element, here)
        yield from _texts("context" if block["type"] == "context" else element["type"], element, here)
        yield from _texts("confirm", element.get("confirm", {}), f"{here}.confirm")
        if "options" in element:
            most = OVERFLOW_OPTIONS if element["type"] == "overflow" else SELECT_OPTIONS
            yield from _count(f"{here}.options", element["options"], most)
            for option in element["options"]:
                yield from _texts("option", option, f"{here}.options")


def _table(block: Block, where: str) -> Iterator[str]:
    yield from _count(f"{where}.rows", block["rows"], TABLE_ROWS)
    for row in block["rows"]:
        yield from _count(f"{where}.rows", row, TABLE_COLUMNS)
        if any(not cell["text"] for cell in row):
            yield f"{where}: a cell is empty"
    if characters(block) > TABLE_TEXT:
        yield f"{where}: {characters(block)} characters, at most {TABLE_TEXT}"


def _texts(kind: str, thing: Block, where: str) -> Iterator[str]:
    """Check the texts of a thing: bare ones, and those inside a text object."""
    for (of, key), most in _BY_KEY.items():
        if of != kind or key not in thing:
            continue
        value = thing[key]["text"] if isinstance(thing[key], dict) else thing[key]
        if not value:
            yield f"{where}.{key} is empty"
        yield from _length(f"{where}.{key}", value, most)


def _length(where: str, text: str, most: int) -> Iterator[str]:
    if len(text) > most:
        yield f"{where}: {len(text)} characters, at most {most}"


def _count(where: str, items: Sequence[object], most: int) -> Iterator[str]:
    if len(items) > most:
        yield f"{where}: {len(items)} items, at most {most}"
