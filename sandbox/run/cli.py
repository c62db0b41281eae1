"""`python -m sandbox run`: starts everything, prints where to look and what to type first."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Sequence

from sandbox.run.backing import Backing, LabBacking
from sandbox.run.box import Box, setup_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run until interrupted; then take everything down again."""
    parser = argparse.ArgumentParser("python -m sandbox run", description=__doc__)
    parser.add_argument("--lab", action="store_true", help="real nodes instead of simulated ones (root on Linux)")
    parser.add_argument("--debian", type=int, choices=(11, 12, 13), default=12, help="the lab's release (12)")
    parser.add_argument("--installed", action="store_true", help="lab nodes with packages installed, not bare ones")
    parser.add_argument("--nodes", default="n1,n2", help="names of the nodes (n1,n2)")
    parser.add_argument("--port", type=int, default=8080, help="of the workspace's page (8080)")
    asked = parser.parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(asked))
    return 0


async def _run(asked: argparse.Namespace) -> None:
    backing = await _backing(asked)
    try:
        async with Box(backing, port=asked.port) as box:
            print(f"\n  Workspace:  {box.workspace.url}/   ({backing.banner})")
            print(f"  Type first: {setup_line(backing)}\n")
            print("  Ctrl-C takes everything down again.", flush=True)
            await _until_interrupted(box)
    finally:
        print("Taking everything down …", flush=True)
        await backing.close()


async def _backing(asked: argparse.Namespace) -> Backing:
    names = tuple(asked.nodes.split(","))
    if asked.lab:
        print("Booting real nodes (the first time this builds their image, a few minutes) …", flush=True)
        return await LabBacking.up("sandbox", nodes=names, debian=asked.debian, bare=not asked.installed)
    from sandbox.run.simulated import SimulatedBacking  # noqa: PLC0415 - the lab needs none of its dependencies

    return await SimulatedBacking.up(names)


async def _until_interrupted(box: Box) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    bot = asyncio.create_task(box.bot.wait()) if box.bot else None
    await asyncio.wait({waiting, *([bot] if bot else [])}, return_when=asyncio.FIRST_COMPLETED)
    if bot is not None and bot.done():
        print(f"The bot ended by itself. Its log ends with:\n{box.log()[-2000:]}")
    waiting.cancel()
