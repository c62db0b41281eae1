"""Whether a cluster comes back after a boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.fact import Known, Unknown
from commands.facts.units import Units
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot

SituationOf = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]


def without(node: NodeSnapshot, *names: str) -> NodeSnapshot:
    """Return the node with these services not enabled."""
    assert isinstance(node.units, Known)
    units = {
        name: replace(unit, enabled=unit.enabled and name not in names) for name, unit in node.units.value.units.items()
    }
    return replace(node, units=Known(Units(units)))


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_what_starts_at_boot_is_nothing_to_tell(situation: SituationOf, told: Told, debian: int) -> None:
    assert not told(situation("healthy", debian), "boot")


def test_a_cluster_that_was_disabled_says_so_and_stays_healthy(situation: SituationOf, told: Told) -> None:
    healthy = situation("healthy")
    off = replace(healthy, nodes=tuple(without(node, "corosync", "pacemaker") for node in healthy.nodes))
    (found,) = told(off, "boot")
    assert found.level is Level.INFO
    assert found.text == "the cluster does not start by itself when n1 and n2 boot"
    assert "enable web" in found.remedy


@pytest.mark.parametrize("daemon", ["corosync", "pacemaker"])
def test_one_node_that_would_stay_out_is_an_oversight(situation: SituationOf, told: Told, daemon: str) -> None:
    healthy = situation("healthy")
    n1, n2 = healthy.nodes
    (found,) = told(replace(healthy, nodes=(n1, without(n2, daemon))), "boot")
    assert found.level is Level.WARNING
    assert "when n2 boots, though it does on the other nodes" in found.text


def test_of_nodes_that_did_not_say_and_of_other_clusters_nothing_is_told(situation: SituationOf, told: Told) -> None:
    fresh = situation("fresh")
    others = tuple(without(node, "corosync") for node in fresh.nodes)
    assert not told(replace(fresh, nodes=others), "boot")
    healthy = situation("healthy")
    silent = tuple(replace(node, units=Unknown("timed out")) for node in healthy.nodes)
    assert not told(replace(healthy, nodes=silent), "boot")
