"""Verbs decided on recorded situations: what is typed goes in, what is planned, refused or left alone comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from commands.facts.cib import Cib
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known
from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs import CLUSTER_VERBS
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import parse, tokens
from tests.commands.doubles import NoRunner


def decide(text: str, snapshot: Snapshot) -> Decision:
    """Return what a verb decides about what was typed."""
    name, *rest = tokens(text)
    verb = next(verb for verb in CLUSTER_VERBS if verb.name == name)
    assert verb.change is not None
    desk = Desk({snapshot.cluster.name: Declared(snapshot.cluster, "file")}, NoRunner())
    return verb.change.decide(verb.parse(parse(rest, verb.accepts, verb.usage), desk), snapshot)


def planned(text: str, snapshot: Snapshot) -> Plan:
    decision = decide(text, snapshot)
    assert isinstance(decision, Plan), decision
    return decision


def refused(text: str, snapshot: Snapshot) -> str:
    """Return all the reasons; each must say what to do about it."""
    decision = decide(text, snapshot)
    assert isinstance(decision, Refusal), decision
    assert all(reason.remedy for reason in decision.reasons), decision.reasons
    return "\n".join(f"{reason.node}: {reason.text}. {reason.remedy}" for reason in decision.reasons)


def nothing(text: str, snapshot: Snapshot) -> str:
    decision = decide(text, snapshot)
    assert isinstance(decision, NothingToDo), decision
    return decision.summary


def lines(plan: Plan) -> list[str]:
    """Return every command of a plan, as `NODE: COMMAND`."""
    return [
        f"{lane.node.name}: {command.shown()}"
        for step in plan.steps
        for lane in step.lanes
        for command in lane.commands
    ]


def said(plan: Plan) -> str:
    return "\n".join((plan.summary, *(risk.text for risk in plan.risks)))


def lacking(plan: Plan, step: str, later: Snapshot) -> tuple[str, ...]:
    """Return what a step's proof misses in a situation."""
    proof = next(one.proof for one in plan.steps if one.id == step)
    assert proof is not None
    return proof.missing(later)


def each(snapshot: Snapshot, change: Callable[[NodeSnapshot], NodeSnapshot]) -> Snapshot:
    return replace(snapshot, nodes=tuple(change(node) for node in snapshot.nodes))


def with_cib(snapshot: Snapshot, change: Callable[[Cib], Cib]) -> Snapshot:
    return each(snapshot, lambda node: _with(node, "cib", Cib, change))


def with_status(snapshot: Snapshot, change: Callable[[ClusterStatus], ClusterStatus]) -> Snapshot:
    return each(snapshot, lambda node: _with(node, "status", ClusterStatus, change))


def with_votes(snapshot: Snapshot, change: Callable[[QuorumStatus], QuorumStatus]) -> Snapshot:
    return each(snapshot, lambda node: _with(node, "quorum", QuorumStatus, change))


def _with(node: NodeSnapshot, field: str, kind: type[Any], change: Callable[[Any], Any]) -> NodeSnapshot:
    reading = getattr(node, field)
    if isinstance(reading, Known) and isinstance(reading.value, kind):
        values: dict[str, Any] = {field: Known(change(reading.value))}
        return replace(node, **values)
    return node
