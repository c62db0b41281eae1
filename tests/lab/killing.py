"""`hacluster run setup` as a process of its own, and SIGKILL for it at a chosen point of its plan.

Where the process is, is read from its audit: a step's start is written before its first command goes out, its end after
its proof held.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from sandbox.run.backing import Backing
from sandbox.run.box import HAPROXY_FILES, setup_line

Moment = Literal["before", "during", "after"]
MOMENTS: tuple[Moment, ...] = get_args(Moment)

LOOK_EVERY = 0.004
"""Seconds between two looks at the audit: far less than the shortest step takes."""
RUN_WITHIN = 480.0
"""Seconds that one run may take; installing packages is a part of it."""
AGAIN_AFTER = 2.0
"""Seconds after which somebody who was told "not now" asks again."""
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the audit: that a plan was confirmed, or that a step (`step`) came into a state."""

    at: datetime
    state: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Where to kill. `during` is a part, from 0 to 1, of the time that the step took when nobody killed it."""

    step: str
    moment: Moment
    during: float = 0.0

    def __str__(self) -> str:
        """Say it as a test's id."""
        return f"{self.moment}-{self.step}"


@dataclass(frozen=True, slots=True)
class Course:
    """How an undisturbed run went: its steps in the order in which they began."""

    events: tuple[Event, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps in the order in which they began."""
        return tuple(event.step for event in self.events if event.state == "started")

    def seconds(self, step: str) -> float:
        """Return how long a step took."""
        begun, ended = (self._when(step, state) for state in ("started", "done"))
        return (ended - begun).total_seconds()

    def trigger(self, step: str) -> Event:
        """Return what the step's start followed upon: the end of the last step it waited for, or the confirmation."""
        place = self.events.index(next(e for e in self.events if (e.step, e.state) == (step, "started")))
        return next(event for event in reversed(self.events[:place]) if event.state in {"done", "confirmed"})

    def _when(self, step: str, state: str) -> datetime:
        return next(event.at for event in self.events if (event.step, event.state) == (step, state))


@dataclass(frozen=True, slots=True)
class Run:
    """A run that ended by itself."""

    status: int
    words: str

    @property
    def finished(self) -> bool:
        """The cluster is what was asked for."""
        return self.status == 0 and ("done and verified" in self.words or "set up already" in self.words)

    @property
    def outcome(self) -> str:
        """The outcome in a word or two."""
        known = {
            "another change of": "busy",
            "was not carried out": "stale",
            "is not possible": "refused",
            "stopped after": "FAILED",
            "set up already": "already",
            "done and verified": "done",
        }
        return next((word for said, word in known.items() if said in self.words), f"exit {self.status}")


class Terminal:
    """A person at a terminal who asks for a setup; settings, secrets and store are in a folder of their own."""

    def __init__(
        self, folder: Path, backing: Backing, fencing: str = "none", secrets: Mapping[str, str] = NOTHING
    ) -> None:
        self._folder = folder
        self._store = folder / "hacluster.db"
        self._secrets = folder / "secrets"
        self._asked = setup_line(backing).replace("--fencing none", f"--fencing {fencing}").split()[1:]
        self._secrets.mkdir(mode=0o700)
        for name, text in secrets.items():
            (self._secrets / name).touch(0o600)
            (self._secrets / name).write_text(text)
        self._write_settings(backing.ssh)

    def run(self) -> Run:
        """Ask for the setup and wait for its end."""
        with self._running() as (process, output):
            status = process.wait(RUN_WITHIN)
        return Run(status, output.read_text(errors="replace"))

    def run_until_done(self, within: float) -> tuple[Run, ...]:
        """Ask again and again, as somebody told to wait does, until the cluster is what was asked for."""
        deadline = time.monotonic() + within
        runs = [self.run()]
        while not runs[-1].finished:
            if time.monotonic() > deadline:
                told = "\n".join(f"--- {run.outcome}\n{run.words}" for run in runs if run.outcome != "busy")
                raise AssertionError(f"it did not end within {within:.0f} s: {told}")
            time.sleep(AGAIN_AFTER)
            runs.append(self.run())
        return tuple(runs)

    def run_and_kill(self, point: Point, course: Course) -> tuple[Event, ...]:
        """Ask for the setup and end it with SIGKILL at this point; return what it had written down by then."""
        with self._running() as (process, output):
            self._wait_for(point, course, process, output)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.returncode == -signal.SIGKILL, output.read_text(errors="replace")
        return self.events()

    def events(self) -> tuple[Event, ...]:
        """Return what the audit holds of confirmations and steps, oldest first."""
        if not self._store.exists():
            return ()
        query = "SELECT at, kind, body FROM audit WHERE kind IN ('confirmed', 'step') ORDER BY number"
        with contextlib.closing(sqlite3.connect(self._store)) as store:
            try:
                rows = store.execute(query).fetchall()
            except sqlite3.OperationalError:  # its tables are being made
                return ()
        return tuple(_event(*row) for row in rows)

    def _wait_for(self, point: Point, course: Course, process: subprocess.Popen[bytes], output: Path) -> None:
        wanted = {("started", point.step)}
        if point.moment == "before":
            trigger = course.trigger(point.step)
            wanted.add((trigger.state, trigger.step))  # the start itself, should the steps' order differ this time
        elif point.moment == "after":
            wanted = {("done", point.step)}
        while not self._reached(wanted):
            if process.poll() is not None:
                raise AssertionError(f"it ended before it could be killed {point}:\n{output.read_text()}")
            time.sleep(LOOK_EVERY)
        if point.moment == "during":
            part = time.monotonic() + point.during * course.seconds(point.step)
            while time.monotonic() < part and not self._reached({("done", point.step)}):  # it may be quicker this time
                time.sleep(LOOK_EVERY)

    def _reached(self, wanted: set[tuple[str, str]]) -> bool:
        return not wanted.isdisjoint((event.state, event.step) for event in self.events())

    @contextlib.contextmanager
    def _running(self) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        output = self._folder / "output"
        argv = [str(Path(sys.executable).parent / "hacluster"), "run", "--yes", *self._asked]
        with (
            output.open("wb") as written,
            subprocess.Popen(argv, env=self._environment(), stdout=written, stderr=written) as process,
        ):
            try:
                yield process, output
            finally:
                process.kill()

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HACLUSTER_")}
        return {**kept, "HACLUSTER_CONFIG": str(self._folder / "hacluster.toml"), "COLUMNS": "200"}

    def _write_settings(self, ssh: Mapping[str, object]) -> None:
        lines = [
            f"files_dir = {json.dumps(str(HAPROXY_FILES))}",
            f"secrets_dir = {json.dumps(str(self._secrets))}",
            "[ssh]",
            *(f"{key} = {json.dumps(value)}" for key, value in ssh.items()),
            "[store]",
            f"url = {json.dumps(f'sqlite+aiosqlite:///{self._store}')}",
        ]
        (self._folder / "hacluster.toml").write_text("\n".join(lines) + "\n")


def _event(when: str, event: str, detail: str) -> Event:
    told = json.loads(detail)
    return Event(datetime.fromisoformat(when), told.get("state", event), told.get("step", ""))


def under_way(events: Sequence[Event]) -> tuple[str, ...]:
    """Return the steps that had begun and not ended."""
    ended = {event.step for event in events if event.state != "started"}
    return tuple(event.step for event in events if event.state == "started" and event.step not in ended)
