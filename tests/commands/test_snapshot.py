"""Reading a cluster: all nodes and all facts at once, and what could not be read stays unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import fields

import pytest

from commands.command import Command, Completed, Stream
from commands.errors import HaclusterError, HostKeyUnknown, Unreachable
from commands.facts import host
from commands.facts.fact import NOT_ASKED, Fact, Known, Unknown
from commands.snapshot import FACTS, NodeSnapshot, Snapshot, gather
from config.inventory import ClusterSpec, NodeSpec, VipSpec, parse_node
from tests.commands.conftest import RecordedNodes

SituationOf = Callable[..., Snapshot]
WEB = ClusterSpec(
    name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")), vips=(VipSpec.parse("10.0.0.10/24"),)
)
READS = ("addresses", "cib", "cmap", "haproxy", "links", "quorum", "status", "units")


class Answering:
    """Nodes that answer everything with the same words, or fail."""

    def __init__(self, answers: Mapping[str, str | HaclusterError]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Command]] = []

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.asked.append((node.name, command))
        await asyncio.sleep(0)
        answer = self.answers[node.name]
        if isinstance(answer, HaclusterError):
            raise answer
        return Completed(node.name, command, 0, answer, "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError((node, command))


def test_each_field_has_its_way_to_be_read_and_each_way_its_field() -> None:
    named = {field.name for field in fields(NodeSnapshot)} - {"node"}
    assert named - set(FACTS) == {"vip_ports"}, "the ports are given by who asks"
    assert set(FACTS) <= named


def test_no_reading_changes_a_node() -> None:
    for name, make in FACTS.items():
        for node in WEB.nodes:
            command = make(WEB, node).command
            assert not command.changes, name
            assert 0 < command.timeout <= 30, name


async def test_all_nodes_and_all_facts_are_asked_at_once(
    recorded_nodes: Callable[..., RecordedNodes], situation: SituationOf
) -> None:
    expected = situation("healthy")
    runner = recorded_nodes("healthy", together=len(READS) * len(expected.cluster.nodes))
    async with asyncio.timeout(5):
        snapshot = await gather(expected.cluster, runner, READS)
    assert snapshot == expected


async def test_a_node_that_is_off_leaves_its_readings_unknown_and_the_others_known(
    recorded_nodes: Callable[..., RecordedNodes], situation: SituationOf
) -> None:
    cluster = situation("healthy").cluster
    snapshot = await gather(cluster, recorded_nodes("n2-lost"), READS)
    assert [node.node.name for node, _ in snapshot.known("status")] == ["n1"]
    ((dark, why),) = snapshot.unknown(*READS)
    assert dark.node.name == "n2"
    assert "connection timed out" in why.why
    assert isinstance(why.error, Unreachable)


async def test_what_was_not_asked_is_unknown_not_empty() -> None:
    runner = Answering({"n1": "nonsense", "n2": "nonsense"})
    snapshot = await gather(WEB, runner, ("clock",), nodes=("n1",))
    assert [name for name, _ in runner.asked] == ["n1"]
    assert snapshot.node("n2") == NodeSnapshot(WEB.node("n2"))
    assert snapshot.node("n1").cib is NOT_ASKED


async def test_whom_pcs_may_command_is_asked_on_the_first_node_only_and_nobody_misses_it_elsewhere() -> None:
    runner = Answering({"n1": "n1: Online\nn2: Online\n", "n2": "n1: Online\nn2: Online\n"})
    snapshot = await gather(WEB, runner, ("host_auth",))
    assert [name for name, _ in runner.asked] == ["n1"]
    assert isinstance(snapshot.node("n1").host_auth, Known)
    assert list(snapshot.unknown("host_auth")) == []
    dark = await gather(WEB, Answering({"n1": "nonsense", "n2": "nonsense"}), ("host_auth",))
    assert [node.node.name for node, _ in dark.unknown("host_auth")] == ["n1"]


@pytest.mark.parametrize("field", sorted(FACTS))
@pytest.mark.parametrize("said", ["nonsense", "", "<", "\ufffd\0" * 50])
async def test_words_that_cannot_be_read_are_unknown_and_say_why(field: str, said: str) -> None:
    snapshot = await gather(WEB, Answering({"n1": said, "n2": said}), (field,))
    for node in snapshot.nodes:
        reading = getattr(node, field)
        assert isinstance(reading, Unknown | Known)
        assert isinstance(reading, Known) or 0 < len(reading.why) < 500


async def test_a_failure_keeps_its_error_for_who_can_do_something_about_it() -> None:
    stranger = HostKeyUnknown("not trusted", node="n1", address="10.0.0.1", port=22, key="k", fingerprint="SHA256:x")
    snapshot = await gather(WEB, Answering({"n1": stranger, "n2": "nonsense"}), ("clock", "status"))
    failed = snapshot.node("n1").unknown("clock")
    assert failed is not None
    assert failed.error is stranger


async def test_a_field_can_be_read_in_a_way_of_ones_own() -> None:
    fact: Fact[str] = Fact(Command(("true",)), lambda done: done.stdout.upper())
    snapshot = await gather(WEB, Answering({"n1": "a", "n2": "b"}), (), facts={"vip_ports": fact})
    assert [value for _, value in snapshot.known("vip_ports")] == ["A", "B"]


def test_a_node_is_found_by_its_name_only() -> None:
    snapshot = Snapshot(WEB, tuple(NodeSnapshot(node, clock=Known(host.Clock(1.0))) for node in WEB.nodes))
    assert snapshot.node("n2").node is WEB.nodes[1]
    with pytest.raises(KeyError):
        snapshot.node("n3")
