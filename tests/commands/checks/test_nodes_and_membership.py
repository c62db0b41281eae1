"""Lost, stopped, split, standing by: told apart, with who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.checks import findings
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.report import Finding, Level
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]
Altered = Callable[..., Snapshot]


def states(snapshot: Snapshot, **values: object) -> tuple[NodeState, ...]:
    """Return n1's view of the nodes, with n2's state changed."""
    reading = snapshot.node("n1").status
    assert isinstance(reading, Known)
    assert isinstance(reading.value, ClusterStatus)
    return tuple(replace(node, **values) if node.name == "n2" else node for node in reading.value.nodes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["healthy", "three-nodes", "fence-device"])
def test_a_whole_cluster_gives_no_finding(situation: SituationOf, name: str) -> None:
    assert findings(situation(name)) == ()


def test_a_lost_node_is_told_with_its_witness(situation: SituationOf, told: Told) -> None:
    (lost,) = told(situation("n2-lost"), "n2 is lost", level=Level.CRITICAL)
    assert "as n1 sees it" in lost.text
    assert lost.node == "n2"


def test_what_has_not_joined_since_the_start_is_not_said_to_have_left(
    situation: SituationOf, altered: Altered, reading: Altered, told: Told
) -> None:
    """As `members` sees a node that started alone: corosync's word only."""
    lost = situation("n2-lost")
    without_pacemaker = reading(lost, "n1", status=NOT_ASKED)
    assert told(without_pacemaker, "n2 is lost", "left the membership", level=Level.CRITICAL)
    cmap = lost.node("n1").cmap
    assert isinstance(cmap, Known)
    assert isinstance(cmap.value, CorosyncMap)
    alone = altered(without_pacemaker, "n1", "cmap", members=cmap.value.members[:1])
    (finding,) = told(alone, "n2 is no member", "has not joined since the cluster was started on n1")
    assert finding.level is Level.WARNING
    assert "look at its power" in finding.remedy
    assert not told(alone, "left the membership")


def test_a_node_that_was_stopped_is_not_lost(situation: SituationOf, told: Told) -> None:
    stopped = situation("n2-stopped")
    assert not told(stopped, "lost")
    (finding,) = told(stopped, "n2 is no member")
    assert finding.level is Level.WARNING
    assert "start web" in finding.remedy


def test_a_fenced_node_is_told_with_the_time_of_its_fencing(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-fenced"), "n2 is no member", "fenced at 2026-")
    assert finding.level is Level.WARNING


def test_corosync_that_ended_by_itself_is_no_clean_stop(situation: SituationOf, reading: Altered, told: Told) -> None:
    crashed = reading(
        situation("n2-lost"), "n2", cmap=Known(NotRunning("CS_ERR_LIBRARY")), status=Known(NotRunning(""))
    )
    (finding,) = told(crashed, "nobody stopped it")
    assert finding.level is Level.CRITICAL


def test_members_that_disagree_are_told_once_and_nobody_counts_as_lost(situation: SituationOf, told: Told) -> None:
    split = situation("split")
    assert len(told(split, "disagree", "n1 sees n1", "n2 sees n2", level=Level.CRITICAL)) == 1
    assert not told(split, "lost")


def test_a_side_without_quorum_is_not_called_a_crash_of_pacemaker(situation: SituationOf, told: Told) -> None:
    cut_off = situation("n3-without-quorum")
    assert told(cut_off, "disagree", "n3 sees n3")
    assert told(cut_off, "n3 has no quorum", level=Level.CRITICAL)
    assert not told(cut_off, "Pacemaker does not run")


def test_a_cluster_that_runs_nowhere_is_told_once(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("stopped"), "does not run on n1 and n2", level=Level.CRITICAL)
    assert "start web" in finding.remedy


def test_one_stopped_node_says_nothing_of_another_that_is_unknown(
    situation: SituationOf, reading: Altered, told: Told
) -> None:
    unseen = Unknown("n2: connection timed out")
    half = reading(situation("stopped"), "n2", cmap=unseen, status=unseen)
    assert [finding.node for finding in told(half, "the cluster does not run on")] == ["n1"]
    assert [finding.node for finding in told(half, level=Level.UNKNOWN)] == ["n2"]


def test_a_node_of_which_nothing_answered_is_told_once_with_why(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-lost"), level=Level.UNKNOWN)
    assert (finding.node, finding.remedy) == ("n2", "Check its power and network.")
    assert "connection timed out" in finding.text


def test_a_single_reading_that_failed_is_named(situation: SituationOf, reading: Altered, told: Told) -> None:
    odd = reading(situation("healthy"), "n1", links=Unknown("n1: cannot read the output of corosync-cfgtool"))
    (finding,) = findings(odd)
    assert finding.level is Level.UNKNOWN
    assert "its links" in finding.text
    assert told(odd, "cannot read the output of corosync-cfgtool")


def test_an_unclean_node_is_critical_and_says_what_to_do(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-lost-unclean"), "n2 is unclean", level=Level.CRITICAL)
    assert "pcs stonith confirm n2" in finding.remedy


def test_standby_is_a_warning(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n1-standby"), "n1 is in standby")
    assert finding.level is Level.WARNING
    assert "unstandby n1" in finding.remedy


@pytest.mark.parametrize(
    ("state", "words", "level"),
    [
        ({"maintenance": True}, "n2 is in maintenance", Level.WARNING),
        ({"pending": True}, "n2 is just joining", Level.WARNING),
        ({"shutdown": True}, "n2 is shutting down", Level.INFO),
        ({"online": False}, "n2 is a member, but Pacemaker does not run there, and nobody", Level.CRITICAL),
        (
            {"online": False, "expected_up": False},
            "n2 is a member, but Pacemaker does not run there: it was",
            Level.WARNING,
        ),
    ],
)
def test_states_of_a_member(
    situation: SituationOf, altered: Altered, told: Told, state: dict[str, bool], words: str, level: Level
) -> None:
    healthy = situation("healthy")
    changed = altered(healthy, None, "status", nodes=states(healthy, **state))
    assert [finding.level for finding in told(changed, words)] == [level]


def test_without_a_dc_pacemakers_states_mean_nothing(situation: SituationOf, altered: Altered, told: Told) -> None:
    starting = situation("healthy")
    unclean = altered(starting, None, "status", dc=None, nodes=states(starting, online=False, unclean=True))
    assert told(unclean, "no DC", level=Level.WARNING)
    assert not told(unclean, "unclean")


def test_corosync_without_pacemaker_on_every_node_is_told(situation: SituationOf, reading: Altered, told: Told) -> None:
    down = Known(NotRunning("not connected"))
    bare = reading(reading(situation("healthy"), "n1", status=down), "n2", status=down)
    found = told(bare, "corosync runs on", "Pacemaker does not", level=Level.CRITICAL)
    assert [finding.node for finding in found] == ["n1", "n2"]


def test_a_member_nobody_declared_is_told(situation: SituationOf, told: Told) -> None:
    three = situation("three-nodes")
    two = three.cluster.model_copy(update={"nodes": three.cluster.nodes[:2]})
    (finding,) = told(Snapshot(two, three.nodes[:2]), "n3 is a member")
    assert finding.level is Level.WARNING


def test_a_declared_node_that_corosync_does_not_list_is_not_lost(situation: SituationOf, told: Told) -> None:
    two, three = situation("healthy"), situation("three-nodes")
    absent = replace(three.node("n3"), **{name: Unknown("n3: no route") for name in ("cmap", "status")})  # type: ignore[arg-type]
    bigger = two.cluster.model_copy(update={"nodes": (*two.cluster.nodes, absent.node)})
    snapshot = Snapshot(bigger, (*two.nodes, absent))
    assert told(snapshot, "n3 is declared, but not in corosync's list", level=Level.WARNING)
    assert not told(snapshot, "lost")


def test_the_packages_own_cluster_is_another_one(situation: SituationOf, told: Told) -> None:
    fresh = situation("fresh")
    found = told(fresh, "another cluster runs on", "called `debian`", level=Level.CRITICAL)
    assert [finding.node for finding in found] == ["n1", "n2"]
    assert "setup web" in found[0].remedy
    assert not told(fresh, "does not run")
    assert not told(fresh, "is a member")
    assert not told(fresh, "DC")
