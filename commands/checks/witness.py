"""Whose word is taken. Every node tells of the whole cluster; where their words differ, somebody must go first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_conf import NoConf
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.gates import GateState, gate_state
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import ClusterSpec


def foreign(node: NodeSnapshot, cluster: ClusterSpec) -> str | None:
    """Return the name of another cluster that runs on the node, or None.

    Debian's packages start one called `debian` by themselves; its membership says nothing about ours.
    """
    cmap = node.cmap.value if isinstance(node.cmap, Known) else None
    if not isinstance(cmap, CorosyncMap) or cmap.cluster_name in {"", cluster.name}:
        return None
    return cmap.cluster_name


def in_none(node: NodeSnapshot) -> bool:
    """Return whether the node is known to be in no cluster at all."""
    return isinstance(node.conf, Known) and isinstance(node.conf.value, NoConf)


def outside(node: NodeSnapshot, cluster: ClusterSpec) -> bool:
    """Return whether the node is known to be in no cluster, or in another one."""
    return in_none(node) or foreign(node, cluster) is not None


def running(snapshot: Snapshot, field: str) -> Iterator[tuple[NodeSnapshot, Any]]:
    """Yield what the nodes on which this very cluster runs say in the field."""
    return ((node, told) for node, told in snapshot.running(field) if foreign(node, snapshot.cluster) is None)


def pacemakers(snapshot: Snapshot) -> tuple[tuple[NodeSnapshot, ClusterStatus], ...]:
    """Return every view of the cluster that is worth judging on, the best first.

    Before a DC is elected Pacemaker shows its nodes in states that mean nothing yet, so such views are left out. A side
    with quorum goes before one without, the DC's own view before those it sends to others, the side with more nodes
    before the smaller one.
    """

    def worth(view: tuple[NodeSnapshot, ClusterStatus]) -> tuple[bool, bool, int]:
        node, status = view
        return status.quorate, status.dc == node.node.name, sum(one.online for one in status.nodes)

    views = [(node, status) for node, status in running(snapshot, "status") if status.dc is not None]
    return tuple(sorted(views, key=worth, reverse=True))


def pacemaker(snapshot: Snapshot) -> ClusterStatus | None:
    """Return the best view of the cluster by Pacemaker, or None where there is none."""
    return next((status for _, status in pacemakers(snapshot)), None)


def _cibs(snapshot: Snapshot) -> list[Cib]:
    """Return the configuration as each running node has it; of a cluster that is stopped, as it lies on the disks."""
    told: list[Cib] = [cib for _, cib in running(snapshot, "cib")]
    if told or not runs_nowhere(snapshot):
        return told
    # Pacemaker writes the cluster's name into it: a disk may still hold another one's
    return [
        cib for _, cib in snapshot.running("disk_cib") if cib.properties.get("cluster-name") == snapshot.cluster.name
    ]


def newest_cib(snapshot: Snapshot) -> Cib | None:
    """Return the newest configuration that a running node told, or None where none could be read."""
    newest = sorted(_cibs(snapshot), key=lambda cib: (cib.admin_epoch, cib.epoch, cib.num_updates))
    return newest[-1] if newest else None


def gate(snapshot: Snapshot, resource: str) -> GateState | None:
    """Return where the resource's gate stands, or None if it has none or no configuration could be read.

    Behind a cut network each side knows only of what was decided there: all of it counts.
    """
    states = [state for cib in _cibs(snapshot) if (state := gate_state(cib, resource)) is not None]
    held = {node: value for state in states for node, value in state.attributes.items()}
    return replace(states[0], attributes=held) if states else None


def stopped(node: NodeSnapshot) -> bool:
    """Return whether the node says itself that its corosync, or else its Pacemaker, does not run."""
    readings = [reading for reading in (node.cmap, node.status) if isinstance(reading, Known)]
    return bool(readings) and isinstance(readings[0].value, NotRunning)


def runs_nowhere(snapshot: Snapshot) -> bool:
    """Return whether every node says itself that the cluster does not run there, or that another one does."""
    return all(stopped(node) or foreign(node, snapshot.cluster) for node in snapshot.nodes)
