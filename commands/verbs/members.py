"""`members`: the membership table, by each node's own view of it, and in pcs's words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from commands.checks import membership, quorum, sight, witness
from commands.checks.phrases import counted, listed
from commands.command import Command, Runner
from commands.errors import HaclusterError
from commands.facts.corosync_cmap import CorosyncMap, ListedNode
from commands.report import Finding, Level, Listing, Part, Report, Table
from commands.snapshot import NodeSnapshot, Snapshot, gather
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.patience import Impatient
from commands.verbs.verb import Desk, Verb
from config.inventory import ClusterSpec, NodeSpec
from config.policy import Role

READS = ("cmap", "quorum")
PCS_STATUS_COROSYNC = Command(("pcs", "status", "corosync"), timeout=10)
"""The last step of the recipe that clusters are made by. It lists the members only, not those that left."""


def membership_report(snapshot: Snapshot, pcs_text: str | None) -> tuple[Part, ...]:
    """Return the membership as parts of a report: what is wrong with it first, the table, then pcs's own words.

    The snapshot needs `cmap` and `quorum`; `pcs_text` is what `pcs status corosync` printed on one of the nodes, None if nothing.
    """
    parts: list[Part] = list(_findings(snapshot))
    table = _table(snapshot)
    if table:
        parts.append(table)
    if pcs_text:
        # without the newlines around it, and with the spaces its columns begin with
        parts.append(Listing(PCS_STATUS_COROSYNC.shown(), pcs_text.strip("\n"), "members.txt"))
    return tuple(parts)


def _findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    found = [*membership.check(snapshot), *quorum.check(snapshot), *sight.check(snapshot)]
    return tuple(sorted(found, key=lambda finding: -finding.level.rank))


def _table(snapshot: Snapshot) -> Table | None:
    """Make one row per node, and a column for each view that some nodes share: one only where all of them agree."""
    maps: dict[str, CorosyncMap] = {node.node.name: cmap for node, cmap in witness.running(snapshot, "cmap")}
    if not maps:
        return None
    listed_nodes = {node.node_id: node for cmap in maps.values() for node in cmap.nodelist}
    views: dict[tuple[str, ...], list[str]] = {}
    for who, cmap in maps.items():
        views.setdefault(tuple(_status(cmap, node) for node in listed_nodes.values()), []).append(who)
    rows = zip(listed_nodes.values(), *views, strict=True)
    return Table(
        ("Node", "Id", "Address", *(f"Seen by {listed(who)}" for who in views.values())),
        tuple((node.name, str(node.node_id), ", ".join(node.addresses), *seen) for node, *seen in rows),
        title="Membership",
    )


def _status(cmap: CorosyncMap, node: ListedNode) -> str:
    """Corosync's word for the node. One that was never seen since corosync started has none."""
    member = next((one for one in cmap.members if one.node_id == node.node_id), None)
    return member.status if member else "never seen"


async def answer(request: ClusterRequest, desk: Desk) -> Report:
    """Ask and tell."""
    return report_of(*await look(request.cluster, desk.runner))


async def membership_parts(cluster: ClusterSpec, runner: Runner) -> tuple[Part, ...]:
    """Ask, and return what a message about something else ends with: who is a member now."""
    return membership_report(*await look(cluster, runner))


async def look(cluster: ClusterSpec, runner: Runner) -> tuple[Snapshot, str | None]:
    """Ask every node for its view, and pcs on the first that turns out to run, while others may still be awaited."""

    async def view(node: NodeSpec) -> NodeSnapshot:
        return (await gather(cluster, Impatient(runner), READS, nodes=(node.name,))).node(node.name)

    async with asyncio.TaskGroup() as asking:
        views = [asking.create_task(view(node)) for node in cluster.nodes]
        words = await _pcs_words(cluster, runner, views)
    return Snapshot(cluster, tuple(view.result() for view in views)), words


async def _pcs_words(cluster: ClusterSpec, runner: Runner, views: Iterable[asyncio.Task[NodeSnapshot]]) -> str | None:
    for answered in asyncio.as_completed(views):
        node = await answered
        if not any(witness.running(Snapshot(cluster, (node,)), "cmap")):
            continue
        try:
            return (await runner.run(node.node, PCS_STATUS_COROSYNC)).check().stdout
        except HaclusterError:
            continue  # it is only a second telling of what the table says; another node may do
    return None


def report_of(snapshot: Snapshot, pcs_words: str | None) -> Report:
    """Tell who is a member. Pure."""
    findings = _findings(snapshot)
    level = findings[0].level if findings else Level.OK
    return Report(f"`{snapshot.cluster.name}`: {_headline(snapshot)}", level, membership_report(snapshot, pcs_words))


def _headline(snapshot: Snapshot) -> str:
    declared = frozenset(node.name for node in snapshot.cluster.nodes)
    views = membership.views(snapshot)
    if len(views) > 1:
        return "the members disagree about who is in the cluster"
    for members in views:
        return f"{len(members & declared)} of {counted(len(declared), 'node')} in the membership"
    return "no node tells of a membership"


VERB = Verb(
    name="members",
    summary="The membership table, as each node sees it",
    usage="members [CLUSTER]",
    role=Role.VIEWER,
    example="members web",
    parse=parse_cluster,
    answer=answer,
)
