"""Resources by Pacemaker's word, and HAProxy by its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.checks import findings
from commands.facts.crm_mon import FailCount, Failure
from commands.facts.fact import Known, NotRunning
from commands.facts.haproxy_stat import ProxyServer, ProxyStatus
from commands.report import Finding, Level
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]
Altered = Callable[..., Snapshot]


def resources(snapshot: Snapshot, name: str, **values: Any) -> tuple[Any, ...]:
    """Return the resources of the cluster's view with one of them changed."""
    status = next(status for _, status in snapshot.running("status"))
    return tuple(replace(one, **values) if one.id == name else one for one in status.resources)


def test_a_failure_is_told_with_when_why_and_what_follows(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("haproxy-failed-start"), "`haproxy` failed on n2 to start at 2026-")
    assert finding.level is Level.WARNING
    assert "UTC" in finding.text
    assert "kept away from there" in finding.text
    assert "`cleanup haproxy`" in finding.remedy


def test_repeated_failures_are_one_finding_with_their_count(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    failed = Failure("vip1", "vip1_monitor_5000", "n1", "not running", "", "2026-11-23 08:00:00Z", "monitor")
    later = replace(failed, when="2026-11-23 09:00:00Z")
    often = altered(
        situation("healthy"), None, "status", failures=(failed, later), fail_counts=(FailCount("vip1", "n1", 4),)
    )
    (finding,) = told(often, "`vip1` failed on n1")
    assert "09:00:00" in finding.text
    assert "4 times so far" in finding.text


def test_a_clone_that_is_missing_on_a_node_is_told(situation: SituationOf, told: Told) -> None:
    assert told(situation("haproxy-failed-start"), "`haproxy` does not run on n2", level=Level.WARNING)
    assert not told(situation("n1-standby"), "`haproxy`")


def test_maintenance_of_the_whole_cluster_is_told_once(situation: SituationOf) -> None:
    (finding,) = findings(situation("maintenance"))
    assert finding.level is Level.WARNING
    assert "whole cluster is in maintenance" in finding.text


@pytest.mark.parametrize(
    ("values", "words", "level"),
    [
        ({"managed": False}, "unmanaged on n1", Level.WARNING),
        ({"failed": True}, "`fence-n2` has failed on n1", Level.WARNING),
        ({"failed": True, "blocked": True}, "`fence-n2` is blocked on n1", Level.CRITICAL),
        ({"orphaned": True}, "no longer configured", Level.WARNING),
        ({"active": False, "role": "Stopped", "nodes": ()}, "`fence-n2` runs nowhere", Level.CRITICAL),
    ],
)
def test_states_of_a_resource(
    situation: SituationOf, altered: Altered, told: Told, values: dict[str, Any], words: str, level: Level
) -> None:
    before = situation("fence-device")
    (finding,) = told(altered(before, None, "status", resources=resources(before, "fence-n2", **values)), words)
    assert finding.level is level


def test_a_resource_somebody_disabled_is_no_trouble(situation: SituationOf, altered: Altered, told: Told) -> None:
    before = situation("fence-device")
    cib = next(cib for _, cib in before.running("cib"))
    off = tuple(replace(p, meta={"target-role": "Stopped"}) if p.id == "fence-n2" else p for p in cib.primitives)
    stopped = resources(before, "fence-n2", active=False, role="Stopped", nodes=())
    quiet = altered(altered(before, None, "status", resources=stopped), None, "cib", primitives=off)
    assert [finding.level for finding in told(quiet, "fence-n2")] == [Level.INFO]


def running(*servers: ProxyServer) -> Known[ProxyStatus]:
    return Known(ProxyStatus("2.6", 60, 0, (), servers))


UP = ProxyServer("app", "web1", "UP", up=True, check="L7OK")
DOWN = ProxyServer("app", "web2", "DOWN", up=False, check="L4CON")


def test_a_server_down_is_told_once_for_all_nodes_that_see_it(
    situation: SituationOf, reading: Altered, told: Told
) -> None:
    down = reading(situation("healthy"), "n1", haproxy=running(UP, DOWN))
    down = reading(down, "n2", haproxy=running(UP, replace(DOWN, status="DOWN 1/2")))
    (finding,) = told(down, "`app` has 1 of its 2 servers down", "n1 and n2 say")
    assert finding.level is Level.WARNING
    assert "web2 (DOWN, L4CON)" in finding.text


def test_a_proxy_with_no_server_left_is_critical(situation: SituationOf, reading: Altered, told: Told) -> None:
    assert told(
        reading(situation("healthy"), "n1", haproxy=running(DOWN)), "`app` has no server up", level=Level.CRITICAL
    )


def test_haproxy_that_should_run_and_does_not_answer_is_told(
    situation: SituationOf, reading: Altered, told: Told
) -> None:
    silent = reading(situation("healthy"), "n2", haproxy=Known(NotRunning("nobody listens on /run/haproxy/admin.sock")))
    (finding,) = told(silent, "HAProxy on n2 does not answer", "nobody listens")
    assert finding.level is Level.WARNING


def test_haproxy_that_has_not_read_its_file_is_told_with_the_way_to_reload_it(
    situation: SituationOf, reading: Altered, told: Told
) -> None:
    old = Known(replace(running(UP).value, uptime_s=3600, config_age_s=60))
    (finding,) = told(
        reading(situation("healthy"), "n2", haproxy=old), "HAProxy on n2 runs with an older configuration"
    )
    assert "systemctl reload haproxy" in finding.remedy


@pytest.mark.parametrize("name", ["n1-standby", "stopped", "haproxy-failed-start"])
def test_haproxy_that_pacemaker_does_not_run_is_not_expected_to_answer(
    situation: SituationOf, told: Told, name: str
) -> None:
    assert not told(situation(name), "does not answer:")
