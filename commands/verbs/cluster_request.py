"""What most verbs ask about: one cluster, named or the channel's own, or a node or resource of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.errors import UsageError
from commands.verbs.verb import Desk
from commands.verbs.words import Words
from config.inventory import ClusterSpec


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """A request about one cluster."""

    cluster: ClusterSpec


def parse_cluster(words: Words, desk: Desk) -> ClusterRequest:
    """Read `[CLUSTER]`. Raises `UsageError` for more words, or a name that is not known."""
    if len(words.positional) > 1:
        raise UsageError(f"{words.positional[1][:40]!r} is one word too many", remedy="Name one cluster.")
    return ClusterRequest(desk.cluster(words.positional[0] if words.positional else None))


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A request about one node of a cluster."""

    cluster: ClusterSpec
    node: str


def parse_node_and_cluster(words: Words, desk: Desk) -> NodeRequest:
    """Read `NODE [CLUSTER]`. Raises `UsageError`."""
    cluster, about = cluster_and(words.positional, desk, at_least=1, at_most=1)
    if not about:
        raise UsageError("say which node", remedy=f"Its nodes: {', '.join(n.name for n in cluster.nodes)}.")
    return NodeRequest(cluster, node_of(cluster, about[0]))


def cluster_and(
    words: Sequence[str], desk: Desk, *, at_most: int, at_least: int = 0
) -> tuple[ClusterSpec, tuple[str, ...]]:
    """Tell the cluster among the words from what they are about in it; it may stand anywhere, or be left out.

    A word that is the name of a cluster counts as that only if `at_least` others are left. Raises `UsageError`.
    """
    named = next((at for at in reversed(range(len(words))) if words[at] in desk.clusters), None)
    if named is not None and len(words) > at_least:
        cluster, about = words[named], (*words[:named], *words[named + 1 :])
    else:
        cluster, about = None, tuple(words)
    if len(about) > at_most:
        if cluster is None:
            desk.cluster(about[-1])  # raises, with the cluster that may have been meant
        raise UsageError(f"{about[at_most][:40]!r} is one word too many")
    return desk.cluster(cluster), about


def node_of(cluster: ClusterSpec, name: str) -> str:
    """Return the name of a node of the cluster as it was given. Raises `UsageError`."""
    names = [node.name for node in cluster.nodes]
    if name not in names:
        raise UsageError(
            f"there is no node {name[:40]!r} in `{cluster.name}`", remedy=f"Its nodes: {', '.join(names)}."
        )
    return name
