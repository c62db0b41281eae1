"""Boot: whether the cluster comes back by itself when a node does."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.checks.phrases import listed
from commands.report import Finding, Level
from commands.snapshot import Snapshot

_DAEMONS = ("corosync", "pacemaker")


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield the nodes that stay out after a boot: somebody's decision where it is all of them, else an oversight."""
    starts = {
        node.node.name: all(units.unit(name).enabled for name in _DAEMONS)
        for node, units in snapshot.known("units")
        if not witness.outside(node, snapshot.cluster)
    }
    off = [name for name, does_start in starts.items() if not does_start]
    if not off:
        return
    cluster = snapshot.cluster.name
    enable = f"`/hacluster enable {cluster}`"
    if len(off) == len(starts):
        yield Finding(Level.INFO, f"the cluster does not start by itself when {listed(off)} boot{_s(off)}", enable)
        return
    yield Finding(
        Level.WARNING,
        f"the cluster does not start by itself when {listed(off)} boot{_s(off)}, though it does on the other nodes",
        f"{enable}, or `/hacluster disable {cluster}` for all of them.",
    )


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""
