"""The tables of a status: nodes, floating IPs, and the resources worth a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from commands.checks import witness
from commands.checks.floating_ips import FloatingIp
from commands.checks.phrases import does, listed
from commands.checks.proxies import SERVICE
from commands.facts.crm_mon import ClusterStatus, NodeState, ResourceState
from commands.facts.fact import Known, NotRunning
from commands.report import Table
from commands.snapshot import NodeSnapshot, Snapshot

UNKNOWN = "unknown"
NONE = "none"


def nodes_table(snapshot: Snapshot, ips: Iterable[FloatingIp]) -> Table:
    """Make one row per node: what the others say of it, and what it says itself."""
    held = tuple(ips)
    return Table(
        ("Node", "Membership", "Pacemaker", "Quorum", "HAProxy servers", "Holds"),
        tuple(
            (
                node.node.name,
                _membership(snapshot, node),
                _pacemaker(snapshot, node),
                _quorum(node),
                _haproxy(node),
                _holds(node, held),
            )
            for node in snapshot.nodes
        ),
        title="Nodes",
    )


def _membership(snapshot: Snapshot, node: NodeSnapshot) -> str:
    """By the word of all running members, the node's own included."""
    name = node.node.name
    views = {who.node.name: name in cmap.joined_names() for who, cmap in witness.running(snapshot, "cmap")}
    seen_by = [who for who, sees in views.items() if sees]
    other = witness.foreign(node, snapshot.cluster)
    if other is not None:
        return f"of another cluster, {other}"
    if not views:
        return "stopped" if witness.stopped(node) else UNKNOWN
    if seen_by and len(seen_by) < len(views):
        return f"member for {listed(seen_by)} only"
    if not seen_by and witness.stopped(node):
        return "stopped"
    by = "" if isinstance(node.cmap, Known) else f", {does(views, 'says', 'say')}"
    return f"{'member' if seen_by else 'not a member'}{by}"


def _pacemaker(snapshot: Snapshot, node: NodeSnapshot) -> str:
    """By the word of the node whose view is judged on, and its own where that differs."""
    views = witness.pacemakers(snapshot)
    told_by, status = views[0] if views else (node, None)
    name = node.node.name
    own = node.status.value if isinstance(node.status, Known) else None
    state = status.node(name) if status else None
    if status is None or state is None:
        return "stopped" if isinstance(own, NotRunning) else UNKNOWN
    words = ", ".join(_state_words(state))
    if own is None:
        return f"{words}, {told_by.node.name} says"
    if not isinstance(own, ClusterStatus) or own.dc in {None, status.dc} or (beyond := own.node(name)) is None:
        return words
    return f"{words}; by its own word {', '.join(_state_words(beyond))}"


def _state_words(state: NodeState) -> Iterator[str]:
    if state.unclean:
        yield "unclean"
    elif state.online:
        yield "joining" if state.pending else "online"
    else:
        yield "lost" if state.expected_up else "offline"
    if state.standby:
        yield "standby"
    if state.maintenance:
        yield "maintenance"
    if state.is_dc:
        yield "DC"


def _quorum(node: NodeSnapshot) -> str:
    if not isinstance(node.quorum, Known):
        return UNKNOWN
    quorum = node.quorum.value
    if isinstance(quorum, NotRunning):
        return "stopped"
    return f"{'yes' if quorum.quorate else 'no'}, {quorum.total_votes} of {quorum.expected_votes} votes"


def _haproxy(node: NodeSnapshot) -> str:
    if not isinstance(node.haproxy, Known):
        return UNKNOWN
    proxy = node.haproxy.value
    if isinstance(proxy, NotRunning):
        return "does not answer"
    return f"{len(proxy.servers) - len(proxy.down())} of {len(proxy.servers)} up"


def _holds(node: NodeSnapshot, ips: Iterable[FloatingIp]) -> str:
    if not isinstance(node.addresses, Known):
        return UNKNOWN
    return ", ".join(ip.id for ip in ips if node.node.name in ip.nodes) or NONE


def floating_ips_table(ips: Iterable[FloatingIp]) -> Table:
    """Make one row per floating IP: where it is by the nodes' own word, its home, and where its gate stands."""
    return Table(
        ("Floating IP", "Address", "On", "Home", "Gate"),
        tuple((ip.id, str(ip.spec.address), _place(ip), _home(ip), _gate(ip)) for ip in ips),
        title="Floating IPs",
    )


def _place(ip: FloatingIp) -> str:
    if ip.holders:
        return " and ".join(f"{node} ({nic})" for node, nic in ip.holders)
    if ip.frozen:
        return f"{listed(ip.frozen)} (last known)"
    if not ip.silent:
        return "no node"
    if ip.state == "unknown":
        there = f", {listed(sorted(ip.believed))} by Pacemaker's word" if ip.believed else ""
        return f"{UNKNOWN}{there}"
    return f"no node that was asked; {listed(ip.silent)} {UNKNOWN}"


def _home(ip: FloatingIp) -> str:
    if ip.gate:
        return ip.gate.home
    return UNKNOWN if ip.declared_only is None else "any node"


def _gate(ip: FloatingIp) -> str:
    if ip.gate is None:
        return UNKNOWN if ip.declared_only is None else NONE
    away = f"; kept off {listed(ip.gate.sent_away_from)}" if ip.gate.sent_away_from else ""
    if ip.gate.opened_on:
        return f"open on {listed(ip.gate.opened_on)} (approval in force){away}"
    return ("closed, waits for approval" if ip.state == "waiting" else "closed") + away


def resources_table(snapshot: Snapshot, ips: Iterable[FloatingIp]) -> Table | None:
    """Make one row per resource that is neither HAProxy nor a floating IP, or that something is wrong with."""
    status = witness.pacemaker(snapshot)
    if status is None:
        return None
    usual = {ip.id for ip in ips} | {one.id for one in status.resources if one.agent == SERVICE}
    rows = []
    for name in dict.fromkeys(one.id for one in status.resources):
        instances = status.instances(name)
        if name not in usual or any(_trouble(one) for one in instances):
            rows.append((name, instances[0].agent, _roles(instances), ", ".join(_where(status, instances)) or NONE))
    return Table(("Resource", "Agent", "State", "On"), tuple(rows), title="Resources") if rows else None


def _trouble(one: ResourceState) -> bool:
    return one.failed or one.blocked or one.orphaned or not one.managed


def _roles(instances: Iterable[ResourceState]) -> str:
    active = [one for one in instances if one.active]
    words = dict.fromkeys(one.role.lower() for one in active or instances)
    flags = {
        "failed": any(one.failed for one in instances),
        "blocked": any(one.blocked for one in instances),
        "no longer configured": any(one.orphaned for one in instances),
        "unmanaged": not all(one.managed for one in instances),
    }
    return ", ".join((*words, *(flag for flag, holds in flags.items() if holds)))


def _where(status: ClusterStatus, instances: Iterable[ResourceState]) -> Iterator[str]:
    """Name the nodes it runs on; of an unclean one that is only the last that was known."""
    for one in instances:
        for name in one.nodes:
            state = status.node(name)
            sure = state is not None and state.online and not state.unclean
            yield name if sure else f"{name} (last known)"
