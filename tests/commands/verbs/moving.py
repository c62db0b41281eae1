"""Floating IPs to be moved, on situations recorded from real clusters of all three generations.

A gate takes two rules; a test says whether the one that sends a resource away from its home is there (`whole`), as
`setup` makes it, or not (`half`), as a cluster made elsewhere may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from commands.facts.cib import Cib
from commands.facts.cib_constraints import Expression, Location, Rule, approval_attribute
from commands.facts.fact import Known, Unknown
from commands.facts.pacemaker_xml import INFINITY
from commands.facts.reach import InUse
from commands.gates import AWAY
from commands.plan import Decision, Plan, Refusal, Step
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.failover.move import MoveRequest
from commands.verbs.failover.verb import decide_failback, decide_failover

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])
MAC = "52:54:00:aa:bb:cc"


def away_rule(resource: str) -> Location:
    sent = Expression("expression", approval_attribute(resource), "eq", AWAY)
    return Location(f"location-{resource}-1", resource, rules=(Rule(f"away-{resource}", -INFINITY, "or", (sent,)),))


def changed_cib(node: NodeSnapshot, change: Callable[[Cib], Cib]) -> NodeSnapshot:
    if isinstance(node.cib, Known) and isinstance(node.cib.value, Cib):
        return replace(node, cib=Known(change(node.cib.value)))
    return node


def each_cib(snapshot: Snapshot, change: Callable[[Cib], Cib]) -> Snapshot:
    return replace(snapshot, nodes=tuple(changed_cib(node, change) for node in snapshot.nodes))


def half(snapshot: Snapshot) -> Snapshot:
    """Leave the cluster without the rules that send a resource away."""

    def without(cib: Cib) -> Cib:
        kept = [one for one in cib.locations if not any(rule.id.startswith("away-") for rule in one.rules)]
        return replace(cib, locations=tuple(kept))

    return each_cib(snapshot, without)


def whole(snapshot: Snapshot) -> Snapshot:
    """Give the cluster the rules that send a resource away."""
    rules = (away_rule("vip1"), away_rule("vip2"))
    return each_cib(half(snapshot), lambda cib: replace(cib, locations=(*cib.locations, *rules)))


def address(snapshot: Snapshot, number: int) -> str:
    return str(snapshot.cluster.vips[number - 1].address)


def asked(snapshot: Snapshot, who: str | None = None) -> Snapshot:
    """Let every node that answers have asked its subnet for the floating IPs."""
    used = {str(vip.address): who for vip in snapshot.cluster.vips}
    nodes = (
        node if isinstance(node.status, Unknown) else replace(node, vips_in_use=Known(InUse(used)))
        for node in snapshot.nodes
    )
    return replace(snapshot, nodes=tuple(nodes))


def with_attributes(snapshot: Snapshot, resource: str, held: Mapping[str, str]) -> Snapshot:
    attributes = {node: {approval_attribute(resource): value} for node, value in held.items()}
    return each_cib(snapshot, lambda cib: replace(cib, transient_attributes=attributes))


def ungated(snapshot: Snapshot) -> Snapshot:
    """Take the gates away: what `--failover automatic` makes."""
    return each_cib(snapshot, lambda cib: replace(cib, locations=()))


def failover(snapshot: Snapshot, vip: str, to: str | None = None) -> Decision:
    return decide_failover(MoveRequest(snapshot.cluster, vip, to), snapshot)


def failback(snapshot: Snapshot, vip: str) -> Decision:
    return decide_failback(MoveRequest(snapshot.cluster, vip), snapshot)


def reasons(decision: Decision) -> str:
    assert isinstance(decision, Refusal), decision
    assert all(reason.remedy for reason in decision.reasons), "each reason says what to do about it"
    return "\n".join(f"{reason.node}: {reason.text}" for reason in decision.reasons)


def steps(decision: Decision) -> tuple[Step, ...]:
    assert isinstance(decision, Plan), decision
    return decision.steps


def commands(step: Step) -> list[tuple[str, str]]:
    return [(lane.node.name, command.shown()) for lane in step.lanes for command in lane.commands]


def attribute(vip: str, node: str, value: str | None) -> str:
    return f"crm_attribute -l reboot -N {node} -n hacluster-{vip} " + (f"-v {value}" if value else "-D")
