"""Floating IPs, resources, HAProxy and its servers: what happened and what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.condition import Condition, Topic, unsettled
from commands.events import Event, Kind, diff
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus, FailCount, Failure
from commands.facts.fact import Known, NotRunning, Unknown
from commands.facts.haproxy_stat import ProxyServer, ProxyStatus
from commands.facts.host import Addresses
from commands.snapshot import Snapshot
from commands.troubles import Severity, What, causes, momentary, troubles

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]

REFUSED: Known[Any] = Known(NotRunning("nobody listens on /run/haproxy/admin.sock"))


def _keys(known: Condition) -> list[str]:
    return [trouble.key for trouble in troubles(known)]


def _only(events: tuple[Event, ...], kind: Kind) -> Event:
    (event,) = (one for one in events if one.kind is kind)
    return event


def _addresses(snapshot: Snapshot, name: str) -> Addresses:
    (held,) = (told for node, told in snapshot.known("addresses") if node.node.name == name)
    assert isinstance(held, Addresses)
    return held


def _status(snapshot: Snapshot) -> ClusterStatus:
    status = next(told for _, told in snapshot.running("status"))
    assert isinstance(status, ClusterStatus)
    return status


def _taken_off(snapshot: Snapshot, name: str, reading: Alter, vip: str) -> Snapshot:
    """Return the snapshot with a floating IP removed by hand from the node that holds it."""
    interfaces = tuple(
        replace(one, addresses=tuple(held for held in one.addresses if held.address != vip))
        for one in _addresses(snapshot, name).interfaces
    )
    return reading(snapshot, name, addresses=Known(Addresses(interfaces)))


def _moved(snapshot: Snapshot, reading: Alter, altered: Alter) -> Snapshot:
    """Return the snapshot with vip2 on n1 beside vip1, and Pacemaker knowing it."""
    both = (*_addresses(snapshot, "n1").interfaces, *_addresses(snapshot, "n2").interfaces)
    snapshot = _taken_off(snapshot, "n2", reading, "10.213.2.102")
    resources = tuple(replace(one, nodes=("n1",)) if one.id == "vip2" else one for one in _status(snapshot).resources)
    return altered(reading(snapshot, "n1", addresses=Known(Addresses(both))), None, "status", resources=resources)


def test_a_floating_ip_that_moved_names_both_nodes(
    situation: SituationOf, known: KnownAfter, reading: Alter, altered: Alter
) -> None:
    healthy = situation("healthy")
    events = diff(known(healthy), known(healthy, _moved(healthy, reading, altered)))
    (event,) = events
    assert (event.kind, event.subject, event.nodes, event.witnesses) == (
        Kind.VIP_MOVED,
        "vip2",
        ("n2", "n1"),
        ("n1",),
    )
    assert _keys(known(healthy, _moved(healthy, reading, altered))) == []


def test_a_floating_ip_removed_by_hand_is_on_no_node_until_pacemaker_mends_it(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    healthy = situation("healthy")
    removed = _taken_off(healthy, "n1", reading, "10.213.2.101")
    lost = _only(diff(known(healthy), known(healthy, removed)), Kind.VIP_LOST)
    assert (lost.subject, lost.nodes, lost.witnesses) == ("vip1", ("n1",), ("n1", "n2"))
    ((root, _),) = causes(troubles(known(healthy, removed)))
    assert (root.key, root.severity, root.nodes) == ("VipNowhere:vip1", Severity.SERVICE, ("n1",))
    back = _only(diff(known(healthy, removed), known(healthy, removed, healthy)), Kind.VIP_SERVED)
    assert back.witnesses == ("n1",)


def test_a_floating_ip_that_is_just_moving_is_looked_at_again(
    situation: SituationOf, known: KnownAfter, reading: Alter, altered: Alter
) -> None:
    healthy = situation("healthy")
    resources = tuple(
        replace(one, role="Stopping", pending="Stopping") if one.id == "vip1" else one
        for one in _status(healthy).resources
    )
    moving = altered(_taken_off(healthy, "n1", reading, "10.213.2.101"), None, "status", resources=resources)
    assert diff(known(healthy), known(healthy, moving)) == ()
    assert _keys(known(healthy, moving, moving)) == ["VipNowhere:vip1"]


def test_a_floating_ip_on_two_nodes_is_told_at_the_second_look(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    healthy = situation("healthy")
    both = Known(Addresses((*_addresses(healthy, "n1").interfaces, *_addresses(healthy, "n2").interfaces)))
    doubled = reading(healthy, "n1", addresses=both)
    first, second = known(healthy, doubled), known(healthy, doubled, doubled)
    assert diff(known(healthy), first) == ()
    event = _only(diff(first, second), Kind.VIP_DOUBLED)
    assert (event.subject, event.nodes, event.witnesses) == ("vip2", ("n1", "n2"), ("n1", "n2"))
    (trouble,) = troubles(second)
    assert (trouble.key, trouble.severity) == ("VipDoubled:vip2", Severity.SERVICE)
    back = _only(diff(second, known(healthy, doubled, doubled, healthy)), Kind.VIP_SERVED)
    assert "alone again" in back.text


def test_a_split_without_gates_explains_the_floating_ips_on_both_sides(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    split = situation("split")
    everything = Known(Addresses((*_addresses(split, "n1").interfaces, *_addresses(split, "n2").interfaces)))
    ungated = reading(reading(split, "n1", addresses=everything), "n2", addresses=everything)
    ((root, group),) = causes(troubles(known("healthy", ungated, ungated)))
    assert root.key == "ViewsDiffer:web"
    assert {"VipDoubled:vip1", "VipDoubled:vip2", "LinkDown:n1/n2/0"} <= {one.key for one in group}
    assert max(one.severity for one in group) is Severity.SERVICE


def test_a_failover_that_waits_ends_with_the_command_to_type(known: KnownAfter) -> None:
    waiting = next(one for one in troubles(known("healthy", "n2-lost")) if one.what is What.VIP_WAITING)
    assert waiting.remedy == "failover vip2 --to n1 web"
    assert waiting.nodes == ("n2",), "the home that cannot run it, by which it is grouped"


def test_without_gates_a_floating_ip_is_not_called_lost_while_the_lost_node_may_hold_it(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    """Corosync has just dropped n2; Pacemaker has not drawn its conclusion, and n2 does not answer."""
    stale = altered(situation("n2-lost"), "n1", "status", resources=_status(situation("healthy")).resources)
    online = tuple(replace(one, online=True) for one in _status(situation("healthy")).nodes)
    stale = altered(stale, "n1", "status", nodes=online)
    after = known("healthy", stale)
    kinds = {event.kind for event in diff(known("healthy"), after)}
    assert Kind.MEMBER_LEFT in kinds
    assert Kind.VIP_LOST not in kinds
    assert (after.word(Topic.VIP, "vip2"), after.states[Topic.VIP, "vip2"].known) == ("served", False)


def test_a_floating_ip_that_somebody_switched_off_is_a_warning(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    banned = situation("vip1-banned")
    (cib, *_) = (told for _, told in banned.running("cib"))
    assert isinstance(cib, Cib)
    off = altered(
        banned,
        None,
        "cib",
        primitives=tuple(
            replace(one, meta={"target-role": "Stopped"}) if one.id == "vip1" else one for one in cib.primitives
        ),
    )
    (trouble,) = troubles(known("healthy", off))
    assert (trouble.key, trouble.severity) == ("ResourceStopped:vip1", Severity.WARNING)
    assert "switched off" in trouble.text
    assert _only(diff(known("healthy"), known("healthy", off)), Kind.RESOURCE_STOPPED).subject == "vip1"


def test_a_declared_address_that_is_not_configured_is_nobodys_loss(known: KnownAfter) -> None:
    assert known("empty").of(Topic.VIP) == {}


def test_haproxy_killed_is_told_before_pacemaker_notices(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    healthy = situation("healthy")
    killed = reading(healthy, "n2", haproxy=REFUSED)
    (down,) = diff(known(healthy), known(healthy, killed))
    assert (down.kind, down.subject, down.witnesses) == (Kind.PROXY_DOWN, "n2", ("n2",))
    assert _keys(known(healthy, killed)) == ["ProxyDown:n2"]
    failed = known(healthy, killed, situation("haproxy-failed-start"))
    ((root, group),) = causes(troubles(failed))
    assert root.key == "ProxyDown:n2", "it stays one cause while Pacemaker draws its conclusions"
    assert {"ResourceFailed:haproxy@n2", "VipWaiting:vip2"} <= {one.key for one in group}
    (up,) = diff(known(healthy, killed), known(healthy, killed, healthy))
    assert up.kind is Kind.PROXY_UP


@pytest.mark.parametrize("why", ["its configuration names no stats socket", "haproxy is not installed"])
def test_an_haproxy_that_cannot_be_asked_is_not_down(
    situation: SituationOf, known: KnownAfter, reading: Alter, why: str
) -> None:
    mute = reading(situation("healthy"), "n2", haproxy=Known(NotRunning(why)))
    assert diff(known("healthy"), known("healthy", mute)) == ()
    assert _keys(known("healthy", mute)) == []


def test_no_haproxy_is_expected_on_a_node_in_standby(known: KnownAfter) -> None:
    assert "n1" not in known("healthy", "n1-standby").of(Topic.PROXY)


def _failed(snapshot: Snapshot, altered: Alter, resource: str, when: str) -> Snapshot:
    failure = Failure(resource, f"{resource}_monitor_5000", "n2", "not running", "", when, "monitor")
    return altered(snapshot, None, "status", failures=(failure,), fail_counts=(FailCount(resource, "n2", 1),))


def test_a_failure_that_pacemaker_mended_between_two_looks_is_momentary(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    mended = _failed(healthy, altered, "haproxy", "2026-11-23 10:00:00Z")
    (event,) = diff(known(healthy), known(healthy, mended))
    assert (event.kind, event.subject, event.over) == (Kind.RESOURCE_FAILED, "haproxy@n2", True)
    assert "monitor failed on n2 (not running), at 2026-11-23 10:00:00 UTC" in event.text
    trouble = momentary(event)
    assert trouble is not None
    assert (trouble.key, trouble.severity) == ("ResourceFailed:haproxy@n2", Severity.WARNING)
    assert _keys(known(healthy, mended)) == []
    assert diff(known(healthy, mended), known(healthy, mended, healthy)) == (), "cleaning up is no event"
    newer = _failed(healthy, altered, "haproxy", "2026-11-23 11:00:00Z")
    assert diff(known(healthy, newer), known(healthy, newer, mended)) == ()


def test_a_failure_that_was_seen_while_it_lasted_is_not_momentary_as_well(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    healthy = situation("healthy")
    mended = _failed(healthy, altered, "haproxy", "2026-11-23 10:00:00Z")
    killed = reading(healthy, "n2", haproxy=REFUSED)
    event = _only(diff(known(healthy, killed), known(healthy, killed, mended)), Kind.RESOURCE_FAILED)
    assert momentary(event) is None


def test_the_text_of_a_failed_resource_has_no_time_in_it(known: KnownAfter) -> None:
    (failed,) = (one for one in troubles(known("haproxy-failed-start")) if one.what is What.RESOURCE_FAILED)
    assert failed.text == "`haproxy` on n2 has failed: start failed on n2 (error: failed)"


def test_a_resource_of_another_kind_that_stops_costs_the_service(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    fenced = situation("fence-device")
    status = _status(fenced)
    named = tuple(
        replace(one, id="app", agent="ocf:x:app") if one.id == "fence-n2" else one for one in status.resources
    )
    stopped = tuple(replace(one, active=False, role="Stopped", nodes=()) if one.id == "app" else one for one in named)
    before = altered(fenced, None, "status", resources=named)
    after = altered(fenced, None, "status", resources=stopped)
    (event,) = diff(known(before), known(before, after))
    assert (event.kind, event.nodes, event.witnesses) == (Kind.RESOURCE_STOPPED, ("n1",), ("n1", "n2"))
    (trouble,) = troubles(known(before, after))
    assert (trouble.key, trouble.severity) == ("ResourceStopped:app", Severity.SERVICE)


def test_a_fence_device_that_stops_costs_redundancy_only(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    fenced = situation("fence-device")
    stopped = tuple(
        replace(one, active=False, role="Stopped", nodes=()) if one.id == "fence-n2" else one
        for one in _status(fenced).resources
    )
    (trouble,) = troubles(known(fenced, altered(fenced, None, "status", resources=stopped)))
    assert (trouble.key, trouble.severity) == ("ResourceStopped:fence-n2", Severity.REDUNDANCY)


def test_an_instance_about_to_start_on_a_node_that_came_back_is_no_trouble(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    starting = tuple(
        replace(one, active=False, role="Stopped", nodes=()) if one.nodes == ("n2",) and one.clone else one
        for one in _status(healthy).resources
    )
    coming = altered(healthy, None, "status", resources=starting)
    assert "ResourceStopped:haproxy@n2" not in _keys(known("healthy", "n2-lost", coming))
    first = known("healthy", coming)
    assert "ResourceStopped:haproxy@n2" not in _keys(first), "Pacemaker may just have forgotten that it runs"
    assert unsettled(known("healthy"), first)
    again = _keys(known("healthy", coming, coming))
    assert "ResourceStopped:haproxy@n2" in again, "where it ran a moment ago, it is one"


def _servers(**words: str) -> Known[ProxyStatus]:
    servers = tuple(
        ProxyServer("app", name, word, up=word.startswith("UP"), check="L4CON") for name, word in words.items()
    )
    return Known(ProxyStatus("2.6", 1, 0, (), servers))


def test_a_server_down_is_told_once_for_all_that_see_it(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    healthy = situation("healthy")
    down = healthy
    for name, word in (("n1", "DOWN"), ("n2", "DOWN 1/2")):
        down = reading(down, name, haproxy=_servers(web1=word, web2="UP"))
    (event,) = diff(known(healthy), known(healthy, down))
    assert (event.kind, event.subject, event.witnesses) == (Kind.SERVER_DOWN, "app/web1", ("n1", "n2"))
    (trouble,) = troubles(known(healthy, down))
    assert (trouble.key, trouble.severity) == ("ServerDown:app", Severity.REDUNDANCY)
    assert "1 of its 2 servers down, as HAProxy on n1 and n2 see it: web1" in trouble.text
    (up,) = diff(known(healthy, down), known(healthy, down, healthy))
    assert (up.kind, up.subject) == (Kind.SERVER_UP, "app/web1")


def test_a_backend_without_any_server_costs_the_service(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    dry = reading(situation("healthy"), "n2", haproxy=_servers(web1="DOWN", web2="MAINT"))
    (trouble,) = troubles(known("healthy", dry))
    assert (trouble.severity, trouble.witnesses) == (Severity.SERVICE, ("n2",))
    assert "no server up" in trouble.text


def test_a_server_taken_out_by_somebody_is_no_trouble(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    drained = reading(situation("healthy"), "n1", haproxy=_servers(web1="MAINT", web2="DRAIN"))
    assert diff(known("healthy"), known("healthy", drained)) == ()
    assert _keys(known("healthy", drained)) == []


def test_without_the_configuration_no_resource_is_called_stopped(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    healthy = situation("healthy")
    stopped = tuple(replace(one, active=False, role="Stopped", nodes=()) for one in _status(healthy).resources)
    mute = altered(healthy, None, "status", resources=stopped)
    for name in ("n1", "n2"):
        mute = reading(mute, name, cib=Unknown("timed out"))
    assert {event.kind for event in diff(known(healthy), known(healthy, mute))} == set()
