"""Setup and firewalls: it opens the ones of the nodes, and tells of those it cannot open."""

from __future__ import annotations

from dataclasses import replace

from commands.facts.fact import Known
from commands.facts.firewall import Firewall
from commands.facts.reach import Reach
from commands.plan import Plan
from commands.verbs.setup.verb import decide
from tests.commands.verbs.setting_up import REQUEST, bare, both, reasons, snapshot, unreachable


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
