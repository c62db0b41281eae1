"""From what people type to words, options and names; forgiving of what Slack does to text, strict otherwise."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from commands.errors import UsageError

MAX_LENGTH = 4000
"""Characters of one request. Slack itself allows more; nobody types more."""

_FOLD = str.maketrans({
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'",
    "\u2013": "--", "\u2014": "--", "\u2212": "-", "\u2010": "-", "\u2011": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\t": " ", "\n": " ", "\r": " ",
    "\u200b": None, "\u200c": None, "\u200d": None, "\u2060": None, "\ufeff": None,
})  # fmt: skip


_OPTION = re.compile(r"--?[A-Za-z].*|--.+", re.DOTALL)
"""What is meant as an option: with one dash too, since nothing that verbs are about has a name like that."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a verb. `value` is the placeholder of its argument in the usage line; None makes it a flag."""

    name: str
    help: str
    value: str | None = None
    repeats: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A parsed request: positional words, then options by name without their dashes, each with all its values."""

    positional: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """Return the option's last value, or None."""
        values = self.options.get(name)
        return values[-1] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of an option that repeats."""
        return self.options.get(name, ())

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return name in self.options


def folded(text: str) -> str:
    """Return the text with curly quotes, long dashes and odd spaces as they were typed."""
    return text.translate(_FOLD)


def tokens(text: str) -> tuple[str, ...]:
    """Split a request into words, folding curly quotes, long dashes and odd spaces back to what was typed.

    Raises `UsageError` for text that is too long, holds control characters, or has an unclosed quote.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"that is {len(text)} characters; a request has at most {MAX_LENGTH}")
    typed = folded(text)
    if any(not c.isprintable() for c in typed):
        raise UsageError("the request holds characters that cannot be printed", remedy="Type it again by hand.")
    try:
        return tuple(shlex.split(typed))
    except ValueError:
        raise UsageError("a quotation mark is opened and not closed") from None


def parse(words: Iterable[str], options: tuple[Option, ...], usage: str) -> Words:
    """Sort words into positional ones and options. Raises `UsageError` naming the word that is wrong and the usage."""
    known = {f"--{option.name}": option for option in options}
    positional: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not _OPTION.fullmatch(word):
            positional.append(word)
            continue
        name, equals, attached = word.partition("=")
        option = known.get(name.lower())
        if option is None:
            near = nearest(name.lstrip("-"), [one.name for one in options])
            hint = f"; did you mean `--{near}`?" if near else ""
            raise UsageError(f"there is no option `{name[:42]}` here{hint}", remedy=f"Usage: `{usage}`")
        if option.value is None:
            if equals:
                raise UsageError(f"`--{option.name}` takes no value", remedy=f"Usage: `{usage}`")
            found[option.name] = ()
            continue
        if not equals:
            if not queue or queue[0].startswith("--"):
                raise UsageError(f"`--{option.name}` needs a value: {option.value}", remedy=f"Usage: `{usage}`")
            attached = queue.pop(0)
        if option.choices and attached not in option.choices:
            raise UsageError(f"`--{option.name}` is one of {', '.join(option.choices)}, not {attached[:40]!r}")
        if option.name in found and not option.repeats:
            raise UsageError(f"`--{option.name}` is given twice", remedy=f"Usage: `{usage}`")
        found[option.name] = (*found.get(option.name, ()), attached)
    return Words(tuple(positional), found)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name most like the word, if one is near enough to be a slip of the finger."""
    close = difflib.get_close_matches(word.lower()[:60], list(names), n=1, cutoff=0.6)
    return close[0] if close else None
