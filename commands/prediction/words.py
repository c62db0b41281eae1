"""A prediction in people's words: what would stop first, then what was asked for, and what comes along unasked."""

from __future__ import annotations

from collections.abc import Container, Iterator
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from commands.checks.phrases import listed
from commands.facts.cib_constraints import approval_attribute
from commands.facts.crm_simulate import FENCE, Action
from commands.prediction.changes import (
    ClusterProperty,
    ConstraintAdded,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeLost,
    NodeStandby,
    NodeStopped,
    Quorum,
    ResourceStarted,
    ResourceStopped,
    Simulated,
)
from commands.prediction.record import Prediction
from commands.report import Finding, Level

NOTHING = "nothing would change"
OF_QUORUM = (QUORUM_LOST, QUORUM_REGAINED) = ("quorum is lost", "quorum is regained")

_IN_PLACE = {"restart": "restarts", "recover": "is restarted", "reload": "is reloaded"}
_ROLES = {"promote": "is promoted", "demote": "is demoted"}


def in_words(
    prediction: Prediction, asked: tuple[Simulated, ...], gated: Container[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return the prediction as findings, the worst first; one that says so where nothing would change.

    `asked` tells what was wanted from what comes along ("`vip2` also moves n2 → n3"). `gated` are the resources whose
    failover waits for a person.
    """
    found = [
        *_of_nodes(prediction),
        *_stopping(prediction, asked, gated),
        *_placed(prediction, asked),
        *_staying(prediction, asked),
    ]
    found.sort(key=lambda finding: -finding.level.rank)  # stable: what is alike stays in its order
    return tuple(found) or (Finding(Level.OK, NOTHING),)


def _of_nodes(prediction: Prediction) -> Iterator[Finding]:
    if prediction.had_quorum and not prediction.quorate:
        yield Finding(Level.CRITICAL, QUORUM_LOST)
    if prediction.quorate and not prediction.had_quorum:
        yield Finding(Level.INFO, QUORUM_REGAINED)
    fenced = dict.fromkeys(action.target for action in prediction.actions if action.kind == FENCE)
    for node in fenced:
        yield Finding(Level.WARNING, f"{node} is fenced")
    for node in prediction.unclean:
        if node not in fenced:
            yield Finding(
                Level.CRITICAL,
                f"{node} is unclean and cannot be fenced: what ran there starts nowhere else",
                "Give it a fencing device that works, or turn fencing off and let a person decide (gates).",
            )


def _stopping(prediction: Prediction, asked: tuple[Simulated, ...], gated: Container[str]) -> Iterator[Finding]:
    for resource in prediction.stopped:
        where = f"`{resource}` stops on {listed(prediction.before[resource])}"
        if any(isinstance(one, ResourceStopped) for one in asked) and _wanted(prediction, resource, asked):
            yield Finding(Level.WARNING, f"{where}, as asked")
        elif set(prediction.before[resource]) & set(prediction.unclean):
            yield Finding(Level.CRITICAL, f"`{resource}` runs nowhere for sure")
        elif resource in gated and prediction.quorate and _loses_home(prediction, resource, asked):
            text = f"`{resource}` waits at its gate: nobody serves it until a person approves"
            yield Finding(Level.CRITICAL, text)
        else:
            yield Finding(Level.CRITICAL, f"{where} and runs nowhere")


def _loses_home(prediction: Prediction, resource: str, asked: tuple[Simulated, ...]) -> bool:
    """Return whether it stops because its node goes, not because of what it needs there: then its gate is in the way."""
    going = {change.node for change in asked if isinstance(change, NodeLost | NodeStopped | NodeStandby)}
    return not going.isdisjoint(prediction.before[resource])


def _placed(prediction: Prediction, asked: tuple[Simulated, ...]) -> Iterator[Finding]:
    for resource in dict.fromkeys((*prediction.before, *prediction.after)):
        gone, new = prediction.gone(resource), prediction.new(resource)
        if not (gone or new) or resource in prediction.stopped:
            continue
        wanted = _wanted(prediction, resource, asked)
        level, also = (Level.INFO, "") if wanted else (Level.WARNING, "also ")
        if gone and new:
            text = f"`{resource}` {also}moves {listed(gone)} → {listed(new)}"
        elif new:
            text = f"`{resource}` {also}starts on {listed(new)}"
        else:
            text = f"`{resource}` {also}stops on {listed(gone)}, and still runs on {listed(prediction.after[resource])}"
        yield Finding(level, text)


def _staying(prediction: Prediction, asked: tuple[Simulated, ...]) -> Iterator[Finding]:
    """Tell what happens to resources where they are, and what should happen and cannot."""
    for action in dict.fromkeys(prediction.actions):
        if action.blocked:
            yield Finding(Level.WARNING, f"`{action.resource}` should {_infinitive(action)} and cannot yet")
            continue
        happens = _IN_PLACE.get(action.kind) or _ROLES.get(action.kind)
        if happens is None or not action.resource:
            continue
        wanted = _wanted(prediction, action.resource, asked)
        also = "" if wanted else "also "
        where = f" on {action.target}" if action.target else ""
        yield Finding(Level.INFO if wanted else Level.WARNING, f"`{action.resource}` {also}{happens}{where}")


def _infinitive(action: Action) -> str:
    return f"{action.kind} on {action.target or action.source}"


def _wanted(prediction: Prediction, resource: str, asked: tuple[Simulated, ...]) -> bool:
    """Return whether what happens to a resource is what was asked for, not what comes along."""
    gone, new = prediction.gone(resource), prediction.new(resource)
    names = {resource, *prediction.inside.get(resource, ())}
    # what becomes of the votes follows from something else, if anything else was asked for
    wishes = [change for change in asked if not isinstance(change, Quorum)] or asked
    return any(_means(change, names, gone, new) for change in wishes)


def _means(change: Simulated, names: set[str], gone: tuple[str, ...], new: tuple[str, ...]) -> bool:
    match change:
        case NodeLost(node) | NodeStopped(node) | NodeStandby(node):
            # what ran nowhere, and starts now, was in its way: a node is confirmed down so that others may take over
            meant = node in gone or not gone
        case NodeBack(node):
            meant = node in new
        case NodeAttribute(node, name):
            meant = node in gone or name in {approval_attribute(one) for one in names}
        case ConstraintAdded(xml):
            element: Element = fromstring(xml)
            meant = element.get("rsc") in names
        case ConstraintRemoved(constraint):
            meant = any(constraint == f"cli-prefer-{one}" or constraint.startswith(f"cli-ban-{one}-") for one in names)
        case ResourceStopped(one) | ResourceStarted(one):
            meant = one in names
        case FailuresForgotten(resource):
            meant = resource is None or resource in names
        case ClusterProperty() | Quorum():
            # it is about the whole cluster, so nothing that follows is beside the point
            meant = True
    return meant


def headline(prediction: Prediction) -> str:
    """Say in a few words what matters most: what would run nowhere, or else what would move or start."""
    if prediction.stopped:
        return f"{listed(prediction.stopped)} would run nowhere"
    moved = [one for one in prediction.before if prediction.gone(one) and prediction.new(one)]
    if moved:
        return f"{listed(moved)} would move"
    started = [one for one in prediction.after if prediction.new(one)]
    if started:
        return f"{listed(started)} would start"
    return NOTHING if not prediction.actions else "every service would go on"
