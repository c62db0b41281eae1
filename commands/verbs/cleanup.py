"""`cleanup [RESOURCE] [NODE]`: forget what failed, so that Pacemaker tries again where it had given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import counted, listed, moment
from commands.command import Command
from commands.errors import UsageError
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.facts.pacemaker_xml import INFINITY
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import cluster_and, node_of
from commands.verbs.guards import READS, View, members, no, view
from commands.verbs.settled import settle
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class CleanupRequest:
    """Forget the failures of a resource (None: of all), on a node (None: on all)."""

    cluster: ClusterSpec
    resource: str | None = None
    node: str | None = None


def parse(words: Words, desk: Desk) -> CleanupRequest:
    """Read `[RESOURCE] [NODE] [CLUSTER]`. Raises `UsageError`."""
    cluster, about = cluster_and(words.positional, desk, at_most=2)
    names = {node.name for node in cluster.nodes}
    nodes = [word for word in about if word in names]
    resources = [word for word in about if word not in names]
    if len(resources) > 1:
        node_of(cluster, resources[1])
    if len(nodes) > 1:
        raise UsageError(f"{nodes[1]!r} is one node too many", remedy="Name one, or none for all of them.")
    return CleanupRequest(cluster, resources[0] if resources else None, nodes[0] if nodes else None)


def decide(request: CleanupRequest, snapshot: Snapshot) -> Decision:
    """Plan to forget failures, if there are any."""
    seen = view("cleanup", snapshot, quorate=False)
    if isinstance(seen, Refusal):
        return seen
    known = {name for one in seen.cib.primitives for name in (one.id, one.group, one.clone)}
    ran = {one.id for one in seen.status.resources}
    if request.resource is not None and request.resource not in known | ran:
        listing = listed(sorted(one.id for one in seen.cib.primitives)) if seen.cib.primitives else "none"
        reason = no(
            f"there is no resource {request.resource[:60]!r} in `{request.cluster.name}`", f"Its own: {listing}."
        )
        return Refusal("cleanup", (reason,))
    failed = tuple(_failed(request, seen, seen.status))
    where = f" on {request.node}" if request.node else ""
    what = f" of `{request.resource}`" if request.resource else ""
    if not failed:
        return NothingToDo("cleanup", f"No failure{what}{where} is remembered.")
    words = [
        *(("--resource", request.resource) if request.resource else ()),
        *(("--node", request.node) if request.node else ()),
    ]
    forget = Command(("crm_resource", "--cleanup", *words), timeout=60, changes=True)
    step = Step(
        "cleanup",
        f"Forget failures{what}{where}",
        (Lane(seen.at, (forget, settle())),),
        proof=_forgotten(request, seen),
    )
    summary = f"Forget {counted(len(failed), 'failure')}{what}{where}: {'; '.join(failed)}."
    return Plan(
        "cleanup",
        request.cluster,
        summary,
        (step,),
        risks=tuple(_risks(request, seen)),
        # without their times: what fails again and again is the same thing to forget
        guards=(*seen.guards, *sorted(one.partition(", ")[0] for one in failed)),
    )


def _about(request: CleanupRequest, seen: View, resource: str, node: str) -> bool:
    ours = request.resource is None or resource in {request.resource, *members(seen.cib, request.resource)}
    return ours and request.node in {None, node}


def _failed(request: CleanupRequest, seen: View, status: ClusterStatus) -> Iterator[str]:
    """Yield what failed, once for each resource and node."""
    told = set()
    for failure in sorted(status.failures, key=lambda one: one.when, reverse=True):
        key = (failure.resource, failure.node)
        if key not in told and _about(request, seen, *key):
            told.add(key)
            why = failure.reason or failure.exit_status
            yield f"`{failure.resource}` on {failure.node}, {failure.task} ({why}) at {moment(failure.when)}"
    for count in status.fail_counts:
        key = (count.resource, count.node)
        if key not in told and _about(request, seen, *key):
            told.add(key)
            yield f"`{count.resource}` on {count.node}, {counted(count.count, 'time')}"


def _forgotten(request: CleanupRequest, seen: View) -> Proof:
    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        return tuple(f"it is there, or failed again: {one}" for one in _failed(request, seen, reading.value))

    return Proof(("status",), missing, PATIENCE, (seen.at.name,))


def _risks(request: CleanupRequest, seen: View) -> Iterator[Finding]:
    barred = [
        one
        for one in seen.status.fail_counts
        if one.count >= INFINITY and _about(request, seen, one.resource, one.node)
    ]
    for one in barred:
        yield Finding(
            Level.WARNING,
            f"`{one.resource}` was kept away from {one.node}, and may start or move there again",
            "If the cause is not mended it fails again, and what depends on it with it.",
        )
    for blocked in (one for one in seen.status.resources if one.blocked):
        if any(_about(request, seen, blocked.id, node) for node in blocked.nodes):
            yield Finding(
                Level.WARNING,
                f"`{blocked.id}` could not be stopped on {listed(blocked.nodes)}: Pacemaker takes it up again, and "
                "believes what its agent says now",
                "Make sure that it does not run in two places.",
            )
    if not barred:
        yield Finding(Level.INFO, "nothing was kept away by them: nothing moves")


VERB = Verb(
    name="cleanup",
    summary="Forget failed actions and failure counts, so that Pacemaker tries again",
    usage="cleanup [RESOURCE] [NODE] [CLUSTER]",
    role=Role.OPERATOR,
    example="cleanup haproxy n2",
    parse=parse,
    change=Change(READS, decide),
)
