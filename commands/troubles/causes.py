"""Which troubles are consequences of another: one cause, one card."""

from __future__ import annotations

from collections.abc import Iterable

from commands.troubles.record import ALL_NODES, Trouble, What

_VIPS = frozenset({What.VIP_WAITING, What.VIP_NOWHERE, What.VIP_DOUBLED})
_RESOURCES = frozenset({What.RESOURCE_FAILED, What.RESOURCE_STOPPED})
_CARRIED = _VIPS | _RESOURCES | {What.PROXY_DOWN}
_OF_A_NODE = _CARRIED | {
    What.LINK_DOWN,
    What.NODE_UNCLEAN,
    What.PACEMAKER_DOWN,
    What.FENCING_FAILED,
    What.SIGHT_LOST,
    What.RESTARTED,
}

_EXPLAINED: dict[What, frozenset[What]] = {
    What.VIEWS_DIFFER: _VIPS
    | _RESOURCES
    | {
        What.FENCING_FAILED,
        What.LINK_DOWN,
        What.NODE_LOST,  # as one side told it before the other had answered
        What.NODE_UNCLEAN,
        What.QUORUM_LOST,
        What.SIGHT_LOST,
    },
    What.NODE_LOST: _OF_A_NODE | {What.QUORUM_LOST},
    What.NODE_STOPPED: _OF_A_NODE | {What.QUORUM_LOST},
    What.NODE_UNCLEAN: _OF_A_NODE,
    What.RESTARTED: _CARRIED | {What.LINK_DOWN, What.PACEMAKER_DOWN},
    What.PACEMAKER_DOWN: _CARRIED,
    What.STANDBY: _CARRIED,
    What.QUORUM_LOST: _CARRIED,
    What.PROXY_DOWN: _VIPS | _RESOURCES,
    What.RESOURCE_FAILED: _VIPS | _RESOURCES,
    What.RESOURCE_STOPPED: _VIPS | _RESOURCES,
    What.LINK_DOWN: frozenset({What.LINK_DOWN}),
}
"""What each trouble can bring about, where both concern one node; in the order in which causes are looked for."""

_ORDER = (*_EXPLAINED, *(what for what in What if what not in _EXPLAINED))


def causes(found: Iterable[Trouble]) -> tuple[tuple[Trouble, tuple[Trouble, ...]], ...]:
    """Return the troubles by cause: each root with all that it explains, itself first. The worst group comes first."""
    left = sorted(found, key=_first)
    groups: list[tuple[Trouble, tuple[Trouble, ...]]] = []
    while left:
        group = [left.pop(0)]
        for cause in group:  # grows: what is explained may explain more
            if cause.what is What.LINK_DOWN and cause is not group[0]:
                continue  # what took one link down need not have taken the others of its network
            explained = [trouble for trouble in left if _explains(cause, trouble)]
            left = [trouble for trouble in left if trouble not in explained]
            group += explained
        groups.append((group[0], tuple(group)))
    return tuple(sorted(groups, key=lambda group: -max(trouble.severity for trouble in group[1])))


def _first(trouble: Trouble) -> tuple[bool, int, str]:
    """Put what can be a cause before its consequences, and all nodes together before one of them."""
    return trouble.subject != ALL_NODES, _ORDER.index(trouble.what), trouble.subject


def _explains(cause: Trouble, trouble: Trouble) -> bool:
    if cause.subject == ALL_NODES:
        return trouble.what is cause.what or (cause.what is What.NODE_STOPPED and trouble.what in _CARRIED)
    if trouble.what not in _EXPLAINED.get(cause.what, ()):
        return False
    if trouble.what is What.QUORUM_LOST:
        return True  # those that are left lack it, for want of the one that is gone
    if cause.what is What.LINK_DOWN:
        return _network(cause) == _network(trouble)
    if cause.what in _RESOURCES:
        return _resource(cause) == _resource(trouble) or (trouble.what in _VIPS and _together(cause, trouble))
    return _together(cause, trouble)


def _together(cause: Trouble, trouble: Trouble) -> bool:
    return not set(cause.nodes).isdisjoint(trouble.nodes)


def _network(trouble: Trouble) -> str:
    """Return the number of a link: all links of one number run over one network."""
    return trouble.subject.rpartition("/")[2]


def _resource(trouble: Trouble) -> str:
    return trouble.subject.partition("@")[0]
