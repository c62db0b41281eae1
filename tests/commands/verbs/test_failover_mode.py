"""`failover-mode`, decided on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Command
from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation, Location, Rule
from commands.facts.cib_resources import Primitive
from commands.facts.crm_mon import ClusterStatus
from commands.facts.pacemaker_xml import INFINITY
from commands.plan import Decision, NothingToDo, Plan
from commands.prediction import ConstraintAdded, ConstraintRemoved, NodeAttribute, effects
from commands.report import Level
from commands.snapshot import Snapshot
from commands.verbs import CLUSTER_VERBS
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import parse, tokens
from tests.commands.doubles import NoRunner
from tests.commands.verbs.deciding import (
    lacking,
    lines,
    nothing,
    planned,
    refused,
    said,
    with_cib,
    with_status,
)
from tests.commands.verbs.moving import ungated, whole, with_attributes
from tests.commands.verbs.test_maintenance import moved as by_hand

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
ACCEPTED = "failover-mode automatic --accept-split-brain"
APPROVED = "failover-mode approved"


def together(snapshot: Snapshot) -> Snapshot:
    """Let nothing keep the floating IPs apart: with `whole`, what `--failover approved` makes."""

    def change(cib: Cib) -> Cib:
        ids = {"vip1", "vip2"}
        kept = tuple(one for one in cib.colocations if not {one.resource, one.with_resource} <= ids)
        return replace(cib, colocations=kept)

    return with_cib(snapshot, change)


def gated(snapshot: Snapshot) -> Snapshot:
    return together(whole(snapshot))


def fenced(snapshot: Snapshot, *nodes: str, on: bool = True) -> Snapshot:
    """Give the cluster a fence device for each of the nodes."""
    devices = tuple(
        Primitive(f"fence-{node}", "stonith", "", "fence_ipmilan", {"ip": "10.0.0.9", "pcmk_host_list": node})
        for node in nodes
    )

    def change(cib: Cib) -> Cib:
        properties = {**cib.properties, "stonith-enabled": str(on).lower()}
        return replace(cib, primitives=(*cib.primitives, *devices), properties=properties)

    return with_cib(snapshot, change)


def remembered(text: str, snapshot: Snapshot) -> Decision:
    """Return what is decided about a cluster that was made from Slack."""
    name, *rest = tokens(text)
    verb = next(verb for verb in CLUSTER_VERBS if verb.name == name)
    assert verb.change is not None
    desk = Desk({snapshot.cluster.name: Declared(snapshot.cluster, "slack")}, NoRunner())
    return verb.change.decide(verb.parse(parse(rest, verb.accepts, verb.usage), desk), snapshot)


def typed(plan: Plan) -> str:
    """Return all that is fed to the plan's commands."""
    return "".join(
        command.stdin.text
        for step in plan.steps
        for lane in step.lanes
        for command in lane.commands
        if command.stdin is not None
    )


def moved(snapshot: Snapshot, number: int, *to: str) -> Snapshot:
    """Put a floating IP on other nodes, by their own word, and where it is one node by Pacemaker's too."""
    held = by_hand(snapshot, str(snapshot.cluster.vips[number - 1].address), *to)
    return believed(held, number, *to) if len(to) == 1 else held


def believed(snapshot: Snapshot, number: int, *on: str) -> Snapshot:
    """Let Pacemaker believe a floating IP to be on these nodes."""

    def change(status: ClusterStatus) -> ClusterStatus:
        told = (
            replace(one, active=bool(on), nodes=on) if one.id == f"vip{number}" else one for one in status.resources
        )
        return replace(status, resources=tuple(told))

    return with_status(snapshot, change)


# ---------------------------------------------------------------- to automatic


@GENERATIONS
def test_gates_go_and_floating_ips_keep_apart_in_one_push(situation: SituationOf, debian: int) -> None:
    plan = planned(ACCEPTED, gated(situation("healthy", debian)))
    assert [step.id for step in plan.steps] == ["configure", "serving"]
    told = lines(plan)
    assert [line.partition("cibadmin ")[2] for line in told[2:4]] == [
        "--delete --scope constraints --xml-pipe < constraints",
        "--create --scope constraints --xml-pipe < constraints",
    ]
    assert sum("--patch" in line for line in told) == 1
    added = [one for one in effects(plan, Cib(0, 1, 0, "", "", "", "")) or () if isinstance(one, ConstraintAdded)]
    removed = [one for one in effects(plan, Cib(0, 1, 0, "", "", "", "")) or () if isinstance(one, ConstraintRemoved)]
    assert {one.id for one in removed} == {"location-vip1", "location-vip2", "location-vip1-1", "location-vip2-1"}
    (apart,) = added
    assert 'rsc="vip2" with-rsc="vip1" score="-1000"' in apart.xml


def test_approvals_in_force_go_once_no_gate_asks_for_them(situation: SituationOf) -> None:
    snapshot = gated(situation("n2-lost-failover-approved"))
    plan = planned(ACCEPTED, snapshot)
    assert [step.id for step in plan.steps] == ["configure", "approvals", "serving"]
    assert plan.steps[1].after == ("configure",)
    assert "n1: crm_attribute -l reboot -N n1 -n hacluster-vip2 -D" in lines(plan)
    assert "yes on n1" in said(plan)
    assert lacking(plan, "approvals", snapshot) == ("n1 still has an attribute for `vip2`",)
    assert lacking(plan, "approvals", with_attributes(snapshot, "vip2", {})) == ()


def test_a_floating_ip_away_from_home_stays_where_it_is(situation: SituationOf) -> None:
    plan = planned(ACCEPTED, gated(situation("n2-lost-failover-approved")))
    assert "`vip2` is on n1 and was at home on n2" in said(plan)
    assert "resource-stickiness (100)" in said(plan)


def test_without_fencing_it_takes_more_than_the_wish(situation: SituationOf) -> None:
    told = refused("failover-mode automatic", gated(situation("healthy")))
    assert "ends in a split brain" in told
    assert "--accept-split-brain" in told
    plan = planned(ACCEPTED, gated(situation("healthy")))
    assert plan.risk == "dangerous"
    assert any(risk.level is Level.CRITICAL and "split brain accepted" in risk.text for risk in plan.risks)


def test_devices_that_are_switched_off_are_no_fencing(situation: SituationOf) -> None:
    told = refused("failover-mode automatic", fenced(gated(situation("healthy")), "n1", "n2", on=False))
    assert "fence-n1 and fence-n2 are there, but stonith-enabled is false" in told
    assert "pcs property set stonith-enabled=true" in told
    assert planned(ACCEPTED, fenced(gated(situation("healthy")), "n1", "n2", on=False)).risk == "dangerous"


def test_with_fencing_nothing_needs_to_be_accepted(situation: SituationOf) -> None:
    plan = planned("failover-mode automatic", fenced(gated(situation("healthy")), "n1", "n2"))
    assert plan.risk == "ordinary"
    assert "once a lost node is fenced (`fence-n1` and `fence-n2`)" in said(plan)


@pytest.mark.parametrize(("reached", "left"), [((), "n1 and n2"), (("n2",), "n1")])
def test_fencing_that_reaches_not_every_node_would_leave_it_stuck(
    situation: SituationOf, reached: tuple[str, ...], left: str
) -> None:
    told = refused(ACCEPTED, fenced(gated(situation("healthy")), *reached))
    assert f"no fence device reaches {left}" in told


def test_a_gate_that_holds_an_address_of_a_lost_node_is_not_just_taken_away(situation: SituationOf) -> None:
    told = refused(ACCEPTED, gated(situation("n2-lost")))
    assert "`vip2` waits at its gate for n2" in told
    assert "`failover vip2` first" in told


def test_what_shares_a_node_parts(situation: SituationOf) -> None:
    shared = moved(gated(situation("healthy")), 2, "n1")
    plan = planned(ACCEPTED, shared)
    assert "`vip1` and `vip2` are on n1: to keep apart" in said(plan)
    elsewhere = together(ungated(situation("healthy")))
    after = with_cib(elsewhere, lambda cib: replace(cib, colocations=(*cib.colocations, APART)))
    assert lacking(plan, "configure", after) == (), "whichever of them moves"


def test_what_need_not_move_is_proved_to_be_where_it_was(situation: SituationOf) -> None:
    plan = planned(ACCEPTED, gated(situation("healthy")))
    turned = with_cib(ungated(gated(situation("healthy"))), lambda c: replace(c, colocations=(*c.colocations, APART)))
    assert lacking(plan, "configure", turned) == ()
    (told,) = lacking(plan, "configure", moved(turned, 2, "n1"))
    assert told.endswith("is not on n2")
    assert "`vip1` has a gate" in lacking(plan, "configure", gated(situation("healthy")))


APART = Colocation("colocation-vip2-vip1--1000", "vip2", "vip1", -1000)


# ---------------------------------------------------------------- to approved


@GENERATIONS
def test_each_floating_ip_gets_its_gate_where_it_is(situation: SituationOf, debian: int) -> None:
    snapshot = ungated(situation("healthy", debian))
    plan = planned(APPROVED, snapshot)
    assert [step.id for step in plan.steps] == ["configure", "serving"]
    told = typed(plan)
    for name in ("gate-vip1", "away-vip1", "gate-vip2", "away-vip2"):
        assert f'<rule id="{name}"' in told
    assert '<rsc_colocation id="colocation-vip2-vip1-' in told, "they are no longer kept apart"
    assert "`vip1` at home on n1, `vip2` at home on n2" in plan.summary
    assert plan.risk == "ordinary"
    assert lacking(plan, "configure", gated(situation("healthy", debian))) == ()
    assert "`vip1` has no gate" in lacking(plan, "configure", snapshot)


def test_a_home_that_is_not_the_declared_one_is_told(situation: SituationOf) -> None:
    plan = planned(APPROVED, moved(ungated(situation("healthy")), 2, "n1"))
    assert 'id="gate-vip2-expr" attribute="#uname" operation="ne" value="n1"' in typed(plan)
    (risk,) = (one for one in plan.risks if "the home of `vip2`" in one.text)
    assert "is n1, where it is now, and not n2" in risk.text
    assert "`failover vip2 --to n2` first" in risk.remedy


def test_an_address_that_is_nowhere_gets_its_declared_home(situation: SituationOf) -> None:
    plan = planned(APPROVED, believed(moved(ungated(situation("healthy")), 2), 2))
    assert 'id="gate-vip2-expr" attribute="#uname" operation="ne" value="n2"' in typed(plan)
    assert "is on no node: its home is n2" in said(plan)


def test_an_approval_left_of_earlier_gates_does_not_come_into_force_again(situation: SituationOf) -> None:
    plan = planned(APPROVED, with_attributes(ungated(situation("healthy")), "vip2", {"n1": "yes"}))
    assert [step.id for step in plan.steps] == ["approvals", "configure", "serving"]
    assert plan.steps[1].after == ("approvals",)


def test_approvals_at_gates_that_stay_are_kept(situation: SituationOf) -> None:
    snapshot = whole(situation("n2-lost-failover-approved"))
    plan = planned(APPROVED, snapshot)
    assert [step.id for step in plan.steps] == ["configure", "serving"], "only what keeps them apart goes"
    assert "hacluster-vip2" not in typed(plan)


def test_other_constraints_that_keep_them_apart_are_left_and_told(situation: SituationOf) -> None:
    never = Colocation("never-together", "vip2", "vip1", -INFINITY)
    snapshot = with_cib(together(ungated(situation("healthy"))), lambda cib: replace(cib, colocations=(never,)))
    plan = planned(APPROVED, snapshot)
    assert "never-together" not in typed(plan)
    assert "`never-together` keeps `vip2` away from `vip1`" in said(plan)


def test_a_rule_of_the_same_name_that_is_no_gate_is_in_the_way(situation: SituationOf) -> None:
    rule = Location("l", "vip1", rules=(Rule("gate-vip1", -1000, "and", ()),))
    snapshot = with_cib(ungated(situation("healthy")), lambda cib: replace(cib, locations=(rule,)))
    assert "there is a rule `gate-vip1` already" in refused(APPROVED, snapshot)


# ---------------------------------------------------------------- both ways


@GENERATIONS
def test_what_is_so_already_is_left_alone(situation: SituationOf, debian: int) -> None:
    assert "approved already" in nothing(APPROVED, gated(situation("healthy", debian)))
    assert "automatic already" in nothing("failover-mode automatic", ungated(situation("healthy", debian)))


def test_one_cut_short_is_taken_up_where_it_stopped(situation: SituationOf) -> None:
    pushed = with_attributes(ungated(situation("healthy")), "vip2", {"n1": "yes", "n2": "away"})
    plan = planned(ACCEPTED, pushed)
    assert [step.id for step in plan.steps] == ["approvals", "serving"]
    assert sum("hacluster-vip2 -D" in line for line in lines(plan)) == 2


def test_what_is_remembered_of_the_cluster_goes_along(situation: SituationOf) -> None:
    plan = remembered(ACCEPTED, gated(situation("healthy")))
    assert isinstance(plan, Plan)
    assert plan.declares is not None
    assert plan.declares.failover == "automatic"
    assert plan.undone == ()
    adopted = remembered("failover-mode automatic", ungated(situation("healthy")))
    assert isinstance(adopted, Plan)
    assert (adopted.steps, adopted.declares) == ((), plan.declares)
    assert "the bot remembers it" in adopted.summary


def test_a_file_that_says_otherwise_is_told_and_goes_on_deciding(situation: SituationOf) -> None:
    plan = planned(ACCEPTED, gated(situation("healthy")))
    assert plan.declares is None
    (told,) = plan.undone
    assert "still declares failover approved for `web`" in told.text
    assert 'Write `failover = "automatic"` under `[clusters.web]`' in told.remedy
    already = remembered(APPROVED, gated(situation("healthy")))
    assert isinstance(already, NothingToDo)
    assert already.findings == ()


@pytest.mark.parametrize("text", [ACCEPTED, APPROVED])
def test_an_address_that_is_not_surely_in_one_place_is_settled_first(situation: SituationOf, text: str) -> None:
    start = gated if text == ACCEPTED else ungated
    assert "is on n1 and n2 at once" in refused(text, moved(start(situation("healthy")), 2, "n1", "n2"))
    elsewhere = believed(moved(start(situation("healthy")), 2, "n1"), 2, "n2")
    assert "Pacemaker believes it on n2" in refused(text, elsewhere)


def test_what_is_on_the_other_side_of_a_cut_hears_nothing(situation: SituationOf) -> None:
    told = refused(APPROVED, ungated(situation("split")))
    assert "these nodes do not see" in told


def test_a_cluster_in_maintenance_is_left_alone(situation: SituationOf) -> None:
    assert "in maintenance" in refused(APPROVED, ungated(situation("maintenance")))


def test_the_scheduler_can_be_asked_about_all_of_it(situation: SituationOf) -> None:
    snapshot = gated(situation("n2-lost-failover-approved"))
    told = effects(planned(ACCEPTED, snapshot), Cib(0, 1, 0, "", "", "", "")) or ()
    assert {type(one) for one in told} == {ConstraintRemoved, ConstraintAdded, NodeAttribute}


def test_the_commands_are_for_one_node_and_settle_before_they_are_judged(situation: SituationOf) -> None:
    (lane,) = planned(APPROVED, ungated(situation("healthy"))).steps[0].lanes
    assert lane.commands[-1] == Command(("crm_resource", "--wait", "--timeout=60"), timeout=70)


@pytest.mark.parametrize("text", ["failover-mode", "failover-mode web", "failover-mode manual web"])
def test_it_must_be_said_which_way(situation: SituationOf, text: str) -> None:
    with pytest.raises(UsageError, match="say who is to move floating IPs"):
        planned(text, situation("healthy"))
