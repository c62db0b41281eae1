"""Our texts in Slack's forms: rich text elements, which need no escaping, and mrkdwn, which does."""

from __future__ import annotations

from collections.abc import Iterator

from bot.markup import spans
from bot.slack.limits import Block
from commands.report import Level

EMOJI = {
    Level.OK: "white_check_mark",
    Level.INFO: "information_source",
    Level.UNKNOWN: "grey_question",
    Level.WARNING: "warning",
    Level.CRITICAL: "red_circle",
}


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
    """Escape what mrkdwn would read as a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def rich(text: str, *, bold: bool = False) -> Iterator[Block]:
    """Give the elements of a rich text section that show the text."""
    for span in spans(text):
        if span.kind == "person":
            yield {"type": "user", "user_id": span.text}
        elif span.kind == "channel":
            yield {"type": "channel", "channel_id": span.text}
        elif span.kind == "link":
            yield {"type": "link", "url": span.address, "text": span.text}
        elif span.kind == "code":
            yield {"type": "text", "text": span.text, "style": {"code": True}}
        else:
            yield {"type": "text", "text": span.text, **({"style": {"bold": True}} if bold else {})}


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
