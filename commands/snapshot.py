"""All readings of a cluster at one moment, node by node.

`gather` asks every node at once and every fact at once. A reading that failed stays `Unknown` with its reason; no
default ever takes its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from commands.command import Runner
from commands.facts import (
    cib,
    corosync_cmap,
    corosync_conf,
    corosync_link,
    corosync_quorum,
    crm_mon,
    disk_cib,
    fence_agents,
    firewall,
    haproxy_config,
    haproxy_stat,
    host,
    packages,
    pcs,
    reach,
    under_way,
    units,
)
from commands.facts.cib import Cib
from commands.facts.fact import NOT_ASKED, Fact, Known, NotRunning, Reading, Unknown, read
from config.inventory import ClusterSpec, NodeSpec


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node's readings. A field that was not gathered is `Unknown("not asked")`."""

    node: NodeSpec
    addresses: Reading[host.Addresses] = NOT_ASKED
    cib: Reading[Cib | NotRunning] = NOT_ASKED
    clock: Reading[host.Clock] = NOT_ASKED
    cmap: Reading[corosync_cmap.CorosyncMap | NotRunning] = NOT_ASKED
    conf: Reading[corosync_conf.CorosyncConf | corosync_conf.NoConf] = NOT_ASKED
    disk_cib: Reading[Cib | NotRunning] = NOT_ASKED
    """The configuration on disk, readable while the cluster is stopped; `NotRunning` where there is none."""
    fence_agents: Reading[frozenset[str]] = NOT_ASKED
    """Those that are installed, by name."""
    firewall: Reading[firewall.Firewall] = NOT_ASKED
    haproxy: Reading[haproxy_stat.ProxyStatus | NotRunning] = NOT_ASKED
    haproxy_config: Reading[haproxy_config.HaproxyConfig] = NOT_ASKED
    host_auth: Reading[pcs.HostAuth | NotRunning] = NOT_ASKED
    links: Reading[corosync_link.LinkStatus | NotRunning] = NOT_ASKED
    node_addresses_in_use: Reading[reach.InUse] = NOT_ASKED
    """Who answers for the addresses of the cluster's nodes on their subnets."""
    os: Reading[host.OperatingSystem] = NOT_ASKED
    packages: Reading[packages.Packages] = NOT_ASKED
    pcs_version: Reading[pcs.PcsVersion | NotRunning] = NOT_ASKED
    peer_ports: Reading[reach.Reach] = NOT_ASKED
    """Whether pcsd's port of each other node can be reached."""
    quorum: Reading[corosync_quorum.QuorumStatus | NotRunning] = NOT_ASKED
    resolution: Reading[host.Resolution] = NOT_ASKED
    """What the other nodes' names resolve to."""
    status: Reading[crm_mon.ClusterStatus | NotRunning] = NOT_ASKED
    sysctl: Reading[Mapping[str, str]] = NOT_ASKED
    under_way: Reading[tuple[str, ...]] = NOT_ASKED
    """Commands of ours that still run there, from a change that was cut short or is carried out at this moment."""
    units: Reading[units.Units] = NOT_ASKED
    vip_ports: Reading[reach.Reach] = NOT_ASKED
    """Which ports of the floating IPs can be reached from here; the ports are given by who asks."""
    vips_in_use: Reading[reach.InUse] = NOT_ASKED
    """Who answers for the floating IPs on their subnets."""

    def unknown(self, *names: str) -> Unknown | None:
        """Return the first of the named fields' readings that failed, or None."""
        return next((r for r in (getattr(self, name) for name in names) if isinstance(r, Unknown)), None)


def _peers(cluster: ClusterSpec, node: NodeSpec) -> tuple[NodeSpec, ...]:
    return tuple(peer for peer in cluster.nodes if peer.name != node.name)


ON_FIRST = frozenset({"host_auth"})
"""Fields that are read on a cluster's first node only: its pcs is the one that commands the others."""
PCSD_PORT = 2224
NONLOCAL_BIND, NONLOCAL_BIND_V6 = "net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind"


def nonlocal_binds(cluster: ClusterSpec) -> tuple[str, ...]:
    """Return the kernel settings that let HAProxy bind the cluster's floating IPs on a node that has none of them."""
    six = any(vip.address.version == 6 for vip in cluster.vips)  # noqa: PLR2004 - the version of IP
    return (NONLOCAL_BIND, NONLOCAL_BIND_V6) if six else (NONLOCAL_BIND,)


FACTS: Mapping[str, Callable[[ClusterSpec, NodeSpec], Fact[Any]]] = {
    "addresses": lambda *_: host.ADDRESSES,
    "cib": lambda *_: cib.FACT,
    "clock": lambda *_: host.CLOCK,
    "cmap": lambda *_: corosync_cmap.FACT,
    "conf": lambda *_: corosync_conf.FACT,
    "disk_cib": lambda *_: disk_cib.FACT,
    "fence_agents": lambda *_: fence_agents.FACT,
    "firewall": lambda *_: firewall.FACT,
    "haproxy": lambda *_: haproxy_stat.FACT,
    "haproxy_config": lambda *_: haproxy_config.FACT,
    "host_auth": lambda cluster, _: pcs.host_auth(tuple(node.name for node in cluster.nodes)),
    "links": lambda *_: corosync_link.FACT,
    "node_addresses_in_use": lambda cluster, _: reach.in_use(
        tuple(str(address) for node in cluster.nodes for address in node.addresses)
    ),
    "os": lambda *_: host.OS,
    "packages": lambda *_: packages.FACT,
    "pcs_version": lambda *_: pcs.VERSION,
    "peer_ports": lambda cluster, node: reach.port(
        tuple((peer.name, str(peer.address), PCSD_PORT) for peer in _peers(cluster, node))
    ),
    "quorum": lambda *_: corosync_quorum.FACT,
    "resolution": lambda cluster, node: host.resolution(tuple(peer.name for peer in _peers(cluster, node))),
    "status": lambda *_: crm_mon.FACT,
    "sysctl": lambda cluster, _: host.sysctl(nonlocal_binds(cluster)),
    "under_way": lambda *_: under_way.FACT,
    "units": lambda *_: units.FACT,
    "vips_in_use": lambda cluster, _: reach.in_use(tuple(str(vip.address) for vip in cluster.vips)),
}
"""How each field of `NodeSnapshot` is read on a node of a cluster."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster as its nodes told it."""

    cluster: ClusterSpec
    nodes: tuple[NodeSnapshot, ...]

    def node(self, name: str) -> NodeSnapshot:
        """Return the readings of the node of that name. Raises KeyError."""
        for node in self.nodes:
            if node.node.name == name:
                return node
        raise KeyError(name)

    def known(self, field: str) -> Iterator[tuple[NodeSnapshot, Any]]:
        """Yield the nodes on which the field was read, each with what was read."""
        for node in self.nodes:
            reading = getattr(node, field)
            if isinstance(reading, Known):
                yield node, reading.value

    def running(self, field: str) -> Iterator[tuple[NodeSnapshot, Any]]:
        """Yield the nodes on which the field was read and its daemon runs, each with what was read."""
        return ((node, value) for node, value in self.known(field) if not isinstance(value, NotRunning))

    def with_fields(self, later: Snapshot, names: Iterable[str]) -> Snapshot:
        """Return it with these fields as a later look has them."""
        fields = tuple(names)
        read = {node.node.name: {name: getattr(node, name) for name in fields} for node in later.nodes}
        return replace(self, nodes=tuple(replace(node, **read[node.node.name]) for node in self.nodes))

    def unknown(self, *names: str) -> Iterator[tuple[NodeSnapshot, Unknown]]:
        """Yield each node on which one of the fields that are read there could not be, with the first reason."""
        for node in self.nodes:
            failed = node.unknown(*fields_read(self.cluster, node.node, names))
            if failed:
                yield node, failed


def fields_read(cluster: ClusterSpec, node: NodeSpec, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the named fields that are read on this node."""
    first = node.name == cluster.nodes[0].name
    return tuple(name for name in names if first or name not in ON_FIRST)


async def gather(
    cluster: ClusterSpec,
    runner: Runner,
    reads: Iterable[str],
    nodes: Iterable[str] | None = None,
    facts: Mapping[str, Fact[Any]] | None = None,
) -> Snapshot:
    """Read the named fields on the cluster's nodes (or the named ones), all at the same time.

    `facts` are fields that need more than the cluster to be read, each with how.
    """
    own = facts or {}
    wanted = (*reads, *own)
    asked = None if nodes is None else frozenset(nodes)

    async def ask(node: NodeSpec) -> NodeSnapshot:
        blank = NodeSnapshot(node)
        if asked is not None and node.name not in asked:
            return blank
        here = fields_read(cluster, node, wanted)
        readings = await asyncio.gather(
            *(read(runner, node, own.get(name) or FACTS[name](cluster, node)) for name in here)
        )
        found: dict[str, Any] = dict(zip(here, readings, strict=True))
        return replace(blank, **found)

    return Snapshot(cluster, tuple(await asyncio.gather(*(ask(node) for node in cluster.nodes))))
