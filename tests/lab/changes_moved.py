"""A floating IP moved by chat, beside `pcs resource move --wait` over SSH; and what a client of it sees meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box
from tests.lab.bench import say, ssh
from tests.lab.changes_approved import listed, set_up
from tests.lab.conftest import Person, serves

BAR = 1.0
POLL = 0.01
WITHIN = 90.0
"""Seconds for a move to be seen by the client; then something is wrong."""


@dataclass(slots=True)
class Gap:
    """What a client sees that asks again and again: the longest time without an answer, and from when who answers."""

    longest: float = 0.0
    since: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Moves:
    """Seconds of all moves of one kind."""

    typed: list[float] = field(default_factory=list)
    """From the first word to the first answer of the other node."""
    clicked: list[float] = field(default_factory=list)
    """From Confirm, where there was one."""
    gaps: list[float] = field(default_factory=list)


@asynccontextmanager
async def watched(address: str) -> AsyncIterator[Gap]:
    """Ask an address every 10 ms for as long as the block lasts, each time on a connection of its own."""
    gap, ends = Gap(), asyncio.Event()

    async def ask() -> None:
        last = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=0.5, connect=0.05)
        while not ends.is_set():
            async with aiohttp.ClientSession(timeout=timeout) as session:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"http://{address}/") as answer:
                        who = _who(await answer.text())
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
        ends.set()
        await asking


def _who(answer: str) -> str:
    """Return the node of "hello from n2 web1"."""
    return answer.split()[2]


async def moving(lab: Lab, debian: int, rounds: int) -> None:
    """Move a floating IP to and fro, by chat and by hand; then by chat through its gate."""
    ours, theirs, gated = Moves(), Moves(), Moves()
    async with Box(LabBacking(lab, debian)) as box:
        ada = Person(box)
        vip1 = box.backing.vips[0].partition("/")[0]
        await set_up(ada, box, " --failover automatic --accept-split-brain")
        for _ in range(rounds):
            for _ in lab.nodes:
                await _by_chat(ada, vip1, ours)
            for _ in lab.nodes:
                await _by_hand(lab, vip1, theirs)
        await ada.do("/hacluster failover-mode approved")
        for _ in range(rounds):
            await _by_chat(ada, vip1, gated)
    over = statistics.median(ours.typed) / statistics.median(theirs.typed)
    verdict = "reached" if over <= BAR else "MISSED"
    for what, moves in (("failover, automatic", ours), ("failover, by its gate", gated), ("pcs resource move", theirs)):
        clicked = f", from Confirm {statistics.median(moves.clicked):.2f} s" if moves.clicked else ""
        say(
            f"{what:<22} typed -> serves there: median {statistics.median(moves.typed):.2f} s of {listed(moves.typed)}{clicked}; "
            f"longest gap seen: median {statistics.median(moves.gaps):.2f} s, worst {max(moves.gaps):.2f} s"
        )
    say(f"failover vip1 --to NODE / pcs resource move --wait over SSH: {over:.2f} (bar {BAR}: {verdict})")


async def _by_chat(ada: Person, vip1: str, moves: Moves) -> None:
    to = await _other(vip1)
    async with watched(vip1) as gap:
        begun = time.monotonic()
        plan = await ada.ask(f"/hacluster failover vip1 --to {to}")
        clicked = time.monotonic()
        await ada.press(plan, "Confirm")
        await _served_by(to, gap)
        moves.typed.append(gap.since[to] - begun)
        moves.clicked.append(gap.since[to] - clicked)
        await ada.outcome(plan)
    moves.gaps.append(gap.longest)


async def _by_hand(lab: Lab, vip1: str, moves: Moves) -> None:
    to = await _other(vip1)
    node = [*ssh(lab), f"root@{lab.nodes['n1'][0]}"]
    async with watched(vip1) as gap:
        begun = time.monotonic()
        await asyncio.to_thread(_run, [*node, "pcs", "resource", "move", "vip1", to, "--wait=60"])
        await _served_by(to, gap)
        moves.typed.append(gap.since[to] - begun)
        # pcs 0.10 leaves its constraint to the person
        await asyncio.to_thread(_run, [*node, "pcs resource clear vip1; crm_resource --wait --timeout=60"])
    moves.gaps.append(gap.longest)


def _run(argv: list[str]) -> None:
    subprocess.run(argv, capture_output=True, check=True, timeout=WITHIN)


async def _other(vip1: str) -> str:
    return "n2" if _who(await serves(vip1)) == "n1" else "n1"


async def _served_by(node: str, gap: Gap) -> None:
    async with asyncio.timeout(WITHIN):
        while node not in gap.since:  # noqa: ASYNC110 - it is the client itself that is asked
            await asyncio.sleep(POLL)
