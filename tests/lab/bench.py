"""How fast it is beside a person with a shell: ratios measured in one run, on the same real nodes.

Two ratios, each with the bar it is held to:

- from Confirm in the workspace to the message that says "done and verified", floating IPs included, over the hand
  recipe (`recipe.sh` beside this file, which sets up no floating IPs);
- from typing `/hacluster status` to its answer, over `ssh NODE pcs status` by a client that is not connected yet.

Absolute seconds depend on the machine and on what else it does; the load average is printed with them. Both sides of a
ratio start from nodes in the same state and run within minutes of each other. It measures and does not judge: a missed
bar is said in words and the exit status is 0 for every run that came to its end, since one measurement on a busy machine
is no verdict, and `make bench` goes on to what else it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from tests.lab.conftest import Person

RECIPE = Path(__file__).parent / "recipe.sh"
RECIPE_WITHIN = 180.0
"""Seconds for the hand recipe; it ends by itself when both nodes are online."""
SETUP_BAR = 0.5
STATUS_BAR = 0.25
STATUS_P95_BAR = 0.2
"""Seconds."""
RELEASES = (12, 13)
"""Not Debian 11: there `systemctl start pcsd`, the recipe's first step, does not bring back pcsd's half in Ruby once
pcsd was stopped, so that the recipe cannot start from stopped daemons.
"""
WARM_UP = 5
REQUESTS = 60
COLD = 10


@dataclass(slots=True)
class Measured:
    """Seconds of everything that was timed, in the order it was."""

    recipe: list[float] = field(default_factory=list)
    setup: list[float] = field(default_factory=list)
    """From the click on Confirm until its message tells the end."""
    told: list[str] = field(default_factory=list)
    """What those messages say themselves."""
    cold: list[float] = field(default_factory=list)
    status: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    """The load average of the last minute, at the beginning of each round and at the end."""


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.bench", description="Ratios measured on real nodes.")
    parser.add_argument("--rounds", type=int, default=3, help="setups of each kind (default: 3)")
    parser.add_argument("--debian", type=int, default=12, choices=RELEASES)
    arguments = parser.parse_args(argv)
    measured = Measured()
    with Lab.up(f"bench{arguments.debian}", debian=arguments.debian) as lab:
        for number in range(arguments.rounds):
            measured.load.append(os.getloadavg()[0])
            say(f"round {number + 1} of {arguments.rounds}, load {measured.load[-1]:.1f}")
            if number:
                lab.reset()
            empty(lab)
            measured.recipe.append(by_hand(lab))
            say(f"  the hand recipe: {measured.recipe[-1]:.1f} s")
            lab.reset()
            empty(lab)
            asyncio.run(by_chat(lab, arguments.debian, measured, last=number == arguments.rounds - 1))
    measured.load.append(os.getloadavg()[0])
    say("", *report(measured))
    return 0


def say(*lines: str) -> None:
    """Print lines at once: a run takes minutes."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def empty(lab: Lab) -> None:
    """Make both nodes servers with packages and nothing else: no cluster that the packages started, no pcsd running."""

    def one(node: str) -> None:
        lab.exec(node, ["pcs", "cluster", "destroy"], timeout=180)
        lab.exec(node, ["systemctl", "stop", "pcsd"], timeout=180)

    with ThreadPoolExecutor() as nodes:
        list(nodes.map(one, lab.nodes))


def by_hand(lab: Lab) -> float:
    """Return the seconds that the hand recipe takes until Pacemaker shows both nodes online."""
    nodes = [f"{name}={addresses[0]}" for name, addresses in lab.nodes.items()]
    done = subprocess.run(
        ["bash", str(RECIPE), " ".join(ssh(lab)), *nodes],
        capture_output=True,
        text=True,
        check=True,
        timeout=RECIPE_WITHIN,
    )
    laps = dict(line.split() for line in done.stdout.splitlines())
    return float(laps["online"])


def ssh(lab: Lab) -> tuple[str, ...]:
    """Return OpenSSH's client with the lab's key, sharing no connection."""
    options = (
        f"UserKnownHostsFile={lab.known_hosts}",
        "StrictHostKeyChecking=yes",
        "ControlMaster=no",
        "LogLevel=ERROR",
    )
    return ("ssh", "-F", "none", "-i", str(lab.key), *(word for option in options for word in ("-o", option)))


async def by_chat(lab: Lab, debian: int, measured: Measured, *, last: bool) -> None:
    """Set up from the workspace, and in the last round ask for the status of what stands then."""
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(Box(LabBacking(lab, debian)))
        ada = Person(box)
        plan = await ada.ask(setup_line(box.backing))
        if "Do it?" not in plan.text:
            raise RuntimeError(f"no plan: {plan.text}")
        begun = time.monotonic()
        await ada.press(plan, "Confirm")
        told = await ada.outcome(plan)
        measured.setup.append(time.monotonic() - begun)
        measured.told.append(told.split("\n")[0])
        say(f"  from chat:       {measured.setup[-1]:.1f} s — {measured.told[-1]}")
        if "done and verified" not in measured.told[-1]:
            raise RuntimeError(f"setup failed: {told}")
        if last:
            await statuses(lab, ada, measured)


async def statuses(lab: Lab, ada: Person, measured: Measured) -> None:
    """Time the status from chat and by a new connection: half of the latter before, half after."""
    node = next(iter(lab.nodes.values()))[0]
    for _ in range(COLD // 2):
        measured.cold.append(await asyncio.to_thread(cold_status, lab, node))
    for number in range(WARM_UP + REQUESTS):
        begun = time.monotonic()
        answer = await ada.ask("/hacluster status")
        seconds = time.monotonic() - begun
        if "2 of 2 nodes online" not in answer.text:
            raise RuntimeError(f"not a status: {answer.text}")
        if number >= WARM_UP:
            measured.status.append(seconds)
    for _ in range(COLD - COLD // 2):
        measured.cold.append(await asyncio.to_thread(cold_status, lab, node))


def cold_status(lab: Lab, address: str) -> float:
    """Return the seconds of one `ssh NODE pcs status`, connecting included."""
    begun = time.monotonic()
    subprocess.run([*ssh(lab), f"root@{address}", "pcs", "status"], capture_output=True, check=True, timeout=60)
    return time.monotonic() - begun


def report(measured: Measured) -> list[str]:
    """Return the table: medians, all figures, the ratios and whether they reach their bars."""
    recipe, setup = statistics.median(measured.recipe), statistics.median(measured.setup)
    cold, status = statistics.median(measured.cold), statistics.median(measured.status)
    p95 = statistics.quantiles(measured.status, n=20, method="inclusive")[-1]
    return [
        f"{'what':<52}{'median':>9}  all",
        row("hand recipe, no floating IPs, until both online", recipe, measured.recipe),
        row("Confirm until done and verified, floating IPs serve", setup, measured.setup),
        row("ssh NODE pcs status, connection included", cold, measured.cold),
        row("/hacluster status until its answer", status, [max(measured.status)], f"p95 {p95:.3f} s, max "),
        "",
        *(f"the product's own words: {words}" for words in measured.told),
        f"load average (1 min) on {os.cpu_count()} cores: {' '.join(f'{load:.1f}' for load in measured.load)}",
        "",
        bar("Confirm until verified / hand recipe", setup / recipe, SETUP_BAR),
        bar("status from chat / ssh NODE pcs status", status / cold, STATUS_BAR),
        bar("status from chat, p95, seconds", p95, STATUS_P95_BAR),
    ]


def row(what: str, median: float, figures: Sequence[float], words: str = "") -> str:
    """Return a line of the table."""
    digits = 1 if median >= 5 else 3
    return f"{what:<52}{median:>7.{digits}f} s  {words}{' '.join(f'{figure:.{digits}f}' for figure in figures)}"


def bar(what: str, figure: float, most: float) -> str:
    """Return a figure beside its bar, and whether it is reached."""
    return f"{what:<52}{figure:>9.3f}  bar {most:.2f}: {'reached' if figure <= most else 'MISSED'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
