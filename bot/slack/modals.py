"""A `Form` as a modal, and its answers read back. Pure.

A question's `block_id` is the field's id. The place it was asked in travels in `private_metadata`: it says where
answers go, and proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.conversation import Place
from bot.markup import clean, without_markup
from bot.slack import limits
from bot.slack.limits import Block
from bot.slack.markup import clip
from commands.verbs.form import Field, Form, FormOption

CALLBACK = "form:"
_ANSWER = "answer"
_TICKED = "yes"
_ERROR = 500
"""Characters of what is said below a field."""


def form_view(form: Form, place: Place) -> Block:
    """Draw a form."""
    return {
        **_frame(form.title, form.verb, place),
        "submit": _plain(form.submit, limits.VIEW_BUTTON),
        "blocks": [_question(field) for field in form.fields[: limits.VIEW_BLOCKS]],
    }


def waiting_view(verb: str, place: Place) -> Block:
    """Draw what is shown until the form is known: a trigger lives three seconds only."""
    return {**_frame(verb, verb, place), "blocks": [_sentence("One moment, I am looking things up …")]}


def closing_view(title: str, sentence: str) -> Block:
    """Draw a modal that has nothing more to ask."""
    return {
        "type": "modal",
        "title": _plain(title, limits.VIEW_TITLE),
        "close": _plain("Close", limits.VIEW_BUTTON),
        "blocks": [_sentence(sentence)],
    }


def answers(state: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Read what was filled in, by field id."""
    return {field: _answer(elements[_ANSWER]) for field, elements in state.items() if _ANSWER in elements}


def field_errors(errors: Mapping[str, str], fields: tuple[str, ...]) -> dict[str, str]:
    """Place errors under their fields; one about no field in the modal goes under the first, or it would be lost."""
    placed: dict[str, str] = {}
    for field, error in errors.items():
        where = field if field in fields else fields[0]
        told = f"{placed[where]}; {error}" if where in placed else error
        placed[where] = clip(without_markup(clean(told)), _ERROR) or "This cannot be so."
    return placed


def _frame(title: str, verb: str, place: Place) -> Block:
    return {
        "type": "modal",
        "callback_id": f"{CALLBACK}{verb}"[: limits.ID],
        "private_metadata": json.dumps({"channel": place.channel, "thread": place.thread}),
        "title": _plain(title, limits.VIEW_TITLE),
        "close": _plain("Cancel", limits.VIEW_BUTTON),
    }


def _question(field: Field) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field.id,
        "label": _plain(field.label or field.id, limits.INPUT_LABEL),
        "optional": not field.required,
        "element": {"action_id": _ANSWER, **_element(field)},
    }
    if field.hint:
        block["hint"] = _plain(field.hint, limits.INPUT_HINT)
    return block


def _element(field: Field) -> Block:
    match field.kind:
        case "select":
            return _select(field)
        case "checkbox":
            return _checkbox(field)
        case "text" | "multiline":
            return _input(field)


def _input(field: Field) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": field.kind == "multiline"}
    if field.initial:
        element["initial_value"] = field.initial[: limits.INPUT_TEXT]
    return element | _placeholder(field)


def _select(field: Field) -> Block:
    options = [_option(option) for option in field.options[: limits.SELECT_OPTIONS]]
    element: Block = {"type": "static_select", "options": options}
    chosen = [option for option in options if option["value"] == field.initial]
    if chosen:
        element["initial_option"] = chosen[0]
    return element | _placeholder(field)


def _checkbox(field: Field) -> Block:
    said = field.options[0] if field.options else FormOption(_TICKED, field.label)
    option = _option(FormOption(_TICKED, said.label, said.hint))
    ticked = {"initial_options": [option]} if field.initial == _TICKED else {}
    return {"type": "checkboxes", "options": [option], **ticked}


def _option(option: FormOption) -> Block:
    made: Block = {"text": _plain(option.label or option.value, limits.OPTION_TEXT), "value": option.value}
    if option.hint:
        made["description"] = _plain(option.hint, limits.OPTION_DESCRIPTION)
    return made


def _placeholder(field: Field) -> Block:
    return {"placeholder": _plain(field.placeholder, limits.PLACEHOLDER)} if field.placeholder else {}


def _answer(element: Mapping[str, Any]) -> str:
    match element.get("type"):
        case "static_select":
            return str((element.get("selected_option") or {}).get("value", ""))
        case "checkboxes":
            return _TICKED if element.get("selected_options") else ""
        case _:
            return str(element.get("value") or "")


def _sentence(text: str) -> Block:
    return {"type": "section", "text": _plain(text, limits.SECTION)}


def _plain(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": clip(without_markup(clean(text)), most)}
