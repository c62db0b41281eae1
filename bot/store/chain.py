"""The chain that the audit's entries form: each is sealed by a hash over all it says and over its predecessor's hash.

Whoever changes, removes or slips in an entry breaks the chain right there. What no chain can tell by itself is that its
newest entries were cut off, or that somebody wrote all of it anew: for that its head, the last number and hash, is to
be noted somewhere else, and compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from bot.store.rows import AuditEntry

GENESIS = "0" * 64
"""What the first entry follows."""
_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


def moment(at: datetime) -> str:
    """Write a moment as the chain has it: UTC, always of one length, so that later ones sort later."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(body: Mapping[str, Any]) -> str:
    """Write JSON data in the one form it has: sorted, without blanks, in ASCII."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def seal(*said: object) -> str:
    """Return the hash over all that an entry says, its predecessor's hash included, in the order of its columns."""
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: what to note elsewhere, and to compare later."""

    number: int = 0
    hash: str = GENESIS

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `NUMBER:HASH`; None if it is not that."""
        found = _HEAD.fullmatch(text.strip().lower())
        return cls(int(found[1]), found[2]) if found else None

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a chain holds, and where it does not."""

    head: Head
    """The last entry that fits."""
    broken: Break | None = None

    def extend(self, entries: Iterable[AuditEntry], noted: Head | None = None) -> Verified:
        """Look at the entries that come next. `noted` is a head that somebody noted: the chain must go through it."""
        head, broken = self.head, self.broken
        for entry in entries:
            if broken is not None:
                break
            why = _misfit(head, entry)
            if not why and noted is not None and noted.number == entry.number and noted.hash != entry.hash:
                why = "its hash is not the one that was noted"
            if why:
                broken = Break(head.number + 1, why)
            else:
                head = Head(entry.number, entry.hash)
        return Verified(head, broken)

    def ended(self, noted: Head | None = None) -> Verified:
        """Say that nothing follows, though more than this may have been noted."""
        if self.broken is None and noted is not None and noted.number > self.head.number:
            why = f"it is missing: the chain ends at {self.head.number}, and {noted.number} was noted"
            return Verified(self.head, Break(self.head.number + 1, why))
        return self


def _misfit(head: Head, entry: AuditEntry) -> str:
    """Say why an entry cannot follow a head; "" if it does."""
    if entry.number != head.number + 1:
        return f"it is missing: in its place stands {entry.number}"
    if entry.previous != head.hash:
        return "the hash that it names as its predecessor's is another one"
    *said, sealed = astuple(entry)
    try:
        return "" if seal(*said) == sealed else "what it says is not what its hash was made over"
    except TypeError:
        return "it holds what is not text"
