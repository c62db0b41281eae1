"""`hacluster health`, against the page that the bot serves, on the port of the settings file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot.cli import main
from bot.health import address
from bot.slack.http import Health, application, serving
from config.sections import SlackSettings


def asked(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["hacluster", "health"])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("status", [0, 1])
async def test_the_bot_on_the_port_of_the_settings_file_says_how_it_is(
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ok = status == 0

    async def judge() -> Health:
        return Health(ok, {"slack_connected": ok})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving(application(judge), "127.0.0.1", 0) as port:
        (tmp_path / "hacluster.toml").write_text(f'[slack]\nhttp_host = "0.0.0.0"\nhttp_port = {port}\n')
        assert await asyncio.to_thread(asked, monkeypatch) == status
    assert f'"slack_connected": {str(ok).lower()}' in capsys.readouterr().out


def test_where_nobody_answers_it_is_not_well(
    unused_tcp_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hacluster.toml").write_text(f"[slack]\nhttp_port = {unused_tcp_port}\n")
    assert asked(monkeypatch) == 1
    assert f"no answer at http://127.0.0.1:{unused_tcp_port}/healthz" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing is bound here
        ("::", "[::1]"),
        ("fd00::7", "[fd00::7]"),
        ("bot.example", "bot.example"),
    ],
)
def test_it_is_asked_where_it_listens(host: str, where: str) -> None:
    assert address(SlackSettings(http_host=host, http_port=3001)) == f"http://{where}:3001/healthz"
