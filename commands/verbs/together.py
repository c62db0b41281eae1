"""Nodes that run the cluster together: what it takes, and how long that may last."""

from __future__ import annotations

from commands.facts.fact import Known, NotRunning
from commands.snapshot import NodeSnapshot

START_PATIENCE = 90.0
"""Seconds; an election of a DC alone may take 20 (pacemaker-controld(7), `dc-deadtime`)."""


def lacks_peers(names: tuple[str, ...], node: NodeSnapshot) -> str | None:
    """Return what a node misses to be running with all the named nodes online, or None."""
    if not (isinstance(node.cmap, Known) and isinstance(node.status, Known)):
        return "unknown"
    cmap, status = node.cmap.value, node.status.value
    if isinstance(cmap, NotRunning) or isinstance(status, NotRunning):
        return "the cluster does not run there"
    absent = [name for name in names if name not in cmap.joined_names()]
    if absent:
        return f"corosync there does not see {', '.join(absent)}"
    offline = [name for name in names if not ((state := status.node(name)) and state.online)]
    return f"Pacemaker there waits for {', '.join(offline)}" if offline else None
