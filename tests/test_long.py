"""What is left to `make chaos` is said where people look for it, and is run there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import long

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("file", long.FILES)
def test_a_file_left_out_is_named_and_run_by_make_chaos(file: str) -> None:
    assert (ROOT / "tests/lab" / file).is_file()
    assert f"`{file}`" in (ROOT / "CONTRIBUTING.md").read_text()
    chaos = [line for line in (ROOT / "Makefile").read_text().splitlines() if "CHAOS_MINUTES=" in line]
    assert any(f"tests/lab/{file}" in line for line in chaos)
