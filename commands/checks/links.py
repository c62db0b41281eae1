"""Network links between members that are down. A peer that is no member at all is the membership's to tell."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.facts.fact import Known, NotRunning
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield each link that is down between two members, once for both its ends."""
    names = {node.node_id: node.name for _, cmap in witness.running(snapshot, "cmap") for node in cmap.nodelist}
    told: set[tuple[int, frozenset[str]]] = set()
    for node, status in witness.running(snapshot, "links"):
        here = node.node.name
        for link in status.links:
            for peer in link.peers:
                there = names.get(peer.node_id, f"node {peer.node_id}")
                ends = (link.id, frozenset((here, there)))
                if peer.connected or ends in told or _has_left(node, peer.node_id):
                    continue
                told.add(ends)
                rest = sum(
                    other.connected for one in status.links for other in one.peers if other.node_id == peer.node_id
                )
                yield Finding(
                    Level.WARNING,
                    f"link {link.id} between {here} and {there} is down, as {here} ({link.address}) sees it; "
                    f"{'no other link is' if not rest else 'another link is'} up between them",
                    "Look at the interfaces, cables and switches of that network.",
                    here,
                )


def _has_left(node: NodeSnapshot, peer: int) -> bool:
    """Return whether the node's own corosync says that the peer is no member: its links are down with it."""
    if not isinstance(node.cmap, Known) or isinstance(node.cmap.value, NotRunning):
        return False
    return not any(member.node_id == peer and member.joined for member in node.cmap.value.members)
