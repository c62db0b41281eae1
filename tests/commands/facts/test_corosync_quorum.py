"""What is read from votequorum."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import corosync_quorum
from commands.facts.corosync_quorum import QuorumStatus, Voter
from commands.facts.fact import NotRunning

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


@pytest.fixture
def healthy(recorded: Recorded) -> Completed:
    return recorded("by-hand/debian12/healthy/corosync-quorumtool.n1")


def read(done: Completed) -> QuorumStatus:
    record = corosync_quorum.parse(done)
    assert isinstance(record, QuorumStatus)
    return record


def test_a_healthy_cluster_of_two(healthy: Completed) -> None:
    assert read(healthy) == QuorumStatus(
        quorate=True,
        expected_votes=2,
        total_votes=2,
        quorum=1,
        flags=frozenset({"2Node", "Quorate", "WaitForAll"}),
        nodes=(Voter(1, 1, "n1"), Voter(2, 1, "n2")),
        ring_id="1.9",
    )
    assert read(healthy).two_node


@GENERATIONS
def test_one_of_three_is_not_quorate(recorded: Recorded, debian: int) -> None:
    assert read(recorded(f"by-hand/debian{debian}/alone-of-three/corosync-quorumtool.n1")) == QuorumStatus(
        quorate=False,
        expected_votes=3,
        total_votes=1,
        quorum=2,
        flags=frozenset(),
        nodes=(Voter(1, 1, "n1"),),
        ring_id="1.5",
    )


@GENERATIONS
def test_one_of_two_that_never_saw_the_other_waits_for_all(recorded: Recorded, debian: int) -> None:
    alone = read(recorded(f"by-hand/debian{debian}/alone-of-two/corosync-quorumtool.n1"))
    assert (alone.quorate, alone.two_node, alone.quorum, alone.total_votes) == (False, True, 1, 1)
    assert "WaitForAll" in alone.flags


@pytest.mark.parametrize("debian", [11, 13])
def test_one_of_two_that_lost_the_other_stays_quorate(recorded: Recorded, debian: int) -> None:
    left = read(recorded(f"by-hand/debian{debian}/n2-fenced/corosync-quorumtool.n1"))
    assert (left.quorate, left.expected_votes, left.total_votes) == (True, 2, 1)
    assert left.nodes == (Voter(1, 1, "n1"),)


# as corosync-quorumtool.c of corosync 3.1 prints it: the device has a row, and no word in its own column
QDEVICE = """
Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1    A,V,NMW n1 (local)
         2          1    A,V,NMW n2
         0          1            Qdevice
"""


def test_a_quorum_device_is_no_node(healthy: Completed) -> None:
    head, _, _ = healthy.stdout.partition("\nMembership information")
    assert read(replace(healthy, stdout=head + QDEVICE)).nodes == (Voter(1, 1, "n1"), Voter(2, 1, "n2"))


def test_the_table_without_the_devices_column(healthy: Completed) -> None:
    head, _, _ = healthy.stdout.partition("\nMembership information")
    plain = "    Nodeid      Votes Name\n         1          1 n1 (local)\n         2          3 n2\n"
    assert read(replace(healthy, stdout=head + plain)).nodes == (Voter(1, 1, "n1"), Voter(2, 3, "n2"))


@GENERATIONS
def test_no_daemon_is_an_answer(recorded: Recorded, debian: int) -> None:
    answer = corosync_quorum.parse(recorded(f"by-hand/debian{debian}/never-started/corosync-quorumtool.n1"))
    assert answer == NotRunning("Cannot initialize CMAP service")


def test_no_tool_is_an_answer(said: Callable[..., Completed]) -> None:
    words = "sudo: corosync-quorumtool: command not found"
    assert corosync_quorum.parse(said(corosync_quorum.FACT, status=1, stderr=words)) == NotRunning(
        "corosync-quorumtool is not installed"
    )


def test_another_failure_is_unreadable(said: Callable[..., Completed]) -> None:
    with pytest.raises(UnreadableOutput, match="password is required"):
        corosync_quorum.parse(said(corosync_quorum.FACT, status=1, stderr="sudo: a password is required"))


@pytest.mark.parametrize(
    ("pattern", "by", "told"),
    [
        (r"Quorate: .*\n", "", "does not say Quorate"),
        (r"Quorate: .*", "Quorate: Perhaps", "neither Yes nor No"),
        (r"Quorate: .*", "Quorate: No", "but ended with exit status 0"),
        (r"Total votes: .*", "Total votes: 2nd", "not a number"),
        (r"Flags: .*\n", "", "does not say Flags"),
        (r"Ring ID: .*\n", "", "does not say Ring ID"),
        (r" +Nodeid .*\n", "", "lists no members"),
        (r"(?s)\n +1 .*", "\n", "lists no members"),
        (r" +2 +1 +NR n2", "Unable to see", "not a member's row"),
    ],
)
def test_what_a_record_needs_and_is_missing_makes_it_unreadable(
    healthy: Completed, pattern: str, by: str, told: str
) -> None:
    text, found = re.subn(pattern, by, healthy.stdout)
    assert found
    with pytest.raises(UnreadableOutput, match=re.escape(told)):
        corosync_quorum.parse(replace(healthy, stdout=text))
