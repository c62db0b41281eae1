"""`standby` and `unstandby`: take a node out of service with everything it runs moved away, and bring it back."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs import drain
from commands.verbs.cluster_request import NodeRequest, parse_node_and_cluster
from commands.verbs.drain import DrainRequest
from commands.verbs.guards import READS, View, hands_off, no, view
from commands.verbs.serving import holders
from commands.verbs.verb import Change, Verb
from config.policy import Role

PATIENCE = 30.0


def decide_standby(request: NodeRequest, snapshot: Snapshot) -> Decision:
    """Plan to empty a node; of one that is not there, only that it takes nothing when it comes back."""
    seen = view("standby", snapshot, not_from=request.node)
    if isinstance(seen, Refusal):
        return seen
    state = seen.status.node(request.node)
    if state is None or state.online:
        return drain.decide("standby", DrainRequest(request.cluster, request.node), snapshot)
    if state.standby:
        return NothingToDo("standby", f"{request.node} is not online, and will be in standby when it comes back.")
    risk = Finding(
        Level.WARNING,
        f"{request.node} is not online: nothing moves now, and it takes nothing when it comes back",
        f"What waits for it moves with `failover {request.node}`.",
    )
    command = Command(("pcs", "node", "standby", request.node), timeout=60, changes=True)
    step = Step(
        "standby",
        f"Put {request.node} into standby for when it comes back",
        (Lane(seen.at, (command,)),),
        proof=_flag(request.node, seen, wanted=True),
    )
    summary = f"Let {request.node} be in standby when it comes back."
    return Plan("standby", request.cluster, summary, (step,), risks=(risk,), guards=seen.guards)


def decide_unstandby(request: NodeRequest, snapshot: Snapshot) -> Decision:
    """Plan to bring a node back into service."""
    seen = view("unstandby", snapshot, not_from=request.node)
    if isinstance(seen, Refusal):
        return seen
    node = request.node
    state = seen.status.node(node)
    if state is None:
        return Refusal("unstandby", (no(f"Pacemaker knows no node {node}", "Look at `members`."),))
    if not state.standby:
        return NothingToDo("unstandby", f"{node} is not in standby.")
    reasons = tuple(hands_off(seen))
    if reasons:
        return Refusal("unstandby", reasons)
    commands = drain.end_standby(node, seen)
    step = Step(
        "unstandby",
        f"End the standby of {node}",
        (Lane(seen.at, commands),),
        proof=_flag(node, seen, wanted=False),
    )
    return Plan(
        "unstandby",
        request.cluster,
        f"Bring {node} back into service: Pacemaker may run things there again.",
        (step,),
        risks=tuple(_what_moves(request, snapshot, seen)),
        guards=(*seen.guards, *drain.placed(seen, ())),
    )


def _flag(node: str, seen: View, *, wanted: bool) -> Proof:
    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        state = reading.value.node(node)
        if state is not None and state.standby is wanted:
            return ()
        return (f"{node} is {'not ' if wanted else 'still '}in standby",)

    return Proof(("status",), missing, PATIENCE, (seen.at.name,))


def _what_moves(request: NodeRequest, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    node = request.node
    state = seen.status.node(node)
    if state is None or not state.online:
        yield Finding(Level.WARNING, f"{node} is not online: it takes things again as soon as it is", "Use `start`.")
        return
    clones = [clone.id for clone in seen.cib.clones]
    if clones:
        yield Finding(Level.INFO, f"{listed(f'`{name}`' for name in clones)} starts there too")
    free = []
    for primitive in seen.cib.primitives:
        gate = gate_state(seen.cib, primitive.id)
        if gate is None:
            free += [primitive.id] if not primitive.clone and primitive.cls != "stonith" else []
        elif gate.home == node and not holders(snapshot, primitive.attributes.get("ip", "")):
            yield _starts(primitive.id, snapshot)
        elif gate.home == node:
            yield Finding(
                Level.INFO, f"`{primitive.id}` is at home there and stays where it is until `failback {primitive.id}`"
            )
    stickiness = seen.cib.resource_defaults.get("resource-stickiness", "0")
    if free:
        yield Finding(
            Level.INFO,
            f"{listed(f'`{name}`' for name in free)} may move there: only resource-stickiness ({stickiness}) holds "
            "a resource where it is",
        )


def _starts(vip: str, snapshot: Snapshot) -> Finding:
    unread = [one.node.name for one in snapshot.nodes if not isinstance(one.addresses, Known)]
    if not unread:
        return Finding(Level.INFO, f"`{vip}` is at home there and starts: it runs nowhere now")
    return Finding(
        Level.WARNING,
        f"`{vip}` is at home there and starts; {listed(unread)} cannot be asked and may hold it still: then two nodes do",
        "Make sure first that the machine is off, or mend the way to it.",
    )


STANDBY = Verb(
    name="standby",
    summary="Empty a node: what it runs moves away, and it runs nothing until `unstandby`",
    usage="standby NODE [CLUSTER]",
    role=Role.OPERATOR,
    example="standby n2",
    parse=parse_node_and_cluster,
    change=Change(drain.READS, decide_standby),
)
UNSTANDBY = Verb(
    name="unstandby",
    summary="Bring a node back into service",
    usage="unstandby NODE [CLUSTER]",
    role=Role.OPERATOR,
    example="unstandby n2",
    parse=parse_node_and_cluster,
    change=Change((*READS, "addresses"), decide_unstandby),
)
