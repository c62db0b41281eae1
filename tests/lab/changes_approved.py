"""From the click on Approve until a lost node's floating IP serves; beside it, `pcs stonith confirm` and a hanging agent."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.bench import say
from tests.lab.conftest import Person, serves

BAR = 1.0
"""Seconds, median."""
FOUR_EYES = {"policy": {"approvals": [{"verbs": ["failover"], "approvals": 1, "own": False}]}}
VOUCHED = 2
"""Power-offs by which `pcs stonith confirm` is timed: each takes more than a minute."""
READ_IT = 3.0
"""Seconds that a person takes from "unclean" to the words on the keyboard."""
AGENT = "/usr/sbin/fence_hanging"
HANGING = """#!/bin/sh
# A fence agent as it is when the power went with the node's own management board: asked to fence, it waits.
while read -r line; do case $line in action=*) action=${line#action=} ;; esac; done
case $action in
metadata)
    echo '<?xml version="1.0"?><resource-agent name="fence_hanging" shortdesc="waits"><longdesc>waits</longdesc>'
    echo '<vendor-url>http://localhost</vendor-url><parameters><parameter name="action" unique="0" required="1">'
    echo '<getopt mixed="-o"/><content type="string"/><shortdesc lang="en">action</shortdesc></parameter></parameters>'
    echo '<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/>'
    echo '<action name="list"/><action name="monitor"/><action name="metadata"/></actions></resource-agent>' ;;
off | reboot) exec sleep 600 ;;
esac
"""
FENCED = "pcs stonith create hanging fence_hanging pcmk_host_list=n2 && pcs property set stonith-enabled=true"


async def approving(lab: Lab, debian: int, rounds: int) -> None:
    """Let a floating IP go from the card of a lost node, again and again; then do it as people do without gates."""
    async with Box(LabBacking(lab, debian), settings=FOUR_EYES) as box:
        ada, ole = Person(box), Person(box, "ole")
        vip2 = box.backing.vips[1].partition("/")[0]
        await set_up(ada, box, "")
        approved = []
        for number in range(rounds):
            approved.append(await _approved(lab, ada, ole, vip2))
            say(f"  approved, round {number + 1}: {approved[-1]:.2f} s, load {os.getloadavg()[0]:.1f}")
        median = statistics.median(approved)
        verdict = "reached" if median <= BAR else "MISSED"
        say(
            f"Approve pressed -> the floating IP serves: median {median:.2f} s of {listed(approved)} "
            f"(n={rounds}; bar {BAR:.0f} s: {verdict})"
        )
        await ada.do("/hacluster failover-mode automatic --accept-split-brain")
        for node in lab.nodes:
            lab.exec(node, ["tee", AGENT], HANGING)
            lab.exec(node, ["chmod", "755", AGENT])
        await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", FENCED], timeout=120)
        vouched = [await _vouched(lab, debian, vip2) for _ in range(VOUCHED)]
    say(
        f"`pcs stonith confirm`, while an agent hangs -> the floating IP serves: median {statistics.median(vouched):.1f} s "
        f"of {listed(vouched, 1)} (n={VOUCHED})"
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
    await _returned(ada)
    back = await ada.ask("/hacluster failback vip2", within=120)
    await ada.press(back, "Confirm")
    await ada.outcome(back)
    return taken


async def _returned(person: Person) -> None:
    """Wait until the node that was off is a member again and runs HAProxy, so that its floating IP may come home."""
    async with asyncio.timeout(180):
        while True:
            answer = await person.ask("/hacluster failback vip2 --dry-run")
            if "Only shown" in answer.text:
                return
            await asyncio.sleep(1)


async def _vouched(lab: Lab, debian: int, vip2: str) -> float:
    """Power n2 off and say that it is; return how long that took to serve, and have n2 back with vip2."""
    await _where(lab, "vip2", "n2")
    await asyncio.to_thread(lab.power_off, "n2")
    async with asyncio.timeout(60):
        while not await _shows(lab, "UNCLEAN"):  # noqa: ASYNC110 - Pacemaker has no event for us
            await asyncio.sleep(0.2)
    await asyncio.sleep(READ_IT)
    sure = "--yes" if debian >= 13 else "--force"
    begun = time.monotonic()
    await asyncio.to_thread(lab.exec, "n1", ["pcs", "stonith", "confirm", "n2", sure], timeout=120)
    await serves(vip2, within=180)
    taken = time.monotonic() - begun
    say(f"  vouched for: {taken:.1f} s, load {os.getloadavg()[0]:.1f}")
    await asyncio.to_thread(lab.power_on, "n2")
    async with asyncio.timeout(180):
        while not await _shows(lab, "Online: [ n1 n2 ]", "Started: [ n1 n2 ]"):  # noqa: ASYNC110 - nor for this
            await asyncio.sleep(1)
    await _where(lab, "vip2", "n2")
    return taken


async def _where(lab: Lab, vip: str, node: str) -> None:
    """Have a floating IP on a node, by hand, and no constraint left."""
    here = f"crm_resource --wait --timeout=60; crm_resource -W -r {vip} | grep -q 'running on: {node}'"
    move = (
        f"crm_resource -r {vip} --move --node {node}; crm_resource --wait --timeout=60; crm_resource -r {vip} --clear"
    )
    await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", f"{here} || {{ {move}; {here}; }}"], timeout=200)


async def _shows(lab: Lab, *words: str) -> bool:
    shown = (await asyncio.to_thread(lab.exec, "n1", ["crm_mon", "-1"], check=False)).stdout
    return all(one in shown for one in words)


def listed(figures: list[float], digits: int = 2) -> str:
    """Return seconds, one after the other."""
    return ", ".join(f"{one:.{digits}f}" for one in figures)


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
