"""Whether there is such a fence agent: a slip of the finger is told before anything is installed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import listed
from commands.facts.fence_agents import AGENTS
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.words import nearest
from config.inventory import ClusterSpec


def is_strange(cluster: ClusterSpec) -> bool:
    """Return whether no package brings the agent: it must be on the nodes already. What is kept is there."""
    return cluster.fencing is not None and not cluster.fencing.kept and cluster.fencing.agent not in AGENTS


def unfound(cluster: ClusterSpec, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield that nodes were asked for an agent and do not have it, with the one that may have been meant."""
    if cluster.fencing is None:
        return
    agent, found = cluster.fencing.agent, [(node.node.name, names) for node, names in snapshot.known("fence_agents")]
    without = [name for name, names in found if agent not in names]
    if not without:
        return
    near = nearest(agent, sorted(AGENTS.union(*(names for _, names in found))))
    yield Finding(
        Level.CRITICAL,
        f"no package brings a fence agent `{agent}`, and it is not on {listed(without)}",
        f"{f'Did you mean `{near}`? ' if near else ''}An agent of your own goes to /usr/sbin/{agent} of every node first.",
    )
