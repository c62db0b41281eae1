"""The README tells of what is there: its verbs, its files, its picture."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.verbs import VERBS
from commands.verbs.setup.request import OPTIONS
from config.settings import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """Return what stands between a heading and the next."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def cells(text: str) -> list[tuple[str, ...]]:
    """Return a Markdown table's rows, without its heading."""
    rows = [line.strip("| ") for line in text.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)) for row in rows]


def test_the_table_of_verbs_is_the_verbs() -> None:
    told = cells(section("Verbs"))
    assert told == [(f"`{verb.usage}`", verb.summary, verb.role.word) for verb in VERBS]


def test_every_option_of_setup_is_told() -> None:
    told = {row[0].split()[0].strip("`") for row in cells(section("Setup"))}
    assert told == {f"--{option.name}" for option in OPTIONS}


def test_the_settings_shown_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = README.split("```toml\n", 1)[1].split("```", 1)[0]
    assert tomllib.loads(shown)["clusters"]
    (tmp_path / "hacluster.toml").write_text(shown)
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={}, default_secrets=tmp_path / "none")
    assert [cluster.name for cluster in settings.clusters] == ["web"]


def test_what_it_points_at_is_there() -> None:
    places = re.findall(r"\]\(([^)#:]+)\)", README)
    assert "config/hacluster.example.toml" in places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_the_pictures_are_small() -> None:
    pictures = list((ROOT / "docs").glob("*.png"))
    assert pictures
    assert all(picture.stat().st_size < 300_000 for picture in pictures)
    assert (ROOT / "docs/demo.webp").stat().st_size < 1_500_000
