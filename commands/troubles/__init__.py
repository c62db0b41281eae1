"""What is wrong with a cluster now, and which of it has one cause.

Judged on the condition alone, not on how it came about: the same trouble has the same key for as long as it lasts.
What could not be read keeps the trouble it had, since silence is not recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from commands.condition import Condition
from commands.events import Event, Kind
from commands.troubles import nodes, services
from commands.troubles.causes import causes
from commands.troubles.record import ALL_NODES, Severity, Trouble, What

__all__ = ["ALL_NODES", "Severity", "Trouble", "What", "causes", "momentary", "troubles"]

_TOPICS: tuple[Callable[[Condition], Iterator[Trouble]], ...] = (
    nodes.members,
    nodes.pacemakers,
    nodes.links,
    nodes.quorum,
    services.vips,
    services.proxies,
    services.servers,
    services.resources,
    services.whole,
    nodes.sight,
    nodes.clocks,
)


def troubles(condition: Condition) -> tuple[Trouble, ...]:
    """Return all that is wrong, worst first, each once."""
    found: dict[str, Trouble] = {}
    for topic in _TOPICS:
        for trouble in topic(condition):
            found.setdefault(trouble.key, trouble)
    return tuple(sorted(found.values(), key=lambda trouble: -trouble.severity))


def momentary(event: Event) -> Trouble | None:
    """Return the trouble that an event was, if it was over before it was seen, else None.

    Its key is that of the same trouble if it lasted: a resource that failed and runs again was `ResourceFailed`.
    """
    if not event.over:
        return None
    what = What.RESTARTED if event.kind is Kind.MEMBER_RESTARTED else What.RESOURCE_FAILED
    return Trouble(what, event.subject, Severity.WARNING, event.text, event.nodes, event.witnesses)
