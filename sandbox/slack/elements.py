"""The shapes of Block Kit's text objects and interactive elements, as rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack import limits
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


def plain_text(longest: int) -> Rule:
    """A plain_text object."""
    return by_type(
        {"plain_text": fields({"type": anything, "text": string(longest, shortest=1)}, {"emoji": boolean})},
    )


def any_text(longest: int) -> Rule:
    """A plain_text or mrkdwn object."""
    content = {"type": anything, "text": string(longest, shortest=1)}
    return by_type(
        {"plain_text": fields(content, {"emoji": boolean}), "mrkdwn": fields(content, {"verbatim": boolean})},
    )


CONFIRM = fields(
    {
        "title": plain_text(limits.CONFIRM_TITLE),
        "text": any_text(limits.CONFIRM_TEXT),
        "confirm": plain_text(limits.CONFIRM_CONFIRM),
        "deny": plain_text(limits.CONFIRM_DENY),
    },
    {"style": choice("primary", "danger")},
)

_PLACEHOLDER = plain_text(limits.PLACEHOLDER)
_ACTION_ID = string(limits.ACTION_ID, shortest=1)
_DISPATCH = fields({}, {"trigger_actions_on": array(choice("on_enter_pressed", "on_character_entered"), 2)})


def _option(text: Rule, **more: Rule) -> Rule:
    return fields(
        {"text": text, "value": string(limits.OPTION_VALUE, shortest=1)},
        {"description": plain_text(limits.OPTION_DESCRIPTION), **more},
    )


_OPTION = _option(plain_text(limits.OPTION_TEXT))
_RICH_OPTION = fields(
    {"text": any_text(limits.OPTION_TEXT), "value": string(limits.OPTION_VALUE, shortest=1)},
    {"description": any_text(limits.OPTION_DESCRIPTION)},
)
_OPTION_GROUP = fields(
    {"label": plain_text(limits.OPTION_GROUP_LABEL), "options": array(_OPTION, limits.SELECT_OPTIONS)},
)


def _element(required: Mapping[str, Rule] | None = None, /, **optional: Rule) -> Rule:
    """An interactive element: what it needs, what it may have, and what all may have."""
    common = {"action_id": _ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean}
    return fields({"type": anything, **(required or {})}, {**common, **optional})


def _needs_options(value: Any, pointer: str) -> Iterator[str]:
    if ("options" in value) == ("option_groups" in value):
        yield problem("exactly one of options and option_groups required", pointer)


def _initial_among_options(value: Any, pointer: str) -> Iterator[str]:
    chosen = value.get("initial_options") or [value["initial_option"]] if _has_initial(value) else []
    options = [*(value.get("options") or ())]
    for group in value.get("option_groups") or ():
        options += group.get("options") or () if isinstance(group, dict) else ()
    for option in chosen:
        if option not in options:
            yield problem("must match one of the options", f"{pointer}/initial_option")


def _has_initial(value: Any) -> bool:
    return value.get("initial_option") is not None or bool(value.get("initial_options"))


def _select(**optional: Rule) -> Rule:
    shape = _element(
        placeholder=_PLACEHOLDER,
        options=array(_OPTION, limits.SELECT_OPTIONS),
        option_groups=array(_OPTION_GROUP, limits.SELECT_OPTION_GROUPS),
        **optional,
    )
    return first_failing(shape, _needs_options, _initial_among_options)


def _listed(option: Rule, most: int, **optional: Rule) -> Rule:
    return first_failing(_element({"options": array(option, most)}, **optional), _initial_among_options)


def _remote_select(kind: str) -> dict[str, Rule]:
    """The single and multiple select over something Slack knows: users, channels or conversations."""
    initial = f"initial_{kind.removesuffix('s')}"
    return {
        f"{kind}_select": _element(
            placeholder=_PLACEHOLDER,
            response_url_enabled=boolean,
            default_to_current_conversation=boolean,
            filter=anything,
            **{initial: string()},
        ),
        f"multi_{kind}_select": _element(
            placeholder=_PLACEHOLDER,
            max_selected_items=integer(1),
            default_to_current_conversation=boolean,
            filter=anything,
            **{f"{initial}s": array(string(), least=0)},
        ),
    }


BUTTON = _element(
    {"text": plain_text(limits.BUTTON_TEXT)},
    value=string(limits.BUTTON_VALUE),
    url=string(limits.BUTTON_URL),
    style=choice("primary", "danger"),
    accessibility_label=string(limits.BUTTON_ACCESSIBILITY_LABEL),
)

IMAGE_ELEMENT = fields(
    {"type": anything, "alt_text": string(limits.IMAGE_ALT_TEXT)},
    {"image_url": string(limits.IMAGE_URL), "slack_file": anything},
)

_TYPED = {"placeholder": _PLACEHOLDER, "dispatch_action_config": _DISPATCH}

PRESSED: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": _element(
        {"options": array(_option(plain_text(limits.OPTION_TEXT), url=string(limits.OPTION_URL)), 5)},
    ),
    "static_select": _select(initial_option=anything),
    "multi_static_select": _select(initial_options=anything, max_selected_items=integer(1)),
    "external_select": _element(placeholder=_PLACEHOLDER, initial_option=anything, min_query_length=integer()),
    **_remote_select("users"),
    **_remote_select("channels"),
    **_remote_select("conversations"),
    "checkboxes": _listed(_RICH_OPTION, limits.CHECKBOX_OPTIONS, initial_options=anything),
    "radio_buttons": _listed(_RICH_OPTION, limits.RADIO_OPTIONS, initial_option=anything),
    "datepicker": _element(placeholder=_PLACEHOLDER, initial_date=string(10)),
    "timepicker": _element(placeholder=_PLACEHOLDER, initial_time=string(5), timezone=string()),
    "datetimepicker": _element(initial_date_time=integer()),
}
"""Elements that act at once when used: in actions blocks and as a section's accessory."""

TYPED: dict[str, Rule] = {
    "plain_text_input": _element(
        initial_value=string(limits.INPUT_TEXT),
        multiline=boolean,
        min_length=integer(0, limits.INPUT_TEXT),
        max_length=integer(1, limits.INPUT_TEXT),
        **_TYPED,
    ),
    "number_input": _element(
        {"is_decimal_allowed": boolean}, initial_value=string(), min_value=string(), max_value=string(), **_TYPED
    ),
    "email_text_input": _element(initial_value=string(), **_TYPED),
    "url_text_input": _element(initial_value=string(), **_TYPED),
    "file_input": _element(filetypes=array(string()), max_files=integer(1, limits.FILE_INPUT_FILES)),
}
"""Elements that are filled in: in input blocks only."""

_INPUT_ONLY_NOT = ("button", "overflow")

ACTIONS = by_type(PRESSED)
ACCESSORY = by_type({**PRESSED, "image": IMAGE_ELEMENT})
INPUT = by_type({**{kind: rule for kind, rule in PRESSED.items() if kind not in _INPUT_ONLY_NOT}, **TYPED})
CONTEXT = by_type({"image": IMAGE_ELEMENT, "plain_text": plain_text(limits.TEXT), "mrkdwn": any_text(limits.TEXT)})
