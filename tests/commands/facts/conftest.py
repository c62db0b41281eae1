"""What the tests of facts share: recorded outputs of the real tools, and outputs made up on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands.command import Command, Completed
from commands.facts.fact import Fact

CAPTURES = Path(__file__).parents[2] / "captures"


def _recorded(path: Path) -> Completed:
    said = json.loads(path.read_text())
    argv = tuple(said["argv"])
    return Completed(said["node"], Command(argv), said["exit"], said["stdout"], said["stderr"])


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Completed]:
    """Return a recorded output by its path below `tests/captures`, without `.json`."""
    return lambda name: _recorded(CAPTURES / f"{name}.json")


@pytest.fixture(scope="session")
def said() -> Callable[..., Completed]:
    """Return what a fact's command printed, made up: `said(fact, stdout, status=0, stderr="")`."""

    def completed(fact: Fact[Any], stdout: str = "", status: int = 0, stderr: str = "") -> Completed:
        return Completed("n1", fact.command, status, stdout, stderr)

    return completed
