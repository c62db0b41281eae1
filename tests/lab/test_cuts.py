"""The network is cut and heals, people fail over in between, and no address is ever on both nodes.

`CUTS` is how many, a handful if left out; `CHAOS_SEED` repeats a run, `CHAOS_DEBIAN` is the nodes' release. There is no
power fencing: gates and what is asked before an approval counts are all there is. A node that nobody at all can reach is not
approved against while it is cut off: no gate can know whether it lives, and people must.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Literal

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab import addresses
from tests.lab.chance import SEED
from tests.lab.conftest import Person

CUTS = int(os.environ.get("CUTS") or 3)
DEBIAN = int(os.environ.get("CHAOS_DEBIAN") or 12)
FOUR_EYES = {"policy": {"approvals": [{"verbs": ["failover", "failback"], "approvals": 1, "own": False}]}}
WHOLE_WITHIN = 90.0
"""Seconds after a heal for both nodes to see each other again, and each floating IP to be somewhere."""

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300 + 90 * CUTS)]

Kind = Literal["between the nodes", "from the bot", "from everybody"]
KINDS: tuple[Kind, ...] = (
    "between the nodes",
    "between the nodes",
    "between the nodes",
    "from the bot",
    "from everybody",
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is cut, what people ask for then, and when; seconds count from the one before."""

    kind: Kind
    node: str
    """Which node is cut off the bot, or everybody."""
    vip: str
    asked: float
    approved: float
    healed: float
    """From the approval, before it where negative: then what was asked for in one world is approved in another."""

    def __str__(self) -> str:
        """Say it in a line."""
        off = (
            "n1 and n2 cut off each other"
            if self.kind == "between the nodes"
            else f"{self.node} cut off {self.kind[5:]}"
        )
        healed = f"healed {abs(self.healed):.1f} s {'before' if self.healed < 0 else 'after'} the approval"
        return f"{off}; {self.asked:.1f} s later {self.vip} is asked for, {healed}"


def course(seed: int, count: int) -> Iterator[Cut]:
    """Yield so many cuts, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no cryptography
    kinds: list[Kind] = []
    for _ in range(count):
        kinds = kinds or chance.sample(KINDS, len(KINDS))
        kind = kinds.pop()
        healed = chance.choice((-1.0, 0.0, chance.uniform(0.0, 0.6), chance.uniform(0.6, 6.0)))
        yield Cut(
            kind,
            chance.choice(("n1", "n2")),
            chance.choice(("vip1", "vip2")),
            chance.uniform(0.0, 12.0),
            chance.uniform(0.0, 1.5),
            -1.0 if kind == "from everybody" else healed,
        )


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab.up(f"cuts{DEBIAN}seed{SEED}", ("n1", "n2"), debian=DEBIAN)
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def box(lab: Lab) -> AsyncIterator[Box]:
    async with Box(LabBacking(lab, DEBIAN), settings=FOUR_EYES) as running:
        yield running


async def test_no_address_is_ever_on_both_nodes(box: Box, lab: Lab, request: pytest.FixtureRequest) -> None:
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    ada, ole = Person(box), Person(box, "ole")
    told = await ada.do(setup_line(box.backing))
    assert "done and verified" in told, told + box.log()[-2000:]
    floating = {name: vip.partition("/")[0] for name, vip in zip(("vip1", "vip2"), box.backing.vips, strict=True)}
    addresses.watch(lab)
    counts, wrong = Counter[str](), list[str]()
    terminal.write_line(f"\n{CUTS} cuts, CHAOS_SEED={SEED} CHAOS_DEBIAN={DEBIAN}")
    for number, cut in enumerate(course(SEED, CUTS), start=1):
        became = await _go_through(cut, lab, ada, ole, floating)
        counts[became] += 1
        wrong += await _unwhole(lab, floating)
        terminal.write_line(f"  {number:>2} {cut}: {became}; now on {_holders(lab, floating)}")
    periods = addresses.held(lab, floating.values())
    both = [
        f"{address} was on {one.node} and {other.node} for {seconds:.3f} s, from {max(one.since, other.since)}"
        for address, found in periods.items()
        for one, other, seconds in addresses.on_two(found)
    ]
    moves = sum(len(found) - 1 for found in periods.values())
    said = ", ".join(f"{word} {count}" for word, count in counts.most_common())
    terminal.write_line(f"  an address on both nodes: {len(both)} times; they moved or came back {moves} times; {said}")
    assert not both, both
    assert not wrong, wrong
    assert set(counts) - {"refused", "nothing to do"}, "nobody was asked: that proves nothing"


async def _go_through(cut: Cut, lab: Lab, ada: Person, ole: Person, floating: dict[str, str]) -> str:
    """Cut, ask, approve and heal as drawn; return what became of the request."""
    holder = next((node for node in lab.nodes if _holds(lab, node, floating[cut.vip])), "n2")
    target = "n1" if holder == "n2" else "n2"
    await asyncio.to_thread(_sever, lab, cut)
    await asyncio.sleep(cut.asked)
    answer = await ole.ask(f"/hacluster failover {cut.vip} --to {target} --reason cut", within=90)
    if "asks for approval" not in answer.text:
        await asyncio.sleep(cut.approved)
        await asyncio.to_thread(lab.heal)
        return "nothing to do" if "already" in answer.text else "refused"
    await asyncio.sleep(cut.approved)
    if cut.healed < 0:
        await asyncio.to_thread(lab.heal)
        await asyncio.sleep(-cut.healed)
        return await _approved(ada, answer)
    approving = asyncio.create_task(_approved(ada, answer))
    await asyncio.sleep(cut.healed)
    await asyncio.to_thread(lab.heal)
    return await approving


async def _approved(ada: Person, answer: Message) -> str:
    """Approve, and once more what is asked anew where it is; return what became of it."""
    became = []
    for _ in range(2):
        seen = {message.ts for message in ada.read()}
        await ada.press(answer, "Approve")
        ended = (await ada.outcome(answer)).split("\n")[0]
        known = {"done and verified": "done", "stopped after": "stopped at a step", "was not carried out": "void"}
        became.append(next((word for said, word in known.items() if said in ended), ended))
        if became[-1] != "void":
            break
        answer = await _anew(ada, seen)
        if "asks for approval" not in answer.text:
            became.append("refused then")
            break
    return ", ".join(became)


async def _anew(person: Person, seen: set[str]) -> Message:
    """Return what is said in place of a request that no longer held."""

    def found() -> Message | None:
        return next((message for message in person.read() if message.ts not in seen), None)

    return await person.box.workspace.wait_for(found, timeout=60)


def _sever(lab: Lab, cut: Cut) -> None:
    if cut.kind == "between the nodes":
        lab.cut("n1", "n2")
    elif cut.kind == "from the bot":
        lab.cut_host(cut.node)
    else:
        lab.cut(cut.node)


async def _unwhole(lab: Lab, floating: dict[str, str]) -> list[str]:
    """Wait until the cluster is whole and serves; return what is not so after a long time."""
    deadline = time.monotonic() + WHOLE_WITHIN
    while True:
        seen = [await asyncio.to_thread(_seen_by, lab, node) for node in lab.nodes]
        lacking = [vip for vip in floating if sum(_holds(lab, node, floating[vip]) for node in lab.nodes) != 1]
        if all("Online: [ n1 n2 ]" in one for one in seen) and not lacking:
            return []
        if time.monotonic() > deadline:
            return [f"{WHOLE_WITHIN:.0f} s after a heal: {lacking} on no node, or on two; {seen[0]}"]
        await asyncio.sleep(0.5)


def _seen_by(lab: Lab, node: str) -> str:
    return lab.exec(node, ["crm_mon", "-1"], check=False).stdout


def _holds(lab: Lab, node: str, address: str) -> bool:
    return f" {address}/" in lab.exec(node, ["ip", "-o", "-4", "address", "show", "dev", "eth0"]).stdout


def _holders(lab: Lab, floating: dict[str, str]) -> str:
    on = {name: [node for node in lab.nodes if _holds(lab, node, address)] for name, address in floating.items()}
    return ", ".join(f"{' and '.join(nodes) or 'no node'} ({name})" for name, nodes in on.items())
