"""The `status` verb: everything asked at once of all nodes, live, and told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from commands.report import Report
from commands.snapshot import gather
from commands.verbs.cluster_request import parse_cluster
from commands.verbs.patience import Impatient
from commands.verbs.status.report import overview_of, report_of
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

READS = ("addresses", "cib", "cmap", "haproxy", "links", "quorum", "status")


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """A request about one cluster, or about all of them where that is None."""

    cluster: ClusterSpec | None


def parse(words: Words, desk: Desk) -> StatusRequest:
    """Read `[CLUSTER]`: the named one, the channel's, the only one, or else all."""
    if not words.positional and desk.default_cluster is None and len(desk.clusters) != 1:
        return StatusRequest(None)
    return StatusRequest(parse_cluster(words, desk).cluster)


async def answer(request: StatusRequest, desk: Desk) -> Report:
    """Ask and tell. Nodes that cannot be asked are part of the answer."""
    runner = Impatient(desk.runner)
    if request.cluster is not None:
        return report_of(await gather(request.cluster, runner, READS), desk.last_seen)
    clusters = [declared.spec for name, declared in desk.clusters.items() if desk.role(name) is not None]
    return overview_of(await asyncio.gather(*(gather(cluster, runner, READS) for cluster in clusters)))


VERB = Verb(
    name="status",
    summary="How a cluster is right now, or all clusters, the worst first",
    usage="status [CLUSTER]",
    role=Role.VIEWER,
    example="status web",
    parse=parse,
    answer=answer,
)
