"""The steps that move a floating IP, with and without a gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from commands.command import Command
from commands.facts.fact import Known
from commands.gates import AWAY, OPEN, GateState, clear_attribute, set_attribute
from commands.plan import Lane, Plan, Proof, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import evidence
from commands.verbs.failover.move import Move, cut_off, stays_behind, unheard
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.settled import settle

PATIENCE = 30.0
"""Seconds. An opened gate moves an address within a tenth of one; a stop that hangs takes its own timeout."""


def plan_of(verb: str, move: Move, target: str, snapshot: Snapshot) -> Plan:
    """Return the plan: the move itself, then a look whether the floating IP serves."""
    cluster = move.request.cluster
    ports = bound_ports(snapshot)
    steps = gate_steps(move, target, snapshot) if move.gate else _ungated(move, target, snapshot)
    only_this = cluster.model_copy(update={"vips": tuple(v for v in cluster.vips if str(v.address) == move.address)})
    if only_this.vips:
        asked = [node.node.name for node, _ in snapshot.known("addresses")]
        steps = (*steps, serving_step(only_this, ports, tuple(step.id for step in steps), PATIENCE, asked=asked))
    source = " and ".join(move.sources) or "no node"
    unknown = tuple(unheard(move, snapshot))
    moving = f"Move `{move.resource}` ({move.address}) from {source} to {target}."
    return Plan(
        verb,
        cluster,
        _staying(move, target) if move.sources == (target,) else moving,
        steps,
        risks=(*unknown, *_risks(move, target, snapshot, known=not unknown)),
        guards=(
            f"{move.resource} on {source}",
            f"gate {sorted(move.gate.attributes.items()) if move.gate else 'none'}",
            f"online {sorted(move.members)}",
            *_seen_of_home(move, snapshot),
        ),
        risk="dangerous" if unknown or _lives(move, snapshot) else "ordinary",
    )


def _staying(move: Move, target: str) -> str:
    """Return what is done about one that is on the target already."""
    what = f"`{move.resource}` ({move.address})"
    if move.gate is None:
        return f"Take the constraint of a move of {what} away: it is on {target} already. Ask again to move it on."
    if target == move.gate.home:
        return f"Close the gate of {what}, which is on {target} already."
    others = " and ".join(name for name, _ in releasing(move, move.gate, target))
    return f"Bar {others} from {what}, which is on {target} and stays there until a person moves it."


def _lost_home(move: Move, snapshot: Snapshot) -> str | None:
    """Return the home that is not on the target's side and cannot be asked."""
    home = move.gate.home if move.gate else None
    lost = home is not None and home not in move.members and not isinstance(snapshot.node(home).addresses, Known)
    return home if lost and not move.sources else None


def _lives(move: Move, snapshot: Snapshot) -> bool:
    """Return whether a home that cannot be told to let go shows life all the same."""
    home = _lost_home(move, snapshot)
    return home is not None and any(evidence.signs_of_life(snapshot, home))


def _seen_of_home(move: Move, snapshot: Snapshot) -> Iterable[str]:
    """Yield what the decision about a lost home rests on: who approves has read it."""
    home = _lost_home(move, snapshot)
    if home is not None:
        unheard_of = any(evidence.unheard(snapshot, home))
        yield f"{home} {'shows life' if _lives(move, snapshot) else 'is not heard of' if unheard_of else 'is silent'}"


def _risks(move: Move, target: str, snapshot: Snapshot, *, known: bool) -> Iterable[Finding]:
    if move.sources == (target,):
        yield from _risks_of_barring(move, target)
        return
    if move.sources:
        yield Finding(Level.INFO, f"connections through {move.address} end; new ones are served by {target}")
    elif (home := _lost_home(move, snapshot)) is not None:
        if known:
            yield Finding(
                Level.WARNING,
                f"{home} is lost to the cluster; nothing on its subnet answers for {move.address}, so it is taken to be "
                "down",
                f"If {home} could be alive and only cut off, look at it first.",
            )
        yield from _evidence(home, snapshot)
    if move.gate is None:
        yield Finding(Level.INFO, "floating IPs keep apart: another one may change places with it")


def _risks_of_barring(move: Move, target: str) -> Iterable[Finding]:
    gate = move.gate
    if gate and gate.home in {name for name, _ in releasing(move, gate, target)}:
        yield Finding(
            Level.INFO,
            f"{gate.home} no longer takes it back by itself, not on a cut network and not when {target} is lost: then it "
            "waits for a person",
            f"`failback {move.resource}` brings it home.",
        )


def _evidence(home: str, snapshot: Snapshot) -> Iterable[Finding]:
    """Yield what shows that the lost node lives, or what nobody could find out, or that all was asked and is silent."""
    signs = tuple(evidence.signs_of_life(snapshot, home)) or tuple(evidence.unheard(snapshot, home))
    yield from (replace(sign, level=Level.WARNING) for sign in signs)
    if not signs:
        yield evidence.quiet(snapshot, home)


def _on(move: Move, target: str, snapshot: Snapshot) -> Proof:
    """Prove that the target alone holds the address, asking the nodes that answered before."""

    def missing(later: Snapshot) -> tuple[str, ...]:
        now = holders(later, move.address)
        return () if now == (target,) else (f"{move.address} is on {' and '.join(now) or 'no node'}, not on {target}",)

    return Proof(("addresses",), missing, PATIENCE, tuple(node.node.name for node, _ in snapshot.known("addresses")))


def gate_steps(move: Move, target: str, snapshot: Snapshot, suffix: str = "") -> tuple[Step, ...]:
    """Return the steps that move it by its gate. `suffix` tells their ids from those of others in the same plan.

    Whoever has it, or may take it up, lets go first, by its own hand and word: a network that was cut a moment ago looks
    whole to every node until Corosync has noticed, and what is said on one side is not heard on the other.
    """
    gate = move.gate
    if gate is None:
        return ()
    steps = [
        Step(
            f"release-{name}{suffix}",
            _letting_go(name, move, target, told=bool(commands)),
            (Lane(snapshot.node(name).node, commands),),
            proof=on_each((name,), ("addresses",), lambda node: _still_held(node, move.address), PATIENCE),
            left=barred(gate, name, f"failback {gate.resource}"),
        )
        for name, commands in releasing(move, gate, target)
    ]
    title = (
        f"Open the gate of `{move.resource}` on {target}"
        if target != gate.home
        else f"Close the gate of `{move.resource}`"
    )
    after = tuple(step.id for step in steps)
    lane = Lane(snapshot.node(target).node, opening(move, gate, target))
    steps.append(Step(f"gate{suffix}", title, (lane,), after, _on(move, target, snapshot), ends_what_was_begun=True))
    return tuple(steps)


def _letting_go(name: str, move: Move, target: str, *, told: bool) -> str:
    if move.sources == (target,):
        return f"Bar {name} from `{move.resource}`"
    if not told:
        return f"See that {name} gives {move.address} up"
    return f"Let {name}{', which is cut off,' if name in cut_off(move, target) else ''} give {move.address} up"


def _still_held(node: NodeSnapshot, address: str) -> str | None:
    held = isinstance(node.addresses, Known) and node.addresses.value.holds(address)
    return f"it still holds {address}" if held else None


def barred(gate: GateState, name: str, back: str) -> Finding:
    """Say what stands once a node was told to let go, for as long as nobody else is let in. `back` lets its home in."""
    again = f"`{back}` lets {'it' if name == gate.home else gate.home} in again."
    return Finding(Level.WARNING, f"{name} stays barred from `{gate.resource}`", again)


def opening(move: Move, gate: GateState, target: str) -> tuple[Command, ...]:
    """Return what lets the target run it; nothing where it may already."""
    if target == gate.home:
        return (clear_attribute(move.resource, target),) if target in gate.attributes else ()
    return (set_attribute(move.resource, target, OPEN),) if gate.attributes.get(target) != OPEN else ()


def releasing(move: Move, gate: GateState, target: str) -> tuple[tuple[str, tuple[Command, ...]], ...]:
    """Return by whom it is to be given up, and how each is told.

    Who was told already is not told again, and counts all the same for as long as it holds the address: what was sent is
    no word of its own, and its stop may take long, or hang.
    """
    apart = cut_off(move, target)
    told: list[tuple[str, tuple[Command, ...]]] = [
        (name, (set_attribute(move.resource, name, AWAY),)) for name in apart
    ]
    for name in dict.fromkeys((gate.home, *sorted(gate.attributes), *move.sources)):
        if name in apart or not stays_behind(name, move, target):
            continue
        commands: tuple[Command, ...] = ()
        if name != gate.home:
            commands = (clear_attribute(move.resource, name),) if name in gate.attributes else ()
        elif gate.attributes.get(name) != AWAY:
            commands = (set_attribute(move.resource, name, AWAY),)
        if commands or name in move.sources:
            told.append((name, commands))
    return tuple(told)


def _ungated(move: Move, target: str, snapshot: Snapshot) -> tuple[Step, ...]:
    """Move it by a constraint that goes again; crm_resource(8) is the same in every version, `pcs resource move` is not.

    Where another floating IP is on the target, Pacemaker sees only after the move that they are to keep apart, and does
    nothing about it until something changes (2.0 and 2.1 alike). So something does: an attribute of the target, there
    and gone. With the constraint gone first, it would be the moved one that gives way.
    """
    node = snapshot.node(target).node
    to = Command(("crm_resource", "--resource", move.resource, "--move", "--node", target), timeout=30, changes=True)
    look_again = (set_attribute(move.resource, target, OPEN), clear_attribute(move.resource, target))
    clear = Command(("crm_resource", "--resource", move.resource, "--clear"), timeout=30, changes=True)
    there = _on(move, target, snapshot)
    taken_away = Step("clear", "Take the constraint of the move away", (Lane(node, (clear,)),), ("room",), there)
    if move.sources == (target,):
        return (taken_away,)
    return (
        Step("move", f"Move `{move.resource}` to {target}", (Lane(node, (to,)),), proof=there),
        Step("room", "Let floating IPs keep apart", (Lane(node, (*look_again, settle())),), ("move",), there),
        taken_away,
    )
