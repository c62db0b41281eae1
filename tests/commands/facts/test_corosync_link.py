"""What is read of corosync's links."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import corosync_link
from commands.facts.corosync_link import Link, LinkPeer, LinkStatus
from commands.facts.fact import NotRunning

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
SELF = LinkPeer(1, connected=True, status="localhost")


def test_a_healthy_cluster(recorded: Recorded) -> None:
    assert corosync_link.parse(recorded("by-hand/debian12/healthy/corosync-cfgtool-links.n1")) == LinkStatus(
        (Link(0, "10.77.0.11", (SELF, LinkPeer(2, connected=True, status="connected"))),)
    )


@GENERATIONS
def test_two_links_with_nobody_at_the_other_ends(recorded: Recorded, debian: int) -> None:
    away = tuple(LinkPeer(node, connected=False, status="disconnected") for node in (2, 3))
    assert corosync_link.parse(recorded(f"by-hand/debian{debian}/alone-of-three/corosync-cfgtool-links.n1")) == (
        LinkStatus((Link(0, "10.0.0.1", (SELF, *away)), Link(1, "10.1.0.1", (SELF, *away))))
    )


@GENERATIONS
def test_a_single_node_is_linked_to_itself(recorded: Recorded, debian: int) -> None:
    alone = corosync_link.parse(recorded(f"by-hand/debian{debian}/package-just-installed/corosync-cfgtool-links.n1"))
    assert alone == LinkStatus((Link(0, "127.0.0.1", (SELF,)),))


@GENERATIONS
def test_no_daemon_is_an_answer(recorded: Recorded, debian: int) -> None:
    answer = corosync_link.parse(recorded(f"by-hand/debian{debian}/never-started/corosync-cfgtool-links.n1"))
    assert answer == NotRunning("Could not initialize corosync configuration API error 2")


def test_no_tool_is_an_answer(said: Callable[..., Completed]) -> None:
    answer = corosync_link.parse(said(corosync_link.FACT, status=127))
    assert answer == NotRunning("corosync-cfgtool is not installed")


def test_what_is_new_is_ignored(said: Callable[..., Completed]) -> None:
    text = "Local node ID 1, transport knet\nLINK ID 0 sctp\n\taddr\t= fd00::1\n\tmood\t= fine\n\tstatus:\n"
    read = corosync_link.parse(said(corosync_link.FACT, text + "\t\tnodeid:   1:\tlocalhost\n"))
    assert read == LinkStatus((Link(0, "fd00::1", (SELF,)),))


@pytest.mark.parametrize(
    ("stdout", "exit_status", "stderr", "told"),
    [
        ("", 0, "", "does not begin"),
        ("Local node ID 1, transport knet\nLINK ID 0 udp\n", 0, "", "link 0 has no address or no peers"),
        ("Local node ID 1, transport knet\nLINK ID 0 udp\n\taddr\t= 10.0.0.1\n", 0, "", "no peers"),
        ("", 1, "Could not initialize corosync configuration API error 11", "API error 11"),
    ],
)
def test_anything_else_is_unreadable(
    said: Callable[..., Completed], stdout: str, exit_status: int, stderr: str, told: str
) -> None:
    with pytest.raises(UnreadableOutput, match=told):
        corosync_link.parse(said(corosync_link.FACT, stdout, exit_status, stderr))
