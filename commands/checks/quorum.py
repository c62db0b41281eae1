"""Votes: who has quorum, whether the next loss would cost it, and two-node clusters that do not wait for both."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.checks.phrases import does, listed
from commands.facts.corosync_quorum import QuorumStatus
from commands.report import Finding, Level
from commands.snapshot import Snapshot


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with the quorum, each side of a split told once."""
    sides: dict[str, tuple[QuorumStatus, list[str]]] = {}
    for node, quorum in witness.running(snapshot, "quorum"):
        sides.setdefault(quorum.ring_id, (quorum, []))[1].append(node.node.name)
    for quorum, names in sides.values():
        if not quorum.quorate and quorum.total_votes >= quorum.quorum:
            yield Finding(
                Level.CRITICAL,
                f"{does(names, 'has', 'have')} no quorum, though the votes are there: since it was started, it waits to see "
                "all nodes at once (`wait_for_all`). Pacemaker starts nothing there",
                "Bring the others back. Where one is surely off and stays off, see pcs(8), `quorum unblock`.",
            )
        elif not quorum.quorate:
            yield Finding(
                Level.CRITICAL,
                f"{does(names, 'has', 'have')} no quorum: {_votes(quorum.total_votes)} there, {quorum.quorum} needed. "
                "Pacemaker starts nothing there",
                "Bring back the nodes that are missing.",
            )
        elif (left := _left_after_a_loss(quorum)) < quorum.quorum:
            yield Finding(
                Level.WARNING,
                f"one more loss would cost the quorum: {_votes(quorum.total_votes)} of {quorum.expected_votes}, "
                f"{quorum.quorum} needed, {left} would be left",
                "Stop no further node."
                if quorum.total_votes < quorum.expected_votes
                else "A two-node cluster needs corosync's `two_node`; a larger one an odd number of votes.",
            )
    careless = [names[0] for quorum, names in sides.values() if quorum.two_node and "WaitForAll" not in quorum.flags]
    if careless:
        yield Finding(
            Level.WARNING,
            f"two nodes without `wait_for_all` (asked: {listed(careless)}): a node that starts alone, behind a cut "
            "network, takes everything at once",
            "With the cluster stopped: `pcs quorum update wait_for_all=1`.",
        )


def _left_after_a_loss(quorum: QuorumStatus) -> int:
    """Return the votes left when the member with the most goes; corosync then counts anew where it was told to."""
    if quorum.two_node or "LastManStanding" in quorum.flags or len(quorum.nodes) < 2:  # noqa: PLR2004 - nobody to lose
        return quorum.total_votes
    return quorum.total_votes - max(voter.votes for voter in quorum.nodes)


def _votes(number: int) -> str:
    return "1 vote" if number == 1 else f"{number} votes"
