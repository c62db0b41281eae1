"""Our texts in Slack's forms: rich text elements, which need no escaping, and mrkdwn, which does.

Our markup is `code` in backticks and `<@U…>`, a person; everything else is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.slack.limits import Block
from commands.report import Level

_SPAN = re.compile(r"`(?P<code>[^`\n]+)`|<@(?P<user>[UW][A-Z0-9]{4,20})>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

EMOJI = {
    Level.OK: "white_check_mark",
    Level.INFO: "information_source",
    Level.UNKNOWN: "grey_question",
    Level.WARNING: "warning",
    Level.CRITICAL: "red_circle",
}
WORD = {Level.OK: "OK", Level.INFO: "", Level.UNKNOWN: "Unknown", Level.WARNING: "Warning", Level.CRITICAL: "Critical"}
"""The status beside its sign. Mere information has no status to tell."""


def clean(text: str) -> str:
    """Replace what no message can hold: control characters and halves of surrogate pairs."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, most: int) -> str:
    """Shorten to at most `most` characters, saying how many are left out. `most` leaves room for saying so."""
    if len(text) <= most:
        return text
    kept = most - len(f"… ({len(text)} more characters)")
    return f"{text[:kept]}… ({len(text) - kept} more characters)"


def clip(text: str, most: int) -> str:
    """Shorten a label to at most `most` characters, ending in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def escape(text: str) -> str:
    """Escape what mrkdwn would read as a link or mention, people excepted."""
    pieces = []
    last = 0
    for match in _SPAN.finditer(text):
        if match["user"]:
            pieces += [_escape(text[last : match.start()]), match[0]]
            last = match.end()
    return "".join([*pieces, _escape(text[last:])])


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_markup(text: str) -> str:
    """Return the text for places that know no markup: what stood in backticks stands bare."""
    return _SPAN.sub(lambda match: match["code"] or f"@{match['user']}", text)


def rich(text: str, *, bold: bool = False) -> Iterator[Block]:
    """Give the elements of a rich text section that show the text."""
    last = 0
    for match in _SPAN.finditer(text):
        yield from _plain(text[last : match.start()], bold=bold)
        if match["user"]:
            yield {"type": "user", "user_id": match["user"]}
        else:
            yield {"type": "text", "text": match["code"], "style": {"code": True}}
        last = match.end()
    yield from _plain(text[last:], bold=bold)


def _plain(text: str, *, bold: bool) -> Iterator[Block]:
    if text:
        yield {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def emoji(level: Level) -> Block:
    """Give the sign of a level as a rich text element."""
    return {"type": "emoji", "name": EMOJI[level]}


def section(*elements: Block) -> Block:
    """Give a rich text section: one run of text."""
    return {"type": "rich_text_section", "elements": list(elements)}


def preformatted(text: str) -> Block:
    """Give a rich text code block."""
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}


def rich_text(*parts: Block) -> Block:
    """Give a rich text block of sections and code blocks."""
    return {"type": "rich_text", "elements": list(parts)}
