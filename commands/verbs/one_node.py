"""`start --node` and `stop --node`: the cluster's daemons on one node, while the others go on.

Without `--node` both are about the whole cluster, see `power`. A node that is stopped takes its vote along, which one in
standby does not; what it runs leaves it as in `standby`, gated floating IPs by their gates first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.plan import Decision, Lane, NothingToDo, Plan, Refusal, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import drain, power
from commands.verbs.cluster_request import ClusterRequest, node_of, parse_cluster
from commands.verbs.drain import DrainRequest
from commands.verbs.guards import View, last_in_service, loses_quorum, view
from commands.verbs.reached import unreachable
from commands.verbs.together import START_PATIENCE, lacks_peers
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec

STOPPING = 120.0


@dataclass(frozen=True, slots=True)
class PowerRequest:
    """Start or stop the cluster on a node, or everywhere (None)."""

    cluster: ClusterSpec
    node: str | None = None


def parse(words: Words, desk: Desk) -> PowerRequest:
    """Read `[CLUSTER] [--node NODE]`. Raises `UsageError`."""
    cluster, node = parse_cluster(words, desk).cluster, words.one("node")
    return PowerRequest(cluster, None if node is None else node_of(cluster, node))


def _runs(node: NodeSnapshot) -> bool:
    return isinstance(node.status, Known) and not isinstance(node.status.value, NotRunning)


def _lies_still(node: NodeSnapshot) -> bool:
    readings = (node.status, node.cmap)
    return all(isinstance(reading, Known) and isinstance(reading.value, NotRunning) for reading in readings)


def _unasked(verb: str, node: str, snapshot: Snapshot) -> Refusal | None:
    """Return why the node cannot be started or stopped: it does not answer."""
    reasons = tuple(reason for reason in unreachable(snapshot, "status", "cmap") if reason.node == node)
    return Refusal(verb, reasons) if reasons else None


def decide_start(request: PowerRequest, snapshot: Snapshot) -> Decision:
    """Plan to start one node, or leave it to `power` to start all."""
    if request.node is None:
        return _of(power.START).decide(ClusterRequest(request.cluster), snapshot)
    name = request.node
    refused = _unasked("start", name, snapshot)
    if refused is not None:
        return refused
    others = tuple(node.node.name for node in snapshot.nodes if _runs(node) and node.node.name != name)
    node = snapshot.node(name)
    together = (name, *others)
    if _runs(node):
        why = lacks_peers(together, node)
        if why is None:
            return NothingToDo("start", f"{name} runs in `{request.cluster.name}` already.")
        remedy = "A node that was just started needs some seconds to join; `members` tells who sees whom."
        return Refusal("start", (Finding(Level.CRITICAL, why, remedy, name),))
    command = Command(("pcs", "cluster", "start"), timeout=120, changes=True)
    proof = on_each(together, ("cmap", "status"), lambda one: lacks_peers(together, one), START_PATIENCE)
    return Plan(
        "start",
        request.cluster,
        f"Start `{request.cluster.name}` on {name}.",
        (Step("start", f"Start the cluster on {name}", (Lane(node.node, (command,)),), proof=proof),),
        risks=tuple(_risks_of_starting(name, others, snapshot)),
        guards=(f"running {sorted(others)}",),
    )


def _risks_of_starting(name: str, others: tuple[str, ...], snapshot: Snapshot) -> Iterator[Finding]:
    total = len(snapshot.nodes)
    if 2 * (1 + len(others)) <= total:
        yield Finding(
            Level.WARNING,
            f"{1 + len(others)} of {total} nodes {'have' if others else 'has'} no quorum: nothing runs until more are there",
            f"`start {snapshot.cluster.name}` starts all.",
        )
    yield Finding(
        Level.INFO, f"what is at home on {name} and waits for it starts; what was moved away stays where it is"
    )


def decide_stop(request: PowerRequest, snapshot: Snapshot) -> Decision:
    """Plan to stop one node, or leave it to `power` to stop all."""
    if request.node is None:
        return _of(power.STOP).decide(ClusterRequest(request.cluster), snapshot)
    name = request.node
    refused = _unasked("stop", name, snapshot)
    if refused is not None:
        return refused
    if _lies_still(snapshot.node(name)):
        return NothingToDo("stop", f"`{request.cluster.name}` is stopped on {name} already.")
    seen = view("stop", snapshot, not_from=name, quorate=False)
    if isinstance(seen, Refusal):
        # corosync alone runs there, or no DC is elected: nothing of Pacemaker's has to go anywhere
        return _plan(request, snapshot, None, ())
    going = drain.leaving("stop", DrainRequest(request.cluster, name), snapshot, seen) if seen.status.quorate else ()
    reasons = [*(going.reasons if isinstance(going, Refusal) else ())]
    if seen.status.quorate:
        reasons = [*last_in_service(seen, name), *loses_quorum(seen, snapshot, [name]), *reasons]
        reasons += drain.stranded(DrainRequest(request.cluster, name), snapshot, seen)
    if reasons or isinstance(going, Refusal):
        return Refusal("stop", tuple(dict.fromkeys(reasons)))
    return _plan(request, snapshot, seen, going)


def _plan(request: PowerRequest, snapshot: Snapshot, seen: View | None, going: tuple[drain.Leaving, ...]) -> Plan:
    name = request.node or ""
    steps = drain.moves(going, snapshot)
    command = Command(("pcs", "cluster", "stop"), timeout=180, changes=True)
    still = on_each(
        (name,), ("status", "cmap"), lambda node: None if _lies_still(node) else "it still runs", patience=STOPPING
    )
    after = tuple(step.id for step in steps)
    stop = Step("stop", f"Stop the cluster on {name}", (Lane(snapshot.node(name).node, (command,)),), after, still)
    risks = drain.risks(name, going, snapshot, seen) if seen else iter(())
    left = tuple(node for node in seen.in_service if node != name) if seen else ()
    vote = Finding(Level.INFO, f"its vote is gone until `start --node {name}`; {listed(left)} goes on" if left else "")
    return Plan(
        "stop",
        request.cluster,
        f"Stop `{request.cluster.name}` on {name}.",
        (*steps, stop),
        risks=(*risks, *((vote,) if left else ())),
        guards=(*seen.guards, *drain.placed(seen, going)) if seen else (),
    )


def _of(verb: Verb) -> Change:
    if verb.change is None:
        raise ValueError(f"{verb.name} changes nothing")
    return verb.change


START = replace(
    power.START,
    summary="Start a cluster on all its nodes, or on one",
    usage="start [CLUSTER] [--node NODE]",
    options=(Option("node", "only there; on all that are stopped if left out", "NODE"),),
    parse=parse,
    change=Change(_of(power.START).reads, decide_start),
)
STOP = replace(
    power.STOP,
    summary="Stop a cluster on all its nodes, and with it the service; or on one, which others stand in for",
    usage="stop [CLUSTER] [--node NODE]",
    options=(Option("node", "only there: what it runs moves away first", "NODE"),),
    parse=parse,
    change=Change(tuple(dict.fromkeys((*_of(power.STOP).reads, *drain.READS, "quorum"))), decide_stop),
)
