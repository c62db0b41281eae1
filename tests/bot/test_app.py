"""The whole bot from the terminal, as a process of its own: the same verbs behind the same door."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TOML = """
[store]
url = "sqlite+aiosqlite:///{store}"

[ssh]
known_hosts = []
connect_timeout = 2
connect_to = {{ "10.0.0.1" = "127.0.0.1:1", "10.0.0.2" = "127.0.0.1:1" }}

[clusters.web]
nodes = {{ n1 = "10.0.0.1", n2 = "10.0.0.2" }}
vips = ["10.0.0.10/24"]
fencing = "none"
"""
"""Nodes behind a port that nobody listens on: they refuse at once."""


@dataclass
class Terminal:
    """A shell where the bot is configured."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store.db"

    def configure(self, store: Path | None = None) -> None:
        (self.folder / "hacluster.toml").write_text(TOML.format(store=store or self.store))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(Path(__file__).parents[2])}
        argv = [sys.executable, "-c", "from bot.cli import main; main()", "run", *words]
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=own,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def audited(self) -> list[tuple[str, str, str]]:
        with sqlite3.connect(self.store) as database:
            return list(database.execute("select who, surface, kind from audit order by number"))


@pytest.fixture
def terminal(tmp_path: Path, empty_store: Path) -> Terminal:
    made = Terminal(tmp_path)
    shutil.copy(empty_store, made.store)
    made.configure()
    return made


def test_a_change_of_dark_nodes_is_refused_with_every_reason(terminal: Terminal) -> None:
    done = terminal.run("--yes", "start", "web")
    assert done.returncode == 1
    assert "start is not possible: 2 reasons" in done.stdout
    asked, refused = terminal.audited()
    assert asked[0].startswith("local:")
    assert (asked[1:], refused[1:]) == (("terminal", "asked"), ("terminal", "declined"))


def test_words_arrive_as_the_shell_split_them(terminal: Terminal) -> None:
    done = terminal.run("start", "web; reboot 'now'")
    assert done.returncode == 1
    assert "there is no cluster" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_without_the_store_reading_works_and_changing_does_not(terminal: Terminal) -> None:
    terminal.configure(terminal.folder / "missing" / "store.db")
    reading = terminal.run("clusters")
    assert reading.returncode == 0, reading.stderr
    assert "10.0.0.10/24" in reading.stdout
    assert "working without the store" in reading.stderr
    changing = terminal.run("--yes", "start", "web")
    assert changing.returncode == 1
    assert "cannot be opened, so nothing is changed" in changing.stdout
