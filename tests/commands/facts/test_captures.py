"""Every recorded output of the cluster stack is readable, and says what its situation is.

A new recording needs no new test: it is found by its place, `tests/captures/**/<situation>/<tool>.<node>.json`, and
read by the parser of the tool it names. What a situation means stands in `SITUATIONS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands.command import Completed
from commands.facts import cib, corosync_cmap, corosync_conf, corosync_link, corosync_quorum, crm_mon
from commands.facts.cib import Cib
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.corosync_link import LinkStatus
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Fact, NotRunning
from commands.facts.pacemaker_xml import INFINITY

CAPTURES = Path(__file__).parents[2] / "captures"

Kinds = tuple[type, type]
FACTS: dict[tuple[str, ...], tuple[Fact[Any], Kinds]] = {
    ("crm_mon",): (crm_mon.FACT, (ClusterStatus, NotRunning)),
    ("cibadmin",): (cib.FACT, (Cib, NotRunning)),
    ("corosync-cmapctl",): (corosync_cmap.FACT, (CorosyncMap, NotRunning)),
    ("corosync-quorumtool",): (corosync_quorum.FACT, (QuorumStatus, NotRunning)),
    ("corosync-cfgtool", "-s"): (corosync_link.FACT, (LinkStatus, NotRunning)),
    ("cat", corosync_conf.PATH): (corosync_conf.FACT, (CorosyncConf, NoConf)),
}


def _fact(argv: Sequence[str]) -> tuple[Fact[Any], Kinds] | None:
    return next((fact for begin, fact in FACTS.items() if tuple(argv[: len(begin)]) == begin), None)


def _recordings() -> Iterator[str]:
    for path in sorted(CAPTURES.rglob("*.json")):
        argv = json.loads(path.read_text()).get("argv")
        if argv and _fact(argv) is not None:
            yield str(path.relative_to(CAPTURES).with_suffix(""))


RECORDINGS = tuple(_recordings())


def _read(done: Completed) -> Any:
    found = _fact(done.command.argv)
    assert found is not None
    fact, kinds = found
    # as if the fact's own command had been run: its exit status must be among the legal ones
    record = fact.parse(replace(done, command=fact.command).check())
    assert isinstance(record, kinds)
    return record


@pytest.mark.parametrize("recording", RECORDINGS)
def test_every_recording_is_readable(recorded: Callable[[str], Completed], recording: str) -> None:
    _read(recorded(recording))


@pytest.mark.parametrize("debian", ["debian11", "debian12", "debian13"])
def test_every_fact_was_recorded_on_every_generation(debian: str) -> None:
    seen = {
        begin
        for recording in RECORDINGS
        if debian in recording.split("/")
        for begin in FACTS
        if tuple(json.loads((CAPTURES / f"{recording}.json").read_text())["argv"][: len(begin)]) == begin
    }
    assert seen == set(FACTS)


@pytest.mark.parametrize("fact", [fact for fact, (_, absent) in FACTS.values() if absent is NotRunning])
@pytest.mark.parametrize("status", [1, 127])
def test_a_tool_that_is_not_there_gives_an_answer_on_every_way_to_run_it(fact: Fact[Any], status: int) -> None:
    tool = fact.command.argv[0]
    done = Completed("n1", fact.command, status, "", f"sudo: {tool}: command not found")
    assert fact.parse(done.check()) == NotRunning(f"{tool} is not installed")


def _node(status: ClusterStatus, name: str) -> tuple[bool, bool]:
    node = status.node(name)
    assert node is not None
    return node.online, node.unclean


def _down(record: object) -> None:
    assert isinstance(record, NotRunning)


def _homes(status: ClusterStatus) -> None:
    assert [_node(status, name) for name in ("n1", "n2")] == [(True, False), (True, False)]
    assert (status.quorate, status.failures) == (True, ())
    assert (status.holders("vip1"), status.holders("vip2")) == (("n1",), ("n2",))


def _gated(configured: Cib) -> None:
    assert {(gate.resource, gate.home) for gate in configured.gates} == {("vip1", "n1"), ("vip2", "n2")}
    assert configured.leftover_moves == ()


def _banned(configured: Cib) -> None:
    (ban,) = configured.leftover_moves
    assert (ban.id, ban.resource, ban.node, ban.score) == ("cli-ban-vip1-on-n1", "vip1", "n1", -INFINITY)


def _nobody_moved(status: ClusterStatus) -> None:
    """The survivor keeps its own VIP; the other's waits for a person."""
    assert _node(status, "n2") == (False, False)
    assert status.quorate
    assert (status.holders("vip1"), status.holders("vip2")) == (("n1",), ())


def _approved(status: ClusterStatus) -> None:
    assert _node(status, "n2") == (False, False)
    assert (status.holders("vip1"), status.holders("vip2")) == (("n1",), ("n1",))


def _approval(configured: Cib) -> None:
    assert configured.transient_attributes["n1"]["hacluster-vip2"] == "yes"


def _unclean(status: ClusterStatus) -> None:
    assert _node(status, "n2") == (False, True)
    vip2 = status.resource("vip2")
    assert vip2 is not None
    assert (vip2.nodes, vip2.cached, status.holders("vip2")) == (("n2",), False, ())


def _fenced(status: ClusterStatus) -> None:
    assert _node(status, "n2") == (False, False)
    assert {(event.target, event.status) for event in status.fence_events} == {("n2", "success")}


def _standby(status: ClusterStatus) -> None:
    n1 = status.node("n1")
    assert n1 is not None
    assert (n1.online, n1.standby) == (True, True)
    assert "n1" not in status.holders("vip1")


def _maintenance(status: ClusterStatus) -> None:
    assert status.maintenance
    assert {one.managed for one in status.resources} == {False}


def _failed_start(status: ClusterStatus) -> None:
    assert {failure.resource for failure in status.failures} == {"haproxy"}
    assert INFINITY in {failed.count for failed in status.fail_counts if failed.resource == "haproxy"}


def _n2_is_gone(members: CorosyncMap) -> None:
    n2 = members.member("n2")
    assert n2 is not None
    assert not n2.joined
    assert members.joined_names() == {"n1"}


def _both_joined(members: CorosyncMap) -> None:
    assert members.joined_names() == {"n1", "n2"}
    assert members.two_node


def _only_me(quorum: QuorumStatus) -> None:
    """Either half of two nodes stays quorate: that is what makes a cut dangerous."""
    assert (quorum.quorate, quorum.total_votes, len(quorum.nodes)) == (True, 1, 1)


def _two_votes(quorum: QuorumStatus) -> None:
    assert (quorum.quorate, quorum.two_node, quorum.total_votes) == (True, True, 2)


def _n2_disconnected(links: LinkStatus) -> None:
    assert {peer.node_id for link in links.links for peer in link.peers if not peer.connected} == {2}


def _all_connected(links: LinkStatus) -> None:
    assert all(peer.connected for link in links.links for peer in link.peers)


def _no_quorum(quorum: QuorumStatus) -> None:
    assert (quorum.quorate, quorum.total_votes, quorum.quorum) == (False, 1, 2)


SITUATIONS: dict[tuple[str, str], Callable[[Any], None]] = {
    ("healthy", "crm_mon"): _homes,
    ("healthy", "corosync-cmapctl"): _both_joined,
    ("healthy", "corosync-quorumtool"): _two_votes,
    ("healthy", "corosync-cfgtool-links"): _all_connected,
    ("vip1-banned", "cibadmin"): _banned,
    ("n1-standby", "crm_mon"): _standby,
    ("maintenance", "crm_mon"): _maintenance,
    ("n2-stopped", "crm_mon.n1"): _nobody_moved,
    ("n2-stopped", "crm_mon.n2"): _down,
    ("n2-stopped", "cibadmin.n2"): _down,
    ("n2-stopped", "corosync-cmapctl.n1"): _n2_is_gone,
    ("n2-stopped", "corosync-cmapctl.n2"): _down,
    ("haproxy-failed-start", "crm_mon"): _failed_start,
    ("split", "corosync-quorumtool"): _only_me,
    ("n2-lost", "crm_mon"): _nobody_moved,
    ("n2-lost", "cibadmin"): _gated,
    ("n2-lost", "corosync-cmapctl"): _n2_is_gone,
    ("n2-lost", "corosync-quorumtool"): _only_me,
    ("n2-lost", "corosync-cfgtool-links"): _n2_disconnected,
    ("n2-lost-failover-approved", "crm_mon"): _approved,
    ("n2-lost-failover-approved", "cibadmin"): _approval,
    ("n2-lost-unclean", "crm_mon"): _unclean,
    ("n2-unclean", "crm_mon"): _unclean,
    ("n2-fenced", "crm_mon"): _fenced,
    ("n3-without-quorum", "corosync-quorumtool.n3"): _no_quorum,
    ("stopped", "crm_mon"): _down,
    ("stopped", "cibadmin"): _down,
    ("stopped", "corosync-cmapctl"): _down,
    ("stopped", "corosync-quorumtool"): _down,
    ("stopped", "corosync-cfgtool-links"): _down,
}
"""By situation and tool, or tool and node where the nodes differ: what must be read there."""


def _told(recording: str) -> Callable[[Any], None] | None:
    path = Path(recording)
    tool, _, _node_name = path.name.partition(".")
    return SITUATIONS.get((path.parent.name, path.name)) or SITUATIONS.get((path.parent.name, tool))


@pytest.mark.parametrize("recording", [recording for recording in RECORDINGS if _told(recording) is not None])
def test_a_situation_is_told_as_it_was(recorded: Callable[[str], Completed], recording: str) -> None:
    told = _told(recording)
    assert told is not None
    told(_read(recorded(recording)))
