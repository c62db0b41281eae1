"""What has to be so before a running cluster is changed, for all verbs that do: who speaks for it, votes, fitness.

Each guard returns findings: a critical one is a reason not to, where the verb takes it for one, else a risk to be shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from commands.checks import witness
from commands.checks.phrases import does, listed
from commands.facts.cib import Cib
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus, NodeState, ResourceState
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.pacemaker_xml import INFINITY
from commands.plan import Refusal
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import NodeSpec

READS = ("cib", "cmap", "status")
"""What a view is made of."""


@dataclass(frozen=True, slots=True)
class View:
    """The cluster in the eyes of a node that may act for it; commands are given there."""

    at: NodeSpec
    status: ClusterStatus
    cib: Cib

    @property
    def in_service(self) -> tuple[str, ...]:
        """The nodes on which Pacemaker may start something."""
        return tuple(node.name for node in self.status.nodes if serves(node))

    @property
    def guards(self) -> tuple[str, ...]:
        """What every decision about a running cluster rests on."""
        told = (f"{n.name} {'online' if n.online else 'offline'}{' unclean' * n.unclean}" for n in self.status.nodes)
        return (f"nodes {', '.join(sorted(told))}", f"in service {sorted(self.in_service)}")

    def on(self, node: str) -> tuple[ResourceState, ...]:
        """Return what Pacemaker knows to be active on a node."""
        return tuple(one for one in self.status.resources if one.active and node in one.nodes)


def still_under_way(snapshot: Snapshot) -> Iterator[Finding]:
    """What a bot that died had begun goes on there: planning beside it would be planning on sand."""
    for node, sent in snapshot.known("under_way"):
        for words in sent:
            yield no(
                f"`{words}` of an earlier request still runs there",
                "It ends by itself: ask again in a moment.",
                node.node.name,
            )


def no(text: str, remedy: str = "", node: str | None = None) -> Finding:
    """Return a reason not to."""
    return Finding(Level.CRITICAL, text, remedy, node)


def view(verb: str, snapshot: Snapshot, *, not_from: str | None = None, quorate: bool = True) -> View | Refusal:
    """Return the best view of the cluster, or why nobody can speak for it.

    `not_from` is a node whose own word counts only where there is no other. Without quorum Pacemaker does nothing, so
    most verbs have no business there.
    """
    found = [
        View(node.node, status, node.cib.value)
        for node, status in witness.pacemakers(snapshot)
        if isinstance(node.cib, Known) and isinstance(node.cib.value, Cib)
    ]
    found.sort(key=lambda one: (not one.status.quorate, one.at.name == not_from))
    if not found:
        why = "; ".join(f"{node.node.name}: {_why_not(node)}" for node in snapshot.nodes)
        return Refusal(
            verb, (no(f"no node runs the cluster, as far as can be seen ({why})", "Use `start`, or look at `status`."),)
        )
    if quorate and not found[0].status.quorate:
        reason = no(
            "no side of the cluster has quorum, so Pacemaker does nothing",
            "Bring nodes back with `start`; `members` tells who is missing. `unblock` is for those that are gone for good.",
        )
        return Refusal(verb, (reason,))
    return found[0]


def _why_not(node: NodeSnapshot) -> str:
    readings = (node.status, node.cib)
    if any(isinstance(reading, Known) and isinstance(reading.value, NotRunning) for reading in readings):
        return "the cluster does not run there"
    unread = next((reading for reading in readings if isinstance(reading, Unknown)), None)
    return unread.why.removeprefix(f"{node.node.name}: ") if unread else "no DC is elected yet"


def serves(node: NodeState) -> bool:
    """Return whether Pacemaker may start something on a node."""
    return node.online and not (node.standby or node.maintenance or node.unclean or node.pending or node.shutdown)


def not_serving(view: View, node: str) -> Iterator[Finding]:
    """Yield why Pacemaker would not start anything on a node."""
    state = view.status.node(node)
    if state is None or not state.online:
        yield no("it is not online", "Use `start`, or look at `status`.", node)
    elif state.unclean:
        yield no("it is unclean: nobody knows what runs there", "See `fence` and `confirm-down`.", node)
    elif state.standby:
        yield no("it is in standby", f"Use `unstandby {node}`.", node)
    elif state.maintenance or view.status.maintenance:
        which = f" {node}" if state.maintenance and not view.status.maintenance else ""
        yield no("it is in maintenance", f"Use `maintenance off{which}`.", node)


def hands_off(view: View, node: str | None = None) -> Iterator[Finding]:
    """Yield that Pacemaker would not do what it is asked, as the whole cluster is in maintenance, or this node."""
    state = view.status.node(node) if node else None
    if view.status.maintenance:
        yield no(
            "the cluster is in maintenance: Pacemaker does nothing it is asked for", "Use `maintenance off` first."
        )
    elif state is not None and state.maintenance:
        yield no(f"{node} is in maintenance: Pacemaker stops nothing there", f"Use `maintenance off {node}` first.")


def unfit_for(view: View, resource: str, node: str, gates: Collection[str] = ()) -> Iterator[Finding]:
    """Yield why a resource would not run on a node, whether or not it is in service: failures there, and bans.

    `gates` are rules that the verb itself opens.
    """
    inside = members(view.cib, resource)
    for count in view.status.fail_counts:
        if count.resource in inside and count.node == node and count.count >= INFINITY:
            yield no(
                f"`{count.resource}` failed there too often and is kept away",
                f"Mend the cause, then `cleanup {count.resource} {node}`.",
                node,
            )
    for ban in view.status.bans:
        if ban.resource in {resource, *inside} and ban.node == node and ban.weight <= -INFINITY and ban.id not in gates:
            leftover = any(location.id == ban.id for location in view.cib.leftover_moves)
            remedy = f"`clear {ban.resource}` takes it away." if leftover else "Change the constraint with pcs."
            yield no(f"the constraint `{ban.id}` keeps `{ban.resource}` off it", remedy, node)


def members(cib: Cib, resource: str) -> tuple[str, ...]:
    """Return the primitives that an id stands for: itself, or those of the group or clone."""
    return tuple(one.id for one in cib.primitives if resource in {one.id, one.group, one.clone})


def last_in_service(view: View, node: str) -> Iterator[Finding]:
    """Yield that without this node nothing could run anywhere."""
    if not set(view.in_service) - {node}:
        out = ", ".join(n.name for n in view.status.nodes if n.name not in {node, *view.in_service}) or "none"
        yield no(
            f"{node} is the last node in service: all that runs would stop",
            f"Bring another one back first (out of service: {out}); to stop everything there is `stop`.",
        )


def loses_quorum(view: View, snapshot: Snapshot, gone: Iterable[str]) -> Iterator[Finding]:
    """Yield that the others have too few votes without these nodes; or that nobody could count."""
    reading = snapshot.node(view.at.name).quorum
    if not isinstance(reading, Known) or not isinstance(reading.value, QuorumStatus):
        why = reading.why if isinstance(reading, Unknown) else reading.value.why  # type: ignore[union-attr]
        yield no(f"the votes could not be counted: {why}", "Look at `members`.", view.at.name)
        return
    count, leaving = reading.value, frozenset(gone)
    left = count.total_votes - sum(voter.votes for voter in count.nodes if voter.name in leaving)
    if left == count.total_votes or has_quorum(count, left, leaving):
        return
    yield no(
        f"without {listed(sorted(leaving))} there are {left} of {count.expected_votes} votes, and quorum takes "
        f"{count.quorum}: everything would stop",
        "Bring other nodes back first; `members` tells who is missing.",
    )


def has_quorum(count: QuorumStatus, left: int, gone: frozenset[str]) -> bool:
    """Return whether so many votes are enough once these nodes have left (votequorum(5))."""
    if count.two_node:
        return left >= 1
    if left >= count.quorum:
        return True
    # an even split goes to the side of the lowest node id
    lowest = min(count.nodes, key=lambda voter: voter.node_id, default=None)
    tie = "AutoTieBreaker" in count.flags and 2 * left == count.expected_votes
    return tie and lowest is not None and lowest.name not in gone


def unfenced(view: View, what: str) -> Iterator[Finding]:
    """Yield that nothing keeps a node that is thought dead from going on: no fencing, or no device for it."""
    if not view.status.fencing_enabled:
        yield Finding(
            Level.WARNING,
            f"fencing is off: {what}",
            "Fencing makes sure of it by power; `setup` can add a device.",
        )


def alone_after(view: View, node: str) -> Iterator[Finding]:
    """Yield that only one node is left to carry everything."""
    rest = [name for name in view.in_service if name != node]
    if len(rest) == 1 and node in view.in_service:
        yield Finding(
            Level.WARNING, f"{does(rest, 'carries', 'carry')} everything alone then: nothing is left to take over"
        )
