"""What was read from a text is not read from the same text again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def remembered(count: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Keep what a pure function made of the last `count` different texts, by their digests: the texts are not kept.

    What it makes is handed out again and again, so nobody may change it. A text that it refuses is read anew each time.
    """

    def remembering(read: Callable[[str], T]) -> Callable[[str], T]:
        kept: dict[bytes, T] = {}

        @wraps(read)
        def again(text: str) -> T:
            key = hashlib.sha256(text.encode(errors="surrogatepass")).digest()
            made = kept.pop(key) if key in kept else read(text)
            kept[key] = made  # the last one to be forgotten
            if len(kept) > count:
                del kept[next(iter(kept))]
            return made

        return again

    return remembering
