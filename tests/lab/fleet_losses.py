"""Many clusters lose a node at once: how soon each has its card, and whether the worst come first."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter

from sandbox.nodes.fleet import LONELY, Fleet
from sandbox.nodes.membership import LOSS
from sandbox.run.box import Box
from tests.lab.figures import say, since

POST = 1.0
"""Seconds between two posts to a channel, at Slack's pace; one is to spare."""
BURST = 1.0
"""Seconds within which all the nodes are switched off."""
KNOWN = 2.0
"""Seconds from the new membership until the bot has looked and may put its cards into order."""
TOLD_WITHIN = 120.0
_CLUSTER = re.compile(r"\bweb\d{3,}\b")
_LOST = re.compile(r"\bn2\b.{0,3} is lost")


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
    sure: dict[str, float] = {}
    while len(sure) < len(set(chosen)) and since(begun) < TOLD_WITHIN:
        for message in box.workspace.messages("ops")[told:]:
            for name in set(_CLUSTER.findall(message.text)) & set(chosen) if not message.is_reply else ():
                order.setdefault(name, since(begun))
                if _LOST.search(message.text):
                    sure.setdefault(name, since(begun))
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
    if sure:
        say(
            f"  {len(sure)} cards say that n2 is lost, the first after {min(sure.values()):.1f} s, the last after {max(sure.values()):.1f} s"
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


def posted(box: Box) -> int:
    """Return how often the bot has called for a new message."""
    return sum(call.method == "chat.postMessage" for call in box.workspace.calls)
