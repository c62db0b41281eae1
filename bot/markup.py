"""The markup of reports, for every surface: `code` in backticks, `<@U…>` for a person, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from commands.report import Level

_SPAN = re.compile(r"`(?P<code>[^`\n]+)`|<@(?P<person>[UW][A-Z0-9]{4,20})>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

WORD = {Level.OK: "OK", Level.INFO: "", Level.UNKNOWN: "Unknown", Level.WARNING: "Warning", Level.CRITICAL: "Critical"}
"""The status in a word, beside every colour and sign. Mere information has no status to tell."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text of one kind. For a person, `text` is the id."""

    kind: Literal["plain", "code", "person"]
    text: str


def spans(text: str) -> Iterator[Span]:
    """Split a text by its markup."""
    last = 0
    for match in _SPAN.finditer(text):
        if match.start() > last:
            yield Span("plain", text[last : match.start()])
        yield Span("code", match["code"]) if match["code"] else Span("person", match["person"])
        last = match.end()
    if last < len(text):
        yield Span("plain", text[last:])


def without_markup(text: str) -> str:
    """Return the text for places that know no markup: what stood in backticks stands bare."""
    return "".join(f"@{span.text}" if span.kind == "person" else span.text for span in spans(text))


def clean(text: str) -> str:
    """Replace what no surface can show: control characters (escape sequences too) and halves of surrogate pairs."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
