"""`failover RESOURCE`: what is no floating IP is moved, stays there, and leaves no constraint behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.cib import Cib
from commands.facts.cib_constraints import Expression, Location, Rule, approval_attribute
from commands.facts.cib_resources import Primitive
from commands.facts.crm_mon import ClusterStatus, FailCount, ResourceState
from commands.facts.pacemaker_xml import INFINITY
from commands.snapshot import Snapshot
from tests.commands.verbs.deciding import lacking, lines, nothing, planned, refused, said, with_cib, with_status
from tests.commands.verbs.moving import away_rule, ungated

SituationOf = Callable[..., Snapshot]
DUMMY = ResourceState(
    "job", "ocf:pacemaker:Dummy", "Started", active=True, failed=False, blocked=False, managed=True, orphaned=False
)


@pytest.fixture
def three(situation: SituationOf) -> Snapshot:
    """Three nodes, and a resource on n3."""
    return with_job(situation("three-nodes"), "n3")


def with_job(snapshot: Snapshot, node: str, *, managed: bool = True, blocked: bool = False) -> Snapshot:
    def configured(cib: Cib) -> Cib:
        others = tuple(one for one in cib.primitives if one.id != "job")
        return replace(cib, primitives=(*others, Primitive("job", "ocf", "pacemaker", "Dummy")))

    def running(status: ClusterStatus) -> ClusterStatus:
        others = tuple(one for one in status.resources if one.id != "job")
        here = replace(DUMMY, nodes=(node,), managed=managed, blocked=blocked)
        return replace(status, resources=(*others, here))

    return with_status(with_cib(snapshot, configured), running)


def with_location(snapshot: Snapshot, *more: Location) -> Snapshot:
    return with_cib(snapshot, lambda cib: replace(cib, locations=(*cib.locations, *more)))


def tools(snapshot: Snapshot, text: str) -> list[str]:
    return [line.partition(": ")[2] for line in lines(planned(text, snapshot))]


MOVED = [
    "crm_resource --resource job --move --node n1",
    "crm_resource --resource job --clear",
    "crm_resource --wait --timeout=60",
]


def test_it_moves_and_its_constraint_goes_again(three: Snapshot) -> None:
    assert tools(three, "failover job --to n1") == MOVED
    plan = planned("failover job --to n1", three)
    assert "a gap of both" in said(plan)
    assert lacking(plan, "move", three) == ("`job` is on n3, not on n1",)
    there = with_job(three, "n1")
    assert lacking(plan, "clear", there) == ()
    left = with_location(there, Location("cli-prefer-job", "job", "n1", INFINITY))
    assert lacking(plan, "clear", left) == ("cli-prefer-job is still there",)
    assert "is on n1 already" in nothing("failover job --to n1", there)


def test_unasked_it_goes_to_the_node_that_runs_the_fewest(situation: SituationOf) -> None:
    on_n1 = with_job(situation("three-nodes"), "n1")
    assert tools(on_n1, "failover job")[0].endswith("--node n3")


def test_a_move_that_was_cut_short_goes_on(three: Snapshot) -> None:
    begun = Location("cli-prefer-job", "job", "n1", INFINITY)
    arrived = planned("failover job", with_location(with_job(three, "n1"), begun))
    assert [line.partition(": ")[2] for line in lines(arrived)] == MOVED[1:]
    assert "it is on n1 already" in said(arrived)
    assert "gap" not in said(arrived)
    assert tools(with_location(three, begun), "failover job") == MOVED


def test_a_floating_ip_without_a_gate_goes_on_from_where_its_move_was_cut_short(situation: SituationOf) -> None:
    begun = Location("cli-prefer-vip1", "vip1", "n2", INFINITY)
    under_way = with_location(ungated(situation("healthy")), begun)
    plan = planned("failover vip1", under_way)
    assert plan.steps[0].id == "move"
    assert "to n2" in plan.summary
    arrived = with_location(ungated(situation("healthy")), Location("cli-prefer-vip1", "vip1", "n1", INFINITY))
    plan = planned("failover vip1", arrived)
    assert lines(plan) == ["n1: crm_resource --resource vip1 --clear"]
    assert "it is on n1 already" in plan.summary


def test_what_would_pull_it_back_is_a_reason_not_to(three: Snapshot) -> None:
    home = Location("job-at-home", "job", "n3", 500)
    assert "it would go back at once" in refused("failover job --to n1", with_location(three, home))
    weak = Location("job-at-home", "job", "n3", 50)
    assert tools(with_location(three, weak), "failover job --to n1") == MOVED, "stickiness (100) is stronger"


def test_a_node_where_it_would_not_run_is_none(three: Snapshot) -> None:
    ban = Location("cli-ban-job-on-n2", "job", "n2", -INFINITY)
    assert "`clear job` first" in refused("failover job --to n1", with_location(three, ban))
    failed = with_status(three, lambda status: replace(status, fail_counts=(FailCount("job", "n1", INFINITY),)))
    assert "failed there too often" in refused("failover job --to n1", failed)

    def resting(status: ClusterStatus) -> ClusterStatus:
        return replace(status, nodes=tuple(replace(node, standby=node.name != "n3") for node in status.nodes))

    assert "it is in standby" in refused("failover job --to n1", with_status(three, resting))
    assert "no other node is fit" in refused("failover job", with_status(three, resting))


def test_what_pacemaker_cannot_move_is_left(three: Snapshot) -> None:
    assert "does not manage `job`" in refused("failover job --to n1", with_job(three, "n3", managed=False))
    assert "blocked" in refused("failover job --to n1", with_job(three, "n3", blocked=True))
    assert "runs on every node" in refused("failover haproxy --to n1", three)
    assert "runs on every node" in refused("failover haproxy-clone", three)


def test_a_fencing_device_is_left_where_it_is(situation: SituationOf) -> None:
    assert "is a fencing device" in refused("failover fence-n2", situation("fence-device"))


def test_behind_a_gate_it_moves_by_its_gate(three: Snapshot) -> None:
    attribute = approval_attribute("job")
    home = (Expression("expression", "#uname", "ne", "n3"), Expression("expression", attribute, "not_defined"))
    gate = Location("location-job", "job", rules=(Rule("gate-job", -INFINITY, "and", home),))
    assert "cannot be sent away from n3" in refused("failover job --to n1", with_location(three, gate))
    assert tools(with_location(three, gate, away_rule("job")), "failover job --to n1") == [
        f"crm_attribute -l reboot -N n3 -n {attribute} -v away",
        f"crm_attribute -l reboot -N n1 -n {attribute} -v yes",
    ]


def test_a_name_that_is_nothing_lists_what_there_is(three: Snapshot) -> None:
    assert "there is no floating IP 'nonsense'" in refused("failover nonsense", three)
