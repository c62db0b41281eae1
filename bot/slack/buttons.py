"""Choices as buttons, and a pressed button read back.

At most three stand side by side, the rest in menus. A menu cannot ask again before one of its lines and holds short
values only, so choices with a confirmation or a long value stay buttons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.markup import clean, without_markup
from bot.slack import limits
from bot.slack.limits import Block
from bot.slack.markup import clip
from commands.report import Choice

SIDE_BY_SIDE = 3
PREFIX = "choice:"
_ACTION = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MENU = f"{PREFIX}:"
"""Prefix of a menu's `action_id`: which action is meant stands in the chosen option's value."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button or menu line asks for. Both come from outside: hints to look things up by."""

    action: str
    value: str


def buttons(choices: Sequence[Choice], more: Sequence[Choice], about: str) -> tuple[Block | None, int]:
    """Give an actions block, or None, and how many choices found no room in it. `about` is what they decide on.

    `more` are for the menu from the outset; of the others those that stand beyond the third go there too.
    """
    able = [choice for choice in choices if _fits_button(choice)]
    rest = [*able[SIDE_BY_SIDE:], *(choice for choice in more if _fits_button(choice))]
    menu = [choice for choice in rest if _fits_option(choice)]
    single = [*able[:SIDE_BY_SIDE], *(choice for choice in rest if not _fits_option(choice))]
    if len(menu) == 1 and (len(single) < SIDE_BY_SIDE or not more):  # a menu of one is a button of two clicks
        single, menu = [*single, *menu], []
    elements = [
        *(_button(choice, position, about) for position, choice in enumerate(single)),
        *_menus(menu),
    ]
    shown = elements[: limits.ACTIONS_ELEMENTS]
    count = sum(len(element.get("options", "x")) for element in shown)
    return ({"type": "actions", "elements": shown} if shown else None), len(choices) + len(more) - count


def pressed(element: Mapping[str, Any]) -> Pressed | None:
    """Read a pressed element of a payload back; None if it is not one of ours."""
    action_id = element.get("action_id", "")
    if not isinstance(action_id, str) or not action_id.startswith(PREFIX):
        return None
    if action_id.startswith(_MENU):
        action, colon, value = str((element.get("selected_option") or {}).get("value", "")).partition(":")
        return Pressed(action, value) if colon and action else None
    action = action_id.removeprefix(PREFIX).rpartition(":")[0]
    return Pressed(action, str(element.get("value") or "")) if action else None


def _fits_button(choice: Choice) -> bool:
    """Say whether the choice can be a button at all; a cut value would ask for something else."""
    whole = len(choice.value) <= limits.BUTTON_VALUE and clean(choice.value) == choice.value
    return whole and _ACTION.fullmatch(choice.action) is not None


def _fits_option(choice: Choice) -> bool:
    return not choice.confirm and len(f"{choice.action}:{choice.value}") <= limits.OPTION_VALUE


def _button(choice: Choice, position: int, about: str) -> Block:
    label = _label(choice)
    button: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": clip(label, limits.BUTTON_TEXT), "emoji": True},
        "action_id": f"{PREFIX}{choice.action}:{position}",
        "accessibility_label": clip(f"{label}: {without_markup(about)}", limits.ACCESSIBILITY_LABEL),
    }
    if choice.value:
        button["value"] = choice.value
    if choice.style in {"primary", "danger"}:
        button["style"] = choice.style
    if choice.confirm:
        button["confirm"] = _confirm(choice, label)
    return button


def _confirm(choice: Choice, label: str) -> Block:
    dialog: Block = {
        "title": {"type": "plain_text", "text": clip(label, limits.CONFIRM_TITLE)},
        "text": {"type": "plain_text", "text": clip(without_markup(choice.confirm), limits.CONFIRM_TEXT)},
        "confirm": {"type": "plain_text", "text": clip(label, limits.CONFIRM_BUTTON)},
        "deny": {"type": "plain_text", "text": "Go back"},
    }
    if choice.style in {"primary", "danger"}:
        dialog["style"] = choice.style
    return dialog


def _menus(choices: Sequence[Choice]) -> Iterator[Block]:
    for number, start in enumerate(range(0, len(choices), limits.OVERFLOW_OPTIONS)):
        yield {
            "type": "overflow",
            "action_id": f"{_MENU}{number}",
            "options": [
                {
                    "text": {"type": "plain_text", "text": clip(_label(choice), limits.OPTION_TEXT), "emoji": True},
                    "value": f"{choice.action}:{choice.value}",
                }
                for choice in choices[start : start + limits.OVERFLOW_OPTIONS]
            ],
        }


def _label(choice: Choice) -> str:
    return choice.label.strip() or choice.action
