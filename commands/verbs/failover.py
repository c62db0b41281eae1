"""`failover` and `failback`: a floating IP goes to another node, and home again.

Where the floating IP has a gate, opening it on the target is what moves it; a home that is alive is told to let go. A
home that cannot be asked, while its address still answers, stops the plan: two nodes with one address is what gates are
there to prevent. Without a gate (failover `automatic`) Pacemaker is asked to move the resource, and the constraint that
this needs is taken away again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from commands.command import Command
from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.fact import Known, NotRunning
from commands.gates import AWAY, OPEN, GateState, clear_attribute, gate_state, has_away_rule, set_attribute
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

READS = ("addresses", "cib", "cmap", "haproxy_config", "status", "vips_in_use")
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Move the floating IP (a resource's id or an address) to a node, or home where `to` is None."""

    cluster: ClusterSpec
    vip: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class _Move:
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


def parse_failover(words: Words, desk: Desk) -> MoveRequest:
    """Read `VIP [CLUSTER] [--to NODE]`. Raises `UsageError`."""
    cluster, vip = _cluster_and_vip(words, desk, "failover vip1 --to n2")
    to = words.one("to")
    names = [node.name for node in cluster.nodes]
    if to is not None and to not in names:
        raise UsageError(f"there is no node {to[:40]!r} in `{cluster.name}`", remedy=f"Its nodes: {', '.join(names)}.")
    return MoveRequest(cluster, vip, to)


def parse_failback(words: Words, desk: Desk) -> MoveRequest:
    """Read `VIP [CLUSTER]`. Raises `UsageError`."""
    return MoveRequest(*_cluster_and_vip(words, desk, "failback vip1"))


def _cluster_and_vip(words: Words, desk: Desk, example: str) -> tuple[ClusterSpec, str]:
    if not 1 <= len(words.positional) <= 2:  # noqa: PLR2004 - VIP [CLUSTER]
        raise UsageError("say which floating IP", remedy=f"For example: `/hacluster {example}`")
    vip, *name = words.positional
    if name and vip in desk.clusters and name[0] not in desk.clusters:
        vip, name = name[0], [vip]
    return desk.cluster(name[0] if name else None), vip


def decide_failover(request: MoveRequest, snapshot: Snapshot) -> Decision:
    """Return the plan that moves the floating IP, or every reason not to."""
    move = _understood("failover", request, snapshot)
    if isinstance(move, Refusal):
        return move
    target = request.to or _best_target(move, snapshot)
    if target is None:
        return Refusal("failover", (_no("no other node is online to take it", "Look at `status`."),))
    move = _seen_from(move, target, snapshot)
    if move.sources == (target,):
        return NothingToDo("failover", f"`{move.resource}` ({move.address}) is on {target} already.")
    reasons = _reasons(move, target, snapshot)
    if reasons:
        return Refusal("failover", reasons)
    return _plan("failover", move, target, snapshot)


def decide_failback(request: MoveRequest, snapshot: Snapshot) -> Decision:
    """Return the plan that brings the floating IP home, or every reason not to."""
    move = _understood("failback", request, snapshot)
    if isinstance(move, Refusal):
        return move
    if move.gate is None:
        reason = _no(
            f"`{move.resource}` has no home: its failover is automatic", f"Use `failover {move.resource} --to NODE`."
        )
        return Refusal("failback", (reason,))
    home = move.gate.home
    move = _seen_from(move, home, snapshot)
    if move.gate and move.sources == (home,) and not _allowing(move, move.gate, home):
        return NothingToDo("failback", f"`{move.resource}` ({move.address}) is at home on {home} already.")
    reasons = _reasons(move, home, snapshot)
    if reasons:
        return Refusal("failback", reasons)
    return _plan("failback", move, home, snapshot)


def _no(text: str, remedy: str = "", node: str | None = None) -> Finding:
    return Finding(Level.CRITICAL, text, remedy, node)


def _understood(verb: str, request: MoveRequest, snapshot: Snapshot) -> _Move | Refusal:
    running = [(node, cib) for node, cib in snapshot.running("cib") if isinstance(node.status, Known)]
    if not running:
        why = "; ".join(dict.fromkeys(f"{node.node.name}: {_why_not(node)}" for node in snapshot.nodes))
        return Refusal(
            verb,
            (_no(f"no node runs the cluster, as far as can be seen ({why})", "Use `start`, or look at `status`."),),
        )
    # a partition with quorum speaks for the cluster
    running.sort(key=lambda pair: not _quorate(pair[0]))
    cib = running[0][1]
    for primitive in cib.primitives:
        address = primitive.attributes.get("ip")
        if address and request.vip in {primitive.id, address}:
            gate = gate_state(cib, primitive.id)
            members = _online(running[0][0])
            return _Move(request, primitive.id, address, cib, gate, holders(snapshot, address), members)
    known = ", ".join(f"{p.id} ({p.attributes['ip']})" for p in cib.primitives if p.attributes.get("ip")) or "none"
    return Refusal(
        verb,
        (
            _no(
                f"there is no floating IP {request.vip[:60]!r} in `{request.cluster.name}`",
                f"Its floating IPs: {known}.",
            ),
        ),
    )


def _seen_from(move: _Move, target: str, snapshot: Snapshot) -> _Move:
    """Return the move as the target's own side of the cluster sees it.

    When the network between the nodes is cut, each side has a configuration and members of its own: whoever is not on
    the target's side must let go first, by its own hand.
    """
    node = snapshot.node(target)
    if not isinstance(node.cib, Known) or not isinstance(node.cib.value, Cib):
        return move
    cib = node.cib.value
    return replace(move, cib=cib, gate=gate_state(cib, move.resource), members=_online(node))


def _why_not(node: NodeSnapshot) -> str:
    if isinstance(node.cib, Known):
        return node.cib.value.why if isinstance(node.cib.value, NotRunning) else "unknown"
    return node.cib.why.removeprefix(f"{node.node.name}: ")


def _quorate(node: NodeSnapshot) -> bool:
    return (
        isinstance(node.status, Known) and not isinstance(node.status.value, NotRunning) and node.status.value.quorate
    )


def _online(node: NodeSnapshot) -> frozenset[str]:
    if not isinstance(node.status, Known) or isinstance(node.status.value, NotRunning):
        return frozenset()
    return frozenset(state.name for state in node.status.value.nodes if state.online and not state.unclean)


def _best_target(move: _Move, snapshot: Snapshot) -> str | None:
    """Return the online node other than where it is that carries the fewest floating IPs."""
    vips = [str(vip.address) for vip in move.request.cluster.vips]
    candidates = [
        (sum(addresses.holds(vip) is not None for vip in vips), node.node.name)
        for node, addresses in snapshot.known("addresses")
        if node.node.name in move.members and node.node.name not in move.sources and not _problems(move, node)
    ]
    return min(candidates)[1] if candidates else None


def _problems(move: _Move, node: NodeSnapshot) -> list[Finding]:
    name = node.node.name
    if not isinstance(node.status, Known):
        return [_no(f"it cannot be asked: {node.status.why.removeprefix(f'{name}: ')}", "Look at `status`.", name)]
    status = node.status.value
    if isinstance(status, NotRunning):
        return [_no("the cluster does not run there", "Use `start`.", name)]
    state = status.node(name)
    found = []
    if not status.quorate:
        found.append(
            _no("its side has no quorum, so Pacemaker starts nothing there", "Bring the other nodes back.", name)
        )
    if state is None or not state.online:
        found.append(_no("it is not online", "Use `start`, or look at `status`.", name))
    elif state.standby or state.maintenance or status.maintenance:
        found.append(
            _no(f"it is in {'standby' if state.standby else 'maintenance'}", "Bring it back into service first.", name)
        )
    if not any(
        r.role == "Started" and name in r.nodes
        for r in status.resources
        if r.id == "haproxy" or r.id.startswith("haproxy:")
    ) and any(primitive.id == "haproxy" for primitive in move.cib.primitives):
        found.append(
            _no("HAProxy does not run there", "See why with `status`, then `pcs resource cleanup haproxy-clone`.", name)
        )
    return found


def _reasons(move: _Move, target: str, snapshot: Snapshot) -> tuple[Finding, ...]:
    return (
        *_problems(move, snapshot.node(target)),
        *_cannot_let_go(move, target),
        *_still_answering(move, snapshot),
    )


def _cannot_let_go(move: _Move, target: str) -> Iterable[Finding]:
    """A node that has the address must have a way to give it up, or two would end up with it."""
    cut_off = _cut_off(move, target)
    if move.gate is None:
        for name in cut_off:
            yield _no(
                f"it holds {move.address} and is cut off from {target}: Pacemaker there would not hear of the move",
                "Mend the network between the nodes first; `status` tells who sees whom.",
                name,
            )
        return
    if (cut_off or _stays_behind(move.gate.home, move, target)) and not has_away_rule(move.cib, move.resource):
        yield _no(
            f"`{move.resource}` cannot be sent away from {' and '.join(cut_off) or move.gate.home}: its configuration "
            "has no rule for that",
            f"`/hacluster setup {move.request.cluster.name}` adds what is missing.",
        )


def _cut_off(move: _Move, target: str) -> tuple[str, ...]:
    """Return the nodes that hold the address and are not on the target's side of the cluster."""
    return tuple(name for name in move.sources if name not in move.members and name != target)


def _stays_behind(name: str, move: _Move, target: str) -> bool:
    return name != target and name in move.members


def _still_answering(move: _Move, snapshot: Snapshot) -> Iterable[Finding]:
    """A node that the bot cannot ask may have the address still; that nobody could look is not that nobody answers."""
    if move.sources:
        return
    silent = False
    for node, used in snapshot.known("vips_in_use"):
        who = used.addresses.get(move.address, "")
        silent = silent or who is None
        if who and who != "self":
            yield _no(
                f"{move.address} still answers ({who}, seen from {node.node.name}), yet no node that can be asked "
                "holds it: a second node with it would split the service",
                "Make sure that the other node is down, at its power switch or console, then ask again.",
            )
            return
    unread = [node.node.name for node in snapshot.nodes if not isinstance(node.addresses, Known)]
    if unread and not silent:
        yield _no(
            f"{' and '.join(unread)} cannot be asked, and no other node could find out whether anything answers for "
            f"{move.address}",
            "Make sure of it by hand; `status` tells which nodes can be asked.",
        )


def _plan(verb: str, move: _Move, target: str, snapshot: Snapshot) -> Plan:
    cluster = move.request.cluster
    ports = bound_ports(snapshot)
    steps = _gated(move, target, snapshot) if move.gate else _ungated(move, target, snapshot)
    only_this = cluster.model_copy(update={"vips": tuple(v for v in cluster.vips if str(v.address) == move.address)})
    if only_this.vips:
        asked = [node.node.name for node, _ in snapshot.known("addresses")]
        steps = (*steps, serving_step(only_this, ports, tuple(step.id for step in steps), PATIENCE, asked=asked))
    source = " and ".join(move.sources) or "no node"
    return Plan(
        verb,
        cluster,
        f"Move `{move.resource}` ({move.address}) from {source} to {target}.",
        steps,
        risks=tuple(_risks(move, target)),
        guards=(
            f"{move.resource} on {source}",
            f"gate {sorted(move.gate.attributes.items()) if move.gate else 'none'}",
            f"online {sorted(move.members)}",
        ),
    )


def _risks(move: _Move, target: str) -> Iterable[Finding]:
    home = move.gate.home if move.gate else None
    if move.sources:
        yield Finding(Level.INFO, f"connections through {move.address} end; new ones are served by {target}")
    elif home is not None and home not in move.members and target != home:
        yield Finding(
            Level.WARNING,
            f"{home} is lost to the cluster; nothing on its subnet answers for {move.address}, so it is taken to be down",
            f"If {home} could be alive and only cut off, look at it first.",
        )
    if move.gate is None:
        yield Finding(Level.INFO, "floating IPs keep apart: another one may change places with it")


def _on(move: _Move, target: str, snapshot: Snapshot) -> Proof:
    """Prove that the target alone holds the address, asking the nodes that answered before."""

    def missing(later: Snapshot) -> tuple[str, ...]:
        now = holders(later, move.address)
        return () if now == (target,) else (f"{move.address} is on {' and '.join(now) or 'no node'}, not on {target}",)

    return Proof(("addresses",), missing, PATIENCE, tuple(node.node.name for node, _ in snapshot.known("addresses")))


def _gated(move: _Move, target: str, snapshot: Snapshot) -> tuple[Step, ...]:
    gate = move.gate
    if gate is None:
        return ()
    node = snapshot.node(target).node
    cut_off = _cut_off(move, target)
    steps = [
        Step(
            f"release-{name}",
            f"Let {name}, which is cut off, give {move.address} up",
            (Lane(snapshot.node(name).node, (set_attribute(move.resource, name, AWAY),)),),
            proof=Proof(
                ("addresses",), lambda s: tuple(n for n in holders(s, move.address) if n in cut_off), PATIENCE, (name,)
            ),
        )
        for name in cut_off
    ]
    title = (
        f"Open the gate of `{move.resource}` on {target}"
        if target != gate.home
        else f"Close the gate of `{move.resource}`"
    )
    after = tuple(step.id for step in steps)
    steps.append(Step("gate", title, (Lane(node, _allowing(move, gate, target)),), after, _on(move, target, snapshot)))
    return tuple(steps)


def _allowing(move: _Move, gate: GateState, target: str) -> tuple[Command, ...]:
    """Return the commands that leave the target as the only node that may run it.

    The target comes first, so that Pacemaker stops it elsewhere and starts it here in one transition.
    """
    commands = []
    if target != gate.home:
        commands.append(set_attribute(move.resource, target, OPEN))
    elif target in gate.attributes:
        commands.append(clear_attribute(move.resource, target))
    for name in dict.fromkeys((gate.home, *sorted(gate.attributes))):
        if not _stays_behind(name, move, target):
            continue
        if name == gate.home:
            commands.append(set_attribute(move.resource, name, AWAY))
        else:
            commands.append(clear_attribute(move.resource, name))
    return tuple(commands)


def _ungated(move: _Move, target: str, snapshot: Snapshot) -> tuple[Step, ...]:
    """crm_resource(8) is the same in every version; `pcs resource move` is not."""
    node = snapshot.node(target).node
    to = Command(("crm_resource", "--resource", move.resource, "--move", "--node", target), timeout=30, changes=True)
    settle = Command(("crm_resource", "--wait", "--timeout=60"), timeout=70)
    clear = Command(("crm_resource", "--resource", move.resource, "--clear"), timeout=30, changes=True)
    return (
        Step(
            "move",
            f"Move `{move.resource}` to {target}",
            (Lane(node, (to, settle)),),
            proof=_on(move, target, snapshot),
        ),
        Step(
            "clear",
            "Take the constraint of the move away",
            (Lane(node, (clear,)),),
            ("move",),
            _on(move, target, snapshot),
        ),
    )


FAILOVER = Verb(
    name="failover",
    summary="Move a floating IP to another node",
    usage="failover VIP [CLUSTER] [--to NODE]",
    role=Role.OPERATOR,
    options=(Option("to", "the node that takes it; the least loaded one if left out", "NODE"),),
    example="failover vip2 --to n1",
    parse=parse_failover,
    change=Change(READS, decide_failover),
)
FAILBACK = Verb(
    name="failback",
    summary="Bring a floating IP back to its home node",
    usage="failback VIP [CLUSTER]",
    role=Role.OPERATOR,
    example="failback vip2",
    parse=parse_failback,
    change=Change(READS, decide_failback),
)
