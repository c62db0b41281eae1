"""`clusters`: which clusters the bot knows, and where it knows each of them from."""

from __future__ import annotations

from dataclasses import dataclass

from commands.errors import UsageError
from commands.report import Level, Report, Table
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.policy import Role

_SOURCES = {"file": "configuration file", "slack": "made from chat"}


@dataclass(frozen=True, slots=True)
class ClustersRequest:
    """A request about no single cluster."""

    cluster: None = None


def parse(words: Words, _: Desk) -> ClustersRequest:
    """Take no words. Raises `UsageError` for any."""
    if words.positional:
        raise UsageError("`clusters` takes no further words", remedy="`/hacluster status NAME` tells of one cluster.")
    return ClustersRequest()


async def answer(_: ClustersRequest, desk: Desk) -> Report:
    """List every cluster that the asker may look at."""
    rows = tuple(
        (
            name,
            ", ".join(f"{node.name} ({node.address})" for node in declared.spec.nodes),
            ", ".join(str(vip) for vip in declared.spec.vips) or "none",
            declared.spec.failover,
            _SOURCES[declared.source],
        )
        for name, declared in sorted(desk.clusters.items())
        if desk.role(name) is not None
    )
    if not rows:
        return Report("No clusters yet", Level.INFO, next_step="setup")
    count = f"{len(rows)} cluster" + ("" if len(rows) == 1 else "s")
    return Report(count, Level.INFO, (Table(("cluster", "nodes", "floating IPs", "failover", "known from"), rows),))


VERB = Verb(
    name="clusters",
    summary="List the clusters the bot knows",
    usage="clusters",
    role=Role.VIEWER,
    example="clusters",
    parse=parse,
    answer=answer,
)
