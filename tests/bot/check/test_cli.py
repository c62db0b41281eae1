"""The command line as a person meets it: what is printed where, and the exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.cli import main

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder, and leave logging as it was: it would go on into this test's captured output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hacluster", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def run_apart(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own: loggers that were used keep the configuration of their first use."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "from bot.cli import main; main()", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_first_check_without_any_settings_passes_and_says_what_comes_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "check", "--config-only") == 0
    out, err = capsys.readouterr()
    assert "no Slack tokens" in out
    assert "slack-manifest.yaml" in out
    assert f"there is no hacluster.toml in {tmp_path}" in out
    assert err == ""
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_finds_something_wrong_exits_1_and_counts_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "hacluster.toml").write_text('files_dir = "gone"\n[ssh]\nkeys = ["nokey"]\n')
    assert run(monkeypatch, "check", "--config-only") == 1
    out = capsys.readouterr().out
    assert "there is no folder gone" in out
    assert "there is no file nokey" in out
    assert "2 to put right" in out


def test_a_whole_check_goes_on_past_a_store_that_does_not_open_and_a_node_that_is_not_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "hacluster.toml").write_text(
        '[store]\nurl = "sqlite+aiosqlite:///gone/store.db"\n'
        '[ssh]\nconnect_to = { "10.0.0.1" = "127.0.0.1:1" }\n'
        '[clusters.web]\nnodes = { n1 = "10.0.0.1" }\nfencing = "none"\n'
    )
    ended = run_apart(tmp_path, "check")
    assert ended.returncode == 1
    assert ended.stderr == ""
    assert "there is no folder gone" in ended.stdout
    assert "web/n1" in ended.stdout
    assert "2 to put right" in ended.stdout


def test_mistakes_in_the_settings_are_listed_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "hacluster.toml").write_text('[slack]\nmode = "sockt"\nbot_token = "c4n4ry"\n[clusters.web]\n')
    assert run(monkeypatch, "check") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "4 mistakes in the settings" in err
    for told in (
        "slack.mode must be",
        "slack.bot_token is not a bot token",
        "clusters.web.nodes is missing",
        "clusters.web.fencing is missing",
    ):
        assert told in err
    assert "(hacluster.toml)" in err
    assert "c4n4ry" not in err
    assert "Traceback" not in err


def test_markup_in_what_is_told_stays_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "hacluster.toml").write_text('files_dir = "[red]gone[/nothing]"\n["[bold]x"]\n')
    assert run(monkeypatch, "check", "--config-only") == 1
    assert "[bold]x" in capsys.readouterr().err
    (tmp_path / "hacluster.toml").write_text('files_dir = "[red]gone[/nothing]"\n')
    assert run(monkeypatch, "check", "--config-only") == 1
    assert "[red]gone[/nothing]" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nonsense"], ["check", "--nonsense"], ["run"], ["serve", "web"]])
def test_a_wrong_command_line_exits_2_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(monkeypatch, *words) == 2
    assert "Usage:" in capsys.readouterr().err


def test_a_verbs_own_options_reach_the_verb(tmp_path: Path) -> None:
    ended = run_apart(tmp_path, "run", "failover", "10.0.0.10", "--to", "n2", "--nonsense", "--yes")
    assert ended.returncode == 1
    assert "there is no option --nonsense here" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_help_names_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    out = capsys.readouterr().out
    for command in ("serve", "run", "check"):
        assert command in out


def test_tokens_tells_none_from_mistaken_settings_so_that_make_run_does_not_take_a_typo_for_no_slack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "tokens") == 3
    (tmp_path / "hacluster.toml").write_text('[slack]\nmood = "socket"\n')
    assert run(monkeypatch, "tokens") == 1
    assert "mood" in capsys.readouterr().err
