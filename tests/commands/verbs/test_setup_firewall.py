"""Setup and firewalls: it opens the ones of the nodes, and tells of those it cannot open."""

from __future__ import annotations

from dataclasses import replace

from commands.facts.fact import Known
from commands.facts.firewall import Firewall
from commands.facts.reach import Reach
from commands.plan import Plan, Refusal
from commands.verbs.setup.verb import decide
from tests.commands.verbs.setting_up import (
    NAMES,
    REQUEST,
    bare,
    both,
    finished,
    ids,
    reasons,
    snapshot,
    units,
    unreachable,
)


def test_an_active_firewall_is_opened_for_the_cluster_and_for_what_haproxy_binds() -> None:
    decision = decide(REQUEST, both(firewall=Known(Firewall(active=True, services=frozenset({"ssh"})))))
    assert isinstance(decision, Plan)
    shown = [
        c.shown() for step in decision.steps if step.id == "firewall" for lane in step.lanes for c in lane.commands
    ]
    assert shown[:3] == [
        "firewall-cmd --permanent --add-service=high-availability",
        "firewall-cmd --permanent --add-port=80/tcp",
        "firewall-cmd --reload",
    ]


def test_a_peer_that_is_down_is_not_blamed_on_the_network() -> None:
    lonely = replace(bare("n1"), peer_ports=Known(Reach({("n2", 2224): "filtered"})))
    told = reasons(decide(REQUEST, snapshot(lonely, unreachable("n2"))))
    assert "no answer within 5 s" in told
    assert "drops the packets" not in told


def test_a_port_that_the_plan_opens_is_told_apart_from_one_that_something_else_closes() -> None:
    cannot = Known(Reach({("n2", 2224): "filtered"}))
    asking = replace(bare("n1"), peer_ports=cannot)
    shut = Known(Firewall(active=True, services=frozenset({"ssh"})))
    assert "firewall" in ids(decide(REQUEST, snapshot(asking, replace(bare("n2"), firewall=shut))))
    service = frozenset({"ssh", "high-availability"})
    lets_in = Known(Firewall(active=True, services=service, permanent_services=service))
    assert "cannot reach port 2224 of n2: something between them drops the packets" in reasons(
        decide(REQUEST, snapshot(asking, replace(bare("n2"), firewall=lets_in)))
    )


def test_a_port_that_is_refused_though_pcsd_runs_is_told_before_anything_is_done() -> None:
    asking = replace(bare("n1"), peer_ports=Known(Reach({("n2", 2224): "refused"})))
    peer = replace(bare("n2"), units=units(pcsd=True))
    refusal = decide(REQUEST, snapshot(asking, peer))
    assert "port 2224 of n2 refuses it, though pcsd runs there" in reasons(refusal)
    assert isinstance(refusal, Refusal)
    (told,) = refusal.reasons
    assert "PCSD_BIND_ADDR" in told.remedy
    assert "allow tcp 2224" in told.remedy
    resting = replace(peer, units=units())
    assert "pcsd" in ids(decide(REQUEST, snapshot(asking, resting))), "what does not run yet is started"
    shut = Known(Firewall(active=True, services=frozenset({"ssh"})))
    assert "firewall" in ids(decide(REQUEST, snapshot(asking, replace(peer, firewall=shut)))), "the plan opens it"


def test_a_firewall_that_forgets_or_has_not_loaded_a_rule_yet_is_opened_again() -> None:
    service, port = frozenset({"high-availability"}), frozenset({"80/tcp"})
    open_now = Firewall(active=True, services=service, ports=port)
    for wall in (
        open_now,
        replace(open_now, services=frozenset(), ports=frozenset(), permanent_services=service, permanent_ports=port),
    ):
        decision = decide(REQUEST, snapshot(*(replace(finished(n), firewall=Known(wall)) for n in NAMES)))
        assert ids(decision) == ["firewall", "serving"]
        assert isinstance(decision, Plan)
        assert "firewall" in decision.steps[-1].after, "what is closed yet is not asked for"
    whole = replace(open_now, permanent_services=service, permanent_ports=port)
    decision = decide(REQUEST, snapshot(*(replace(finished(n), firewall=Known(whole)) for n in NAMES)))
    assert isinstance(decision, Plan)
    assert decision.steps == ()
