"""A resource that is no floating IP goes to another node, and no constraint of the move is left behind.

crm_resource(8) is the same in all versions of Pacemaker; `pcs resource move` leaves its constraint with pcs 0.10 and
takes it away with 0.11 and later. So the constraint is made and taken away here, and what would pull the resource back
once it is gone is a reason not to begin. A gate is opened and closed as a floating IP's is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.cib_constraints import approval_attribute
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.facts.pacemaker_xml import INFINITY
from commands.gates import AWAY, GateState, away_rule, gate_rule, gate_state, has_away_rule
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import guards
from commands.verbs.failover.move import Move, MoveRequest, undeclared
from commands.verbs.failover.steps import barred, opening, releasing
from commands.verbs.guards import View, no, view
from commands.verbs.settled import settle

PATIENCE = 90.0
"""Seconds for a stop and a start; what takes longer says so in its own operations."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A primitive, or a group of them, that goes to a node as a whole."""

    id: str
    members: tuple[str, ...]
    on: tuple[str, ...]
    """The nodes on which all of its members run."""
    gate: GateState | None
    leftovers: tuple[str, ...]
    begun: str | None
    """The node to which a move was begun and not ended: its constraint is still there."""


def is_meant(request: MoveRequest, snapshot: Snapshot) -> bool:
    """Return whether the request names a resource of the configuration that is no floating IP."""
    cibs = [cib for _, cib in snapshot.running("cib")]
    named = {name for cib in cibs for one in cib.primitives for name in (one.id, one.group, one.clone)}
    vips = {one.id for cib in cibs for one in cib.primitives if one.address}
    return request.vip in named - vips


def decide(request: MoveRequest, snapshot: Snapshot) -> Decision:
    """Return the plan that moves the resource, or every reason not to."""
    seen = view("failover", snapshot)
    if isinstance(seen, Refusal):
        return seen
    kind = tuple(_kind_problems(request.vip, seen.cib))
    if kind:
        return Refusal("failover", kind)
    found = _found(request.vip, seen)
    target = request.to or found.begun or _best_target(found, seen)
    if target is None:
        why = [
            reason
            for node in seen.status.nodes
            if node.name not in found.on
            for reason in _unfit(seen, found, node.name)
        ]
        return Refusal("failover", (no("no other node is fit to take it", "Look at `status`."), *why))
    if found.on == (target,) and found.begun is None:
        return NothingToDo("failover", f"`{found.id}` is on {target} already.")
    reasons = (
        *guards.hands_off(seen),
        *_state_problems(found, seen),
        *_unfit(seen, found, target),
        *_home_unheard(found, seen),
        *_cannot_leave(request, found, target, seen),
        *_unheard(request, found, target, seen, snapshot),
    )
    if reasons:
        return Refusal("failover", reasons)
    return Plan(
        "failover",
        request.cluster,
        _summary(found, target),
        _by_gate(request, found, target, seen, snapshot) if found.gate else _by_constraint(found, target, seen),
        risks=tuple(_risks(found, target, seen)),
        guards=(*seen.guards, f"{found.id} on {list(found.on)}", f"leftovers {list(found.leftovers)}"),
    )


def _summary(found: Resource, target: str) -> str:
    if found.on == (target,):
        return (
            f"Take the constraint of a move of `{found.id}` away: it is on {target} already. Ask again to move it on."
        )
    return f"Move `{found.id}` from {listed(found.on) if found.on else 'no node'} to {target}."


def _found(named: str, seen: View) -> Resource:
    group = next((one.group for one in seen.cib.primitives if one.id == named and one.group), None)
    resource = group or named
    members = guards.members(seen.cib, resource)
    on = [node.name for node in seen.status.nodes if all(node.name in seen.status.holders(one) for one in members)]
    left = [one for one in seen.cib.leftover_moves if one.resource == resource]
    begun = next((one.node for one in left if one.node and (one.score or 0) >= INFINITY), None)
    gate = gate_state(seen.cib, resource)
    return Resource(resource, members, tuple(on), gate, tuple(one.id for one in left), begun)


def _kind_problems(named: str, cib: Cib) -> Iterator[Finding]:
    for one in cib.primitives:
        if named in {one.id, one.clone} and one.clone:
            yield no(
                f"`{named}` runs on every node and cannot go anywhere",
                f"`restart {one.clone} --node NODE` starts it anew on one; `standby NODE` empties a node.",
            )
            return
        if named == one.id and one.cls == "stonith":
            yield no(f"`{named}` is a fencing device: it works from wherever it is", "Name a resource of the service.")
            return


def _state_problems(found: Resource, seen: View) -> Iterator[Finding]:
    for member in found.members:
        for one in seen.status.instances(member):
            if one.blocked:
                yield no(
                    f"`{member}` is blocked: it could not be stopped", f"Stop it by hand, then `cleanup {member}`."
                )
            elif one.active and not one.managed:
                yield no(f"Pacemaker does not manage `{member}`", f"`pcs resource manage {member}` ends that.")
    others = [name for name in found.leftovers if not (found.begun and name.startswith("cli-prefer-"))]
    if others:
        yield no(
            f"{listed(f'`{name}`' for name in others)} is left of an earlier move, and would go with this one",
            f"Look whether somebody wants it there; if not, `clear {found.id}` first.",
        )


def _best_target(found: Resource, seen: View) -> str | None:
    fit = [name for name in seen.in_service if name not in found.on and not tuple(_unfit(seen, found, name))]
    burden = {node.name: node.resources_running for node in seen.status.nodes}
    return min(fit, key=lambda name: (burden[name], name)) if fit else None


def _unfit(seen: View, found: Resource, node: str) -> tuple[Finding, ...]:
    """Return why the resource would not run on the node, or not stay there."""
    rules = (gate_rule(found.id), away_rule(found.id)) if found.gate else ()
    pulled = () if found.gate else _pulled_back(seen, found, node)
    return (*guards.not_serving(seen, node), *guards.unfit_for(seen, found.id, node, rules), *pulled)


def _pulled_back(seen: View, found: Resource, target: str) -> Iterator[Finding]:
    """Yield that it would go away again as soon as the constraint of its move is gone (pcs 0.11 refuses so, too)."""
    stickiness = _stickiness(seen.cib, found)
    scores: dict[str, int] = {}
    for location in seen.cib.locations:
        if location.resource in {found.id, *found.members} and location.node and location.id not in found.leftovers:
            scores[location.node] = scores.get(location.node, 0) + (location.score or 0)
    stay = scores.get(target, 0) + stickiness
    for node, score in scores.items():
        if node != target and node in seen.in_service and score > stay:
            yield no(
                f"a location constraint draws `{found.id}` to {node} ({score} there, {stay} on {target}): it would go "
                "back at once",
                "Change that constraint with pcs, or raise resource-stickiness.",
                target,
            )


def _stickiness(cib: Cib, found: Resource) -> int:
    for member in found.members:
        primitive = cib.primitive(member)
        if primitive and "resource-stickiness" in primitive.meta:
            return _score(primitive.meta["resource-stickiness"])
    return _score(cib.resource_defaults.get("resource-stickiness", "0"))


def _score(text: str) -> int:
    if text.lstrip("+-") == "INFINITY":
        return -INFINITY if text.startswith("-") else INFINITY
    return int(text) if text.lstrip("+-").isdecimal() else 0


def _there(found: Resource, target: str, seen: View, *, clean: bool) -> Proof:
    """Prove that the target alone runs it, and with `clean` that no constraint of the move is left."""

    def missing(later: Snapshot) -> tuple[str, ...]:
        node = later.node(seen.at.name)
        status = node.status.value if isinstance(node.status, Known) else None
        cib = node.cib.value if isinstance(node.cib, Known) else None
        if status is None or isinstance(status, NotRunning) or (clean and not isinstance(cib, Cib)):
            return (f"{seen.at.name} does not tell",)
        lacks = []
        for member in found.members:
            where = status.holders(member)
            if where != (target,):
                lacks.append(f"`{member}` is on {listed(where) if where else 'no node'}, not on {target}")
        if clean and isinstance(cib, Cib):
            left = [one.id for one in cib.leftover_moves if one.resource == found.id]
            lacks += [f"{listed(left)} is still there"] if left else []
        return tuple(lacks)

    return Proof(("cib", "status") if clean else ("status",), missing, PATIENCE, (seen.at.name,))


def _by_constraint(found: Resource, target: str, seen: View) -> tuple[Step, ...]:
    to = Command(("crm_resource", "--resource", found.id, "--move", "--node", target), timeout=30, changes=True)
    clear = Command(("crm_resource", "--resource", found.id, "--clear"), timeout=30, changes=True)
    move = Step(
        "move",
        f"Move `{found.id}` to {target}",
        (Lane(seen.at, (to,)),),
        proof=_there(found, target, seen, clean=False),
    )
    end = Step(
        "clear",
        "Take the constraint of the move away, and see that it stays",
        (Lane(seen.at, (clear, settle())),),
        ("move",),
        _there(found, target, seen, clean=True),
    )
    return (end,) if found.on == (target,) else (move, end)


def _home_unheard(found: Resource, seen: View) -> Iterator[Finding]:
    """Only of a floating IP it can be seen from outside whether a lost home has let go."""
    if found.gate is not None and not any(n.name == found.gate.home and n.online for n in seen.status.nodes):
        yield no(
            f"its home {found.gate.home} is not online, and nobody can see whether it runs there still",
            f"When {found.gate.home} is certainly off, `confirm-down {found.gate.home}` says so.",
        )


def _cannot_leave(request: MoveRequest, found: Resource, target: str, seen: View) -> Iterator[Finding]:
    """A gate that was made by hand may lack the rule: its home would not heed what it is told, until somebody adds it."""
    if found.gate is None or has_away_rule(seen.cib, found.id):
        return
    told = [name for name, _ in releasing(_move(request, found, seen), found.gate, target)]
    if found.gate.home in told:
        rule = f"{found.id} rule score=-INFINITY {approval_attribute(found.id)} eq {AWAY}"
        yield no(
            f"`{found.id}` cannot be sent away from {found.gate.home}: its configuration has no rule for that",
            f"`pcs constraint location {rule}` adds it.",
        )


def _move(request: MoveRequest, found: Resource, seen: View) -> Move:
    online = frozenset(node.name for node in seen.status.nodes if node.online and not node.unclean)
    return Move(request, found.id, "", seen.cib, found.gate, found.on, online)


def _unheard(request: MoveRequest, found: Resource, target: str, seen: View, snapshot: Snapshot) -> Iterator[Finding]:
    """Who is to let go must be heard to have done so, before the gate is opened elsewhere."""
    if found.gate is None:
        return
    told = tuple(name for name, _ in releasing(_move(request, found, seen), found.gate, target))
    strangers = tuple(undeclared((target, *told), snapshot))
    yield from strangers
    for name in told:
        if name not in {one.node for one in strangers} and not isinstance(snapshot.node(name).status, Known):
            yield no("it cannot be asked to let go", "If it was lost just now, ask again in some seconds.", name)


def _by_gate(request: MoveRequest, found: Resource, target: str, seen: View, snapshot: Snapshot) -> tuple[Step, ...]:
    gate = found.gate
    if gate is None:
        return ()
    move = _move(request, found, seen)
    releases = tuple(
        Step(
            f"release-{name}",
            f"Let {name} stop `{found.id}`, by its gate" if commands else f"See that {name} stops `{found.id}`",
            (Lane(snapshot.node(name).node, commands),),
            proof=on_each((name,), ("status",), lambda node: _still_runs(node, found), PATIENCE),
            left=barred(gate, name, f"failover {found.id} --to {gate.home}"),
        )
        for name, commands in releasing(move, gate, target)
    )
    title = f"Let `{found.id}` run on {target} only, by its gate"
    lane = Lane(snapshot.node(target).node, opening(move, gate, target))
    after = tuple(step.id for step in releases)
    proof = _there(found, target, seen, clean=False)
    return (*releases, Step("gate", title, (lane,), after, proof, ends_what_was_begun=True))


def _still_runs(node: NodeSnapshot, found: Resource) -> str | None:
    status = node.status.value if isinstance(node.status, Known) else None
    if not isinstance(status, ClusterStatus):
        return None if isinstance(status, NotRunning) else "it does not tell"
    left = [member for member in found.members if node.node.name in status.holders(member)]
    return f"it still runs {listed(left)}" if left else None


def _risks(found: Resource, target: str, seen: View) -> Iterator[Finding]:
    if found.on == (target,):
        return
    if found.on:
        yield Finding(Level.INFO, f"`{found.id}` stops on {listed(found.on)}, then starts on {target}: a gap of both")
    with_it = {one.resource for one in seen.cib.colocations if one.with_resource in {found.id, *found.members}}
    if with_it:
        yield Finding(
            Level.WARNING,
            f"{listed(f'`{name}`' for name in sorted(with_it))} is placed by where it is, and may move or stop with it",
        )
    if found.members != (found.id,):
        yield Finding(Level.INFO, f"the group goes as a whole: {listed(f'`{name}`' for name in found.members)}")
