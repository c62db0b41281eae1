"""`cleanup`, `clear` and `restart`: what failed, what moves left behind, and starting anew; on recorded situations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.cib import Cib
from commands.facts.cib_constraints import Location
from commands.facts.pacemaker_xml import INFINITY
from commands.report import Level
from commands.snapshot import Snapshot
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
from tests.commands.verbs.moving import ungated

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


# ---------------------------------------------------------------- cleanup


@GENERATIONS
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("cleanup", ""),
        ("cleanup haproxy", " --resource haproxy"),
        ("cleanup haproxy-clone n2", " --resource haproxy-clone --node n2"),
        ("cleanup n2", " --node n2"),
    ],
)
def test_failures_are_forgotten_and_what_that_sets_free_is_said(
    situation: SituationOf, debian: int, typed: str, words: str
) -> None:
    failed = situation("haproxy-failed-start", debian)
    plan = planned(typed, failed)
    assert [line.partition(": ")[2] for line in lines(plan)] == [
        f"crm_resource --cleanup{words}",
        "crm_resource --wait --timeout=60",
    ]
    assert "`haproxy` on n2" in plan.summary
    assert "`haproxy` was kept away from n2, and may start or move there again" in said(plan)
    assert "failed again" in lacking(plan, "cleanup", failed)[0]
    assert lacking(plan, "cleanup", situation("healthy", debian)) == ()


def test_where_nothing_failed_there_is_nothing_to_forget(situation: SituationOf) -> None:
    assert "No failure is remembered" in nothing("cleanup", situation("healthy"))
    assert "on n1" in nothing("cleanup haproxy n1", situation("haproxy-failed-start"))
    assert "there is no resource 'nonsense'" in refused("cleanup nonsense", situation("healthy"))


# ---------------------------------------------------------------- clear


@GENERATIONS
def test_a_ban_that_was_left_is_named_and_what_would_move(situation: SituationOf, debian: int) -> None:
    banned = situation("vip1-banned", debian)
    plan = planned("clear", banned)
    assert [line.partition(": ")[2] for line in lines(plan)] == [
        "crm_resource --resource vip1 --clear",
        "crm_resource --wait --timeout=60",
    ]
    assert "`cli-ban-vip1-on-n1` keeps `vip1` off n1: without it it runs nowhere now, and starts there" in said(plan)
    assert lacking(plan, "clear", banned) == ("`cli-ban-vip1-on-n1` is still there",)
    assert lacking(plan, "clear", situation("healthy", debian)) == ()
    assert "left anything behind" in nothing("clear", situation("healthy", debian))
    assert "of `vip2`" in nothing("clear vip2", banned)


def with_left(snapshot: Snapshot, *left: Location) -> Snapshot:
    return with_cib(snapshot, lambda cib: replace(cib, locations=(*cib.locations, *left)))


def test_a_preference_that_was_left_holds_it_where_it_is(situation: SituationOf) -> None:
    left = with_left(ungated(situation("healthy")), Location("cli-prefer-vip1", "vip1", "n1", INFINITY))
    assert "binds `vip1` to n1: without it only resource-stickiness (100) does" in said(planned("clear vip1", left))


# ---------------------------------------------------------------- restart


@GENERATIONS
def test_what_runs_everywhere_is_restarted_on_one_node_after_the_other(situation: SituationOf, debian: int) -> None:
    healthy = situation("healthy", debian)
    plan = planned("restart haproxy", healthy)
    assert [line.partition(": ")[2] for line in lines(plan)] == [
        "crm_resource --restart --resource haproxy-clone --node n1 --timeout=120s",
        "crm_resource --restart --resource haproxy-clone --node n2 --timeout=120s",
    ]
    assert [step.after for step in plan.steps] == [(), ("restart-n1",)]
    assert "`vip1` (10.213." in said(plan)
    assert "does not answer while it restarts on n1" in said(plan)
    assert lacking(plan, "restart-n1", healthy) == ("`haproxy` was not started anew on n1",)
    (only,) = planned("restart haproxy --node n2", healthy).steps
    assert only.id == "restart-n2"


def started_anew(snapshot: Snapshot, *nodes: str) -> Snapshot:
    return with_status(
        snapshot,
        lambda status: replace(
            status, starts={key: f"{stamp} again" if key[1] in nodes else stamp for key, stamp in status.starts.items()}
        ),
    )


@GENERATIONS
def test_a_start_since_then_is_what_proves_it(situation: SituationOf, debian: int) -> None:
    healthy = situation("healthy", debian)
    plan = planned("restart haproxy", healthy)
    once = started_anew(healthy, "n1")
    assert lacking(plan, "restart-n1", once) == ()
    assert lacking(plan, "restart-n2", once) == ("`haproxy` was not started anew on n2",)


def test_an_address_is_missed_while_it_restarts(situation: SituationOf) -> None:
    plan = planned("restart vip1", situation("healthy"))
    assert "(10.213." in said(plan)
    assert [line.partition(": ")[2] for line in lines(plan)] == [
        "crm_resource --restart --resource vip1 --timeout=120s"
    ]


def test_without_a_gate_the_address_goes_elsewhere(situation: SituationOf) -> None:
    plan = planned("restart haproxy --node n1", ungated(situation("healthy")))
    assert "leaves n1 for another node" in said(plan)


def test_on_the_only_node_it_is_a_gap_for_all(situation: SituationOf) -> None:
    plan = planned("restart haproxy", situation("n2-stopped"))
    assert any(risk.level is Level.CRITICAL and "nobody serves" in risk.text for risk in plan.risks)


def test_what_a_restart_cut_short_left_is_taken_away_by_the_next(situation: SituationOf) -> None:
    ban = Location("cli-ban-haproxy-clone-on-n1", "haproxy-clone", "n1", -INFINITY)
    plan = planned("restart haproxy --node n1", with_left(situation("healthy"), ban))
    assert [step.id for step in plan.steps] == ["clear", "restart-n1"]
    assert "left by a restart that was cut short, or set by somebody" in said(plan)

    def held_down(cib: Cib) -> Cib:
        primitives = (
            replace(one, meta={"target-role": "Stopped"}) if one.id == "vip1" else one for one in cib.primitives
        )
        return replace(cib, primitives=tuple(primitives))

    plan = planned("restart vip1", with_cib(situation("healthy"), held_down))
    assert lines(plan)[0].endswith("pcs resource enable vip1")
    assert "is switched off" in said(plan)


def test_what_cannot_be_restarted_says_why(situation: SituationOf) -> None:
    assert "there is no resource" in refused("restart nonsense", situation("healthy"))
    assert "runs nowhere" in refused("restart vip1", situation("n1-standby"))
    assert "it is in standby" in refused("restart haproxy --node n1", situation("n1-standby"))
    assert "`vip1` does not run there: it runs on n1" in refused("restart vip1 --node n2", situation("healthy"))
