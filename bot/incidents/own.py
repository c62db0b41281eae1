"""What the bot's own changes explain. They are annotated, not alarmed; what no change may bring about never is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.incidents.people import name_of
from bot.incidents.state import OwnChange, Rules, Seen
from commands.condition import Topic
from commands.troubles import Severity, Trouble, What

LASTING = frozenset({What.NODE_STOPPED, What.STANDBY, What.MAINTENANCE})
"""Somebody's doing, and meant to last: it is told, quietly. All else that a change explains passes by itself."""
AT_ONCE = timedelta(seconds=5)
"""How long after a change has ended what is meant to last may still be found to have begun by it."""

_MOVES = frozenset({What.VIP_NOWHERE, What.VIP_WAITING, What.RESOURCE_STOPPED})
_POWER = LASTING | _MOVES | {
    What.LINK_DOWN,
    What.PACEMAKER_DOWN,
    What.PROXY_DOWN,
    What.QUORUM_LOST,
    What.RESTARTED,
    What.SERVER_DOWN,
    What.VIEWS_DIFFER,
}  # fmt: skip
_EXPLAINS: Mapping[str, frozenset[What]] = {
    "failover": _MOVES,
    "failback": _MOVES,
    "maintenance": _POWER,
    "setup": _POWER,
    "standby": _POWER,
    "start": _POWER,
    "stop": _POWER,
    "unstandby": _POWER,
}
"""By verb. A node lost or unclean, or a floating IP on two nodes, is nobody's plan."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A trouble, or several of one cause, as the bot's own doing."""

    change: OwnChange

    @property
    def text(self) -> str:
        """Say what was done, and who asked for it."""
        return f"`{self.change.text}`, asked for by {name_of(self.change.who)}"


def explained(found: Iterable[Trouble], seen: Seen, rules: Rules) -> Explained | None:
    """Return the own change that explains troubles of one cause (the root first); None if there is none.

    What comes with the root and costs the service must be explained too. What passes by itself may take as long as an
    incident is held down, what is meant to last is there at its end; later it is no longer a matter of the change.
    """
    root, *others = found
    costly = [one for one in others if one.severity is Severity.SERVICE]
    for change in reversed(seen.own):
        covers = _EXPLAINS.get(change.verb, frozenset())
        within = AT_ONCE if root.what in LASTING else rules.hold_down
        late = change.ended is not None and seen.at - change.ended > within
        if root.what not in covers or late or any(one.what not in covers for one in costly):
            continue
        if change.verb in {"failover", "failback"} or _meant(change, root, seen):
            return Explained(change)
    return None


def _meant(change: OwnChange, root: Trouble, seen: Seen) -> bool:
    """Whether the change is about the trouble's nodes. One that names no node is about the whole cluster."""
    known = {*seen.names.values(), *root.nodes}
    if seen.condition is not None:
        known |= {name for topic, name in seen.condition.states if topic in {Topic.SIGHT, Topic.MEMBER}}
    named = known.intersection(change.text.split())
    return not named or not named.isdisjoint((*root.nodes, root.subject))
