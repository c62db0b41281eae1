"""What happened between two conditions of a cluster.

An event needs a word from before and another from now: nothing is news by being read for the first time, and what could
not be read this time is no event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from commands.condition import Condition
from commands.events import nodes, services
from commands.events.record import Event, Kind

__all__ = ["Event", "Kind", "diff"]

_TOPICS: tuple[Callable[[Condition, Condition], Iterator[Event]], ...] = (
    nodes.members,
    nodes.links,
    nodes.quorums,
    nodes.nodes,
    services.vips,
    services.resources,
    services.proxies,
    services.servers,
    services.whole,
    nodes.sights,
    nodes.clocks,
)
"""In the order in which a reader wants to be told: first what explains the rest."""


def diff(before: Condition, after: Condition) -> tuple[Event, ...]:
    """Return what happened, what explains the rest first. Between a condition and itself that is nothing."""
    return tuple(event for topic in _TOPICS for event in topic(before, after))
