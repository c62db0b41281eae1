"""What a person enters or picks, as the state values that an interaction carries; and what Slack's client checks first.

A value may be given simply (a string, a list of strings, an option's value) and is turned into Slack's form by the
kind of the element it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.slack.wire import Json

_SINGLE_REMOTE = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
_MANY_REMOTE = {
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
}
_ONE_OPTION = ("static_select", "radio_buttons", "external_select", "overflow")
_MANY_OPTIONS = ("multi_static_select", "checkboxes", "multi_external_select")
_STATELESS = ("button", "overflow", "image")


class NotPossible(Exception):  # noqa: N818 - the client prevents it; nothing of ours went wrong
    """Something Slack's own client would not let a person do, such as pick an option that is not offered."""


def options_of(element: Json) -> list[Json]:
    """All options of an element, grouped or not."""
    grouped = [option for group in element.get("option_groups") or () for option in group["options"]]
    return [*(element.get("options") or ()), *grouped]


def picked(element: Json, value: Any) -> Json:  # noqa: ANN401 - a person's simple or Slack's own form
    """The part of state or action that says what was entered into `element`."""
    kind = element["type"]
    if isinstance(value, Mapping) and "type" in value:
        return dict(value)
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": None if value is None else _option(element, value)}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": [_option(element, item) for item in value or ()]}
    if kind in _SINGLE_REMOTE:
        return {"type": kind, _SINGLE_REMOTE[kind]: value}
    if kind in _MANY_REMOTE:
        return {"type": kind, _MANY_REMOTE[kind]: list(value or ())}
    if kind == "button":
        return {"type": kind, "value": element.get("value")}
    return {"type": kind, "value": None if value in (None, "") else str(value)}


def _option(element: Json, value: Any) -> Json:  # noqa: ANN401 - see picked
    for option in options_of(element):
        if value in (option["value"], option):
            return option
    raise NotPossible(f"{value!r} is not among the options of {element['action_id']}")


def initial(element: Json) -> Json:
    """What is in an element before anybody touches it."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _MANY_OPTIONS:
        return {"type": kind, "selected_options": list(element.get("initial_options") or ())}
    for table in (_SINGLE_REMOTE, _MANY_REMOTE):
        if kind in table:
            key = table[kind]
            empty: Any = [] if table is _MANY_REMOTE else None
            return {"type": kind, key: element.get(key.replace("selected", "initial"), empty)}
    return {"type": kind, "value": element.get("initial_value")}


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
        by_action = isinstance(given, Mapping) and "type" not in given and "value" not in given
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


def _complaint(element: Json, entered: Any) -> str | None:  # noqa: ANN401 - whatever the element holds
    if element["type"] == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if len(entered) < least:
            return f"Please enter at least {least} characters."
        if len(entered) > most:
            return f"Please enter at most {most} characters."
    if element["type"] == "number_input":
        try:
            number = float(entered)
        except ValueError:
            return "Please enter a number."
        if not element.get("is_decimal_allowed") and not number.is_integer():
            return "Please enter a whole number."
        if "min_value" in element and number < float(element["min_value"]):
            return f"Please enter at least {element['min_value']}."
        if "max_value" in element and number > float(element["max_value"]):
            return f"Please enter at most {element['max_value']}."
    return None


def _content(value: Json) -> Any:  # noqa: ANN401 - whatever the element holds
    return next((content for key, content in value.items() if key != "type"), None)
