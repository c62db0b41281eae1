"""What a move of a floating IP is about: the resource, where it is, and who is a member in whose eyes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from commands.facts.cib import Cib
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.pacemaker_xml import INFINITY
from commands.gates import GateState, gate_state
from commands.plan import Refusal
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.serving import holders
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Move the floating IP (a resource's id or an address) to a node, or home where `to` is None."""

    cluster: ClusterSpec
    vip: str
    to: str | None = None
    reason: str = ""
    """Why, in the asker's words: who gives one may go on where nobody can find out whether a lost node is down."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a move is about, once the cluster was read."""

    request: MoveRequest
    resource: str
    address: str
    cib: Cib
    gate: GateState | None
    sources: tuple[str, ...]
    """Nodes that hold the address by their own word."""
    members: frozenset[str]
    """Nodes online in the view of the partition that was asked."""
    apart: frozenset[str] = frozenset()
    """Nodes that answer, are not on the target's side, and may start it at any moment by their own side's gate."""

    @property
    def begun(self) -> str | None:
        """The node to which a move without a gate was begun and not ended: its constraint is still there."""
        if self.gate is not None:
            return None
        left = (one for one in self.cib.leftover_moves if one.resource == self.resource)
        return next((one.node for one in left if one.node and (one.score or 0) >= INFINITY), None)


def no(text: str, remedy: str = "", node: str | None = None) -> Finding:
    """Return a reason not to."""
    return Finding(Level.CRITICAL, text, remedy, node)


def understood(verb: str, request: MoveRequest, snapshot: Snapshot) -> Move | Refusal:
    """Return what the request is about, by the configuration of a partition that may act; or why that is not known."""
    running = [(node, cib) for node, cib in snapshot.running("cib") if isinstance(node.status, Known)]
    if not running:
        why = "; ".join(dict.fromkeys(f"{node.node.name}: {_why_not(node)}" for node in snapshot.nodes))
        return Refusal(
            verb,
            (no(f"no node runs the cluster, as far as can be seen ({why})", "Use `start`, or look at `status`."),),
        )
    # a partition with quorum speaks for the cluster
    running.sort(key=lambda pair: not _quorate(pair[0]))
    cib = running[0][1]
    for primitive in cib.primitives:
        address = primitive.address
        if address and request.vip in {primitive.id, address}:
            gate = gate_state(cib, primitive.id)
            members = _online(running[0][0])
            return Move(request, primitive.id, address, cib, gate, holders(snapshot, address), members)
    known = ", ".join(f"{p.id} ({p.address})" for p in cib.primitives if p.address) or "none"
    return Refusal(
        verb,
        (
            no(
                f"there is no floating IP {request.vip[:60]!r} in `{request.cluster.name}`",
                f"Its floating IPs: {known}.",
            ),
        ),
    )


def seen_from(move: Move, target: str, snapshot: Snapshot) -> Move:
    """Return the move as the target's own side of the cluster sees it.

    When the network between the nodes is cut, each side has a configuration and members of its own: whoever is not on
    the target's side must let go first, by its own hand.
    """
    node = snapshot.node(target)
    if not isinstance(node.cib, Known) or not isinstance(node.cib.value, Cib):
        return move
    cib, members = node.cib.value, _online(node)
    apart = frozenset(
        one.node.name
        for one in snapshot.nodes
        if one.node.name not in members and isinstance(one.addresses, Known) and _may_start(one, move.resource)
    )
    return replace(move, cib=cib, gate=gate_state(cib, move.resource), members=members, apart=apart)


def _may_start(node: NodeSnapshot, resource: str) -> bool:
    """Return whether the node's own configuration lets it run the resource: it then may, though it does not just now.

    What cannot be read may let it, unless the cluster is known not to run there.
    """
    if isinstance(node.cib, Unknown):
        return not (isinstance(node.status, Known) and isinstance(node.status.value, NotRunning))
    cib = node.cib.value
    gate = gate_state(cib, resource) if isinstance(cib, Cib) else None
    return gate is not None and node.node.name in {gate.home, *gate.opened_on} - set(gate.sent_away_from)


def undeclared(names: Iterable[str], snapshot: Snapshot) -> Iterable[Finding]:
    """Yield the nodes that the cluster's own configuration names and the bot was never told of: it reaches none."""
    declared = {node.node.name for node in snapshot.nodes}
    for name in dict.fromkeys(names):
        if name not in declared:
            yield no(
                "it is in the cluster and not declared to the bot: it cannot be asked",
                f"`/hacluster adopt {snapshot.nodes[0].node.address}` makes the bot know the cluster's nodes.",
                name,
            )


def _why_not(node: NodeSnapshot) -> str:
    if isinstance(node.cib, Known) and isinstance(node.cib.value, NotRunning):
        return "the cluster does not run there"
    unread = next((reading for reading in (node.cib, node.status) if isinstance(reading, Unknown)), None)
    return unread.why.removeprefix(f"{node.node.name}: ") if unread else "unknown"


def _quorate(node: NodeSnapshot) -> bool:
    return (
        isinstance(node.status, Known) and not isinstance(node.status.value, NotRunning) and node.status.value.quorate
    )


def _online(node: NodeSnapshot) -> frozenset[str]:
    if not isinstance(node.status, Known) or isinstance(node.status.value, NotRunning):
        return frozenset()
    return frozenset(state.name for state in node.status.value.nodes if state.online and not state.unclean)


def cut_off(move: Move, target: str) -> tuple[str, ...]:
    """Return the nodes that hold the address, or may take it up, and are not on the target's side of the cluster."""
    holding = (*move.sources, *sorted(move.apart - set(move.sources)))
    return tuple(name for name in holding if name not in move.members and name != target)


def stays_behind(name: str, move: Move, target: str) -> bool:
    """Return whether the node hears of the move and is not where it goes."""
    return name != target and name in move.members


def unheard(move: Move, snapshot: Snapshot) -> Iterable[Finding]:
    """Yield that nobody can know whether the address is still held: then it takes a reason, and is dangerous."""
    unread = [node.node.name for node in snapshot.nodes if not isinstance(node.addresses, Known)]
    nobody = any(used.addresses.get(move.address, "") is None for _, used in snapshot.known("vips_in_use"))
    if unread and not nobody and not move.sources:
        yield no(
            f"{' and '.join(unread)} cannot be asked, and no other node could find out whether anything answers for "
            f"{move.address}",
            "Make sure by hand that the machine is off; then ask again with `--reason`, saying how you know.",
        )
