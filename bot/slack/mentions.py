"""Who is to be notified, as mrkdwn: only these forms, in a section and in the top-level text, make a phone ring."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.slack import limits
from bot.slack.limits import Block
from bot.slack.markup import clip, escape

_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]{2,20}", re.ASCII)
_EVERYBODY = frozenset({"here", "channel"})
_MOST = 30
"""More than that is what user groups are for."""
_WORD = 40
"""Characters of what is no id, at most."""


def mentions(called: Iterable[str]) -> str:
    """Write mentions beside each other. What is no id calls nobody and is shown as it is, so that it is noticed."""
    return " ".join(dict.fromkeys(_each(called)))


def mention_block(called: Iterable[str]) -> Iterator[Block]:
    """Give a section that calls them; none for nobody."""
    text = mentions(called)
    if text:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, limits.SECTION)}}


def _each(called: Iterable[str]) -> Iterator[str]:
    for word in tuple(called)[:_MOST]:
        if word in _EVERYBODY:
            yield f"<!{word}>"
        elif _PERSON.fullmatch(word):
            yield f"<@{word}>"
        elif _GROUP.fullmatch(word):
            yield f"<!subteam^{word}>"
        elif word.strip():
            yield escape(f"@{clip(word.strip(), _WORD)}")
