"""What a trouble is, and how bad one is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad a trouble is, by what it does to those who use the service."""

    WARNING = 1
    REDUNDANCY = 2
    """The service goes on; the next failure would cost it."""
    SERVICE = 3
    """Something is not served, or not rightly so."""


class What(StrEnum):
    """What is wrong."""

    NODE_LOST = "NodeLost"
    NODE_STOPPED = "NodeStopped"
    NODE_UNCLEAN = "NodeUnclean"
    PACEMAKER_DOWN = "PacemakerDown"
    FENCING_FAILED = "FencingFailed"
    LINK_DOWN = "LinkDown"
    QUORUM_LOST = "QuorumLost"
    VIP_WAITING = "VipWaiting"
    VIP_NOWHERE = "VipNowhere"
    VIP_DOUBLED = "VipDoubled"
    VIEWS_DIFFER = "ViewsDiffer"
    PROXY_DOWN = "ProxyDown"
    SERVER_DOWN = "ServerDown"
    RESOURCE_FAILED = "ResourceFailed"
    RESOURCE_STOPPED = "ResourceStopped"
    SIGHT_LOST = "SightLost"
    STANDBY = "Standby"
    MAINTENANCE = "Maintenance"
    CLOCK_SKEWED = "ClockSkewed"
    RESTARTED = "Restarted"


ALL_NODES = "*"
"""The subject of one trouble of all nodes: the bot sees none of them, or the cluster was stopped everywhere."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now.

    `subject` is a node, `ALL_NODES`, a link (`n1/n2/0`), a floating IP, a resource (`haproxy@n1`), a backend, or the
    cluster's name.
    """

    what: What
    subject: str
    severity: Severity
    text: str
    """One sentence for people, in the present tense, without a time in it."""
    nodes: tuple[str, ...] = ()
    """The nodes it concerns, by which troubles of one cause are found."""
    witnesses: tuple[str, ...] = ()
    remedy: str = ""
    """What to type next, without `/hacluster`; empty where nothing of ours helps."""

    @property
    def key(self) -> str:
        """What it is called for as long as it lasts: `NodeLost:n2`."""
        return f"{self.what}:{self.subject}"
