"""All readings of a cluster at one moment, node by node.

`gather` asks every node at once and every fact at once. A reading that failed stays `Unknown` with its reason; no
default ever takes its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from commands.command import Runner
from commands.facts.fact import NOT_ASKED, Fact, Reading, read
from config.inventory import ClusterSpec, NodeSpec


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node's readings. A field that was not gathered is `Unknown("not asked")`."""

    node: NodeSpec


FACTS: Mapping[str, Callable[[ClusterSpec, NodeSpec], Fact[Any]]] = {}
"""How each field of `NodeSnapshot` is read on a node of a cluster."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A cluster as its nodes told it."""

    cluster: ClusterSpec
    nodes: tuple[NodeSnapshot, ...]

    def node(self, name: str) -> NodeSnapshot:
        """Return the readings of the node of that name. Raises KeyError."""
        for node in self.nodes:
            if node.node.name == name:
                return node
        raise KeyError(name)


async def gather(
    cluster: ClusterSpec, runner: Runner, reads: Iterable[str], nodes: Iterable[str] | None = None
) -> Snapshot:
    """Read the named fields on the cluster's nodes (or the named ones), all at the same time."""
    wanted = tuple(reads)
    asked = None if nodes is None else frozenset(nodes)

    async def ask(node: NodeSpec) -> NodeSnapshot:
        blank = NodeSnapshot(node)
        if asked is not None and node.name not in asked:
            return blank
        readings: list[Reading[Any]] = await asyncio.gather(
            *(read(runner, node, FACTS[name](cluster, node)) for name in wanted)
        )
        return replace(blank, **dict(zip(wanted, readings, strict=True)))

    return Snapshot(cluster, tuple(await asyncio.gather(*(ask(node) for node in cluster.nodes))))


__all__ = ["FACTS", "NOT_ASKED", "NodeSnapshot", "Snapshot", "gather"]
