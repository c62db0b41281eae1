"""`python -m sandbox slack`: the lines a bot needs to connect, and a clean end."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

ROOT = Path(__file__).parents[3]


async def test_it_prints_what_connects_and_ends_on_sigterm() -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.slack", "--banner", "Simulated nodes"),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert server.stdout is not None
    lines = [(await server.stdout.readline()).decode().strip() for _ in range(5)]
    given = dict(line.split("=", 1) for line in lines[:4])
    client = AsyncWebClient(
        token=given["HACLUSTER_SLACK__BOT_TOKEN"], base_url=given["HACLUSTER_SLACK__API_URL"], timeout=10
    )
    assert (await client.auth_test())["ok"]
    assert lines[4] == f"# the workspace: {given['HACLUSTER_SLACK__API_URL'].removesuffix('api/')}"
    server.send_signal(signal.SIGTERM)
    assert await server.wait() == 0
