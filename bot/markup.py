"""The markup of reports, for every surface.

`code` in backticks, `<@U…>` for a person, `<#C…>` for a channel, `<https://….slack.com/…|words>` for a message, and
nothing else: what comes from nodes cannot lead people anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from commands.report import Level

_ADDRESS = (
    r"(?:https://[a-z0-9-]+(?:\.enterprise)?\.slack(?:-gov)?\.com|http://127\.0\.0\.1:\d+)"
    r"/archives/\w+/p\d+(?:\?[\w.=&-]*)?"
)
"""A message's permalink, of Slack or of a workspace on this machine: the only addresses that we write."""
_SPAN = re.compile(
    r"`(?P<code>[^`\n]+)`|<@(?P<person>[UW][A-Z0-9]{4,20})>|<#(?P<channel>[CGD][A-Z0-9]{4,20})>"
    rf"|<(?P<link>{_ADDRESS})\|(?P<words>[^<>|`\n]+)>"
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

WORD = {Level.OK: "OK", Level.INFO: "", Level.UNKNOWN: "Unknown", Level.WARNING: "Warning", Level.CRITICAL: "Critical"}
"""The status in a word, beside every colour and sign. Mere information has no status to tell."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text of one kind. For a person or a channel, `text` is the id; a link's words lead to its `address`."""

    kind: Literal["plain", "code", "person", "channel", "link"]
    text: str
    address: str = ""


def spans(text: str) -> Iterator[Span]:
    """Split a text by its markup."""
    last = 0
    for match in _SPAN.finditer(text):
        if match.start() > last:
            yield Span("plain", text[last : match.start()])
        yield _span(match)
        last = match.end()
    if last < len(text):
        yield Span("plain", text[last:])


def _span(match: re.Match[str]) -> Span:
    match match.lastgroup:
        case "code":
            return Span("code", match["code"])
        case "person":
            return Span("person", match["person"])
        case "channel":
            return Span("channel", match["channel"])
        case _:
            return Span("link", match["words"], match["link"])


def linked(words: str, address: str | None) -> str:
    """Return words that lead to a message of Slack; the bare words where there is no address, or one of anything else."""
    plain = re.sub(r"[<>|`\s]+", " ", without_markup(words)).strip()
    return f"<{address}|{plain}>" if plain and address and re.fullmatch(_ADDRESS, address) else words


def without_markup(text: str) -> str:
    """Return the text for places that know no markup: what stood in backticks stands bare."""
    return "".join(bare(span) for span in spans(text))


def bare(span: Span) -> str:
    """Return one run of text for places that know no markup."""
    match span.kind:
        case "person":
            return f"@{span.text}"
        case "channel":
            return f"#{span.text}"
        case "link":
            return f"{span.text} ({span.address})"
        case _:
            return span.text


def clean(text: str) -> str:
    """Replace what no surface can show: control characters (escape sequences too) and halves of surrogate pairs."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
