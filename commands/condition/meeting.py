"""Nodes that are just coming together, or apart: for a while their views of the membership differ by nature.

A node that comes back begins alone, or with others that come back, until corosync has found the rest: its links are up
after a second or two, the membership within another. And corosync keeps members agreed: where of two that see each other
one sees a third and the other does not, they were only read before and after the same change.
"""

from __future__ import annotations

from commands.condition.look import GONE, Look
from commands.condition.record import State, Topic

MEETING = 10.0
"""Seconds after which such a difference is told like any other: several times what corosync takes on a busy machine."""


def open_until(look: Look, was: State, sees: tuple[str, ...], misses: tuple[str, ...]) -> float:
    """Return the moment until which it is left open whether a node is a member, 0.0 where nothing leaves it open.

    `sees` and `misses` are those who see it as a member and those who do not.
    """
    by_nature = mixed(look, sees, misses) or not (_met(look, sees, misses) and _met(look, misses, sees))
    if not by_nature or was.word == "disputed":
        return 0.0
    return carried(look, was) if was.open_until else look.at + MEETING


def carried(look: Look, was: State | None) -> float:
    """Return what of such a moment is still to come, now that a node is seen by all who were asked: others may not have been."""
    return was.open_until if was is not None and look.at < was.open_until <= look.at + MEETING else 0.0


def mixed(look: Look, sees: tuple[str, ...], misses: tuple[str, ...]) -> bool:
    """Return whether some who see a node and some who do not see each other: two looks at one change, and no two sides."""
    return any(
        one in look.views[other].joined_names() or other in look.views[one].joined_names()
        for one in sees
        for other in misses
    )


def come_alone(look: Look, sees: tuple[str, ...]) -> bool:
    """Return whether only nodes that were gone until now see a node, and none of them with others for a quorum."""
    alone = len(sees) == 1 or not any(look.quorate(who) for who in sees)
    return alone and all(look.said_before(Topic.MEMBER, name) in GONE for name in sees)


def _met(look: Look, names: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Return whether corosync on some nodes has met any of the others since it started.

    Sides of a split have, whatever one was called by the other meanwhile: their maps say of these that they left.
    """
    return any(look.views[name].member(other) is not None for name in names for other in others)
