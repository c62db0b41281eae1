"""Floating IPs: who holds them by the nodes' own word, what Pacemaker believes, and which wait at their gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from commands import configuration
from commands.checks import witness
from commands.checks.phrases import listed
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import Known
from commands.facts.pacemaker_xml import INFINITY
from commands.gates import GateState
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from config.inventory import VipSpec

State = Literal["served", "doubled", "waiting", "nowhere", "unknown"]


@dataclass(frozen=True, slots=True)
class FloatingIp:
    """One floating IP, as told by every layer.

    `holders` are nodes and interfaces by the nodes' own word, `silent` the nodes whose word is missing. `believed` is
    where Pacemaker says it runs (all its views together), None where it could not be asked. `frozen` are unclean nodes
    on which Pacemaker leaves it. `gate` and `declared_only` are None while the configuration is unknown, as is `gate`
    where there is none. `candidates` are nodes that could take it, were its gate opened there: not empty only while it
    waits for that.
    """

    id: str
    spec: VipSpec
    holders: tuple[tuple[str, str], ...]
    silent: tuple[str, ...]
    believed: frozenset[str] | None
    frozen: tuple[str, ...]
    gate: GateState | None
    declared_only: bool | None
    candidates: tuple[str, ...]
    switched_off: bool
    """Somebody disabled the resource."""
    home_is_fit: bool
    """Pacemaker says that the home of its gate could run it now."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that hold it by their own word."""
        return tuple(node for node, _ in self.holders)

    @property
    def state(self) -> State:
        """`waiting` is nowhere until a person opens the gate; `unknown` where the nodes that may hold it are silent."""
        if self.holders:
            return "served" if len(self.holders) == 1 else "doubled"
        if self.candidates:
            return "waiting"
        return "nowhere" if not self.silent or self.believed == frozenset() else "unknown"


def floating_ips(snapshot: Snapshot) -> tuple[FloatingIp, ...]:
    """Put together what is known of each declared floating IP."""
    cib = witness.newest_cib(snapshot)
    return tuple(_floating_ip(snapshot, cib, vip) for vip in configuration.vips(snapshot.cluster))


def _floating_ip(snapshot: Snapshot, cib: Cib | None, vip: configuration.Vip) -> FloatingIp:
    address = str(vip.spec.address)
    resource = next((one.id for one in cib.primitives if one.attributes.get("ip") == address), None) if cib else None
    name = resource or vip.id
    views = [status for _, status in witness.pacemakers(snapshot)]
    believed = frozenset(node for status in views for node in status.holders(name)) if views else None
    gate = witness.gate(snapshot, name)
    status = views[0] if views else None
    off = cib is not None and cib.switched_off(name)
    waits = not (believed or off)
    return FloatingIp(
        id=name,
        spec=vip.spec,
        holders=tuple(
            (node.node.name, nic)
            for node, addresses in snapshot.known("addresses")
            if (nic := addresses.holds(address))
        ),
        silent=tuple(node.node.name for node in snapshot.nodes if not isinstance(node.addresses, Known)),
        believed=believed,
        frozen=_frozen(status, name) if status else (),
        gate=gate,
        declared_only=None if cib is None else resource is None,
        candidates=_candidates(cib, status, gate) if waits and cib and status and gate else (),
        switched_off=off,
        home_is_fit=gate is not None and status is not None and gate.home in _fit(status),
    )


def _fit(status: ClusterStatus) -> tuple[str, ...]:
    """Return the nodes on which Pacemaker would start something now."""

    def fit(node: NodeState) -> bool:
        hindered = node.standby or node.maintenance or node.pending or node.unclean or node.shutdown
        return node.online and not hindered

    return tuple(node.name for node in status.nodes if fit(node)) if status.quorate and not status.maintenance else ()


def _frozen(status: ClusterStatus, name: str) -> tuple[str, ...]:
    unclean = {node.name for node in status.nodes if node.unclean}
    return tuple(node for one in status.instances(name) if one.active for node in one.nodes if node in unclean)


def _candidates(cib: Cib, status: ClusterStatus, gate: GateState) -> tuple[str, ...]:
    """Return the nodes that only the gate keeps from taking the resource; none where another one is free to take it.

    Those that it was sent away from come last.
    """
    fit = _fit(status)
    allowed = {gate.home, *gate.opened_on}.difference(gate.sent_away_from)
    beside = [one.with_resource for one in cib.colocations if one.resource == gate.resource and one.score >= INFINITY]
    inside = {clone.id: clone.primitives for clone in cib.clones}
    needed = [part for name in beside for part in inside.get(name, (name,))]
    barred = {one.node for one in status.fail_counts if one.resource in needed and one.count >= INFINITY}
    if allowed.intersection(fit) - barred or _frozen(status, gate.resource):
        return ()
    able = (node for node in fit if all(node in status.holders(part) for part in needed))
    return tuple(sorted(able, key=lambda node: node in gate.sent_away_from))


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield each floating IP that is not served by exactly one node, or whose gate or holder is not as it should be."""
    for ip in floating_ips(snapshot):
        if ip.declared_only:
            yield Finding(
                Level.WARNING,
                f"{ip.spec.address} is declared as a floating IP, but no resource has this address",
                f"`/hacluster setup {snapshot.cluster.name}` adds it.",
            )
        match ip.state:
            case "doubled":
                yield _doubled(ip)
            case "waiting":
                yield _waiting(snapshot, ip)
            case "nowhere" if not ip.declared_only:
                yield _nowhere(ip)
            case "served":
                yield from _served(snapshot, ip)


def _named(ip: FloatingIp) -> str:
    return f"`{ip.id}` ({ip.spec.address})"


def _doubled(ip: FloatingIp) -> Finding:
    wrong = [(node, nic) for node, nic in ip.holders if ip.believed and node not in ip.believed]
    releases = "; ".join(
        f"on {node} `ip address del {ip.spec.address}/{ip.spec.prefix} dev {nic}`" for node, nic in wrong
    )
    return Finding(
        Level.CRITICAL,
        f"{_named(ip)} is on {listed(ip.nodes)} at the same time: clients reach now one, now the other",
        f"Pacemaker does not run it there: {releases}"
        if releases
        else "Mend the network between them; until then stop the cluster on the side that is to give way.",
    )


def _waiting(snapshot: Snapshot, ip: FloatingIp) -> Finding:
    home = ip.gate.home if ip.gate else ""
    unseen = f"; whether {listed(ip.silent)} still holds it is not known" if ip.silent else ""
    return Finding(
        Level.CRITICAL,
        f"{_named(ip)} waits at its gate: its home {home} cannot run it, and a person must let it move{unseen}",
        f"`/hacluster failover {ip.id} --to {ip.candidates[0]} {snapshot.cluster.name}`",
    )


def _nowhere(ip: FloatingIp) -> Finding:
    if ip.frozen:
        return Finding(
            Level.CRITICAL,
            f"{_named(ip)} is frozen: {listed(ip.frozen)}, where Pacemaker leaves it, is unclean until it is fenced",
        )
    if ip.switched_off:
        return Finding(
            Level.WARNING, f"{_named(ip)} is switched off, so on no node", f"`pcs resource enable {ip.id}` starts it."
        )
    unseen = f"; whether {listed(ip.silent)} holds it is not known" if ip.silent else ""
    return Finding(Level.CRITICAL, f"{_named(ip)} is on no node: nothing answers there{unseen}")


def _served(snapshot: Snapshot, ip: FloatingIp) -> Iterator[Finding]:
    ((node, nic),) = ip.holders
    if ip.believed is not None and node not in ip.believed:
        there = f"on {listed(sorted(ip.believed))}" if ip.believed else "nowhere"
        yield Finding(
            Level.WARNING,
            f"{node} holds {_named(ip)} on {nic}, but Pacemaker says it runs {there}",
            "It may be moving just now. If it stays so, somebody set the address by hand: "
            f"`ip address del {ip.spec.address}/{ip.spec.prefix} dev {nic}` there.",
            node,
        )
        return
    failback = f"`/hacluster failback {ip.id} {snapshot.cluster.name}`"
    elsewhere = [opened for opened in ip.gate.opened_on if opened != ip.gate.home] if ip.gate else []
    if ip.gate and elsewhere and node == ip.gate.home:
        yield Finding(
            Level.WARNING,
            f"the gate of {_named(ip)} stands open on {listed(elsewhere)} though it is at home: it would "
            "move there without asking",
            f"{failback} closes it.",
        )
    elif ip.gate and elsewhere:
        fit = f"{failback} brings it home." if ip.home_is_fit else ""
        yield Finding(Level.INFO, f"{_named(ip)} is on {node} by approval; its home is {ip.gate.home}", fit)
    if ip.gate and ip.home_is_fit and node != ip.gate.home not in ip.gate.sent_away_from:
        yield Finding(
            Level.WARNING,
            f"{ip.gate.home} is not barred from {_named(ip)}, which {node} holds: it would take it back by itself if the "
            "network were cut",
            f"`/hacluster failover {ip.id} --to {node} {snapshot.cluster.name}` bars it; {failback} brings it home.",
        )
