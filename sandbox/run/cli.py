"""`python -m sandbox run`: starts everything, prints where to look and what to type first."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from sandbox.lab.debian import RELEASES
from sandbox.lab.errors import LabError
from sandbox.run.backing import Backing, LabBacking
from sandbox.run.box import Box, NotStarted, setup_line

DEBIAN = 12
HIGHEST_PORT = 65535


def main(argv: Sequence[str] | None = None) -> int:
    """Run until interrupted, then take everything down again; exit status 1 if something did not start, or ended."""
    parser = argparse.ArgumentParser("python -m sandbox run", description=__doc__)
    parser.add_argument("--lab", action="store_true", help="real nodes instead of simulated ones (root on Linux)")
    parser.add_argument("--debian", type=int, choices=RELEASES, help=f"the lab's release ({DEBIAN})")
    parser.add_argument("--installed", action="store_true", help="lab nodes with packages installed, not bare ones")
    parser.add_argument("--nodes", default="n1,n2", help="names of the nodes (n1,n2)")
    parser.add_argument("--port", type=int, default=8080, help="of the workspace's page (8080)")
    asked = parser.parse_args(argv)
    if not 0 <= asked.port <= HIGHEST_PORT:
        parser.error(f"argument --port: a number up to {HIGHEST_PORT}, not {asked.port}")
    if asked.debian and not asked.lab:
        parser.error("argument --debian: only real nodes have a release to choose; add --lab (LAB=1)")
    try:
        return asyncio.run(_run(asked))
    except (LabError, NotStarted) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0


async def _run(asked: argparse.Namespace) -> int:
    backing = await _backing(asked)
    try:
        async with Box(backing, port=asked.port, control_port=0) as box:
            print(f"\n  Workspace:  {box.workspace.url}/   ({backing.banner})")
            print(f"  Type first: {setup_line(backing)}")
            print(f"  Break Slack: {box.workspace.control_url}/ says how (rate limits, lost replies, outages)\n")
            print("  Ctrl-C takes everything down again.", flush=True)
            return await _until_interrupted(box)
    finally:
        print("Taking everything down …", flush=True)
        await backing.close()


async def _backing(asked: argparse.Namespace) -> Backing:
    names = tuple(asked.nodes.split(","))
    if asked.lab:
        print("Booting real nodes (the first time this builds their image, a few minutes) …", flush=True)
        return await LabBacking.up("sandbox", nodes=names, debian=asked.debian or DEBIAN, bare=not asked.installed)
    from sandbox.run.simulated import SimulatedBacking  # noqa: PLC0415 - the lab needs none of its dependencies

    return await SimulatedBacking.up(names)


async def _until_interrupted(box: Box) -> int:
    """Wait for Ctrl-C, which is status 0, or for the bot's own end, which is 1."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    bot = asyncio.create_task(box.bot.wait()) if box.bot else None
    await asyncio.wait({waiting, *([bot] if bot else [])}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if stopped.is_set() or bot is None:
        return 0
    sys.stderr.write(f"sandbox: the bot ended by itself. Its log ends with:\n{box.log()[-2000:]}\n")
    return 1
