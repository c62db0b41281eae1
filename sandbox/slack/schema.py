"""Saying what shape a JSON value must have, and in Slack's words what is wrong with one that has not.

A rule takes a value and its JSON pointer and yields problems, such as
`must be less than 151 characters [json-pointer:/blocks/0/text/text]`. It is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Rule: TypeAlias = Callable[[Any, str], Iterator[str]]


def problem(words: str, pointer: str) -> str:
    """One problem, as Slack words it."""
    return f"{words} [json-pointer:{pointer}]"


def string(longest: int | None = None, *, shortest: int = 0) -> Rule:
    """A string of `shortest` to `longest` characters."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", pointer)
        elif len(value) < shortest:
            yield problem(f"must be more than {shortest - 1} characters", pointer)
        elif longest is not None and len(value) > longest:
            yield problem(f"must be less than {longest + 1} characters", pointer)

    return check


def boolean(value: Any, pointer: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield problem("must be a boolean", pointer)


def integer(least: int = 0, most: int | None = None) -> Rule:
    """A whole number within bounds."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must be an integer", pointer)
        elif value < least:
            yield problem(f"must be at least {least}", pointer)
        elif most is not None and value > most:
            yield problem(f"must be at most {most}", pointer)

    return check


def choice(*allowed: str) -> Rule:
    """One of a few words."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of: {', '.join(allowed)}", pointer)

    return check


def anything(_value: Any, _pointer: str) -> Iterator[str]:
    """Not looked into."""
    return iter(())


def array(rule: Rule, most: int | None = None, *, least: int = 1) -> Rule:
    """A list of `least` to `most` items that each follow `rule`."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, list | tuple):
            yield problem("must provide an array", pointer)
            return
        if len(value) < least:
            yield problem(f"no less than {least} items allowed", pointer)
        if most is not None and len(value) > most:
            yield problem(f"no more than {most} items allowed", pointer)
        for position, item in enumerate(value):
            yield from rule(item, f"{pointer}/{position}")

    return check


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others."""
    optional = optional or {}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", pointer)
            return
        for name, rule in required.items():
            if value.get(name) is None:
                yield problem(f"missing required field: {name}", pointer)
            else:
                yield from rule(value[name], f"{pointer}/{name}")
        for name, given in value.items():
            if name in optional:
                if given is not None:
                    yield from optional[name](given, f"{pointer}/{name}")
            elif name not in required:
                yield problem(f"invalid additional property: {name}", pointer)

    return check


def by_type(kinds: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which rule it follows."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", pointer)
        elif "type" not in value:
            yield problem("missing required field: type", pointer)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            yield problem(f"unsupported type: {value['type']}", f"{pointer}/type")
        else:
            yield from kinds[value["type"]](value, pointer)

    return check


def first_failing(*rules: Rule) -> Rule:
    """Several rules in order, each relying on those before it: the first that finds something ends it."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        for rule in rules:
            problems = list(rule(value, pointer))
            if problems:
                yield from problems
                return

    return check
