"""The bot, with a change under way, ended by SIGKILL at a chosen point of it.

Where the change is, is read from the audit: before a command goes out it is written down, and when its end was seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from sandbox.run.box import Box

Moment = Literal["before", "during", "after", "proved"]
"""A step has begun; a command of it is under way; all that it sends has ended; it is seen to have done what it is for."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)
LOOK_EVERY = 0.004
"""Seconds between two looks at the audit."""
WITHIN = 180.0
"""Seconds for the point to be reached."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where to kill. `late` are seconds after the start of the command, for what is under way."""

    step: str
    moment: Moment
    late: float = 0.0

    def __str__(self) -> str:
        """Say it in two words."""
        return f"{self.moment} {self.step}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit."""

    number: int
    kind: str
    body: Mapping[str, Any]


class Audit:
    """What the bot writes down, read beside it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "hacluster.db"

    def entries(self, after: int = 0) -> tuple[Entry, ...]:
        """Return the entries since one of them, oldest first."""
        query = "SELECT number, kind, body FROM audit WHERE number > ? ORDER BY number"
        with contextlib.closing(sqlite3.connect(self._path)) as store:
            return tuple(Entry(number, kind, json.loads(body)) for number, kind, body in store.execute(query, (after,)))

    def last(self) -> int:
        """Return the number of the newest entry."""
        return max((entry.number for entry in self.entries()), default=0)

    def steps(self) -> tuple[str, ...]:
        """Return the steps of the plan that was made last."""
        return tuple(next(one.body["steps"] for one in reversed(self.entries()) if one.kind == "planned"))


async def kill_at(box: Box, point: Point, since: int) -> bool:
    """Wait until the change that begins after an entry of the audit is there, and kill; False if it ended before."""
    reached = await asyncio.to_thread(_kill_at, box, Audit(box.folder), point, since)
    if reached and box.bot is not None:
        await box.bot.wait()
    return reached


def _kill_at(box: Box, audit: Audit, point: Point, since: int) -> bool:
    deadline = time.monotonic() + WITHIN
    while True:
        entries = audit.entries(since)
        if _is_there(entries, point):
            break
        if any(entry.kind == "outcome" for entry in entries) or time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY)
    if point.moment == "during":
        time.sleep(point.late)
    if box.bot is None:
        return False
    os.kill(box.bot.pid, signal.SIGKILL)
    return True


def _is_there(entries: Sequence[Entry], point: Point) -> bool:
    own = _own(entries, point.step)
    if point.moment == "before":
        return bool(own)
    if point.moment == "proved":
        return any(entry.kind == "step" and entry.body["state"] == "done" for entry in own)
    begun = sum(entry.kind == "command" for entry in own)
    ended = sum(entry.kind == "command ended" for entry in own)
    return begun > 0 if point.moment == "during" else begun > 0 and ended == begun


def _own(entries: Sequence[Entry], step: str) -> tuple[Entry, ...]:
    """Return the entries from a step's start to its end: commands are told without the step that they are of."""
    marks = [place for place, one in enumerate(entries) if one.kind == "step" and one.body["step"] == step]
    if not marks:
        return ()
    ended = entries[marks[-1]].body["state"] != "started"
    return tuple(entries[marks[0] : marks[-1] + 1 if ended else None])
