"""The resources of an HAProxy cluster: their names, homes and fence devices, from what is declared alone."""

from __future__ import annotations

from dataclasses import dataclass

from config.inventory import ClusterSpec, VipSpec

PROXY = "haproxy"
CLONE = "haproxy-clone"


@dataclass(frozen=True, slots=True)
class Vip:
    """A floating IP as a resource: its id, and its home where its failover waits for people."""

    id: str
    spec: VipSpec
    home: str


def vips(cluster: ClusterSpec) -> tuple[Vip, ...]:
    """Return the cluster's floating IPs as resources `vip1`, `vip2`…, their homes spread over the nodes in turn."""
    names = [node.name for node in cluster.nodes]
    return tuple(Vip(f"vip{n}", spec, names[(n - 1) % len(names)]) for n, spec in enumerate(cluster.vips, start=1))


def fence_devices(cluster: ClusterSpec) -> tuple[tuple[str, tuple[str, ...], dict[str, str]], ...]:
    """Return each fence device that is ours to make as its id, the nodes it can fence and its options.

    One device for all nodes, or one per node where options differ by node. The first node's device of a two-node
    cluster waits a little before it acts, so that two nodes that lost sight of each other do not fence each other.
    """
    fencing = cluster.fencing
    if fencing is None or fencing.kept:
        return ()
    names = tuple(node.name for node in cluster.nodes)
    if not fencing.per_node:
        return (("fence-all", names, dict(fencing.options)),)
    devices = []
    for name in names:
        options = {**fencing.options, **fencing.per_node.get(name, {})}
        if name == names[0] and len(names) == 2:  # noqa: PLR2004 - the two-node tie
            options.setdefault("pcmk_delay_base", "5s")
        devices.append((f"fence-{name}", (name,), options))
    return tuple(devices)
