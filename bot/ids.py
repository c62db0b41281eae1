"""Opaque ids: all that a button carries. Nothing can be learnt from one, and none can be guessed."""

from __future__ import annotations

import re
import secrets

_FORM = re.compile(r"[A-Za-z0-9_-]{16}")


def fresh() -> str:
    """Return a new id, of some 96 random bits. People type them too, so none begins like an option."""
    while not (made := secrets.token_urlsafe(12))[0].isalnum():
        pass
    return made


def is_id(value: str) -> bool:
    """Whether a value from outside could be one of ours. Only then is it worth asking the store for it."""
    return _FORM.fullmatch(value) is not None
