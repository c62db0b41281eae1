"""The nodes' clocks, compared with each other: never with the bot's own, which may be the wrong one."""

from __future__ import annotations

from itertools import combinations

from commands.condition.look import Look
from commands.condition.record import State, Topic
from commands.condition.testimony import Told, testimony
from commands.facts.host import Clock

TOO_FAR = 2.0
"""Seconds between two nodes from which logs and failure times can no longer be put side by side."""
NEAR_AGAIN = 1.5
"""Seconds below which clocks that were too far apart are right again."""


def clocks(look: Look) -> Told:
    """Tell which clocks are wrong: each that is too far from most of the others. Of two, nobody knows which."""
    found: dict[str, Clock] = {node.node.name: clock for node, clock in look.snapshot.known("clock")}
    apart: dict[str, dict[str, float]] = {name: {} for name in found}
    for one, other in combinations(sorted(found), 2):
        between = _between(found[one], found[other])
        apart[one][other] = apart[other][one] = between
    states: dict[str, State | None] = {}
    for name, others in apart.items():
        if not others:
            states[name] = None
            continue
        was_wrong = look.said_before(Topic.CLOCK, name) == "skewed"
        far = {other: gap for other, gap in others.items() if gap > (NEAR_AGAIN if was_wrong else TOO_FAR)}
        wrong = 2 * len(far) > len(others)
        said = {f"{other} clock {name}": "far" if other in far else "near" for other in others}
        states[name] = State(
            "skewed" if wrong else "right",
            witnesses=tuple(sorted({name, *far})) if wrong else (),
            detail=f"{min(far.values()):.0f} s apart from {' and '.join(sorted(far))}" if wrong else "",
            said=testimony({**said, f"{name} clock": "read"}),
        )
    return states


def _between(one: Clock, other: Clock) -> float:
    """Return the seconds that surely lie between two clocks, whenever within its question each was read."""
    return max(0.0, abs(one.ahead - other.ahead) - (one.took + other.took) / 2)
