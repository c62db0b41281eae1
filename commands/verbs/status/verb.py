"""The `status` verb: everything asked at once of all nodes, live, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from commands.checks import witness
from commands.command import Runner
from commands.report import Finding, Level, Report
from commands.snapshot import Snapshot, gather
from commands.verbs.cluster_request import parse_cluster
from commands.verbs.patience import Impatient
from commands.verbs.status.report import overview_of, report_of
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

READS = ("addresses", "cib", "cmap", "haproxy", "links", "quorum", "status", "units")


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """A request about one cluster, or about all of them where that is None."""

    cluster: ClusterSpec | None


def parse(words: Words, desk: Desk) -> StatusRequest:
    """Read `[CLUSTER]`: the named one, the channel's, the only one, or else all."""
    if not words.positional and desk.default_cluster is None and len(desk.visible) != 1:
        return StatusRequest(None)
    return StatusRequest(parse_cluster(words, desk).cluster)


async def answer(request: StatusRequest, desk: Desk) -> Report:
    """Ask and tell. Nodes that cannot be asked are part of the answer."""
    runner = Impatient(desk.runner)
    if request.cluster is not None:
        report = report_of(await _looked_at(request.cluster, runner), desk.last_seen)
        return replace(report, parts=(*_under_way(desk, request.cluster), *report.parts))
    clusters = [desk.clusters[name].spec for name in desk.visible]
    return overview_of(await asyncio.gather(*(_looked_at(cluster, runner) for cluster in clusters)))


def _under_way(desk: Desk, cluster: ClusterSpec) -> Iterator[Finding]:
    """Say what may be the cause of all that follows, and soon over."""
    if cluster.name in desk.under_way:
        change = desk.under_way[cluster.name]
        yield Finding(Level.INFO, f"`{change}` is under way: some of this may be its doing, and pass")


async def _looked_at(cluster: ClusterSpec, runner: Runner) -> Snapshot:
    """Read the nodes; where the cluster is stopped on all of them, its configuration on disk is what there is of it.

    That may be nothing at all, before the first `setup` came that far.
    """
    snapshot = await gather(cluster, runner, READS)
    if not witness.runs_nowhere(snapshot):
        return snapshot
    resting = await gather(cluster, runner, ("conf", "disk_cib"))
    told = zip(snapshot.nodes, resting.nodes, strict=True)
    return Snapshot(cluster, tuple(replace(node, conf=rest.conf, disk_cib=rest.disk_cib) for node, rest in told))


VERB = Verb(
    name="status",
    summary="How a cluster is right now, or all clusters, the worst first",
    usage="status [CLUSTER]",
    role=Role.VIEWER,
    example="status web",
    parse=parse,
    answer=answer,
)
