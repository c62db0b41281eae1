"""Random changes of a cluster of three with a clone, floating IPs, a group and constraints: did what was foretold come."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box
from tests.lab.bench import say
from tests.lab.changes_approved import set_up
from tests.lab.conftest import Person

MORE = """
pcs resource create app ocf:pacemaker:Dummy --group apps &&
pcs resource create log ocf:pacemaker:Dummy --group apps &&
pcs resource create alone ocf:pacemaker:Dummy &&
pcs constraint location apps prefers n3=50 &&
pcs constraint colocation add alone with apps 20 &&
pcs constraint order apps then alone kind=Optional &&
crm_resource --wait --timeout=60
"""


async def foreseeing(lab: Lab, debian: int, count: int, seed: int) -> Counter[str]:
    """Make random changes through the workspace, and count how what was predicted came."""
    chance, counts = random.Random(seed), Counter[str]()  # noqa: S311 - no cryptography
    async with Box(LabBacking(lab, debian)) as box:
        ada = Person(box)
        await set_up(ada, box, " --failover automatic --accept-split-brain")
        await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", MORE], timeout=120)
        tried = 0
        while sum(counts[word] for word in FORESEEN) < count and tried < 6 * count:
            tried += 1
            words = change(chance)
            counts[await _made(ada, words)] += 1
    made = sum(counts[word] for word in FORESEEN)
    said = ", ".join(f"{word} {counts[word]}" for word in FORESEEN)
    rest = ", ".join(f"{word} {number}" for word, number in counts.most_common() if word not in FORESEEN)
    say(f"{made} random changes, seed {seed}: {said}; besides: {rest or 'nothing'}")
    return counts


CAME, TOLD, UNTOLD, UNDONE = "came true", "difference told", "no word of it", "not done"
FORESEEN = (CAME, TOLD, UNTOLD, UNDONE)


async def _made(ada: Person, words: str) -> str:
    """Ask for a change and confirm it; return how what was predicted of it came."""
    answer = await ada.ask(f"/hacluster {words}", within=120)
    if "Do it?" not in answer.text:
        return "refused or nothing to do"
    foretold = "Pacemaker's own scheduler" in answer.text
    await ada.press(answer, "Confirm")
    told = await ada.outcome(answer)
    if "came as Pacemaker had predicted" in told:
        return CAME
    if "predicted was" in told or "not predicted" in told:
        say(f"  {words}: {'; '.join(line for line in told.splitlines() if re.search('predicted', line))}")
        return TOLD
    if "done and verified" not in told:
        say(f"  {words}: {' '.join(told.split())[:600]}")
        return UNDONE
    if foretold:
        say(f"  {words}: foretold, and nothing said of it: {told[:300]}")
        return UNTOLD
    return "nothing to foretell"


def change(chance: random.Random) -> str:
    """Return something to type."""
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
