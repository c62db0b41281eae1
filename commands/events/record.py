"""What an event is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened."""

    MEMBER_JOINED = "MemberJoined"
    MEMBER_LEFT = "MemberLeft"
    MEMBER_STOPPED = "MemberStopped"
    MEMBER_RESTARTED = "MemberRestarted"
    LINK_DOWN = "LinkDown"
    LINK_UP = "LinkUp"
    QUORUM_LOST = "QuorumLost"
    QUORUM_REGAINED = "QuorumRegained"
    NODE_UNCLEAN = "NodeUnclean"
    NODE_FENCED = "NodeFenced"
    NODE_STANDBY = "NodeStandby"
    NODE_ACTIVE = "NodeActive"
    NODE_MAINTENANCE = "NodeMaintenance"
    PACEMAKER_DOWN = "PacemakerDown"
    PACEMAKER_UP = "PacemakerUp"
    MAINTENANCE_ON = "MaintenanceOn"
    MAINTENANCE_OFF = "MaintenanceOff"
    RESOURCE_MOVED = "ResourceMoved"
    RESOURCE_FAILED = "ResourceFailed"
    RESOURCE_STOPPED = "ResourceStopped"
    RESOURCE_STARTED = "ResourceStarted"
    VIP_MOVED = "VipMoved"
    VIP_LOST = "VipLost"
    VIP_DOUBLED = "VipDoubled"
    VIP_SERVED = "VipServed"
    FAILOVER_WAITING = "FailoverWaiting"
    PROXY_DOWN = "ProxyDown"
    PROXY_UP = "ProxyUp"
    SERVER_DOWN = "ServerDown"
    SERVER_UP = "ServerUp"
    SIGHT_LOST = "SightLost"
    SIGHT_REGAINED = "SightRegained"
    MEMBERSHIP_VIEWS_DIFFER = "MembershipViewsDiffer"
    MEMBERSHIP_VIEWS_AGREE = "MembershipViewsAgree"
    CLOCK_SKEWED = "ClockSkewed"
    CLOCK_RIGHT = "ClockRight"
    CONFIGURATION_CHANGED = "ConfigurationChanged"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened between two looks.

    `subject` is a node, a link (`n1/n2/0`), a floating IP, a resource (`haproxy@n1`), a server (`app/web1`), or the
    cluster's name. `nodes` are the nodes it concerns, `witnesses` those that said so: a `SightLost` has none.
    """

    kind: Kind
    subject: str
    text: str
    nodes: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    over: bool = False
    """It was over before it was seen: a restart within an instant, a failure that Pacemaker has mended already."""
