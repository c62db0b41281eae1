"""`make run` begins what fits: the bot where there are Slack tokens, the sandbox where there are none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOKENS, NO_TOKENS, MISTAKEN = 0, 3, 1


def make_run(folder: Path, tokens: int, *variables: str) -> tuple[int, list[str]]:
    """Run it with programs that only write down how they were called; return its exit status, and what they wrote."""
    log, bin_ = folder / "log", folder / "venv" / "bin"
    bin_.mkdir(parents=True)
    for name in ("hacluster", "python"):
        program = bin_ / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{log}\n[ "$1" != tokens ] || exit {tokens}\n')
        program.chmod(0o755)
    (folder / "venv" / ".ready").touch()
    ended = subprocess.run(
        ["make", "--no-print-directory", "run", f"VENV={folder}/venv", *variables],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},  # not the variables of a make that runs the tests
        capture_output=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, log.read_text().splitlines()


def test_with_tokens_it_is_the_bot(tmp_path: Path) -> None:
    assert make_run(tmp_path, TOKENS) == (0, ["hacluster tokens", "hacluster serve"])


def test_without_it_is_the_sandbox(tmp_path: Path) -> None:
    assert make_run(tmp_path, NO_TOKENS) == (0, ["hacluster tokens", "python -m sandbox run"])


@pytest.mark.parametrize(
    ("variables", "release", "options"),
    [(("LAB=1",), 12, ""), (("LAB=1", "DEBIAN=11", "PORT=8081"), 11, " --debian 11 --port 8081")],
)
def test_real_nodes_get_what_they_need_first(
    tmp_path: Path, variables: tuple[str, ...], release: int, options: str
) -> None:
    assert make_run(tmp_path, NO_TOKENS, *variables) == (
        0,
        [
            "hacluster tokens",
            f"python -m sandbox lab prepare --install --debian {release}",
            f"python -m sandbox run --lab{options}",
        ],
    )


def test_with_mistaken_settings_it_is_neither(tmp_path: Path) -> None:
    status, called = make_run(tmp_path, MISTAKEN)
    assert status != 0
    assert called == ["hacluster tokens"]
