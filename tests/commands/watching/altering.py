"""Recorded situations altered: what one look would have shown if one thing had been otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from commands.condition import Condition
from commands.events import Event, Kind
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_link import LinkStatus
from commands.facts.crm_mon import NodeState
from commands.facts.fact import Known, NotRunning
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]

DOWN: Known[Any] = Known(NotRunning("Failed to initialize the cmap API. Error CS_ERR_LIBRARY"))
STOPPED: dict[str, Known[Any]] = {"cmap": DOWN, "status": DOWN, "quorum": DOWN, "links": DOWN, "cib": DOWN}


def map_of(snapshot: Snapshot, name: str) -> CorosyncMap:
    (cmap,) = (told for node, told in snapshot.known("cmap") if node.node.name == name)
    assert isinstance(cmap, CorosyncMap)
    return cmap


def without(snapshot: Snapshot, alter: Alter, missing: str, *witnesses: str) -> Snapshot:
    """Return the snapshot with a node out of the membership of the witnesses."""
    for name in witnesses:
        cmap = map_of(snapshot, name)
        ids = {node.node_id for node in cmap.nodelist if node.name == missing}
        members = tuple(replace(one, joined=one.node_id not in ids and one.joined) for one in cmap.members)
        snapshot = alter(snapshot, name, "cmap", members=members)
    return snapshot


def with_pacemaker(snapshot: Snapshot, alter: Alter, name: str, **values: Any) -> Snapshot:
    """Return the snapshot with other values of a node in every view of Pacemaker."""
    for node, status in list(snapshot.running("status")):
        states = tuple(replace(one, **values) if one.name == name else one for one in status.nodes)
        snapshot = alter(snapshot, node.node.name, "status", nodes=states)
    return snapshot


def kinds_of(events: tuple[Event, ...]) -> list[Kind]:
    return [event.kind for event in events]


def with_joins(snapshot: Snapshot, alter: Alter, witness: str, member: str, count: int) -> Snapshot:
    cmap = map_of(snapshot, witness)
    ids = {node.node_id for node in cmap.nodelist if node.name == member}
    members = tuple(replace(one, join_count=count) if one.node_id in ids else one for one in cmap.members)
    return alter(snapshot, witness, "cmap", members=members)


def with_link_cut(snapshot: Snapshot, alter: Alter) -> Snapshot:
    """Return the snapshot with link 0 down at both ends: before corosync has drawn its conclusion."""
    for node, status in list(snapshot.running("links")):
        assert isinstance(status, LinkStatus)
        down = tuple(
            replace(
                link,
                peers=tuple(
                    one if one.status == "localhost" else replace(one, connected=False, status="disconnected")
                    for one in link.peers
                ),
            )
            for link in status.links
        )
        snapshot = alter(snapshot, node.node.name, "links", links=down)
    return snapshot


def counted_out(snapshot: Snapshot, name: str) -> tuple[NodeState, ...]:
    """Return the nodes as one Pacemaker counts them that has one of them out, told to stop."""
    status = next(told for node, told in snapshot.running("status") if node.node.name != name)
    return tuple(replace(one, online=False, expected_up=False) if one.name == name else one for one in status.nodes)
