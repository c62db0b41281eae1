"""`failover` and `failback`: a floating IP goes to another node, and home again. So does a resource, or all of a node.

Where the floating IP has a gate, whoever holds it, or may take it up, lets go first, by its own hand and word; then the
gate is opened on the target. A home that cannot be asked, while its address still answers, stops the plan: two nodes with
one address is what gates are there to prevent. Without a gate (failover `automatic`) Pacemaker is asked to move the
resource, and the constraint that this needs is taken away again.
"""

from __future__ import annotations

from commands.errors import UsageError
from commands.plan import Decision, NothingToDo, Refusal
from commands.snapshot import Snapshot
from commands.verbs import drain, evidence
from commands.verbs.cluster_request import node_of
from commands.verbs.drain import DrainRequest
from commands.verbs.failover import resource
from commands.verbs.failover.move import MoveRequest, no, seen_from, undeclared, understood
from commands.verbs.failover.reasons import best_target, nobody_takes, reasons_not_to
from commands.verbs.failover.steps import opening, plan_of, releasing
from commands.verbs.verb import REASON, Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

READS = tuple(sorted({"addresses", "cib", "haproxy_config", "status", *evidence.READS}))


def parse_failover(words: Words, desk: Desk) -> MoveRequest | DrainRequest:
    """Read `VIP|RESOURCE|NODE [CLUSTER] [--to NODE]`. Raises `UsageError`."""
    cluster, what = _cluster_and_vip(words, desk, "failover vip1 --to n2")
    named = words.one("to")
    to = None if named is None else node_of(cluster, named)
    reason = (words.one(REASON.name) or "").strip()
    if what in {node.name for node in cluster.nodes}:
        return DrainRequest(cluster, what, to, reason)
    return MoveRequest(cluster, what, to, reason)


def parse_failback(words: Words, desk: Desk) -> MoveRequest:
    """Read `VIP [CLUSTER]`. Raises `UsageError`."""
    return MoveRequest(*_cluster_and_vip(words, desk, "failback vip1"), reason=(words.one(REASON.name) or "").strip())


def _cluster_and_vip(words: Words, desk: Desk, example: str) -> tuple[ClusterSpec, str]:
    if not 1 <= len(words.positional) <= 2:  # noqa: PLR2004 - VIP [CLUSTER]
        raise UsageError("say which floating IP", remedy=f"For example: `/hacluster {example}`")
    vip, *name = words.positional
    if name and vip in desk.clusters and name[0] not in desk.clusters:
        vip, name = name[0], [vip]
    return desk.cluster(name[0] if name else None), vip


def decide_failover(request: MoveRequest | DrainRequest, snapshot: Snapshot) -> Decision:
    """Return the plan that moves the floating IP, the resource or all that a node has; or every reason not to."""
    if isinstance(request, DrainRequest):
        return drain.decide("failover", request, snapshot)
    if resource.is_meant(request, snapshot):
        return resource.decide(request, snapshot)
    return _decide_vip(request, snapshot)


def _decide_vip(request: MoveRequest, snapshot: Snapshot) -> Decision:
    move = understood("failover", request, snapshot)
    if isinstance(move, Refusal):
        return move
    # one that was cut short goes on to where it was going
    target = request.to or move.begun or best_target(move, snapshot)
    if target is None:
        return Refusal("failover", nobody_takes(move, snapshot))
    move = seen_from(move, target, snapshot)
    barred = move.gate is None or not releasing(move, move.gate, target)
    if move.sources == (target,) and move.begun is None and barred:
        return NothingToDo("failover", f"`{move.resource}` ({move.address}) is on {target} already.")
    reasons = reasons_not_to(move, target, snapshot)
    if reasons:
        return Refusal("failover", reasons)
    return plan_of("failover", move, target, snapshot)


def decide_failback(request: MoveRequest, snapshot: Snapshot) -> Decision:
    """Return the plan that brings the floating IP home, or every reason not to."""
    move = understood("failback", request, snapshot)
    if isinstance(move, Refusal):
        return move
    if move.gate is None:
        reason = no(
            f"`{move.resource}` has no home: its failover is automatic", f"Use `failover {move.resource} --to NODE`."
        )
        return Refusal("failback", (reason,))
    home = move.gate.home
    stranger = tuple(undeclared((home,), snapshot))
    if stranger:
        return Refusal("failback", stranger)
    move = seen_from(move, home, snapshot)
    gate = move.gate
    if gate and move.sources == (home,) and not opening(move, gate, home) and not releasing(move, gate, home):
        return NothingToDo("failback", f"`{move.resource}` ({move.address}) is at home on {home} already.")
    reasons = reasons_not_to(move, home, snapshot)
    if reasons:
        return Refusal("failback", reasons)
    return plan_of("failback", move, home, snapshot)


FAILOVER = Verb(
    name="failover",
    summary="Move a floating IP, a resource, or all that a node has, to another node",
    usage="failover VIP|RESOURCE|NODE [CLUSTER] [--to NODE]",
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
