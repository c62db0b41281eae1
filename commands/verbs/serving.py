"""What "the floating IPs serve" means: each on exactly one node, and answering there when asked from another."""

from __future__ import annotations

from collections.abc import Iterable

from commands.facts import reach
from commands.facts.fact import Known
from commands.plan import Proof, Step
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import ClusterSpec

MOVE_PATIENCE = 45.0
"""Seconds for addresses to come up and HAProxy to answer; Pacemaker starts a resource within a few."""


def holders(snapshot: Snapshot, address: str) -> tuple[str, ...]:
    """Return the nodes whose interfaces hold the address, by their own word."""
    return tuple(node.node.name for node, addresses in snapshot.known("addresses") if addresses.holds(address))


def serving_step(
    cluster: ClusterSpec, ports: Iterable[int], after: tuple[str, ...], patience: float = MOVE_PATIENCE
) -> Step:
    """Make the step that only looks: every floating IP on one node, every port answering from another node."""
    asked = tuple((str(vip.address), str(vip.address), port) for vip in cluster.vips for port in sorted(set(ports)))

    def missing(snapshot: Snapshot) -> tuple[str, ...]:
        found = [f"{node.node.name}: {why.why}" for node, why in snapshot.unknown("addresses")]
        for vip in cluster.vips:
            address = str(vip.address)
            where = holders(snapshot, address)
            if len(where) != 1:
                found.append(f"{address} is on {' and '.join(where) if where else 'no node'}")
            else:
                found.extend(_silent(snapshot, address, where[0]))
        return tuple(found)

    return Step(
        "serving",
        "Check that every floating IP is on one node and answers",
        lanes=(),
        after=after,
        proof=Proof(("addresses",), missing, patience, facts={"vip_ports": reach.port(asked)}),
    )


def _silent(snapshot: Snapshot, address: str, holder: str) -> Iterable[str]:
    askers = [node for node in snapshot.nodes if node.node.name != holder] or list(snapshot.nodes)
    for node in askers:
        yield from _unanswered(node, address)


def _unanswered(node: NodeSnapshot, address: str) -> Iterable[str]:
    if not isinstance(node.vip_ports, Known):
        yield f"{node.node.name}: {node.vip_ports.why}"
        return
    for (name, port), state in node.vip_ports.value.ports.items():
        if name == address and state != "open":
            yield f"{address} port {port} is {state}, asked from {node.node.name}"
