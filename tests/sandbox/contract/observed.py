"""What nodes let be seen of a situation, through the bot's own facts, without what depends on the moment.

Of two nodes that stand for the same, real or simulated, the same is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from commands.command import Runner
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.snapshot import NodeSnapshot, gather
from config.inventory import ClusterSpec

READ = ("addresses", "cib", "cmap", "haproxy", "links", "quorum", "status", "units")
NOWHERE = ""
UNREAD = "could not be read"
_UNITS = ("corosync", "pacemaker", "pcsd", "haproxy")


@dataclass(frozen=True, slots=True)
class Seen:
    """A situation through the eyes of one node. Names stand in a text with blanks between; "" is none.

    What is not said otherwise is a healthy cluster of two, with a gate for each of two floating IPs, at home.
    """

    units: str = "corosync pacemaker pcsd haproxy"
    """The services that run there."""
    members: str = "n1 n2"
    """As corosync's map has them."""
    links: str = "n1 n2"
    """The nodes that it has a link to, itself included."""
    quorum: str = "2 of 2: 2Node Quorate WaitForAll"
    dc: bool = True
    """Whether there is one, and it is online."""
    pacemaker: str = ""
    """Options that are out of the ordinary: `maintenance`, `fencing`, `no quorum`."""
    nodes: Mapping[str, str] = field(default_factory=lambda: {"n1": "online", "n2": "online"})
    runs: Mapping[str, str] = field(default_factory=lambda: {"haproxy": "n1 n2", "vip1": "n1", "vip2": "n2"})
    """The nodes that surely run a resource; where a fencing device happens to run is nobody's business."""
    failed: tuple[str, ...] = ()
    """Operations as `haproxy_monitor_5000 on n1: not running`, and what may not go on somewhere: `vip3 on n1: INFINITY`."""
    gates: Mapping[str, str] = field(default_factory=lambda: {"vip1": "n1", "vip2": "n2"})
    """The homes, and where each gate is open, as `n2, open on n1`."""
    barred: Mapping[str, str] = field(default_factory=lambda: {"vip1": "n2", "vip2": "n1"})
    """The nodes that a resource may not run on, as Pacemaker has it."""
    fenced: tuple[str, ...] = ()
    holds: str = ""
    """The floating IPs that the node has, by its own word."""
    proxy: str = "web1 web2"
    """The servers behind its HAProxy that are up."""

    def differs(self, other: Seen) -> list[str]:
        """Return in words what of `other` is not so."""
        return [
            f"{one.name}: {getattr(self, one.name)!r}, expected {getattr(other, one.name)!r}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(other, one.name)
        ]


async def look(cluster: ClusterSpec, runner: Runner, nodes: Iterable[str]) -> Mapping[str, Seen]:
    """Look through the eyes of some nodes."""
    snapshot = await gather(cluster, runner, READ, tuple(nodes))
    return {node.node.name: _seen(cluster, node) for node in snapshot.nodes if node.node.name in set(nodes)}


def _seen(cluster: ClusterSpec, node: NodeSnapshot) -> Seen:
    said = {name: reading.value for name in READ if isinstance(reading := getattr(node, name), Known)}
    parts: dict[str, Any] = {"units": UNREAD, "holds": UNREAD}
    if "units" in said:
        running = [name for name in _UNITS if said["units"].unit(name).active]
        parts["units"] = " ".join(running)
    if "addresses" in said:
        vips = {f"vip{number}": str(vip.address) for number, vip in enumerate(cluster.vips, 1)}
        parts["holds"] = " ".join(name for name, address in vips.items() if said["addresses"].holds(address))
    for name, reduce in (
        ("cmap", _membership),
        ("links", _links),
        ("quorum", _quorum),
        ("status", _status),
        ("cib", _cib),
        ("haproxy", _proxy),
    ):
        value = said.get(name, UNREAD)
        parts |= reduce(value)
    return Seen(**parts)


def _membership(said: Any) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {"members": _none(said)}
    names = {node.node_id: node.name for node in said.nodelist}
    return {"members": " ".join(sorted(names[one.node_id] for one in said.members if one.status == "joined"))}


def _links(said: Any) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {"links": _none(said)}
    connected = [{peer.node_id for peer in link.peers if peer.connected} for link in said.links]
    return {"links": " ".join(f"n{node}" for node in sorted(set.union(*connected)))}


def _quorum(said: Any) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {"quorum": _none(said)}
    return {"quorum": f"{said.total_votes} of {said.expected_votes}: {' '.join(sorted(said.flags))}"}


def _status(said: ClusterStatus | NotRunning | str) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {
            "nodes": {},
            "runs": {},
            "barred": {},
            "pacemaker": _none(said),
            "dc": False,
            "failed": (),
            "fenced": (),
        }
    options = {"maintenance": said.maintenance, "fencing": said.fencing_enabled, "no quorum": not said.quorate}
    failed = [
        f"{one.operation} on {one.node}: {one.exit_status.lower().removesuffix(' occurred')}" for one in said.failures
    ]
    for_good = [f"{one.resource} on {one.node}: INFINITY" for one in said.fail_counts if one.count >= 1_000_000]
    barred: dict[str, set[str]] = {}
    for ban in said.bans:
        barred.setdefault(ban.resource, set()).add(ban.node)
    return {
        "dc": said.dc is not None and any(node.name == said.dc and node.online for node in said.nodes),
        "pacemaker": ", ".join(name for name, so in options.items() if so),
        "nodes": {node.name: _state(node) for node in said.nodes},
        "runs": {
            one.id: " ".join(sorted(said.holders(one.id)))
            for one in said.resources
            if not one.agent.startswith("stonith:")
        },
        "failed": tuple(sorted(failed + for_good)),
        "barred": {resource: " ".join(sorted(nodes)) for resource, nodes in barred.items()},
        "fenced": tuple(sorted({f"{one.action} {one.target}: {one.status}" for one in said.fence_events})),
    }


def _state(node: NodeState) -> str:
    flags = ("standby", "maintenance", "pending", "unclean", "shutdown")
    begun = "online" if node.online else "lost" if node.expected_up else "stopped"
    return ", ".join((begun, *(flag for flag in flags if getattr(node, flag))))


def _cib(said: Cib | NotRunning | str) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {"gates": {}}
    gates = {}
    for gate in said.gates:
        state = gate_state(said, gate.resource)
        words = [gate.home]
        if state is not None:
            words += [f"open on {node}" for node in state.opened_on]
            words += [f"away from {node}" for node in state.sent_away_from]
        gates[gate.resource] = ", ".join(words)
    return {"gates": gates}


def _proxy(said: Any) -> dict[str, Any]:
    if isinstance(said, NotRunning | str):
        return {"proxy": _none(said)}
    return {"proxy": " ".join(server.name for server in said.servers if server.up)}


def _none(said: object) -> str:
    return NOWHERE if isinstance(said, NotRunning) else str(said)
