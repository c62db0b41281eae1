"""Floating IPs: by the nodes' own word, by Pacemaker's, and by what keeps them waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from commands.checks.floating_ips import FloatingIp, floating_ips
from commands.facts.fact import Known, Unknown
from commands.facts.host import Addresses
from commands.gates import AWAY, OPEN
from commands.report import Finding, Level
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]
Altered = Callable[..., Snapshot]


def ip(snapshot: Snapshot, name: str) -> FloatingIp:
    return next(one for one in floating_ips(snapshot) if one.id == name)


def test_each_layer_is_told_apart(situation: SituationOf) -> None:
    vip2 = ip(situation("healthy"), "vip2")
    assert vip2.holders == (("n2", "eth0"),)
    assert vip2.believed == frozenset({"n2"})
    assert vip2.gate is not None
    assert (vip2.gate.home, vip2.gate.opened_on, vip2.state) == ("n2", (), "served")


def test_the_floating_ip_of_a_lost_node_waits_with_the_exact_command(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-lost"), "vip2", "waits at its gate", level=Level.CRITICAL)
    assert finding.remedy == "`/hacluster failover vip2 --to n1 web`"
    assert "whether n2 still holds it is not known" in finding.text


def test_the_floating_ip_of_a_node_in_standby_waits_too(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n1-standby"), "vip1", "waits at its gate")
    assert "--to n2" in finding.remedy
    assert "not known" not in finding.text


def test_it_waits_where_haproxy_cannot_start_at_its_home(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("haproxy-failed-start"), "vip2", "waits at its gate")
    assert "--to n1" in finding.remedy


def test_an_approval_in_force_is_told_with_the_home(situation: SituationOf, told: Told) -> None:
    vip2 = ip(situation("n2-lost-failover-approved"), "vip2")
    assert vip2.gate is not None
    assert (vip2.nodes, vip2.gate.opened_on) == (("n1",), ("n1",))
    (finding,) = told(situation("n2-lost-failover-approved"), "vip2", "by approval")
    assert (finding.level, finding.remedy) == (Level.INFO, "")


def test_failback_is_offered_once_the_home_is_fit(situation: SituationOf, altered: Altered, told: Told) -> None:
    moved = _on_n1(situation("healthy"), altered, {"n1": OPEN, "n2": AWAY})
    (finding,) = told(moved, "vip2", "by approval")
    assert finding.remedy.startswith("`/hacluster failback vip2 web`")
    assert not told(moved, "barred"), "its home waits for a person, as it should"


def test_a_home_that_came_back_and_is_not_barred_is_told(situation: SituationOf, altered: Altered, told: Told) -> None:
    """Its `away` went with its reboot. On a cut network its side would start what the other keeps."""
    back = _on_n1(situation("healthy"), altered, {"n1": OPEN})
    (finding,) = told(back, "n2 is not barred from `vip2`", "by itself if the network were cut", level=Level.WARNING)
    assert finding.remedy.startswith("`/hacluster failover vip2 --to n1 web` bars it")
    assert told(back, "vip2", "by approval"), "and that it waits for a failback, as ever"
    assert not told(situation("n2-lost-failover-approved"), "barred"), "who is not there takes nothing"


def _on_n1(snapshot: Snapshot, altered: Altered, said: dict[str, str]) -> Snapshot:
    """Let n1 hold vip2 of n2, with these words at its gate."""
    said_of = {node: {"hacluster-vip2": word} for node, word in said.items()}
    swapped = altered(snapshot, None, "cib", transient_attributes=said_of)
    one, two = (node.addresses for node in snapshot.nodes)
    assert isinstance(one, Known)
    assert isinstance(two, Known)
    moved = replace(
        swapped,
        nodes=(
            replace(swapped.nodes[0], addresses=Known(Addresses((*one.value.interfaces, *two.value.interfaces)))),
            replace(swapped.nodes[1], addresses=Known(Addresses(()))),
        ),
    )
    return altered(moved, None, "status", resources=_on(moved, "vip2", "n1"))


def _on(snapshot: Snapshot, resource: str, node: str) -> tuple[object, ...]:
    """Return n1's view of the resources with one of them elsewhere."""
    status = next(status for _, status in snapshot.running("status"))
    return tuple(replace(one, nodes=(node,)) if one.id == resource else one for one in status.resources)


def test_a_gate_left_open_is_told(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-back-before-failback"), "gate", "vip2", "open on n1")
    assert finding.level is Level.WARNING
    assert "failback vip2" in finding.remedy


def test_sent_away_from_home_it_waits_for_a_person(situation: SituationOf, altered: Altered, told: Told) -> None:
    away = altered(situation("n1-standby"), None, "cib", transient_attributes={"n1": {"hacluster-vip1": AWAY}})
    assert ip(away, "vip1").gate is not None
    assert told(away, "vip1", "waits at its gate")


def test_two_holders_are_critical_and_the_wrong_one_is_named(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    healthy = situation("healthy")
    both = [node.addresses for node in healthy.nodes]
    assert isinstance(both[0], Known)
    assert isinstance(both[1], Known)
    everything = (*both[0].value.interfaces, *both[1].value.interfaces)
    doubled = altered(healthy, "n1", "addresses", interfaces=everything)
    (finding,) = told(doubled, "vip2", "n1 and n2 at the same time", level=Level.CRITICAL)
    assert finding.remedy.count("on n1 `ip address del 10.213.2.102/24 dev eth0`") == 1
    assert "on n2" not in finding.remedy


def test_an_address_on_another_node_than_pacemaker_says_is_told(
    situation: SituationOf, altered: Altered, told: Told
) -> None:
    healthy = situation("healthy")
    wrong = altered(healthy, None, "status", resources=_on(healthy, "vip1", "n2"))
    assert told(wrong, "n1 holds `vip1`", "Pacemaker says it runs on n2", level=Level.WARNING)


def test_on_no_node_is_critical(situation: SituationOf, told: Told) -> None:
    assert told(situation("vip1-banned"), "vip1", "on no node", level=Level.CRITICAL)


def test_one_node_that_cannot_be_asked_makes_it_unknown_not_gone(
    situation: SituationOf, reading: Altered, told: Told
) -> None:
    silent = reading(situation("healthy"), "n2", addresses=Unknown("n2: connection timed out"))
    assert ip(silent, "vip2").state == "unknown"
    assert not told(silent, "vip2")


def test_behind_a_cut_network_both_sides_count(situation: SituationOf, told: Told) -> None:
    split = situation("split")
    assert [one.state for one in floating_ips(split)] == ["served", "served"]
    assert not told(split, "vip")


def test_on_an_unclean_node_it_is_frozen_and_no_failover_is_offered(situation: SituationOf, told: Told) -> None:
    (finding,) = told(situation("n2-lost-unclean"), "vip2", "frozen")
    assert finding.level is Level.CRITICAL
    assert "failover" not in finding.remedy


def test_declared_but_not_configured(situation: SituationOf, told: Told) -> None:
    found = told(situation("empty"), "declared as a floating IP", level=Level.WARNING)
    assert len(found) == 2
    assert "setup web" in found[0].remedy


def test_switched_off_is_a_warning(situation: SituationOf, altered: Altered, told: Told) -> None:
    standby = situation("n1-standby")
    cib = next(cib for _, cib in standby.running("cib"))
    primitives = tuple(replace(p, meta={"target-role": "Stopped"}) if p.id == "vip1" else p for p in cib.primitives)
    off = altered(standby, None, "cib", primitives=primitives)
    assert [finding.level for finding in told(off, "vip1")] == [Level.WARNING]
    assert told(off, "vip1", "switched off")
