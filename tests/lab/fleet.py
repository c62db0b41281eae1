"""What it costs to watch many clusters, and what happens when many lose a node at once.

Simulated clusters and a workspace that keeps Slack's pace, in this process; the real bot beside it, over real SSH to
every node. Needs no root. Prints:

- CPU and memory of the bot while nothing happens;
- how long `status` of all clusters takes, and what it costs, for few clusters and for many;
- the seconds from switching off a node each in many clusters until each has its card in the workspace, and whether
  clusters that lost service came before those that lost redundancy only.

Nothing is checked here: what was seen is said in words, and the exit status is 0 for every run that came to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.nodes.fleet import Fleet
from sandbox.run.box import Box
from tests.lab.conftest import Person
from tests.lab.figures import Cost, cost, say, since
from tests.lab.fleet_losses import lose

WATCHED_WITHIN = 600.0
"""Seconds until all streams are up: each node's SSH handshake costs both sides some."""
SETTLING = 45.0
"""Seconds after that until every node was looked at again: a sweep and a half."""
QUIET, QUIET_WITHIN = 15.0, 420.0
"""Seconds without a message after which all of the beginning is told, and how long that is waited for by default."""
IDLE = 30.0
FEW_AND_MANY = (25, 200)
ASKED = 5
"""How often `status` is asked for."""
ANSWERED_WITHIN = 60.0


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
class Status:
    """What one `status` of all clusters takes: seconds until the answer stands in the channel, and of the bot's CPU."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What so many clusters cost: `idle` is of one core, `memory` in MiB."""

    clusters: int
    idle: float
    memory: float
    status: Status


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.fleet", description="Many clusters, watched by one bot.")
    parser.add_argument(
        "--clusters", type=int, nargs="+", default=FEW_AND_MANY, help="how many (default: 25, then 200)"
    )
    parser.add_argument("--lose", type=int, default=20, help="how many of the most lose a node (default: 20)")
    parser.add_argument("--log", type=Path, help="where to keep the bot's log")
    parser.add_argument("--quiet-within", type=float, default=QUIET_WITHIN, help="seconds to wait for silence at first")
    arguments = parser.parse_args(argv)
    most = max(arguments.clusters)
    figures: list[Figures] = []
    for clusters in arguments.clusters:
        losses = min(arguments.lose, clusters) if clusters == most else 0
        figures.append(asyncio.run(measure(clusters, losses, arguments.quiet_within, arguments.log)))
    for line in growth(figures[0], figures[-1]):
        say(line)
    return 0


def growth(few: Figures, many: Figures) -> Iterator[str]:
    """Say how what it costs grows with the clusters. A figure that grows as they do is fine."""
    if few.clusters == many.clusters:
        return
    yield f"From {few.clusters} to {many.clusters} clusters, {many.clusters / few.clusters:.1f} times as many:"
    for name, before, after in (
        ("CPU of the bot while idle", few.idle, many.idle),
        ("its memory", few.memory, many.memory),
        ("seconds for `status` of all", few.status.seconds, many.status.seconds),
        ("CPU for it", few.status.cpu, many.status.cpu),
    ):
        yield f"  {name}: {after / before:.1f} times" if before > 0 else f"  {name}: too little to tell"


async def measure(clusters: int, losses: int, patience: float, log: Path | None) -> Figures:
    """Measure it, and say what was seen."""
    with tempfile.TemporaryDirectory(prefix="hacluster-fleet-") as folder:
        fleet = Fleet(clusters, Path(folder))
        backing = FleetBacking(fleet)
        try:
            await fleet.open()
            settings = {"watch": {"channel": "C0000000OPS"}, **fleet.settings()}
            async with Box(backing, settings=settings, paced=True) as box:
                try:
                    share = await idle(box, fleet, patience)
                    asked = await status(box, clusters)
                    if losses:
                        await lose(box, fleet, losses)
                finally:
                    if log is not None:
                        await asyncio.to_thread(log.write_text, box.log())
            for line in fleet.amiss[:3]:
                say(f"the simulation could not play: {line[:300]}")
        finally:
            await fleet.close()
    return Figures(clusters, share.cpu, share.memory, asked)


async def idle(box: Box, fleet: Fleet, patience: float) -> Cost:
    """Wait until everything is watched, and measure what that costs: CPU seconds in a second, and memory."""
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
    return Cost((bot_after.cpu - bot.cpu) / passed, bot_after.memory)


async def status(box: Box, clusters: int) -> Status:
    """Ask how all clusters are, a few times."""
    ada = Person(box)
    bot = box.bot.pid if box.bot else os.getpid()
    seconds, before = [], cost(bot)
    for _ in range(ASKED):
        begun = time.monotonic()
        answer = await ada.ask("/hacluster status", within=ANSWERED_WITHIN)
        seconds.append(since(begun))
    after = cost(bot)
    found = Status(statistics.median(seconds), (after.cpu - before.cpu) / ASKED)
    # Slack takes a command back that is not acknowledged in three seconds: then this is no answer
    say(
        f"`status` of {clusters} clusters, the last answer: {answer.text.splitlines()[0][:100]}",
        f"  {found.seconds:.2f} s (median of {ASKED}, the longest {max(seconds):.2f} s), {found.cpu:.2f} s of CPU each; "
        f"memory {before.memory:.0f} MiB before, {after.memory:.0f} MiB after",
    )
    return found


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


def followed(fleet: Fleet) -> int:
    """Return how many streams are followed on all nodes."""
    machines = (machine for network in fleet.clusters.values() for machine in network.world.machines.values())
    return sum(len(machine.journal.followers) + len(machine.corosync_news.followers) for machine in machines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
