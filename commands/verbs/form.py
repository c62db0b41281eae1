"""A verb's questions as data, for those who would rather fill in than type: a modal in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FormOption:
    """One line of a field to choose from. `value` is what comes back."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. Its answer is text: for a checkbox `yes`, or empty when it is not ticked."""

    id: str
    label: str
    hint: str = ""
    kind: Literal["text", "multiline", "select", "checkbox"] = "text"
    options: tuple[FormOption, ...] = ()
    """What a select offers. A checkbox has at most one: its label is the sentence beside the box."""
    required: bool = True
    initial: str = ""
    """Text, the value of the option chosen beforehand, or `yes` for a ticked box."""
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A verb's questions, for those who would rather fill in than type."""

    title: str
    verb: str
    fields: tuple[Field, ...]
    submit: str = "Continue"
