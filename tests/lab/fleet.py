"""What it costs to watch many clusters, and what happens when many lose a node at once.

Simulated clusters and a workspace that keeps Slack's pace, in this process; the real bot beside it, over real SSH to
every node. Needs no root. Prints:

- CPU and memory of the bot while nothing happens;
- the seconds from switching off a node each in many clusters until each has its card in the workspace, and whether
  clusters that lost service came before those that lost redundancy only.

Nothing is checked here: what was seen is said in words, and the exit status is 0 for every run that came to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.nodes.fleet import LONELY, Fleet
from sandbox.nodes.membership import LOSS
from sandbox.run.box import Box

WATCHED_WITHIN = 600.0
"""Seconds until all streams are up: each node's SSH handshake costs both sides some."""
SETTLING = 45.0
"""Seconds after that until every node was looked at again: a sweep and a half."""
QUIET, QUIET_WITHIN = 15.0, 420.0
"""Seconds without a message after which all of the beginning is told, and how long that is waited for by default."""
POST = 1.0
"""Seconds between two posts to a channel, at Slack's pace; one is to spare."""
IDLE = 30.0
BURST = 1.0
"""Seconds within which all the nodes are switched off."""
KNOWN = 2.0
"""Seconds from the new membership until the bot has looked and may put its cards into order."""
TOLD_WITHIN = 120.0
_CLUSTER = re.compile(r"\bweb\d{3,}\b")


@dataclass(frozen=True, slots=True)
class FleetBacking:
    """The fleet as what the bot is tried on: it declares its clusters, so that there is nothing to set up."""

    fleet: Fleet
    banner: str = "simulated clusters"
    nodes: Mapping[str, str] = field(default_factory=dict)
    vips: tuple[str, ...] = ()

    @property
    def ssh(self) -> Mapping[str, object]:
        """Log in as root with the fleet's one key."""
        keys = self.fleet.keys
        return {
            "user": "root",
            "keys": [str(keys.client)],
            "known_hosts": [str(keys.known_hosts)],
            "connect_to": self.fleet.connect_to,
        }

    async def power_off(self, node: str) -> None:
        """Have no node by itself."""
        raise KeyError(node)

    async def power_on(self, node: str) -> None:
        """Have no node by itself."""
        raise KeyError(node)

    async def cut(self, node: str) -> None:
        """Have no node by itself."""
        raise KeyError(node)

    async def heal(self) -> None:
        """Undo nothing: nothing is cut here."""

    async def close(self) -> None:
        """Take everything down."""
        await self.fleet.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a process so far, and MiB of memory."""

    cpu: float
    memory: float


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.fleet", description="Many clusters, watched by one bot.")
    parser.add_argument("--clusters", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--lose", type=int, default=20, help="how many of them lose a node (default: 20)")
    parser.add_argument("--log", type=Path, help="where to keep the bot's log")
    parser.add_argument("--quiet-within", type=float, default=QUIET_WITHIN, help="seconds to wait for silence at first")
    arguments = parser.parse_args(argv)
    losses = min(arguments.lose, arguments.clusters)
    asyncio.run(measure(arguments.clusters, losses, arguments.quiet_within, arguments.log))
    return 0


async def measure(clusters: int, losses: int, patience: float, log: Path | None) -> None:
    """Measure it, and say what was seen."""
    with tempfile.TemporaryDirectory(prefix="hacluster-fleet-") as folder:
        fleet = Fleet(clusters, Path(folder))
        backing = FleetBacking(fleet)
        try:
            await fleet.open()
            settings = {"watch": {"channel": "C0000000OPS"}, **fleet.settings()}
            async with Box(backing, settings=settings, paced=True) as box:
                try:
                    await idle(box, fleet, patience)
                    await lose(box, fleet, losses)
                finally:
                    if log is not None:
                        await asyncio.to_thread(log.write_text, box.log())
            for line in fleet.amiss[:3]:
                say(f"the simulation could not play: {line[:300]}")
        finally:
            await fleet.close()


async def idle(box: Box, fleet: Fleet, patience: float) -> None:
    """Wait until everything is watched, and measure what that costs."""
    begun = time.monotonic()
    while followed(fleet) < 4 * len(fleet.clusters):
        if time.monotonic() - begun > WATCHED_WITHIN:
            raise TimeoutError(f"{followed(fleet)} streams only:\n{box.log()[-2000:]}")
        await asyncio.sleep(0.5)
    say(f"{len(fleet.clusters)} clusters, {2 * len(fleet.clusters)} nodes: all streams up after {since(begun):.0f} s")
    await asyncio.sleep(SETTLING)
    if not await quiet(box, patience):
        say(f"  it was not quiet for {QUIET:.0f} s within {patience:.0f} s")
    before = len(box.workspace.messages("ops"))
    say(f"quiet after {since(begun):.0f} s; cards about nothing, from the rush of the beginning: {before}")
    bot = cost(box.bot.pid) if box.bot else Cost(0, 0)
    own, at = cost(os.getpid()), time.monotonic()
    await asyncio.sleep(IDLE)
    passed = since(at)
    bot_after, own_after = cost(box.bot.pid) if box.bot else Cost(0, 0), cost(os.getpid())
    load = os.getloadavg()[0]
    say(
        f"idle for {passed:.0f} s (load {load:.1f}):",
        f"  the bot: {(bot_after.cpu - bot.cpu) / passed:.1%} of a core, {bot_after.memory:.0f} MiB",
        f"  nodes and workspace: {(own_after.cpu - own.cpu) / passed:.1%} of a core, {own_after.memory:.0f} MiB",
        f"  messages meanwhile: {len(box.workspace.messages('ops')) - before}",
    )


async def quiet(box: Box, patience: float) -> bool:
    """Wait until the bot has nothing more to say; say whether that came."""
    begun = last = time.monotonic()
    calls = said(box)
    while since(last) < QUIET:
        if since(begun) > patience:
            return False
        await asyncio.sleep(0.5)
        if said(box) != calls:
            calls, last = said(box), time.monotonic()
    return True


def said(box: Box) -> int:
    """Return how often the bot has posted or changed a message, or tried to."""
    return sum(call.method.startswith("chat.") for call in box.workspace.calls)


async def lose(box: Box, fleet: Fleet, losses: int) -> None:
    """Switch off a node each in some clusters, and watch the cards come."""
    chosen = list(fleet.clusters)[:: max(1, len(fleet.clusters) // losses)][:losses]
    chosen = [name if number % 2 else _lonely(fleet, name) for number, name in enumerate(chosen)]
    told, calls = len(box.workspace.messages("ops")), posted(box)
    before = len(box.workspace.calls)
    begun = time.monotonic()
    for name in chosen:
        await fleet.clusters[name].power_off("n2")
        await asyncio.sleep(BURST / losses)
    order: dict[str, float] = {}
    while len(order) < len(set(chosen)) and since(begun) < TOLD_WITHIN:
        for message in box.workspace.messages("ops")[told:]:
            for name in _CLUSTER.findall(f"{message.text} {message.blocks}"):
                if name in chosen:
                    order.setdefault(name, since(begun))
        await asyncio.sleep(0.05)
    say(f"{len(set(chosen))} clusters lost a node within {BURST:.0f} s; {len(order)} have their card:")
    say(
        f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; at Slack's pace alone the last comes {(losses - 2) * POST:.0f} s after the first"
    )
    if order:
        first, last = min(order.values()), max(order.values())
        say(
            f"  the first after {first:.1f} s, the last after {last:.1f} s ({posted(box) - calls} calls of chat.postMessage)"
        )
    calls_since = box.workspace.calls[before:]
    methods = Counter(call.method for call in calls_since)
    refused = Counter(call.method for call in calls_since if call.answer.get("error") == "ratelimited")
    say(f"  calls: {dict(methods)}; refused for their pace: {dict(refused)}")
    late = [name for name, at in order.items() if at > LOSS + KNOWN]
    marks = "".join("r" if _loses_redundancy(name) else "S" for name in order)
    sorted_ = "yes" if "rS" not in "".join("r" if _loses_redundancy(name) else "S" for name in late) else "no"
    say(f"  order (S service lost, r redundancy only): {marks}")
    say(f"  of the {len(late)} told once the loss was known, most severe first: {sorted_}")


def _lonely(fleet: Fleet, name: str) -> str:
    """Return the nearest cluster that loses no service with its n2, or the same where there is none."""
    number = int(name.removeprefix("web"))
    near = f"web{number + -number % LONELY:03}"
    return near if near in fleet.clusters else name


def _loses_redundancy(name: str) -> bool:
    return int(name.removeprefix("web")) % LONELY == 0


def followed(fleet: Fleet) -> int:
    """Return how many streams are followed on all nodes."""
    machines = (machine for network in fleet.clusters.values() for machine in network.world.machines.values())
    return sum(len(machine.journal.followers) + len(machine.corosync_news.followers) for machine in machines)


def posted(box: Box) -> int:
    """Return how often the bot has called for a new message."""
    return sum(call.method == "chat.postMessage" for call in box.workspace.calls)


def cost(pid: int) -> Cost:
    """Return what a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    ticks = int(fields[11]) + int(fields[12])
    return Cost(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def since(moment: float) -> float:
    """Return the seconds since a moment."""
    return time.monotonic() - moment


def say(*lines: str) -> None:
    """Print lines at once: a run takes minutes."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
