"""Which node takes a floating IP, and every reason why it must not go there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from commands.facts.fact import Known, NotRunning
from commands.gates import GateState, has_away_rule
from commands.report import Finding
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.failover.move import Move, cut_off, no, stays_behind, undeclared, unheard
from commands.verbs.failover.steps import opening, releasing


def best_target(move: Move, snapshot: Snapshot, promised: Sequence[str] = (), not_to: str = "") -> str | None:
    """Return the online node other than where it is that carries the fewest floating IPs.

    What is nowhere and was sent away from a node goes back there only if nobody else can take it: to leave that node is
    what somebody asked for. `promised` are nodes that get others in the same plan, each as often as it does, `not_to` one that is to have none.
    """
    vips = [str(vip.address) for vip in move.request.cluster.vips]
    left = move.gate.sent_away_from if move.gate and not move.sources else ()
    candidates = [
        (
            node.node.name in left,
            sum(addresses.holds(vip) is not None for vip in vips) + promised.count(node.node.name),
            node.node.name,
        )
        for node, addresses in snapshot.known("addresses")
        if node.node.name in move.members
        and node.node.name not in {*move.sources, not_to}
        and not target_problems(move, node)
    ]
    return min(candidates)[-1] if candidates else None


def nobody_takes(move: Move, snapshot: Snapshot, not_to: str = "") -> tuple[Finding, ...]:
    """Return why none of the nodes that could be asked can take the floating IP."""
    others = [node for node in snapshot.nodes if node.node.name not in {*move.sources, not_to}]
    why = [reason for node in others for reason in target_problems(move, node)]
    return (no("no other node is fit to take it", "Look at `status`."), *why)


def target_problems(move: Move, node: NodeSnapshot) -> list[Finding]:
    """Return why this node could not run it, whatever the gate says."""
    name = node.node.name
    if not isinstance(node.status, Known):
        return [no(f"it cannot be asked: {node.status.why.removeprefix(f'{name}: ')}", "Look at `status`.", name)]
    status = node.status.value
    if isinstance(status, NotRunning):
        return [no("the cluster does not run there", "Use `start`.", name)]
    state = status.node(name)
    found = []
    if not status.quorate:
        found.append(
            no("its side has no quorum, so Pacemaker starts nothing there", "Bring the other nodes back.", name)
        )
    if state is None or not state.online:
        found.append(no("it is not online", "Use `start`, or look at `status`.", name))
    elif state.standby:
        found.append(no("it is in standby", f"Bring it back with `unstandby {name}` first.", name))
    elif state.maintenance or status.maintenance:
        which = "" if status.maintenance else f" {name}"
        found.append(no("it is in maintenance", f"Use `maintenance off{which}` first.", name))
    # one that is starting will do: Pacemaker lets the floating IP wait for it
    if not any(
        r.role in {"Started", "Starting"} and name in r.nodes
        for r in status.resources
        if r.id == "haproxy" or r.id.startswith("haproxy:")
    ) and any(primitive.id == "haproxy" for primitive in move.cib.primitives):
        found.append(no("HAProxy does not run there", f"See why with `status`, then `cleanup haproxy {name}`.", name))
    return found


def reasons_not_to(move: Move, target: str, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return why the target must not get it: because of itself, the gate, or somebody who may have it still."""
    itself = target_problems(move, snapshot.node(target))
    gate = move.gate
    by_gate = (
        (
            *_cannot_leave(move, gate, target),
            *_cannot_be_told(move, gate, target, snapshot),
            *(() if itself else _stuck(move, gate, target)),
        )
        if gate
        else ()
    )
    return (*itself, *by_gate, *(() if gate else _out_of_hearing(move, target)), *_still_answering(move, snapshot))


def _cannot_leave(move: Move, gate: GateState, target: str) -> Iterable[Finding]:
    apart = cut_off(move, target)
    if (apart or stays_behind(gate.home, move, target)) and not has_away_rule(move.cib, move.resource):
        yield no(
            f"`{move.resource}` cannot be sent away from {' and '.join(apart) or gate.home}: its configuration has no "
            "rule for that",
            f"`/hacluster setup {move.request.cluster.name}` adds what is missing.",
        )


def _cannot_be_told(move: Move, gate: GateState, target: str, snapshot: Snapshot) -> Iterable[Finding]:
    told = tuple(name for name, _ in releasing(move, gate, target))
    strangers = tuple(undeclared((gate.home, *told), snapshot))
    yield from strangers
    for name in told:
        if name not in {one.node for one in strangers} and not isinstance(snapshot.node(name).addresses, Known):
            yield no(
                f"{target} counts it as a member, and it cannot be asked to give {move.address} up",
                "If it was lost just now, the cluster knows in some seconds: ask again then.",
                name,
            )


def _stuck(move: Move, gate: GateState, target: str) -> Iterable[Finding]:
    if not opening(move, gate, target) and not releasing(move, gate, target):
        yield no(
            f"its gate lets `{move.resource}` run on {target}, and yet it does not",
            "Look at `status`: a constraint left over from a move, or a failed start, keeps it off.",
        )


def _out_of_hearing(move: Move, target: str) -> Iterable[Finding]:
    for name in cut_off(move, target):
        yield no(
            f"it holds {move.address} and is cut off from {target}: Pacemaker there would not hear of the move",
            "Mend the network between the nodes first; `members` tells who sees whom.",
            name,
        )


def _still_answering(move: Move, snapshot: Snapshot) -> Iterable[Finding]:
    """A node that the bot cannot ask may have the address still; that nobody could look is not that nobody answers."""
    if move.sources:
        return
    silent = False
    for node, used in snapshot.known("vips_in_use"):
        who = used.addresses.get(move.address, "")
        silent = silent or who is None
        if who and who != "self":
            yield no(
                f"{move.address} still answers ({who}, seen from {node.node.name}), yet no node that can be asked "
                "holds it: a second node with it would split the service",
                "Make sure that the other node is down, at its power switch or console, then ask again.",
            )
            return
    if not silent and not move.request.reason:
        yield from unheard(move, snapshot)
