"""Votes and links."""

from __future__ import annotations

from collections.abc import Callable

from commands.facts.corosync_link import Link, LinkPeer
from commands.report import Finding, Level
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]
Altered = Callable[..., Snapshot]


def test_two_of_three_left_cannot_lose_another(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n3-without-quorum"), "one more loss would cost the quorum")
    assert finding.level is Level.WARNING


def test_two_nodes_keep_quorum_after_a_loss(situation: SituationOf, told: Told) -> None:
    assert not told(situation("healthy"), "quorum")
    assert not told(situation("n2-lost"), "quorum")


def test_two_nodes_without_the_two_node_rule_lose_quorum_with_either(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    strict = altered(situation("healthy"), None, "quorum", flags=frozenset({"Quorate"}), quorum=2)
    (finding,) = told(strict, "one more loss would cost the quorum")
    assert "two_node" in finding.remedy


def test_two_nodes_that_do_not_wait_for_each_other_are_a_risk(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    careless = altered(situation("healthy"), None, "quorum", flags=frozenset({"2Node", "Quorate"}))
    assert told(careless, "wait_for_all", level=Level.WARNING)


def test_no_quorum_is_critical_and_names_the_nodes(situation: SituationOf, altered: Altered, told: Told) -> None:
    lame = altered(situation("three-nodes"), None, "quorum", quorate=False, total_votes=1)
    assert told(lame, "n1, n2 and n3 have no quorum", "1 vote there, 2 needed", level=Level.CRITICAL)


def test_votes_that_do_not_count_yet_are_not_called_too_few(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    waits = altered(situation("n2-lost"), "n1", "quorum", quorate=False, total_votes=1, quorum=1)
    assert told(waits, "n1 has no quorum, though the votes are there", "wait_for_all", level=Level.CRITICAL)


def links(second: Callable[[int], bool]) -> tuple[Link, ...]:
    """Return two links of which the second is up to the peers that the function says."""
    peers = tuple(LinkPeer(node, second(node), "connected" if second(node) else "disconnected") for node in (1, 2))
    return (
        Link(0, "10.0.0.1", tuple(LinkPeer(node, connected=True, status="connected") for node in (1, 2))),
        Link(1, "10.1.0.1", peers),
    )


def test_a_link_down_between_two_members_is_told_once(situation: SituationOf, altered: Altered, told: Told) -> None:
    both_ends = altered(situation("healthy"), "n1", "links", links=links(lambda peer: peer == 1))
    both_ends = altered(both_ends, "n2", "links", links=links(lambda peer: peer == 2))
    (finding,) = told(both_ends, "link 1 between n1 and n2 is down")
    assert finding.level is Level.WARNING
    assert "another link is up" in finding.text


def test_the_links_of_a_node_that_left_are_not_told_again(situation: SituationOf, told: Told) -> None:
    assert not told(situation("n2-lost"), "link")
    assert not told(situation("n2-stopped"), "link")
