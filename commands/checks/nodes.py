"""What Pacemaker says of the nodes: unclean, offline though a member, joining, in standby, in maintenance."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.crm_mon import NodeState
from commands.facts.fact import Known, NotRunning
from commands.report import Finding, Level
from commands.snapshot import Snapshot


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what keeps a node from being of full use. Nodes that are gone altogether are the membership's to tell."""
    status = witness.pacemaker(snapshot)
    if status is None:
        yield from _without_a_view(snapshot)
        return
    members = _members_beside(snapshot)
    for state in status.nodes:
        yield from _state(state, None if members is None else state.name in members)


def _without_a_view(snapshot: Snapshot) -> Iterator[Finding]:
    deciding = [node.node.name for node, _ in witness.running(snapshot, "status")]
    if deciding:
        yield Finding(
            Level.WARNING,
            "Pacemaker has no DC: it decides nothing until one is elected",
            f"An election ends within some 20 s. If it does not, look at `journalctl -u pacemaker` on {deciding[0]}.",
        )
    for node, _ in witness.running(snapshot, "cmap"):
        if isinstance(node.status, Known) and isinstance(node.status.value, NotRunning):
            name = node.node.name
            yield Finding(
                Level.CRITICAL,
                f"corosync runs on {name}, but Pacemaker does not",
                f"Look at `journalctl -u pacemaker` on {name}.",
                name,
            )


def _members_beside(snapshot: Snapshot) -> frozenset[str] | None:
    """Return the membership as seen where the judged view of Pacemaker is from: its own side of a cut network."""
    node, _ = witness.pacemakers(snapshot)[0]
    cmap = node.cmap.value if isinstance(node.cmap, Known) else None
    return cmap.joined_names() if isinstance(cmap, CorosyncMap) else None


def _state(state: NodeState, member: bool | None) -> Iterator[Finding]:  # noqa: FBT001 - a fact, or unknown
    name = state.name
    if state.unclean:
        yield Finding(
            Level.CRITICAL,
            f"{name} is unclean: nobody knows what runs there, so its resources stay where they are until it is fenced",
            f"When {name} is surely without power, say so with `pcs stonith confirm {name}` on another node.",
            name,
        )
    elif not state.online:
        if member is not False:
            yield from _offline(state, member)
    elif state.pending:
        yield Finding(Level.WARNING, f"{name} is just joining", "If it stays so, look at its journal.", name)
    elif state.shutdown:
        yield Finding(Level.INFO, f"{name} is shutting down", node=name)
    if state.maintenance:
        yield Finding(
            Level.WARNING,
            f"{name} is in maintenance: Pacemaker neither repairs nor moves anything there",
            f"`maintenance off {name}` ends it.",
            name,
        )
    if state.standby:
        yield Finding(
            Level.WARNING, f"{name} is in standby: it runs no resources", f"`unstandby {name}` ends it.", name
        )


def _offline(state: NodeState, member: bool | None) -> Iterator[Finding]:  # noqa: FBT001
    name = state.name
    where = f"{name} is a member, but Pacemaker does not run there" if member else f"Pacemaker counts {name} as offline"
    if state.expected_up:
        yield Finding(
            Level.CRITICAL,
            f"{where}, and nobody stopped it",
            f"Look at `journalctl -u pacemaker` on {name}.",
            name,
        )
    else:
        yield Finding(Level.WARNING, f"{where}: it was stopped, or has not started yet", "", name)
