"""How fast a person's word takes effect, and whether what was predicted came: on real nodes, through the workspace.

- A node's power goes, its floating IP waits at its gate, somebody asks, another presses Approve -> the floating IP answers
  HTTP on the survivor. Bar: 1 s (median). The cluster, the plan and the prediction are all read and made anew between.
- `failover vip1 --to NODE`, from Confirm until it answers there, beside `pcs resource move --wait` over a connection to
  another floating IP of the same cluster: bar 1.0; and the longest gap that a client asking every 10 ms sees, of both.
- So many seeded random changes of a three-node cluster with a group and constraints: how often the prediction came true,
  how often a difference was told.

Nothing is checked here: a missed bar is said in words.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.conftest import Person, serves

APPROVED_BAR = 1.0
"""Seconds, median."""
FAILOVER_BAR = 1.0
POLL = 0.01
FOUR_EYES = {"policy": {"approvals": [{"verbs": ["failover"], "approvals": 1, "own": False}]}}
MORE = """
pcs resource create app ocf:pacemaker:Dummy --group apps &&
pcs resource create log ocf:pacemaker:Dummy --group apps &&
pcs resource create alone ocf:pacemaker:Dummy &&
pcs constraint location apps prefers n3=50 &&
pcs constraint colocation add alone with apps 20 &&
pcs constraint order apps then alone kind=Optional
"""


def main(argv: Sequence[str]) -> int:
    """Measure and print; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.bench_changes", description="Changes on real nodes.")
    parser.add_argument("--rounds", type=int, default=3, help="power-offs and moves (default: 3)")
    parser.add_argument("--changes", type=int, default=50, help="random changes (default: 50)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--debian", type=int, default=12, choices=(11, 12, 13))
    arguments = parser.parse_args(argv)
    say(f"load {os.getloadavg()[0]:.1f}, Debian {arguments.debian}")
    with Lab.up(f"approve{arguments.debian}", debian=arguments.debian) as lab:
        asyncio.run(approving(lab, arguments.debian, arguments.rounds))
    with Lab.up(f"move{arguments.debian}", debian=arguments.debian) as lab:
        asyncio.run(moving(lab, arguments.debian, arguments.rounds))
    if arguments.changes:
        with Lab.up(f"foresee{arguments.debian}", ("n1", "n2", "n3"), debian=arguments.debian) as lab:
            asyncio.run(foreseeing(lab, arguments.debian, arguments.changes, arguments.seed))
    say(f"load {os.getloadavg()[0]:.1f}")
    return 0


def say(*lines: str) -> None:
    """Print lines at once: a run takes minutes."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- approved


async def approving(lab: Lab, debian: int, rounds: int) -> None:
    """Let a floating IP go from the card of a lost node, again and again."""
    async with Box(LabBacking(lab, debian), settings=FOUR_EYES) as box:
        ada, ole = Person(box), Person(box, "ole")
        vip2 = box.backing.vips[1].partition("/")[0]
        await set_up(ada, box, "")
        taken = [await _approved(lab, ada, ole, vip2) for _ in range(rounds)]
    median = statistics.median(taken)
    verdict = "reached" if median <= APPROVED_BAR else "MISSED"
    say(
        f"approved -> the floating IP serves: median {median:.2f} s of {', '.join(f'{one:.2f}' for one in taken)} "
        f"(bar {APPROVED_BAR:.0f} s: {verdict})"
    )


async def _approved(lab: Lab, ada: Person, ole: Person, vip2: str) -> float:
    """Power n2 off, let vip2 go, and bring all of it back; return how long the last click took to serve."""
    await serves(vip2)
    seen = {one.ts for one in ada.box.workspace.messages("ops")}
    await asyncio.to_thread(lab.power_off, "n2")
    card = await waited(ole, lambda one: "Fail over vip2" in str(one.blocks))  # a node that flaps keeps its card
    await ole.press(card, "Fail over vip2 to n1")
    asked = await waited(ole, lambda one: "asks for approval" in one.text and one.ts not in seen)
    begun = time.monotonic()
    await ada.press(asked, "Approve")
    await serves(vip2)
    taken = time.monotonic() - begun
    await ada.outcome(asked)
    await asyncio.to_thread(lab.power_on, "n2")
    await returned(ada)
    back = await ada.ask("/hacluster failback vip2", within=120)
    await ada.press(back, "Confirm")
    await ada.outcome(back)
    return taken


async def returned(person: Person) -> None:
    """Wait until the node that was off is a member again and runs HAProxy, so that its floating IP may come home."""
    async with asyncio.timeout(180):
        while True:
            answer = await person.ask("/hacluster failback vip2 --dry-run")
            if "Only shown" in answer.text:
                return
            await asyncio.sleep(1)


# ---------------------------------------------------------------- moved


@dataclass(slots=True)
class Gap:
    """What a client sees that asks again and again: the longest time without an answer, and from when who answers."""

    longest: float = 0.0
    since: dict[str, float] = field(default_factory=dict)


@asynccontextmanager
async def watched(address: str) -> AsyncIterator[Gap]:
    """Ask an address every 10 ms for as long as the block lasts."""
    gap = Gap()

    async def ask() -> None:
        last = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=0.5, connect=0.05)
        while True:
            async with aiohttp.ClientSession(timeout=timeout) as session:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"http://{address}/") as answer:
                        who = (await answer.text()).strip().rpartition(" ")[2]
                        now = time.monotonic()
                        gap.longest, last = max(gap.longest, now - last), now
                        gap.since.setdefault(who, now)
            await asyncio.sleep(POLL)

    asking = asyncio.create_task(ask())
    try:
        await asyncio.sleep(0.3)
        gap.longest = 0.0
        gap.since.clear()
        yield gap
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


async def moving(lab: Lab, debian: int, rounds: int) -> None:
    """Move a floating IP to and fro, by chat and by hand."""
    ours: list[float] = []
    theirs: list[float] = []
    gaps: dict[str, list[float]] = {"ours": [], "pcs": []}
    async with Box(LabBacking(lab, debian)) as box:
        ada = Person(box)
        vip1 = box.backing.vips[0].partition("/")[0]
        await set_up(ada, box, " --failover automatic --accept-split-brain")
        for _ in range(rounds):
            for by, took in (("ours", ours), ("pcs", theirs)):
                holder = "n1" if "n1" in await serves(vip1) else "n2"
                to = "n2" if holder == "n1" else "n1"
                plan = await ada.ask(f"/hacluster failover vip1 --to {to}") if by == "ours" else None
                async with watched(vip1) as gap:
                    begun = time.monotonic()
                    if plan is not None:
                        await ada.press(plan, "Confirm")
                    else:
                        move = ["pcs", "resource", "move", "vip1", to, "--wait=60"]
                        await asyncio.to_thread(lab.exec, "n1", move, timeout=90)
                    while to not in gap.since:  # noqa: ASYNC110 - it is the client itself that is asked
                        await asyncio.sleep(POLL)
                    took.append(gap.since[to] - begun)
                    await asyncio.sleep(0.5)
                gaps[by].append(gap.longest)
                if plan is not None:
                    await ada.outcome(plan)
                else:
                    await asyncio.to_thread(lab.exec, "n1", ["pcs", "resource", "clear", "vip1"], timeout=60)
    ratio = statistics.median(ours) / statistics.median(theirs)
    verdict = "reached" if ratio <= FAILOVER_BAR else "MISSED"
    say(
        f"failover, Confirm -> serves there: median {statistics.median(ours):.2f} s; `pcs resource move --wait` begun -> "
        f"serves there {statistics.median(theirs):.2f} s: {ratio:.2f} (bar {FAILOVER_BAR}: {verdict})",
        f"longest gap for a client asking every 10 ms: {max(gaps['ours']):.2f} s, by pcs {max(gaps['pcs']):.2f} s",
    )


# ---------------------------------------------------------------- foreseen


async def foreseeing(lab: Lab, debian: int, count: int, seed: int) -> None:
    """Make random changes through the workspace, and count how what was predicted came."""
    chance, counts = random.Random(seed), Counter[str]()  # noqa: S311 - no cryptography
    async with Box(LabBacking(lab, debian)) as box:
        ada = Person(box)
        await set_up(ada, box, " --failover automatic --accept-split-brain")
        await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", MORE], timeout=120)
        tried = 0
        while counts["came true"] + counts["difference told"] < count and tried < 4 * count:
            tried += 1
            words = _change(chance)
            answer = await ada.ask(f"/hacluster {words}", within=120)
            if "Do it?" not in answer.text:
                counts["refused or nothing to do"] += 1
                continue
            await ada.press(answer, "Confirm")
            told = await ada.outcome(answer)
            if "came as Pacemaker had predicted" in told:
                counts["came true"] += 1
            elif "predicted was" in told or "not predicted" in told:
                counts["difference told"] += 1
                say(f"  {words}: {[line for line in told.splitlines() if 'predicted' in line]}")
            elif "done and verified" in told:
                counts["no prediction"] += 1
            else:
                counts["not done"] += 1
                say(f"  {words}: {told.splitlines()[0]}")
    said = ", ".join(f"{word} {number}" for word, number in counts.most_common())
    say(f"random changes, seed {seed}: {said}")


def _change(chance: random.Random) -> str:
    node = chance.choice(("n1", "n2", "n3"))
    vip = chance.choice(("vip1", "vip2"))
    return chance.choice((
        f"standby {node}",
        f"unstandby {node}",
        f"unstandby {node}",
        f"failover {vip} --to {node}",
        f"failover {chance.choice(('apps', 'alone'))} --to {node}",
        f"maintenance on {node}",
        f"maintenance off {node}",
        f"stop --node {node}",
        f"start --node {node}",
        f"restart {chance.choice(('apps', 'alone', vip))}",
    ))  # fmt: skip


# ---------------------------------------------------------------- common ground


async def set_up(person: Person, box: Box, more: str) -> None:
    """Make the cluster."""
    told = await person.do(setup_line(box.backing) + more)
    if "done and verified" not in told:
        raise RuntimeError(told)


async def waited(person: Person, meant: Callable[[Message], bool]) -> Message:
    """Wait for a message of the channel."""

    def found() -> Message | None:
        posted = person.box.workspace.messages(person.channel)
        return next((one for one in reversed(posted) if meant(one)), None)

    return await person.box.workspace.wait_for(found, timeout=90)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
