"""Changes of a running cluster as data, small enough that Pacemaker's scheduler can be asked about each.

What a verb would do to a cluster it says in these, and asks with `commands.prediction.predict` before it does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lifetime = Literal["forever", "reboot"]
"""Until somebody takes it away, or until the node restarts (crm_attribute(8))."""


@dataclass(frozen=True, slots=True)
class NodeLost:
    """A node is gone without a word: power, network, kernel."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeStopped:
    """A node is down and everybody knows it: stopped in order, fenced, or confirmed down by a person."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeStandby:
    """A node stays in the membership and runs nothing."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeBack:
    """A node may run things again: out of standby, and back in the membership if it was not there."""

    node: str


@dataclass(frozen=True, slots=True)
class Quorum:
    """The partition that is asked has the votes, or has not."""

    held: bool


@dataclass(frozen=True, slots=True)
class NodeAttribute:
    """A node carries an attribute with this value, or no longer carries it (None), whatever its lifetime was."""

    node: str
    name: str
    value: str | None
    lifetime: Lifetime = "reboot"


@dataclass(frozen=True, slots=True)
class ClusterProperty:
    """A cluster property has this value, or goes back to its default (None)."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class ConstraintAdded:
    """A constraint is there: its element as XML. One with the same id gives way."""

    xml: str


@dataclass(frozen=True, slots=True)
class ConstraintRemoved:
    """The constraint of that id is gone."""

    id: str


@dataclass(frozen=True, slots=True)
class ResourceStopped:
    """A resource, group or clone is told to be stopped."""

    resource: str


@dataclass(frozen=True, slots=True)
class ResourceStarted:
    """A resource, group or clone is no longer told to be stopped."""

    resource: str


@dataclass(frozen=True, slots=True)
class FailuresForgotten:
    """The failures of a resource, or of all resources, on a node or on all nodes, are cleaned up."""

    resource: str | None = None
    node: str | None = None


Simulated = (
    NodeLost
    | NodeStopped
    | NodeStandby
    | NodeBack
    | Quorum
    | NodeAttribute
    | ClusterProperty
    | ConstraintAdded
    | ConstraintRemoved
    | ResourceStopped
    | ResourceStarted
    | FailuresForgotten
)


def preferring(resource: str, node: str) -> ConstraintAdded:
    """Return the constraint that `crm_resource --move --node` makes."""
    return ConstraintAdded(
        f'<rsc_location id="cli-prefer-{resource}" rsc="{resource}" role="Started" node="{node}" score="INFINITY"/>'
    )
