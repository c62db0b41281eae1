"""Whether the nodes that are left would have quorum, by votequorum's rules (votequorum(5)). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from commands.checks.phrases import listed
from commands.facts.corosync_quorum import QuorumStatus
from commands.prediction.changes import NodeBack, NodeLost, NodeStopped, Quorum, Simulated


@dataclass(frozen=True, slots=True)
class Votes:
    """The count after some changes: who would be there, whether they would have quorum, and why, as a sentence."""

    members: tuple[str, ...]
    quorate: bool
    text: str


def votes_after(now: QuorumStatus, changes: tuple[Simulated, ...]) -> Votes:
    """Return the count after the changes. A node that comes back is taken to bring one vote, as nodes do by default."""
    lost = {change.node for change in changes if isinstance(change, NodeLost | NodeStopped)}
    there = {voter.name: voter.votes for voter in now.nodes}
    back = [change.node for change in changes if isinstance(change, NodeBack) and change.node not in there]
    members = tuple(sorted((*(name for name in there if name not in lost), *back)))
    total = now.total_votes - sum(votes for name, votes in there.items() if name in lost) + len(back)
    who = f"{members[0]} would be alone" if len(members) == 1 else f"{listed(members)} would be there"
    if members == tuple(sorted(there)):
        kept = "the votes stay as they are" + ("" if now.quorate else ": there is no quorum")
        return Votes(members, now.quorate, kept)
    return Votes(members, *_counted(now, members, total, who))


def _counted(now: QuorumStatus, members: tuple[str, ...], total: int, who: str) -> tuple[bool, str]:
    count = f"{total} of {now.expected_votes} votes, {now.quorum} needed"
    waits = not now.quorate and now.total_votes >= now.quorum
    if waits and total < now.expected_votes:
        return False, f"{who}: still no quorum, since it waits to see all nodes at once (`wait_for_all`)"
    if not now.quorate:
        held = total >= now.quorum
        return held, f"{who}: {'quorum is regained' if held else 'still no quorum'} ({count})"
    if total >= now.quorum:
        why = " because of `two_node`" if now.two_node and total < now.expected_votes else f" ({count})"
        return True, f"{who}: quorum is kept{why}"
    if "AutoTieBreaker" in now.flags and 2 * total == now.expected_votes and _has_lowest(now, members):
        return True, f"{who}: quorum is kept by corosync's tie breaker ({count})"
    return False, f"{who}: quorum is lost ({count})"


def _has_lowest(now: QuorumStatus, members: tuple[str, ...]) -> bool:
    """Return whether the node of the lowest id is among them: it decides between two halves."""
    return min(now.nodes, key=lambda voter: voter.node_id).name in members


def with_votes(now: QuorumStatus, changes: tuple[Simulated, ...]) -> tuple[Simulated, ...]:
    """Return the changes, and what they do to quorum: the scheduler is told, it does not count."""
    after = votes_after(now, changes)
    return changes if after.quorate == now.quorate else (*changes, Quorum(after.quorate))
