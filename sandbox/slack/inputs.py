"""What a person enters or picks, as the state values that an interaction carries; and what Slack's client checks first.

A value may be given simply (a string, a list of strings, an option's value) and is turned into Slack's form by the
kind of the element it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.slack.wire import Json

_HELD_AS = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
"""Under which key each kind of element holds what was picked; the others hold it as `value`."""

_STATELESS = ("button", "overflow", "image")


class NotPossible(Exception):
    """Something Slack's own client would not let a person do, such as pick an option that is not offered."""


def options_of(element: Json) -> list[Json]:
    """All options of an element, grouped or not."""
    grouped = [option for group in element.get("option_groups") or () for option in group["options"]]
    return [*(element.get("options") or ()), *grouped]


def picked(element: Json, value: Any) -> Json:
    """The part of state or action that says what was entered into `element`."""
    kind = element["type"]
    if isinstance(value, Mapping) and "type" in value:
        return dict(value)
    key = _HELD_AS.get(kind, "value")
    content: Any = value
    if kind == "button":
        content = element.get("value")
    elif key == "selected_option":
        content = None if value is None else _option(element, value)
    elif key == "selected_options":
        content = [_option(element, item) for item in value or ()]
    elif kind.startswith("multi_"):
        content = list(value or ())
    elif key == "value":
        content = None if value in (None, "") else str(value)
    return {"type": kind, key: content}


def _option(element: Json, value: Any) -> Json:
    for option in options_of(element):
        if value in (option["value"], option):
            return option
    raise NotPossible(f"{value!r} is not among the options of {element['action_id']}")


def initial(element: Json) -> Json:
    """What is in an element before anybody touches it."""
    kind = element["type"]
    key = _HELD_AS.get(kind, "value")
    untouched: Any = [] if key == "selected_options" or kind.startswith("multi_") else None
    given = element.get("initial_value" if key == "value" else key.replace("selected", "initial"))
    return {"type": kind, key: untouched if given is None else given}


def stateful_elements(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Every element of a surface that holds a value, with its block."""
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and "action_id" in element and element["type"] not in _STATELESS:
                yield block, element


def state_values(blocks: Sequence[Json], entered: Mapping[str, Any]) -> Json:
    """`state.values`: what was entered, by block_id (or block_id and action_id), over what was there initially.

    Raises NotPossible for a block_id or action_id that is not on the surface.
    """
    values: Json = {}
    places = {(block["block_id"], element["action_id"]): element for block, element in stateful_elements(blocks)}
    for (block_id, action_id), element in places.items():
        values.setdefault(block_id, {})[action_id] = initial(element)
    for block_id, given in entered.items():
        if block_id not in values:
            raise NotPossible(f"there is no input in a block {block_id!r}")
        by_action = isinstance(given, Mapping) and not isinstance(given.get("type"), str)
        for action_id, value in given.items() if by_action else [(next(iter(values[block_id])), given)]:
            if action_id not in values[block_id]:
                raise NotPossible(f"there is no input {action_id!r} in the block {block_id!r}")
            values[block_id][action_id] = picked(places[block_id, action_id], value)
    return values


def client_complaints(blocks: Sequence[Json], values: Json) -> dict[str, str]:
    """What Slack's client says about a form before it sends anything, by block_id."""
    complaints: dict[str, str] = {}
    for block, element in stateful_elements(blocks):
        if block["type"] != "input":
            continue
        entered = _content(values[block["block_id"]][element["action_id"]])
        if not entered:
            if not block.get("optional"):
                complaints[block["block_id"]] = "Please complete this required field."
            continue
        complaint = _complaint(element, entered)
        if complaint:
            complaints[block["block_id"]] = complaint
    return complaints


def _complaint(element: Json, entered: Any) -> str | None:
    if element["type"] == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if not least <= len(entered) <= most:
            return f"Please enter {least} to {most} characters."
    if element["type"] == "number_input":
        return _number_complaint(element, entered)
    return None


def _number_complaint(element: Json, entered: str) -> str | None:
    try:
        number = float(entered)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    if number < float(element.get("min_value", "-inf")):
        return f"Please enter at least {element['min_value']}."
    if number > float(element.get("max_value", "inf")):
        return f"Please enter at most {element['max_value']}."
    return None


def _content(value: Json) -> Any:
    return next((content for key, content in value.items() if key != "type"), None)
