"""What a plan's commands do to the cluster, as changes that Pacemaker's scheduler can be asked about. Pure.

Read from the very commands that would be run, so that what is predicted cannot be something else than what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import tostring

from defusedxml.ElementTree import fromstring

from commands import configuration
from commands.command import Command
from commands.facts.cib import Cib
from commands.plan import Plan
from commands.prediction.changes import (
    ClusterProperty,
    ConstraintAdded,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeStandby,
    NodeStopped,
    Quorum,
    ResourceStarted,
    Simulated,
    preferring,
)


class NotForeseeable(Exception):
    """A command does what the scheduler of a running cluster cannot be asked about."""


def effects(plan: Plan, cib: Cib) -> tuple[Simulated, ...] | None:
    """Return what the plan would change, in its order; None where that cannot be played on a copy of the CIB.

    What is made and taken away again on the way, as the constraint of a move, counts as it is in between: that is what
    moves things, and nothing moves them back.
    """
    found: list[Simulated] = []
    for step in plan.steps:
        for lane in step.lanes:
            for command in lane.commands:
                if command.changes:
                    try:
                        found += _effects(command, lane.node.name, cib, tuple(found))
                    except NotForeseeable:
                        return None
    # an attribute that is there and gone only makes Pacemaker look again
    return tuple(one for n, one in enumerate(found) if not _undone(one, found[n + 1 :]) and not _undoes(one, found[:n]))


def _effects(command: Command, at: str, cib: Cib, before: tuple[Simulated, ...]) -> Iterator[Simulated]:  # noqa: C901, PLR0912 - one case for each form
    match command.argv:
        case ("crm_attribute", "-l", "reboot", "-N", node, "-n", name, "-v", value):
            yield NodeAttribute(node, name, value)
        case ("crm_attribute", "-l", "reboot", "-N", node, "-n", name, "-D"):
            yield NodeAttribute(node, name, None)
        case ("crm_attribute", "-l", "forever", "-N", node, "-n", name, "-v", value):
            yield NodeAttribute(node, name, value, "forever")
        case ("crm_attribute", "-l", "forever", "-N", node, "-n", name, "-D"):
            yield NodeAttribute(node, name, None, "forever")
        case ("crm_resource", "--resource", resource, "--move", "--node", node):
            yield preferring(resource, node)
        case ("crm_resource", "--resource", resource, "--clear"):
            if preferring(resource, "") not in [preferring(_moved(one), "") for one in before]:
                yield from (ConstraintRemoved(one.id) for one in cib.leftover_moves if one.resource == resource)
        case ("crm_resource", "--cleanup" | "--refresh", *words):
            yield FailuresForgotten(_after("--resource", words), _after("--node", words))
        case ("crm_resource", "--restart", "--resource", *_):
            pass  # it ends as it began
        case ("pcs", "resource", "enable", resource):
            yield ResourceStarted(resource)
        case ("pcs", "node", "standby", node):
            yield NodeStandby(node)
        case ("pcs", "node", "unstandby", node):
            yield NodeAttribute(node, "standby", None, "forever")
        case ("pcs", "node", "maintenance", node):
            yield NodeAttribute(node, "maintenance", "on", "forever")
        case ("pcs", "node", "unmaintenance", node):
            yield NodeAttribute(node, "maintenance", None, "forever")
        case ("pcs", "property", "set", pair) if "=" in pair:
            name, _, value = pair.partition("=")
            yield ClusterProperty(name, value or None)
        case ("pcs", "stonith", "fence", node, *_) | ("stonith_admin", "--confirm", node):
            yield NodeStopped(node)
        case ("pcs", "cluster", "stop"):
            yield NodeStopped(at)
        case ("pcs", "cluster", "start"):
            yield NodeBack(at)
        case ("env", draft, "cibadmin", how, "--scope", "constraints", "--xml-pipe") if draft.endswith(
            configuration.DRAFT
        ):
            yield from _drafted(how, command)
        case (
            ("sh", "-c", _, "sh", configuration.ORIGINAL)
            | ("cp", configuration.ORIGINAL, configuration.DRAFT)
            | ("sh", "-c", _, "sh", configuration.ORIGINAL, configuration.DRAFT)
        ):
            pass  # what is drafted is what is pushed
        case ("pcs", "quorum", "unblock", *_) | ("corosync-quorumtool", "-e", _):
            yield Quorum(held=True)
        case _:
            raise NotForeseeable


def _drafted(how: str, command: Command) -> Iterator[Simulated]:
    for one in fromstring(command.stdin.text if command.stdin else ""):
        match how:
            case "--create":
                yield ConstraintAdded(tostring(one, encoding="unicode"))
            case "--delete":
                yield ConstraintRemoved(one.get("id", ""))
            case _:
                raise NotForeseeable


def _moved(change: Simulated) -> str:
    """Return the resource that a change of this plan prefers somewhere, "" for any other."""
    xml = getattr(change, "xml", "")
    return xml.partition('rsc="')[2].partition('"')[0]


def _after(word: str, words: list[str]) -> str | None:
    return words[words.index(word) + 1] if word in words[:-1] else None


def _undone(change: Simulated, later: list[Simulated]) -> bool:
    return isinstance(change, NodeAttribute) and any(_same_attribute(change, one) for one in later)


def _undoes(change: Simulated, earlier: list[Simulated]) -> bool:
    gone = isinstance(change, NodeAttribute) and change.value is None
    return gone and any(_same_attribute(change, one) for one in earlier)


def _same_attribute(one: Simulated, other: Simulated) -> bool:
    return (
        isinstance(one, NodeAttribute)
        and isinstance(other, NodeAttribute)
        and (one.node, one.name) == (other.node, other.name)
    )
