"""`maintenance`: hands off and back on, and what Pacemaker would find; decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.errors import UsageError
from commands.facts.cib_resources import Primitive
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.facts.host import Addresses
from commands.report import Level
from commands.snapshot import NodeSnapshot, Snapshot
from tests.commands.verbs.deciding import each, lacking, lines, nothing, planned, refused, said, with_cib, with_status

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


@GENERATIONS
def test_hands_off_says_that_nothing_fails_over(situation: SituationOf, debian: int) -> None:
    plan = planned("maintenance on", situation("healthy", debian))
    assert [line.partition(": ")[2] for line in lines(plan)] == ["pcs property set maintenance-mode=true"]
    assert plan.risks[0].level is Level.WARNING
    assert "no failover" in plan.risks[0].text
    assert "`standby NODE`" in said(plan), "the difference is shown"
    assert lacking(plan, "maintenance", situation("healthy", debian)) == ("`web` is not in maintenance",)
    assert lacking(plan, "maintenance", situation("maintenance", debian)) == ()
    assert "already" in nothing("maintenance on", situation("maintenance", debian))
    assert "not in maintenance" in nothing("maintenance off", situation("healthy", debian))


@GENERATIONS
def test_before_it_acts_again_pacemaker_looks(situation: SituationOf, debian: int) -> None:
    plan = planned("maintenance off", situation("maintenance", debian))
    assert [line.partition(": ")[2] for line in lines(plan)] == [
        "crm_resource --refresh",
        "crm_resource --wait --timeout=30",
        "pcs property set maintenance-mode=false",
    ]
    assert plan.steps[1].after == ("look",)
    assert lacking(plan, "look", situation("maintenance", debian)) == ()
    assert "nothing is seen to have changed" in said(plan)


def test_the_address_of_a_power_switch_is_none_of_the_clusters(situation: SituationOf) -> None:
    power = {"ip": "10.0.0.9", "pcmk_host_list": "n1"}
    device = Primitive("fence-n1", "stonith", "", "fence_ipmilan", power)

    def running(status: ClusterStatus) -> ClusterStatus:
        (vip,) = status.instances("vip1")
        return replace(status, resources=(*status.resources, replace(vip, id=device.id)))

    plain = situation("maintenance")
    fenced = with_cib(with_status(plain, running), lambda cib: replace(cib, primitives=(*cib.primitives, device)))
    plan = planned("maintenance off", fenced)
    assert "fence-n1" not in said(plan)
    assert lacking(plan, "look", fenced) == ()
    assert "is a fencing device" in refused("failover fence-n1", fenced)
    assert "there is no floating IP '10.0.0.9'" in refused("failover 10.0.0.9", fenced)


def moved(snapshot: Snapshot, address: str, *to: str) -> Snapshot:
    """Let an address be on these nodes, whatever Pacemaker believes."""
    held = next(
        one
        for _, addresses in snapshot.known("addresses")
        for interface in addresses.interfaces
        for one in interface.addresses
        if one.address == address
    )

    def change(node: NodeSnapshot) -> NodeSnapshot:
        assert isinstance(node.addresses, Known)
        interfaces = []
        for interface in node.addresses.value.interfaces:
            kept = tuple(one for one in interface.addresses if one.address != address)
            more = (held,) if node.node.name in to and interface.name == "eth0" else ()
            interfaces.append(replace(interface, addresses=(*kept, *more)))
        return replace(node, addresses=Known(Addresses(tuple(interfaces))))

    return each(snapshot, change)


@pytest.mark.parametrize(
    ("to", "level", "words"),
    [
        (("n2",), Level.WARNING, "is on n2, where its gate does not let it be: Pacemaker moves it to n1"),
        ((), Level.WARNING, "is on no node: Pacemaker starts it"),
        (("n1", "n2"), Level.CRITICAL, "is on n1 and n2: Pacemaker stops it on both"),
    ],
)
def test_what_was_moved_by_hand_meanwhile_is_a_risk_and_is_looked_at_first(
    situation: SituationOf, to: tuple[str, ...], level: Level, words: str
) -> None:
    resting = situation("maintenance")
    by_hand = moved(resting, str(resting.cluster.vips[0].address), *to)
    plan = planned("maintenance off", by_hand)
    (risk,) = (risk for risk in plan.risks if "vip1" in risk.text)
    assert (risk.level, words in risk.text) == (level, True), risk
    assert "`vip1` is on" in lacking(plan, "look", by_hand)[0], "what Pacemaker believes is not so"
    assert plan.fingerprint != planned("maintenance off", resting).fingerprint


def test_haproxy_that_was_stopped_by_hand_starts(situation: SituationOf) -> None:
    resting = situation("maintenance")

    def stopped(node: NodeSnapshot) -> NodeSnapshot:
        return replace(node, haproxy=Known(NotRunning("nobody listens"))) if node.node.name == "n2" else node

    assert "HAProxy does not run on n2: Pacemaker starts it" in said(planned("maintenance off", each(resting, stopped)))


@GENERATIONS
def test_one_node_alone(situation: SituationOf, debian: int) -> None:
    healthy = situation("healthy", debian)
    plan = planned("maintenance on n2", healthy)
    assert [line.partition(": ")[2] for line in lines(plan)] == ["pcs node maintenance n2"]
    resting = with_status(
        healthy,
        lambda status: replace(status, nodes=tuple(replace(n, maintenance=n.name == "n2") for n in status.nodes)),
    )
    assert lacking(plan, "maintenance", healthy) == ("n2 is not in maintenance",)
    assert lacking(plan, "maintenance", resting) == ()
    ended = planned("maintenance off n2", resting)
    assert [line.partition(": ")[2] for line in lines(ended)] == [
        "crm_resource --refresh --node n2",
        "crm_resource --wait --timeout=30",
        "pcs node unmaintenance n2",
    ]


@pytest.mark.parametrize("words", ["maintenance", "maintenance n2", "maintenance on n9", "maintenance on n1 n2"])
def test_what_makes_no_sense_is_said(situation: SituationOf, words: str) -> None:
    with pytest.raises(UsageError):
        planned(words, situation("healthy"))
