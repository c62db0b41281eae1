"""Mistakes in the configuration, told all at once: each with its key, what is wrong and the right form.

Nothing that an operator wrote as a value is repeated unless a validator of ours chose to, and what looks like a Slack
token never is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]

_TOKEN = re.compile(r"x(ox[a-z]|app)-[\w-]+", re.IGNORECASE)
_BARE = re.compile(r"[\w-]+", re.ASCII)
_RIGHT_FORM: Mapping[str, str] = {
    "missing": "is missing",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be a list",
    "string_type": "must be text in quotes",
    "path_type": "must be a path in quotes",
    "too_short": "must not be empty",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `key` is as in the settings file, `clusters.web.vips[1]`; `origin` says where it was written."""

    key: str
    message: str
    origin: str = ""

    def __str__(self) -> str:
        where = f" (from {self.origin})" if self.origin else ""
        return f"{self.key}{where}: {self.message}" if self.key else f"{self.message}{where}"


class ConfigurationProblems(Exception):
    """The configuration cannot be used. `problems` holds every mistake found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def at(location: Location, message: str) -> ValidationError:
    """Return a validation error for a key below the model under validation, to be raised by its validators."""
    error = PydanticCustomError("misplaced", "{words}", {"words": message})
    return ValidationError.from_exception_data("settings", [InitErrorDetails(type=error, loc=location, input=None)])


def together(*errors: ValidationError) -> ValidationError:
    """Return several validation errors of the model under validation as one, so that none hides the others."""
    return ValidationError.from_exception_data(
        "settings",
        [
            # its words are final: pydantic would have to be given its own kinds with all that they are worded from
            InitErrorDetails(
                type=PydanticCustomError(each["type"], "{words}", {**each.get("ctx", {}), "words": each["msg"]}),
                loc=each["loc"],
                input=None,
            )
            for error in errors
            for each in error.errors(include_input=False, include_url=False)
        ],
    )


def misspelt(given: Iterable[object], known: Iterable[str]) -> frozenset[str]:
    """Return the known keys that some unknown key is taken to mean: what is only misspelt is not missing too."""
    known = tuple(known)
    return frozenset(near for name in given if name not in known and (near := _nearest(str(name), known)))


def key_of(location: Location) -> str:
    """Write a location as the settings file would: `clusters.web.vips[1]`."""
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        elif part != "[key]":
            name = part if _BARE.fullmatch(part) else repr(part[:40])
            key += f".{name}" if key else name
    return scrubbed(key)


def scrubbed(text: str) -> str:
    """Return the text without anything that looks like a Slack token."""
    return _TOKEN.sub("(a token)", text)


def problems_of(error: ValidationError, root: type[BaseModel]) -> list[tuple[Location, Problem]]:
    """Say pydantic's errors in the words of the settings file, each beside its location.

    A list whose only entry is wrong is told as "too short" as well: that follows from the entry and is left out.
    """
    errors = error.errors(include_input=False, include_url=False)
    found = {each["loc"] for each in errors}
    return [
        (each["loc"], _problem(each, root))
        for each in errors
        if each["type"] != "too_short" or not any(_below(other, each["loc"]) for other in found)
    ]


def _below(location: Location, table: Location) -> bool:
    return len(location) > len(table) and location[: len(table)] == table


def _problem(error: ErrorDetails, root: type[BaseModel]) -> Problem:
    location = error["loc"]
    message = _RIGHT_FORM.get(error["type"], "")
    if error["type"] == "extra_forbidden":
        message = _unknown_key(str(location[-1]), _keys_at(root, location[:-1]))
    elif error["type"] == "literal_error":
        message = f"must be {error['ctx']['expected']}"
    elif not message:
        message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return Problem(key_of(location), scrubbed(message))


def _unknown_key(name: str, known: tuple[str, ...]) -> str:
    near = _nearest(name, known)
    if near:
        return f"there is no such key; did you mean `{near}`?"
    return f"there is no such key; the keys here are {', '.join(known)}" if known else "there is no such key"


def _nearest(name: str, known: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(name.lower()[:60], known, n=1, cutoff=0.6)), "")


def _keys_at(root: type[BaseModel], location: Location) -> tuple[str, ...]:
    """Return the keys that are known at a location, following models through lists, tables and unions."""
    models = [root]
    for part in location:
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if fields:
            models = [model for each in fields for model in _models_in(each.rebuild_annotation())]
        # any other part is an index or a name chosen by the operator: the models stay the same
    return tuple(sorted({name for model in models for name in model.model_fields}))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = get_args(annotation)
    written_as = [part.written_as for part in inner if hasattr(part, "written_as")]
    return [model for part in written_as or inner for model in _models_in(part)]
