"""What a person types on the nodes to let a floating IP move when the bot is gone: the same commands that it would run."""

from __future__ import annotations

from collections.abc import Iterable

from commands.gates import AWAY, OPEN, set_attribute
from commands.report import Listing
from commands.troubles import Trouble


def by_hand(waiting: Iterable[Trouble]) -> tuple[Listing, ...]:
    """Return the two commands for each floating IP that waits at its gate and may be let go, as root on the nodes."""
    lines = [line for one in waiting for line in _lines(one)]
    return (Listing("By hand as root, should I be gone", "\n".join(lines), "by-hand.txt"),) if lines else ()


def _lines(waiting: Trouble) -> tuple[str, ...]:
    words = waiting.remedy.split()
    if "--to" not in words[:-1]:
        return ()
    target = words[words.index("--to") + 1]
    homes = [node for node in waiting.nodes if node != target]
    release = [
        line
        for home in homes
        for line in (
            f"# on {home}, unless it is off for certain: then without this",
            set_attribute(waiting.subject, home, AWAY).typed(),
        )
    ]
    held = " or ".join(homes) or "another node"
    return (
        *release,
        f"# on {target}, never while {held} may still hold {waiting.subject}",
        set_attribute(waiting.subject, target, OPEN).typed(),
    )
