"""`hacluster serve` as a newcomer starts it: what it does not start without, and how it says so."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from sandbox.slack import Workspace

ROOT = Path(__file__).parents[2]


async def _served(folder: Path, toml: str) -> tuple[int | None, str]:
    """Start it in a folder with these settings; return its exit status and what it said on standard error."""
    if toml:
        (folder / "hacluster.toml").write_text(toml)
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bot.cli import main; main()", "serve"),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "COLUMNS": "1000"},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        _, said = await bot.communicate()
    finally:
        if bot.returncode is None:
            bot.kill()
    return bot.returncode, said.decode()


async def test_without_tokens_it_says_in_which_folder_it_looked(tmp_path: Path) -> None:
    status, said = await _served(tmp_path, "")

    assert status == 1
    assert f"there are no Slack tokens, and no hacluster.toml in {tmp_path}" in said
    assert "Traceback" not in said


async def test_with_a_bot_token_that_slack_refuses_it_ends_instead_of_hearing_all_and_answering_nothing(
    tmp_path: Path,
) -> None:
    async with Workspace() as ws:
        toml = f'[slack]\napi_url = "{ws.url}/api/"\nbot_token = "xoxb-wrong"\napp_token = "{ws.app_token}"\n'

        status, said = await _served(tmp_path, toml)

    assert status == 1
    assert "Slack refuses the bot token: invalid_auth" in said
    assert "Traceback" not in said
