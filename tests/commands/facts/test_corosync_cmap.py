"""What is read from corosync's map."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import corosync_cmap
from commands.facts.corosync_cmap import CorosyncMap, ListedNode, Member
from commands.facts.fact import NotRunning

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def read(done: Completed) -> CorosyncMap:
    record = corosync_cmap.parse(done)
    assert isinstance(record, CorosyncMap)
    return record


@pytest.fixture
def healthy(recorded: Recorded) -> Completed:
    return recorded("by-hand/debian12/healthy/corosync-cmapctl.n1")


def test_a_healthy_cluster(healthy: Completed) -> None:
    assert read(healthy) == CorosyncMap(
        cluster_name="hacluster01",
        this_node=1,
        members=(
            Member(1, joined=True, status="joined", join_count=1, addresses=("10.77.0.11",)),
            Member(2, joined=True, status="joined", join_count=1, addresses=("10.77.0.12",)),
        ),
        nodelist=(ListedNode(1, "n1", ("10.77.0.11",)), ListedNode(2, "n2", ("10.77.0.12",))),
        token_ms=3000,
        consensus_ms=3600,
        two_node=True,
    )
    assert read(healthy).joined_names() == {"n1", "n2"}


def test_a_node_that_left_is_known_and_not_joined(healthy: Completed) -> None:
    text = healthy.stdout.replace("members.2.status (str) = joined", "members.2.status (str) = left")
    left = read(
        replace(healthy, stdout=text.replace("members.2.join_count (u32) = 1", "members.2.join_count (u32) = 6"))
    )
    assert left.member("n2") == Member(2, joined=False, status="left", join_count=6, addresses=("10.77.0.12",))
    assert left.joined_names() == {"n1"}


@GENERATIONS
def test_a_node_never_seen_is_listed_and_no_member_at_all(recorded: Recorded, debian: int) -> None:
    alone = read(recorded(f"by-hand/debian{debian}/alone-of-three/corosync-cmapctl.n1"))

    assert [(node.name, node.addresses) for node in alone.nodelist] == [
        ("n1", ("10.0.0.1", "10.1.0.1")),
        ("n2", ("10.0.0.2", "10.1.0.2")),
        ("n3", ("10.0.0.3", "10.1.0.3")),
    ]
    assert alone.members == (Member(1, joined=True, status="joined", join_count=1, addresses=("10.0.0.1", "10.1.0.1")),)
    assert alone.joined_names() == {"n1"}
    assert (alone.member("n2"), alone.member("nobody")) == (None, None)
    assert (alone.cluster_name, alone.this_node, alone.two_node) == ("web", 1, False)


@GENERATIONS
def test_more_than_two_nodes_wait_longer_than_the_configuration_says(recorded: Recorded, debian: int) -> None:
    # token: 5000 was configured; corosync adds 650 ms for each node beyond the second
    alone = read(recorded(f"by-hand/debian{debian}/alone-of-three/corosync-cmapctl.n1"))
    assert (alone.token_ms, alone.consensus_ms) == (5650, 6780)


@GENERATIONS
def test_the_packages_own_cluster(recorded: Recorded, debian: int) -> None:
    package = read(recorded(f"by-hand/debian{debian}/package-just-installed/corosync-cmapctl.n1"))
    assert package.cluster_name == "debian"
    assert package.joined_names() == {"node1"}


def test_a_node_without_a_name_is_known_by_its_first_address(healthy: Completed) -> None:
    nameless = re.sub(r"nodelist\.node\.1\.name .*\n", "", healthy.stdout)
    assert read(replace(healthy, stdout=nameless)).joined_names() == {"n1", "10.77.0.12"}


def test_the_rule_in_force_goes_before_the_one_configured(healthy: Completed) -> None:
    assert not read(
        replace(healthy, stdout=healthy.stdout.replace("votequorum.two_node (u8) = 1", "votequorum.two_node (u8) = 0"))
    ).two_node
    configured = re.sub(r"runtime\.votequorum\..*\n", "", healthy.stdout)
    assert read(replace(healthy, stdout=configured)).two_node
    assert read(replace(healthy, stdout=configured)).this_node is None


@GENERATIONS
def test_no_daemon_is_an_answer(recorded: Recorded, debian: int) -> None:
    answer = corosync_cmap.parse(recorded(f"by-hand/debian{debian}/never-started/corosync-cmapctl.n1"))
    assert answer == NotRunning("Failed to initialize the cmap API. Error CS_ERR_LIBRARY")


def test_no_tool_is_an_answer(said: Callable[..., Completed]) -> None:
    answer = corosync_cmap.parse(said(corosync_cmap.FACT, status=127, stderr="not found"))
    assert answer == NotRunning("corosync-cmapctl is not installed")


@pytest.mark.parametrize("error", ["CS_ERR_ACCESS", "CS_ERR_TRY_AGAIN"])
def test_a_daemon_that_is_there_but_does_not_answer_is_not_said_to_be_down(
    said: Callable[..., Completed], error: str
) -> None:
    words = f"Failed to initialize the cmap API. Error {error}"
    with pytest.raises(UnreadableOutput, match=error):
        corosync_cmap.parse(said(corosync_cmap.FACT, status=1, stderr=words))


@pytest.mark.parametrize(
    ("pattern", "by", "told"),
    [
        (r"nodelist\..*\n", "", "lists no nodes"),
        (r"runtime\.members\.2\.join_count .*\n", "", "join_count is '', not a number"),
        (r"join_count \(u32\) = 1", "join_count (u32) = one", "join_count is 'one', not a number"),
        (r"consensus \(u32\) = \d+", "consensus (u32) = -", "consensus is '-', not a number"),
        (r"\(str\) = joined", "joined", "not a key with its type and value"),
        (r"nodelist\.node\.1\.(name|ring0_addr) .*\n", "", "neither name nor address"),
    ],
)
def test_what_a_record_needs_and_is_missing_makes_it_unreadable(
    healthy: Completed, pattern: str, by: str, told: str
) -> None:
    with pytest.raises(UnreadableOutput, match=re.escape(told)):
        corosync_cmap.parse(replace(healthy, stdout=re.sub(pattern, by, healthy.stdout)))
