"""What of a look is worth writing down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.incidents import Act, OwnChange
from bot.store import EventRow
from commands.condition import Condition, Subject
from commands.events import Event, Kind

AT_ONCE = timedelta(seconds=5)
"""How long after its end an event may still be what a change of the bot's own did."""
_OURS = frozenset({
    Kind.CONFIGURATION_CHANGED,
    Kind.MEMBER_JOINED,
    Kind.MEMBER_STOPPED,
    Kind.NODE_ACTIVE,
    Kind.NODE_STANDBY,
    Kind.RESOURCE_MOVED,
    Kind.RESOURCE_STARTED,
    Kind.RESOURCE_STOPPED,
    Kind.VIP_LOST,
    Kind.VIP_MOVED,
    Kind.VIP_SERVED,
})  # fmt: skip
"""What changes of the bot's own bring about; a loss is nobody's plan."""
GAP_SWEEPS = 3
"""Sweeps without a look after which nobody knows what was meanwhile."""


def same(before: Condition, now: Condition, *, whole: bool) -> bool:
    """Whether two conditions tell the same story. Who said so, and by how much a clock is off, changes at every look.

    Where not `whole`, a node was not asked: that nothing is known of it at this moment is no news.
    """

    def story(condition: Condition) -> dict[Subject, tuple[str, tuple[str, ...], bool]]:
        return {
            subject: (state.word, state.nodes, state.known and whole) for subject, state in condition.states.items()
        }

    return story(before) == story(now)


def event_row(cluster: str, at: datetime, event: Event, acts: Iterable[Act], own: tuple[OwnChange, ...]) -> EventRow:
    """Write an event down with the incident it belongs to: one that concerns its nodes, if there is just one."""
    theirs = {act.incident.id for act in acts if not {event.subject, *event.nodes}.isdisjoint(act.incident.concerns)}
    ours = [one for one in own if event.kind in _OURS and (one.ended is None or at - one.ended < AT_ONCE)]
    return EventRow(
        cluster=cluster,
        at=at,
        kind=event.kind,
        subject=event.subject,
        text=event.text,
        nodes=event.nodes,
        witnesses=event.witnesses,
        incident=theirs.pop() if len(theirs) == 1 else None,
        own=ours[-1].text if ours else "",
    )
