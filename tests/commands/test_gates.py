"""Gates: where they stand in recorded clusters, and the commands that open and close them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import CommandFailed
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Expression, Location, Rule
from commands.facts.fact import Known
from commands.facts.pacemaker_xml import INFINITY
from commands.gates import GateState, clear_attribute, gate_state, has_away_rule, set_attribute
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def cib_of(snapshot: Snapshot) -> Cib:
    reading = snapshot.nodes[0].cib
    assert isinstance(reading, Known)
    assert isinstance(reading.value, Cib)
    return reading.value


@GENERATIONS
def test_a_gate_is_found_with_its_home_and_closed(situation: SituationOf, debian: int) -> None:
    cib = cib_of(situation("healthy", debian))
    assert gate_state(cib, "vip1") == GateState("vip1", "n1", {})
    assert gate_state(cib, "vip2") == GateState("vip2", "n2", {})


@GENERATIONS
@pytest.mark.parametrize("name", ["n2-lost-failover-approved", "n2-back-before-failback"])
def test_an_approval_in_force_is_seen_on_its_node(situation: SituationOf, debian: int, name: str) -> None:
    gate = gate_state(cib_of(situation(name, debian)), "vip2")
    assert gate is not None
    assert (gate.opened_on, gate.sent_away_from) == (("n1",), ())
    assert gate_state(cib_of(situation(name, debian)), "vip1") == GateState("vip1", "n1", {})


@GENERATIONS
def test_what_has_no_rule_has_no_gate(situation: SituationOf, debian: int) -> None:
    assert gate_state(cib_of(situation("healthy", debian)), "haproxy") is None
    assert gate_state(cib_of(situation("empty", debian)), "vip1") is None


def test_away_is_no_approval() -> None:
    gate = GateState("vip2", "n2", {"n2": "away", "n1": "yes", "n3": "yes"})
    assert (gate.opened_on, gate.sent_away_from) == (("n1", "n3"), ("n2",))


AWAY = Expression("expression", "hacluster-vip1", "eq", "away")


@pytest.mark.parametrize(
    ("rule", "resource", "counts"),
    [
        (Rule("away-vip1", -INFINITY, "and", (AWAY,)), "vip1", True),
        (Rule("by-another-name", -INFINITY, "or", (AWAY,)), "vip1", True),
        (Rule("away-vip1", -INFINITY, "and", (AWAY,)), "vip2", False),
        (Rule("away-vip1", -1000, "and", (AWAY,)), "vip1", False),
        (Rule("away-vip1", -INFINITY, "and", (AWAY, AWAY)), "vip1", False),
        (Rule("away-vip1", -INFINITY, "and", (replace(AWAY, operation="ne"),)), "vip1", False),
        (Rule("away-vip1", -INFINITY, "and", (replace(AWAY, attribute="hacluster-vip2"),)), "vip1", False),
    ],
)
def test_the_rule_that_sends_away_counts_by_what_it_says(
    situation: SituationOf,
    rule: Rule,
    resource: str,
    counts: bool,  # noqa: FBT001
) -> None:
    cib = replace(cib_of(situation("healthy")), locations=(Location("l", resource, rules=(rule,)),))
    assert has_away_rule(cib, "vip1") is counts


def test_an_attribute_is_set_until_its_node_reboots() -> None:
    command = set_attribute("vip2", "n1", "yes")
    assert command.shown() == "crm_attribute -l reboot -N n1 -n hacluster-vip2 -v yes"
    assert command.changes


@pytest.mark.parametrize("status", [0, 6, 105])
def test_clearing_what_is_not_there_is_no_failure(status: int) -> None:
    command = clear_attribute("vip2", "n1")
    assert command.shown() == "crm_attribute -l reboot -N n1 -n hacluster-vip2 -D"
    assert command.changes
    assert Completed("n1", command, status, "", "").check().status == status
    with pytest.raises(CommandFailed):
        Completed("n1", set_attribute("vip2", "n1", "yes"), 6, "", "").check()
