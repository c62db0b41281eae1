"""What is read from crm_mon: of three generations, in situations that were real."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import crm_mon
from commands.facts.crm_mon import Ban, ClusterStatus, FailCount, Failure, FenceEvent, NodeState
from commands.facts.fact import NotRunning
from commands.facts.pacemaker_xml import INFINITY

Recorded = Callable[[str], Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def status(done: Completed) -> ClusterStatus:
    record = crm_mon.parse(done)
    assert isinstance(record, ClusterStatus)
    return record


def changed(done: Completed, pattern: str, by: str) -> Completed:
    """Return the output with the first place that matches changed; there must be one."""
    text, found = re.subn(pattern, by, done.stdout, count=1)
    assert found
    return replace(done, stdout=text)


def test_a_healthy_cluster(recorded: Recorded) -> None:
    read = status(recorded("by-hand/debian12/healthy/crm_mon.n1"))

    assert (read.version, read.dc, read.daemon_state) == ("2.1.5-a3f44794f94", "n2", "running")
    assert (read.quorate, read.fencing_enabled, read.maintenance, read.no_quorum_policy) == (True, False, False, "stop")
    assert read.node("n1") == NodeState(
        name="n1",
        id="1",
        online=True,
        standby=False,
        maintenance=False,
        pending=False,
        unclean=False,
        shutdown=False,
        expected_up=True,
        is_dc=False,
        resources_running=2,
    )
    assert read.node("n3") is None
    assert {name: read.holders(name) for name in ("vip1", "vip2", "haproxy", "vip9")} == {
        "vip1": ("n1",),
        "vip2": ("n2",),
        "haproxy": ("n1", "n2"),
        "vip9": (),
    }
    haproxy = read.resource("haproxy")
    assert haproxy is not None
    assert (haproxy.agent, haproxy.clone, haproxy.group) == ("systemd:haproxy", "haproxy-clone", None)
    assert (read.failures, read.fail_counts, read.bans, read.fence_events) == ((), (), (), ())


def test_what_a_node_that_is_lost_and_unfenced_is_shown_to_hold_is_held_by_nobody_for_sure(recorded: Recorded) -> None:
    read = status(recorded("by-hand/debian12/n2-unclean/crm_mon.n1"))

    vip2 = read.resource("vip2")
    assert vip2 is not None
    assert (vip2.role, vip2.active, vip2.nodes, vip2.cached) == ("Started", True, ("n2",), False)
    n2 = read.node("n2")
    assert n2 is not None
    assert (n2.online, n2.unclean, n2.expected_up) == (False, True, True)
    assert read.holders("vip2") == ()
    assert read.holders("vip1") == ("n1",)


@pytest.mark.parametrize(
    ("situation", "expected_up"), [("n2-lost-without-fencing", True), ("n2-stopped-in-standby", False)]
)
def test_a_loss_was_not_expected_and_a_clean_stop_was(recorded: Recorded, situation: str, expected_up: bool) -> None:  # noqa: FBT001
    n2 = status(recorded(f"by-hand/debian12/{situation}/crm_mon.n1")).node("n2")
    assert n2 is not None
    assert (n2.online, n2.unclean, n2.expected_up) == (False, False, expected_up)


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_each_start_is_told_from_every_other(recorded: Recorded, debian: int) -> None:
    before, later = (
        status(recorded(f"debian{debian}/{situation}/crm_mon.n1")) for situation in ("healthy", "n2-stopped")
    )
    assert {("haproxy", "n1"), ("haproxy", "n2"), ("vip1", "n1"), ("vip2", "n2")} <= before.starts.keys()
    # vip1 left n1 with its node's standby in between, and was started there again
    assert before.starts["vip1", "n1"] != later.starts["vip1", "n1"]
    assert ("vip2", "n2") not in later.starts


def test_a_start_that_failed_everywhere(recorded: Recorded) -> None:
    read = status(recorded("by-hand/debian12/haproxy-start-failed/crm_mon.n1"))

    assert read.fail_counts == (FailCount("haproxy", "n1", INFINITY), FailCount("haproxy", "n2", INFINITY))
    assert read.failures[0] == Failure(
        resource="haproxy",
        operation="haproxy_start_0",
        node="n1",
        exit_status="error",
        reason="failed",
        when="2026-11-23 06:12:48Z",
        task="start",
    )
    assert read.holders("vip1") == ()
    assert [instance.nodes for instance in read.instances("haproxy")] == [(), ()]


def test_a_resource_whose_start_is_under_way_is_not_held_yet(recorded: Recorded) -> None:
    read = status(recorded("by-hand/debian12/haproxy-killed/crm_mon.n1"))
    vip1 = read.resource("vip1")
    assert vip1 is not None
    assert (vip1.role, vip1.active, vip1.nodes) == ("Starting", True, ("n1",))
    assert read.holders("vip1") == ()


def test_a_disabled_resource_is_stopped_and_a_ban_is_listed(recorded: Recorded) -> None:
    vip2 = status(recorded("by-hand/debian12/vip2-disabled/crm_mon.n1")).resource("vip2")
    assert vip2 is not None
    assert (vip2.role, vip2.active) == ("Stopped", False)
    banned = status(recorded("by-hand/debian12/vip2-banned/crm_mon.n1"))
    assert banned.bans == (Ban("cli-ban-vip2-on-n1", "vip2", "n1", -INFINITY),)


def test_standby_and_maintenance(recorded: Recorded) -> None:
    standby = status(recorded("by-hand/debian12/n1-standby/crm_mon.n1"))
    assert [(node.name, node.standby) for node in standby.nodes] == [("n1", True), ("n2", False)]
    assert standby.holders("vip1") == ("n2",)
    maintenance = status(recorded("by-hand/debian12/n1-maintenance/crm_mon.n1"))
    assert not maintenance.maintenance
    assert [(node.name, node.maintenance) for node in maintenance.nodes] == [("n1", True), ("n2", False)]
    assert {(one.nodes, one.managed) for one in maintenance.resources} == {(("n1",), False), (("n2",), True)}


@pytest.mark.parametrize(("debian", "completed"), [(11, "2026-11-23 07:07:16Z"), (13, "2026-11-23 07:07:17.270087Z")])
def test_fencing_that_was_done(recorded: Recorded, debian: int, completed: str) -> None:
    read = status(recorded(f"by-hand/debian{debian}/n2-fenced/crm_mon.n1"))
    assert read.fence_events == (FenceEvent("reboot", "n2", "success", completed),)
    assert read.fencing_enabled
    assert read.holders("vip2") == ("n1",)


@GENERATIONS
def test_every_kind_of_resource(recorded: Recorded, debian: int) -> None:
    read = status(recorded(f"by-hand/debian{debian}/many-kinds/crm_mon.n1"))

    assert [(one.id, one.role, one.clone, one.group) for one in read.resources] == [
        ("vip3", "Stopped", None, None),
        ("approval", "Started", None, None),
        ("haproxy", "Started", "haproxy-clone", None),
        ("haproxy", "Stopped", "haproxy-clone", None),
        ("vip1", "Started", None, None),
        ("vip2", "Started", None, None),
        ("web1", "Stopped", None, "web"),
        ("web2", "Stopped", None, "web"),
        ("inner", "Started", "many-clone", "many"),
        ("inner", "Stopped", "many-clone", "many"),
        ("db", "Promoted", "db-clone", None),
        ("db", "Stopped", "db-clone", None),
        ("boxes-docker-0", "Stopped", "boxes", None),
        ("boxes-docker-1", "Stopped", "boxes", None),
        ("gone", "Started", None, None),
    ]
    assert {one.agent for one in read.resources if one.id.startswith("vip")} == {"ocf:heartbeat:IPaddr2"}
    assert [one.id for one in read.resources if one.orphaned] == ["gone"]
    assert read.holders("db") == ("n1",)
    assert (read.maintenance, read.no_quorum_policy) == (True, "freeze")
    assert read.fail_counts == (FailCount("web1", "n1", INFINITY), FailCount("vip1", "n1", 2))


@GENERATIONS
def test_a_closed_gate_is_listed_among_the_bans_by_the_id_of_its_rule(recorded: Recorded, debian: int) -> None:
    read = status(recorded(f"by-hand/debian{debian}/many-kinds/crm_mon.n1"))
    assert set(read.bans) == {
        Ban("location-web.-n2--5", "web", "n2", -5),
        Ban("cli-ban-vip1-on-n2", "vip1", "n2", -INFINITY),
        Ban("gate-vip1", "vip1", "n2", -INFINITY),
    }


@GENERATIONS
def test_the_legacy_root_says_the_same(recorded: Recorded, debian: int) -> None:
    assert crm_mon.parse(recorded(f"by-hand/debian{debian}/many-kinds/crm_mon-legacy.n1")) == crm_mon.parse(
        recorded(f"by-hand/debian{debian}/many-kinds/crm_mon.n1")
    )


@GENERATIONS
def test_without_quorum_and_without_a_dc(recorded: Recorded, debian: int) -> None:
    assert not status(recorded(f"by-hand/debian{debian}/no-quorum/crm_mon.n1")).quorate
    leaderless = status(recorded(f"by-hand/debian{debian}/no-dc/crm_mon.n1"))
    assert (leaderless.dc, leaderless.version, leaderless.quorate) == (None, "", False)


@GENERATIONS
def test_no_daemon_is_an_answer(recorded: Recorded, debian: int) -> None:
    read = crm_mon.parse(recorded(f"by-hand/debian{debian}/never-started/crm_mon.n1"))
    assert isinstance(read, NotRunning)
    assert "crm_mon: " in read.why


def test_no_daemon_is_an_answer_in_plain_words_too(said: Callable[..., Completed]) -> None:
    words = "crm_mon: Connection to cluster failed: Connection refused"
    assert crm_mon.parse(said(crm_mon.FACT, status=102, stderr=words)) == NotRunning(words)


@pytest.mark.parametrize(
    ("exit_status", "stderr"),
    [(127, "sh: 1: crm_mon: not found"), (1, "sudo: crm_mon: command not found")],
)
def test_no_tool_is_an_answer(said: Callable[..., Completed], exit_status: int, stderr: str) -> None:
    absent = crm_mon.parse(said(crm_mon.FACT, status=exit_status, stderr=stderr))
    assert absent == NotRunning("crm_mon is not installed")


@pytest.mark.parametrize(
    ("stdout", "exit_status", "stderr", "told"),
    [
        ("", 1, "sudo: a password is required", "a password is required"),
        ("", 0, "", "nothing was printed"),
        ('<pacemaker-result><status code="4" message="Denied"/></pacemaker-result>', 0, "", "Denied"),
        ("<html/>", 0, "", "its root is <html>"),
        ("<pacemaker-result", 0, "", "not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><pacemaker-result>&b;</pacemaker-result>', 0, "", "not XML"),
    ],
)
def test_anything_else_is_unreadable(
    said: Callable[..., Completed], stdout: str, exit_status: int, stderr: str, told: str
) -> None:
    with pytest.raises(UnreadableOutput, match=re.escape(told)):
        crm_mon.parse(said(crm_mon.FACT, stdout, exit_status, stderr))


def test_the_spellings_to_come_go_before_those_to_go(recorded: Recorded) -> None:
    done = recorded("by-hand/debian13/n2-fenced/crm_mon.n1")
    assert status(changed(done, 'stonith-enabled="true"', 'fencing-enabled="true"')).fencing_enabled
    both = changed(done, 'stonith-enabled="true"', 'fencing-enabled="false" stonith-enabled="true"')
    assert not status(both).fencing_enabled
    assert status(changed(done, 'orphaned="false"', 'removed="true"')).resources[0].orphaned


def test_what_pacemakerd_is_doing_stands_in_one_of_two_places_or_nowhere(recorded: Recorded) -> None:
    assert status(recorded("by-hand/debian13/n2-fenced/crm_mon.n1")).daemon_state == "running"
    assert status(recorded("by-hand/debian11/n2-fenced/crm_mon.n1")).daemon_state == ""
    done = changed(recorded("by-hand/debian12/healthy/crm_mon.n1"), 'state="running"', 'state="shutting_down"')
    assert status(done).daemon_state == "shutting_down"


def test_a_blocked_resource(recorded: Recorded) -> None:
    done = recorded("by-hand/debian13/n2-fenced/crm_mon.n1")
    assert not status(done).resources[0].blocked
    assert status(changed(done, 'blocked="false"', 'blocked="true"')).resources[0].blocked
    assert not status(changed(done, 'blocked="false"', "")).resources[0].blocked


def test_what_is_new_is_ignored(recorded: Recorded) -> None:
    done = recorded("by-hand/debian13/n2-fenced/crm_mon.n1")
    newer = changed(
        changed(done, "<summary>", '<news/><summary mood="good">'), '<node name="n1"', '<node name="n1" x="y"'
    )
    assert crm_mon.parse(newer) == crm_mon.parse(done)


NEEDED = {
    "current_dc": ("present", "with_quorum"),
    "cluster_options": ("stonith-enabled", "maintenance-mode", "no-quorum-policy"),
    "node": ("online", "standby", "unclean", "pending", "shutdown", "expected_up", "is_dc", "resources_running"),
    "resource": ("resource_agent", "role", "active", "orphaned", "cached"),
    "failure": ("op_key", "exitstatus"),
    "ban": ("weight",),
}
FREE_TEXT = {"no-quorum-policy", "resource_agent", "role", "op_key", "exitstatus"}


@pytest.mark.parametrize("attribute", [attribute for attributes in NEEDED.values() for attribute in attributes])
def test_what_a_record_needs_and_is_missing_makes_it_unreadable(recorded: Recorded, attribute: str) -> None:
    done = recorded("by-hand/debian12/vip2-banned/crm_mon.n1")
    with pytest.raises(UnreadableOutput, match=f"has no .*{attribute}"):
        crm_mon.parse(changed(done, f' {attribute}="[^"]*"', ""))
    if attribute not in FREE_TEXT:
        with pytest.raises(UnreadableOutput):
            crm_mon.parse(changed(done, f' {attribute}="[^"]*"', f' {attribute}="perhaps"'))


@pytest.mark.parametrize("element", ["current_dc", "cluster_options"])
def test_a_missing_part_makes_it_unreadable(recorded: Recorded, element: str) -> None:
    done = recorded("by-hand/debian12/healthy/crm_mon.n1")
    with pytest.raises(UnreadableOutput, match=f"no <{element}>"):
        crm_mon.parse(changed(done, f"<{element} [^>]*/>", ""))


def test_a_failure_knows_its_resource_and_task_from_its_key_alone(recorded: Recorded) -> None:
    done = recorded("by-hand/debian12/vip2-banned/crm_mon.n1")
    older = changed(done, 'op_key="[^"]*"', 'id="my_own_vip_monitor_10000"')
    (failure,) = status(changed(older, 'interval="10000" task="monitor"/>', "/>")).failures
    assert (failure.resource, failure.task) == ("my_own_vip", "monitor")
