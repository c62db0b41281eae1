"""A snapshot made ready to be judged: in order, and without what cannot be trusted to be about this cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from commands.checks import witness
from commands.condition.record import Condition, State, Topic
from commands.condition.testimony import speaker
from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import NOT_ASKED, Known, NotRunning
from commands.snapshot import NodeSnapshot, Snapshot

MEMBERS = frozenset({"joined", "disputed"})
"""The words for a member, of which an answer is expected."""
GONE = frozenset({"left", "stopped", "unlisted"})
"""The words for a node of which none is."""
SHUTTING_DOWN = "it is shutting down"
"""The detail of a node whose Pacemaker was told to stop."""


@dataclass(frozen=True, slots=True)
class Look:
    """One snapshot, and what was known before it. Nodes come by name, so that their order makes no difference."""

    snapshot: Snapshot
    before: Condition | None
    views: Mapping[str, CorosyncMap]
    """The membership as each node sees it on which this cluster runs."""
    pacemakers: Mapping[str, ClusterStatus]
    """Pacemaker's views that are worth judging on, the best first."""
    cibs: Mapping[str, Cib]
    at: float
    """When it was, in seconds since 1970."""

    @property
    def names(self) -> tuple[str, ...]:
        """The declared nodes."""
        return tuple(node.node.name for node in self.snapshot.nodes)

    def was(self, topic: Topic, name: str = "") -> State | None:
        """Return what was known of a subject."""
        return self.before.get(topic, name) if self.before else None

    def said_before(self, topic: Topic, name: str = "") -> str:
        """Return the word that was known of a subject, or "" ."""
        return self.before.word(topic, name) if self.before else ""

    @property
    def idle(self) -> bool:
        """Every node says itself that this cluster does not run there."""
        return witness.runs_nowhere(self.snapshot)

    def unread(self, source: str) -> bool:
        """Return whether a source of testimony could not be read. Pacemaker without a DC says nothing either."""
        name, field = speaker(source)
        node = next((node for node in self.snapshot.nodes if node.node.name == name), None)
        if node is None:
            return False
        if field == "status" and isinstance(node.status, Known) and isinstance(node.status.value, ClusterStatus):
            return name in self.views and name not in self.pacemakers
        return node.unknown(field) is not None

    def quorate(self, name: str) -> bool | None:
        """Return whether a node has quorum, None where it did not say."""
        quorum = next((told for node, told in witness.running(self.snapshot, "quorum") if node.node.name == name), None)
        return None if quorum is None else quorum.quorate


def look(snapshot: Snapshot, before: Condition | None, at: float) -> Look:
    """Make a snapshot ready.

    A node whose corosync could not be asked may run another cluster: what else it tells of a cluster waits for that.
    """
    nodes = sorted((_trusted(node) for node in snapshot.nodes), key=lambda node: node.node.name)
    trusted = replace(snapshot, nodes=tuple(nodes))
    return Look(
        trusted,
        before,
        {node.node.name: cmap for node, cmap in witness.running(trusted, "cmap")},
        {node.node.name: status for node, status in witness.pacemakers(trusted)},
        {node.node.name: cib for node, cib in witness.running(trusted, "cib")},
        at,
    )


def _trusted(node: NodeSnapshot) -> NodeSnapshot:
    if isinstance(node.cmap, Known):
        return node
    return replace(node, cib=node.cmap, links=node.cmap, quorum=node.cmap, status=node.cmap)


def stopped(node: NodeSnapshot) -> bool:
    """Return whether the node says itself that corosync does not run there."""
    return isinstance(node.cmap, Known) and isinstance(node.cmap.value, NotRunning)


def awaited(look: Look, name: str) -> bool:
    """Return whether the answer of some other node than this one is still to come, or it was not asked at all."""
    return any(node.node.name != name and node.cmap == NOT_ASKED for node in look.snapshot.nodes)
