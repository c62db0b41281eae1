"""What "the floating IPs serve" means: each on exactly one node, and answering there when asked from another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from commands.facts import reach
from commands.facts.fact import NOT_ASKED, Known
from commands.facts.haproxy_config import Bind, ports_at
from commands.plan import Proof, Step
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import ClusterSpec

MOVE_PATIENCE = 45.0
"""Seconds for addresses to come up and HAProxy to answer; Pacemaker starts a resource within a few."""


def holders(snapshot: Snapshot, address: str) -> tuple[str, ...]:
    """Return the nodes whose interfaces hold the address, by their own word."""
    return tuple(node.node.name for node, addresses in snapshot.known("addresses") if addresses.holds(address))


def bound_ports(snapshot: Snapshot, planned: Iterable[Bind] = ()) -> Callable[[str], tuple[int, ...]]:
    """Return how to tell the ports that answer at an address: by the nodes' own HAProxy, else by what is to be put there."""
    configs = [
        config for _, config in snapshot.known("haproxy_config") if config.present and not config.package_default
    ]
    own = [bind for config in configs for bind in config.binds]
    return partial(ports_at, own or tuple(planned))


def serving_step(
    cluster: ClusterSpec,
    ports: Callable[[str], tuple[int, ...]],
    after: tuple[str, ...],
    patience: float = MOVE_PATIENCE,
    *,
    asked: Iterable[str] = (),
) -> Step:
    """Make the step that only looks: every floating IP on one node, every port answering from another node.

    `ports` says which ports are to answer at an address.
    `asked` are the nodes to ask, all of them if left out: a node that is down has nothing to say.
    """
    names = tuple(asked) or tuple(node.name for node in cluster.nodes)
    addresses = [str(vip.address) for vip in cluster.vips]
    targets = tuple((address, address, port) for address in addresses for port in ports(address))

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
    answers = " and answers" if targets else ""
    return Step("serving", f"Check that every floating IP is on one node{answers}", lanes=(), after=after, proof=proof)


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
