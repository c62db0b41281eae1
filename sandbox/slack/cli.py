"""`python -m sandbox slack`: a workspace by itself, with what a bot needs to connect printed as environment lines."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Sequence

from sandbox.slack.front import Front
from sandbox.slack.workspace import Workspace


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    parser.add_argument("--control-port", type=int, help="where to ask for Slack's bad days over HTTP (0: a free one)")
    parser.add_argument("--banner", default="", help="what the page says at the top")
    parser.add_argument("--hint", action="append", default=[], help="a first line to type, offered on the page")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for end in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(end, stop.set)
    front = Front(banner=options.banner, hints=tuple(options.hint))
    async with Workspace(port=options.port, front=front, control_port=options.control_port) as ws:
        for line in environment(ws):
            print(line, flush=True)
        print(f"# the workspace: {ws.url}/", flush=True)
        if ws.control_url:
            print(f"# Slack's bad days: {ws.control_url}/", flush=True)
        await stop.wait()


def environment(ws: Workspace) -> list[str]:
    """What the bot reads, one `NAME=value` a line."""
    return [
        f"HACLUSTER_SLACK__API_URL={ws.url}/api/",
        f"HACLUSTER_SLACK__BOT_TOKEN={ws.bot_token}",
        f"HACLUSTER_SLACK__APP_TOKEN={ws.app_token}",
        f"HACLUSTER_SLACK__SIGNING_SECRET={ws.signing_secret}",
    ]
