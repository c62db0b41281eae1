"""What corosync, pacemaker and systemd's view of them wrote into a node's journal, followed as it is written.

Source: `journalctl(1)` and systemd's journal fields, held against systemd 247, 252 and 257. Nothing is missed while
nobody followed: a journal is resumed at the last entry that was seen, by its cursor, and asked for that very entry again.
If it is not the first to come, it is gone, and lines after it may be too; journalctl begins somewhere near, or at the
journal's very beginning. `--after-cursor` would not tell: where the entry is gone it passes over the next one.
`--merge`, because following means the current boot only since systemd 252, whatever `--boot` says; it would bring
journals received from other machines too, so this machine's is asked for.

A journal in memory (`volatile`, Enterprise Linux's default until somebody makes /var/log/journal) ends with the boot.
journald itself says where it dropped what a unit wrote too fast.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from commands.command import Command
from commands.errors import UnreadableOutput
from commands.facts import lease

TOOL = "journalctl"
CURSOR_REFUSED = "Failed to seek to cursor"
"""What journalctl says, and ends, of a cursor that is none."""

Keeping = Literal["persistent", "volatile", "none"]
"""Where the node keeps its journal: on disk, in memory, or nowhere."""
_KEEPING: dict[str, Keeping] = {"persistent": "persistent", "volatile": "volatile", "none": "none"}

_FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_PID,_SYSTEMD_UNIT,UNIT"
_UNITS = ("--unit=corosync.service", "--unit=pacemaker.service")
_JOURNALD = "systemd-journald"
_SUPPRESSED = re.compile(r"Suppressed (\d+) messages from (\S+)", re.ASCII)
_BEGIN = re.compile(r"begin (\d+(?:\.\d+)?) (\w+)", re.ASCII)
_WRITTEN = re.compile(r"\bt=([0-9a-f]{1,16})\b")
_BYTE = 256

_FOLLOW = lease.script("""
kept=none
for file in /run/log/journal/*/*.journal; do [ -e "$file" ] && kept=volatile; done
for file in /var/log/journal/*/*.journal; do [ -e "$file" ] && kept=persistent; done
echo "begin $(date +%s.%N) $kept"
{ journalctl "$@" "_MACHINE_ID=$(cat /etc/machine-id)"; kill $$; } &
""")


@dataclass(frozen=True, slots=True)
class Begin:
    """The first line of a stream: the node's clock (seconds since 1970) before it looked, and where its journal is."""

    at: float
    keeping: Keeping


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal. `at` is when journald got it, in seconds since 1970 by the node's clock.

    `unit` is the unit that it is from or, where systemd writes, about. `message` is None where journalctl leaves it out
    for its size; bytes that are not UTF-8 appear as U+FFFD.
    """

    cursor: str
    boot: str
    at: float
    unit: str
    identifier: str
    pid: int | None
    message: str | None

    @property
    def suppressed(self) -> tuple[int, str] | None:
        """How many lines journald says it dropped, and whose, if that is what this entry says."""
        found = _SUPPRESSED.match(self.message or "") if self.identifier == _JOURNALD else None
        # more than 18 digits are no count of lines, and Python would refuse some
        return (int(found[1][:18]), found[2]) if found else None


def follow(cursor: str | None) -> Command:
    """Return the command of the leased stream.

    With a cursor that entry comes first, if it is still there, and then all since. Without one the last entry comes
    first: it may be old, and is where to resume later.
    """
    start = ("--lines=1",) if cursor is None else (f"--cursor={cursor}", "--no-tail")
    options = ("--quiet", "--follow", "--merge", "--output=json", f"--output-fields={_FIELDS}", *_UNITS)
    return lease.command(_FOLLOW, *options, *start)


def begin(line: str) -> Begin | None:
    """Read the stream's first line; None for any other."""
    found = _BEGIN.fullmatch(line)
    keeping = _KEEPING.get(found[2]) if found else None
    return Begin(float(found[1]), keeping) if found and keeping else None


def written_at(cursor: str) -> float | None:
    """Return when the entry of a cursor was written, in seconds since 1970 by the node's clock, if the cursor says so."""
    found = _WRITTEN.search(cursor)
    return int(found[1], 16) / 1_000_000 if found else None


def parse(line: str) -> Entry:
    """Read one line of `journalctl --output=json`. Raises `UnreadableOutput`."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableOutput(TOOL, "a line is not JSON", line) from error
    if not isinstance(fields, dict):
        raise UnreadableOutput(TOOL, "a line is not an entry", line)
    try:
        return Entry(
            cursor=_text(fields, "__CURSOR"),
            boot=_text(fields, "_BOOT_ID"),
            at=_number(_text(fields, "__REALTIME_TIMESTAMP")) / 1_000_000,
            unit=_word(fields, "UNIT") or _word(fields, "_SYSTEMD_UNIT"),
            identifier=_word(fields, "SYSLOG_IDENTIFIER"),
            pid=_number(pid) if (pid := _word(fields, "_PID")) else None,
            message=_message(fields.get("MESSAGE", "")),
        )
    except (KeyError, ValueError) as error:
        raise UnreadableOutput(TOOL, f"an entry's {error} is missing or strange", line) from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value or not value.isascii():
        raise KeyError(name)
    return value


def _word(fields: dict[str, Any], name: str) -> str:
    """Return a field that need not be there. One given several times is an array of its values: the first counts."""
    value = fields.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    return _whole(value) if isinstance(value, str) else ""


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise ValueError(text[:40])
    return int(text)


def _message(value: object) -> str | None:
    if isinstance(value, list) and value and isinstance(value[0], list | str | None):
        value = value[0]  # given several times
    if value is None:
        return None
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, list) and all(type(byte) is int and 0 <= byte < _BYTE for byte in value):
        return bytes(value).decode("utf-8", "replace")
    raise KeyError("MESSAGE")


def _whole(text: str) -> str:
    """Return text that can be written as UTF-8: JSON can name half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()
