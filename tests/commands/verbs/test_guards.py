"""What has to be so before a running cluster is changed: votes, who speaks for it, and who is fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.corosync_quorum import QuorumStatus, Voter
from commands.facts.fact import Known, Unknown
from commands.plan import Refusal
from commands.snapshot import Snapshot
from commands.verbs.guards import View, has_quorum, loses_quorum, unfit_for, view
from tests.commands.verbs.deciding import each, with_status

SituationOf = Callable[..., Snapshot]


def count(expected: int, here: int, *flags: str) -> QuorumStatus:
    nodes = tuple(Voter(number, 1, f"n{number}") for number in range(1, here + 1))
    needed = 1 if "2Node" in flags else expected // 2 + 1
    return QuorumStatus(here >= needed, expected, here, needed, frozenset(flags), nodes, "1.1")


@pytest.mark.parametrize(
    ("counted", "left", "gone", "enough"),
    [
        (count(2, 2, "2Node", "WaitForAll"), 1, {"n1"}, True),
        (count(3, 3), 2, {"n3"}, True),
        (count(3, 2), 1, {"n2"}, False),
        (count(4, 4), 2, {"n3", "n4"}, False),
        (count(4, 4, "AutoTieBreaker"), 2, {"n3", "n4"}, True),
        (count(4, 4, "AutoTieBreaker"), 2, {"n1", "n2"}, False),
        (count(5, 5, "LastManStanding"), 3, {"n4", "n5"}, True),
    ],
)
def test_votes_are_enough_as_votequorum_counts(counted: QuorumStatus, left: int, gone: set[str], enough: bool) -> None:  # noqa: FBT001
    assert has_quorum(counted, left, frozenset(gone)) is enough


def seen_of(snapshot: Snapshot) -> View:
    found = view("test", snapshot)
    assert isinstance(found, View)
    return found


def test_one_that_has_left_already_takes_no_vote_along(situation: SituationOf) -> None:
    lost = situation("n2-lost")
    assert list(loses_quorum(seen_of(lost), lost, ["n2"])) == []


def test_votes_that_nobody_could_count_are_a_reason(situation: SituationOf) -> None:
    dark = each(situation("three-nodes"), lambda node: replace(node, quorum=Unknown("corosync is busy")))
    (reason,) = loses_quorum(seen_of(dark), dark, ["n3"])
    assert "could not be counted: corosync is busy" in reason.text


def test_the_side_with_quorum_speaks_and_the_node_in_question_last(situation: SituationOf) -> None:
    assert seen_of(situation("n3-without-quorum")).at.name != "n3"
    healthy = situation("healthy")
    other = view("test", healthy, not_from="n1")
    assert isinstance(other, View)
    assert other.at.name == "n2"
    alone = view("test", situation("n2-lost"), not_from="n1")
    assert isinstance(alone, View)
    assert alone.at.name == "n1", "where there is no other"


def test_where_nobody_speaks_each_says_why(situation: SituationOf) -> None:
    stopped = view("test", situation("stopped"))
    assert isinstance(stopped, Refusal)
    assert "n1: the cluster does not run there; n2: the cluster does not run there" in stopped.reasons[0].text


def test_failures_and_bans_make_a_node_unfit(situation: SituationOf) -> None:
    failed = seen_of(situation("haproxy-failed-start"))
    assert any("failed there too often" in why.text for why in unfit_for(failed, "haproxy-clone", "n2"))
    banned = seen_of(situation("vip1-banned"))
    (why,) = (why for why in unfit_for(banned, "vip1", "n1"))
    assert "cli-ban-vip1-on-n1" in why.text
    assert "`clear vip1`" in why.remedy
    assert list(unfit_for(banned, "vip1", "n2", ("gate-vip1",))) == [], "a gate is opened by the verb itself"


def test_a_node_without_a_dc_speaks_for_nobody(situation: SituationOf) -> None:
    electing = with_status(situation("healthy"), lambda status: replace(status, dc=None, quorate=False))
    found = view("test", electing)
    assert isinstance(found, Refusal)
    assert "no DC is elected yet" in found.reasons[0].text
    assert isinstance(electing.node("n1").cib, Known)
