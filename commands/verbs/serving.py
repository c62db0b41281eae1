"""What "the floating IPs serve" means: each on exactly one node, and answering there when asked from another."""

from __future__ import annotations

from collections.abc import Iterable

from commands.facts import reach
from commands.facts.fact import NOT_ASKED, Known
from commands.plan import Proof, Step
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import ClusterSpec

MOVE_PATIENCE = 45.0
"""Seconds for addresses to come up and HAProxy to answer; Pacemaker starts a resource within a few."""


def holders(snapshot: Snapshot, address: str) -> tuple[str, ...]:
    """Return the nodes whose interfaces hold the address, by their own word."""
    return tuple(node.node.name for node, addresses in snapshot.known("addresses") if addresses.holds(address))


def serving_step(
    cluster: ClusterSpec,
    ports: Iterable[int],
    after: tuple[str, ...],
    patience: float = MOVE_PATIENCE,
    *,
    asked: Iterable[str] = (),
) -> Step:
    """Make the step that only looks: every floating IP on one node, every port answering from another node.

    `asked` are the nodes to ask, all of them if left out: a node that is down has nothing to say.
    """
    names = tuple(asked) or tuple(node.name for node in cluster.nodes)
    targets = tuple((str(vip.address), str(vip.address), port) for vip in cluster.vips for port in sorted(set(ports)))

    def missing(snapshot: Snapshot) -> tuple[str, ...]:
        nodes = [snapshot.node(name) for name in names]
        found = [why for node in nodes if (why := _unread(node))]
        for vip in cluster.vips:
            address = str(vip.address)
            where = holders(snapshot, address)
            if len(where) != 1:
                found.append(f"{address} is on {' and '.join(where) if where else 'no node'}")
            else:
                askers = [node for node in nodes if node.node.name != where[0]] or nodes
                found.extend(why for node in askers for why in _unanswered(node, address))
        return tuple(found)

    proof = Proof(("addresses",), missing, patience, names, {"vip_ports": reach.port(targets)} if targets else {})
    return Step(
        "serving", "Check that every floating IP is on one node and answers", lanes=(), after=after, proof=proof
    )


def _unread(node: NodeSnapshot) -> str | None:
    unread = node.unknown("addresses")
    return f"{node.node.name}: {unread.why.removeprefix(f'{node.node.name}: ')}" if unread else None


def _unanswered(node: NodeSnapshot, address: str) -> Iterable[str]:
    if node.vip_ports is NOT_ASKED:
        return
    if not isinstance(node.vip_ports, Known):
        yield node.vip_ports.why
        return
    for (name, port), state in node.vip_ports.value.ports.items():
        if name == address and state != "open":
            yield f"{address} port {port} is {state}, asked from {node.node.name}"
