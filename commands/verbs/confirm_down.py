"""`confirm-down NODE`: a person vouches that a machine is off, where no fencing device can make sure of it.

Pacemaker then takes the node for fenced and starts elsewhere what it ran. If it lives after all, both have it. So one
sign of life is a refusal, and what nobody could find out is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs import evidence, guards
from commands.verbs.cluster_request import NodeRequest, parse_node_and_cluster
from commands.verbs.guards import View, no, view
from commands.verbs.serving import holders
from commands.verbs.verb import Change, Verb
from config.policy import Role

PATIENCE = 120.0
"""Seconds. The confirmation counts at once; a fence agent that hangs on the dead node is waited for all the same."""


def decide(request: NodeRequest, snapshot: Snapshot) -> Decision:
    """Plan to confirm it, or return every sign that the node lives."""
    seen = view("confirm-down", snapshot, not_from=request.node)
    if isinstance(seen, Refusal):
        return seen
    node = request.node
    state = seen.status.node(node)
    reasons = [*evidence.signs_of_life(snapshot, node)]
    if state is None:
        reasons.append(no(f"Pacemaker knows no node {node}", "Look at `members`."))
    elif state.online:
        reasons.append(no(f"it is online by the word of {seen.at.name}", "To empty it there is `standby`.", node))
    if state is not None and not state.online and not state.unclean:
        told = "Pacemaker takes it for down already, and waits for nobody's word"
        return NothingToDo("confirm-down", f"{node}: {told}.{_gates_wait(node, snapshot, seen)}")
    if reasons:
        return Refusal("confirm-down", tuple(dict.fromkeys(reasons)))
    # the same words in all versions; `pcs stonith confirm` wants --force or --yes, by its own
    command = Command(("stonith_admin", "--confirm", node), timeout=60, changes=True)
    step = Step(
        "confirm",
        f"Tell the cluster that {node} is off",
        (Lane(seen.at, (command,)),),
        proof=_taken_for_off(node, seen),
    )
    return Plan(
        "confirm-down",
        request.cluster,
        f"Vouch that {node} is off: the cluster takes it for fenced, and starts elsewhere what it ran.",
        (step,),
        risks=tuple(_risks(node, snapshot, seen)),
        guards=(*seen.guards, *(found.text for found in evidence.unheard(snapshot, node))),
        risk="dangerous",
    )


def _risks(node: str, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    yield Finding(
        Level.CRITICAL,
        f"if {node} lives after all, it and another node have the same addresses and write to the same disks",
        "Confirm only what you, or somebody you trust, saw: the machine without power.",
    )
    yield from evidence.unheard(snapshot, node)
    yield evidence.quiet(snapshot, node)
    starting = sorted({one.id for one in seen.status.resources if node in one.nodes and not one.clone})
    if starting:
        yield Finding(Level.INFO, f"{listed(f'`{name}`' for name in starting)} can start elsewhere")
    waits = _gates_wait(node, snapshot, seen)
    if waits:
        yield Finding(Level.INFO, waits.strip().rstrip("."))


def _gates_wait(node: str, snapshot: Snapshot, seen: View) -> str:
    waiting = [
        one.id
        for one in seen.cib.primitives
        if (gate := gate_state(seen.cib, one.id))
        and gate.home == node
        and not holders(snapshot, one.attributes.get("ip", ""))
    ]
    if not waiting:
        return ""
    names = listed(f"`{name}`" for name in waiting)
    return f" {names} waits at its gate: `failover {waiting[0] if len(waiting) == 1 else node}`."


def _taken_for_off(node: str, seen: View) -> Proof:
    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        state = reading.value.node(node)
        return (f"{node} is still unclean",) if state is not None and state.unclean else ()

    return Proof(("status",), missing, PATIENCE, (seen.at.name,))


VERB = Verb(
    name="confirm-down",
    summary="Vouch that a machine is off, so that what it ran starts elsewhere",
    usage="confirm-down NODE [CLUSTER] --reason TEXT",
    role=Role.ADMIN,
    example='confirm-down n2 --reason "I pulled its plug"',
    parse=parse_node_and_cluster,
    change=Change(tuple(dict.fromkeys((*guards.READS, *evidence.READS))), decide),
    needs_reason=True,
)
