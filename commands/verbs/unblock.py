"""`unblock`: let the nodes that are left decide alone, when the others are gone for good.

Two situations, two commands: a cluster of two that was started with one node waits for the other (wait_for_all), which
`pcs quorum unblock` ends; one that lost its majority is told to expect only the votes that are there
(`corosync-quorumtool -e`), until the others come back. Either is for machines that are surely off: one that lives on
the other side of a cut decides alone as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from commands.checks.phrases import does, listed
from commands.command import Command
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known
from commands.facts.pcs import PcsVersion
from commands.plan import Decision, Lane, NothingToDo, Plan, Refusal, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import evidence
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.guards import no
from commands.verbs.verb import Change, Verb
from config.policy import Role

PATIENCE = 30.0
YES_SINCE = PcsVersion(0, 12, 0)
"""The first pcs that says `--yes` where older ones say `--force`."""


def decide(request: ClusterRequest, snapshot: Snapshot) -> Decision:
    """Plan to give quorum to those that are left, or return every reason not to."""
    counting = list(snapshot.running("quorum"))
    quorate = [node.node.name for node, count in counting if count.quorate]
    if quorate:
        return NothingToDo("unblock", f"{does(quorate, 'has', 'have')} quorum already.")
    if not counting:
        return Refusal("unblock", (no("corosync runs on no node that could be asked", "Use `start` first."),))
    node, count = max(counting, key=lambda pair: pair[1].total_votes)
    missing = _missing(node, count, snapshot)
    reasons = tuple(_reasons(node, missing, snapshot))
    if reasons:
        return Refusal("unblock", reasons)
    waits = "WaitForAll" in count.flags and (count.two_node or count.total_votes >= count.quorum)
    step = Step(
        "unblock",
        "Wait for the missing nodes no longer" if waits else f"Expect the {count.total_votes} votes that are there",
        (Lane(node.node, (_command(node, count, waits=waits),)),),
        proof=on_each((node.node.name,), ("quorum",), _lacks_quorum, PATIENCE),
    )
    return Plan(
        "unblock",
        request.cluster,
        f"Let {_names(count)} decide without {listed(missing)}.",
        (step,),
        risks=tuple(_risks(count, missing, snapshot, node)),
        guards=(
            f"members {sorted(voter.name for voter in count.nodes)}",
            f"missing {sorted(missing)}",
            *(found.text for name in missing for found in evidence.unheard(snapshot, name)),
        ),
        risk="dangerous",
    )


def _names(count: QuorumStatus) -> str:
    return listed(voter.name for voter in count.nodes)


def _missing(node: NodeSnapshot, count: QuorumStatus, snapshot: Snapshot) -> tuple[str, ...]:
    cmap = node.cmap.value if isinstance(node.cmap, Known) else None
    names = [one.name for one in cmap.nodelist] if isinstance(cmap, CorosyncMap) else []
    names += [one.name for one in snapshot.cluster.nodes if one.name not in names]
    here = {voter.name for voter in count.nodes}
    return tuple(name for name in names if name not in here)


def _reasons(node: NodeSnapshot, missing: tuple[str, ...], snapshot: Snapshot) -> Iterator[Finding]:
    if not missing:
        yield no("no node is missing: all are members, and yet there is no quorum", "Look at `members`.")
    declared = {one.name for one in snapshot.cluster.nodes}
    for name in missing:
        if name not in declared:
            yield no(
                f"{name} is in the cluster and not declared to the bot: it cannot be asked",
                f"`adopt {node.node.name}`.",
            )
            continue
        back = f"Bring it back, with `start --node {name}` or by mending the network; or switch it off, and see that it is."
        for sign in evidence.signs_of_life(snapshot, name):
            yield replace(sign, remedy=back)
    if not isinstance(node.pcs_version, Known) or not isinstance(node.pcs_version.value, PcsVersion):
        yield no("its pcs does not tell its version", "Look at `status`.", node.node.name)


def _command(node: NodeSnapshot, count: QuorumStatus, *, waits: bool) -> Command:
    if not waits:
        return Command(("corosync-quorumtool", "-e", str(count.total_votes)), timeout=20, changes=True)
    version = node.pcs_version.value if isinstance(node.pcs_version, Known) else None
    newer = isinstance(version, PcsVersion) and version >= YES_SINCE
    return Command(("pcs", "quorum", "unblock", "--yes" if newer else "--force"), timeout=90, changes=True)


def _lacks_quorum(node: NodeSnapshot) -> str | None:
    count = node.quorum.value if isinstance(node.quorum, Known) else None
    return None if isinstance(count, QuorumStatus) and count.quorate else "it has no quorum"


def _risks(count: QuorumStatus, missing: tuple[str, ...], snapshot: Snapshot, node: NodeSnapshot) -> Iterator[Finding]:
    both = "it and this side" if len(missing) == 1 else "they and this side"
    yield Finding(
        Level.CRITICAL,
        f"if {does(missing, 'lives', 'live')} after all, {both} decide apart: the same addresses twice, and disks written "
        "from both",
        "Only for machines that are surely off and stay off; else bring them back.",
    )
    status = node.status.value if isinstance(node.status, Known) else None
    if not (isinstance(status, ClusterStatus) and status.fencing_enabled):
        yield Finding(
            Level.CRITICAL, "fencing is off: nothing makes sure that they are down before resources start here"
        )
    for name in missing:
        yield from evidence.unheard(snapshot, name)
        yield evidence.quiet(snapshot, name)
    yield Finding(
        Level.INFO,
        f"what runs on {_names(count)} starts; what a gate holds at home on {listed(missing)} waits for `failover`. It "
        "ends when they come back",
    )


VERB = Verb(
    name="unblock",
    summary="Let the nodes that are left decide without the others, which are gone for good",
    usage="unblock [CLUSTER] --reason TEXT",
    role=Role.ADMIN,
    example='unblock web --reason "n2 and n3 burnt down"',
    parse=parse_cluster,
    change=Change(tuple(dict.fromkeys(("quorum", "pcs_version", *evidence.READS))), decide),
    needs_reason=True,
)
