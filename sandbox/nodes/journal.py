"""One machine's journal, as far as corosync, Pacemaker and systemd's view of them write into it.

Its entries are printed as `journalctl --output=json` of systemd 252 prints them, with cursors to resume at. It survives
a power cut, and what is older than its last `KEPT` entries is gone, as from a real one.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT = 500
_CURSOR = re.compile(r"s=([0-9a-f]+);i=([0-9a-f]+);.*\bt=([0-9a-f]+);", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is the machine's own time in seconds since 1970; `about` the unit that systemd writes of."""

    number: int
    at: float
    boot: str
    unit: str
    identifier: str
    pid: int
    message: str
    about: str = ""


@dataclass(slots=True)
class Journal:
    """The entries kept, oldest first, and who follows them."""

    followers: set[Callable[[Entry], None]] = field(default_factory=set)
    _entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    _id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _number: int = 0

    def write(
        self, at: float, boot: str, unit: str, identifier: str, pid: int, message: str, *, about: str = ""
    ) -> None:
        """Add an entry and hand it to all who follow."""
        self._number += 1
        entry = Entry(self._number, at, boot, unit, identifier, pid, message, about)
        self._entries.append(entry)
        for follower in tuple(self.followers):
            follower(entry)

    def last(self) -> tuple[Entry, ...]:
        """Return the last entry, if there is any."""
        return tuple(self._entries)[-1:]

    def since(self, cursor: str) -> tuple[Entry, ...]:
        """Return the entry of a cursor and all after it; where that one is gone, those that are not older.

        Raises ValueError for what is no cursor.
        """
        found = _CURSOR.match(cursor)
        if found is None:
            raise ValueError(cursor)
        if found[1] == self._id:
            number = int(found[2], 16)
            return tuple(entry for entry in self._entries if entry.number >= number)
        at = int(found[3], 16) / 1_000_000
        return tuple(entry for entry in self._entries if entry.at >= at)

    def printed(self, entry: Entry) -> str:
        """Return an entry as a line of JSON, without the newline."""
        micro = round(entry.at * 1_000_000)
        cursor = (
            f"s={self._id};i={entry.number:x};b={entry.boot};m={entry.number * 1000:x};t={micro:x};"
            f"x={entry.number * 2654435761 % 2**64:016x}"
        )
        fields = {
            "__CURSOR": cursor,
            "__REALTIME_TIMESTAMP": str(micro),
            "__MONOTONIC_TIMESTAMP": str(entry.number * 1000),
            "_BOOT_ID": entry.boot,
            "_SYSTEMD_UNIT": entry.unit,
            "SYSLOG_IDENTIFIER": entry.identifier,
            "_PID": str(entry.pid),
            "MESSAGE": entry.message,
        }
        return json.dumps({**fields, "UNIT": entry.about} if entry.about else fields, separators=(",", ":"))
