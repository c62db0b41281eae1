"""Quorum after a change, by votequorum's rules."""

from __future__ import annotations

from commands.facts.corosync_quorum import QuorumStatus, Voter
from commands.prediction import NodeBack, NodeLost, NodeStandby, NodeStopped, Quorum, votes_after, with_votes


def counted(there: int, of: int, *flags: str, needed: int | None = None, quorate: bool | None = None) -> QuorumStatus:
    """Make the count of a partition that holds the first `there` of `of` nodes."""
    majority = of // 2 + 1 if needed is None else needed
    return QuorumStatus(
        quorate=there >= majority if quorate is None else quorate,
        expected_votes=of,
        total_votes=there,
        quorum=majority,
        flags=frozenset(flags),
        nodes=tuple(Voter(number, 1, f"n{number}") for number in range(1, there + 1)),
        ring_id="1.1",
    )


TWO = counted(2, 2, "2Node", "WaitForAll", needed=1)


def test_one_of_two_goes_on_alone() -> None:
    votes = votes_after(TWO, (NodeLost("n2"),))
    assert (votes.members, votes.quorate) == (("n1",), True)
    assert votes.text == "n1 would be alone: quorum is kept because of `two_node`"
    assert with_votes(TWO, (NodeLost("n2"),)) == (NodeLost("n2"),)


def test_the_last_of_two_leaves_nobody() -> None:
    alone = counted(1, 2, "2Node", "WaitForAll", needed=1)
    assert not votes_after(alone, (NodeLost("n1"),)).quorate


def test_one_of_three_is_borne_two_are_not() -> None:
    three = counted(3, 3)
    assert votes_after(three, (NodeStopped("n3"),)).text == (
        "n1 and n2 would be there: quorum is kept (2 of 3 votes, 2 needed)"
    )
    lost = votes_after(three, (NodeLost("n3"), NodeLost("n2")))
    assert (lost.quorate, lost.text) == (False, "n1 would be alone: quorum is lost (1 of 3 votes, 2 needed)")
    assert with_votes(counted(2, 3), (NodeLost("n2"),)) == (NodeLost("n2"), Quorum(held=False))


def test_a_tie_is_broken_for_the_side_with_the_lowest_node() -> None:
    four = counted(4, 4, "AutoTieBreaker")
    assert votes_after(four, (NodeLost("n4"), NodeLost("n3"))).quorate
    assert not votes_after(four, (NodeLost("n1"), NodeLost("n2"))).quorate
    assert not votes_after(counted(4, 4), (NodeLost("n4"), NodeLost("n3"))).quorate


def test_a_node_in_standby_still_votes() -> None:
    assert votes_after(TWO, (NodeStandby("n2"),)).text == "the votes stay as they are"


def test_a_node_that_comes_back_can_bring_quorum() -> None:
    votes = votes_after(counted(1, 3), (NodeBack("n2"),))
    assert (votes.members, votes.quorate) == (("n1", "n2"), True)
    assert votes.text == "n1 and n2 would be there: quorum is regained (2 of 3 votes, 2 needed)"
    assert not votes_after(counted(1, 5), (NodeBack("n2"),)).quorate
    assert votes_after(counted(2, 3), (NodeBack("n3"),)).text.endswith("quorum is kept (3 of 3 votes, 2 needed)")


def test_who_waits_for_all_is_not_content_with_a_majority() -> None:
    waiting = counted(2, 4, "WaitForAll", needed=2, quorate=False)
    assert not votes_after(waiting, (NodeBack("n3"),)).quorate
    assert votes_after(waiting, (NodeBack("n3"), NodeBack("n4"))).quorate


def test_a_node_that_was_not_there_takes_no_vote_with_it() -> None:
    assert votes_after(counted(2, 3), (NodeLost("n3"),)).quorate
