"""A copy of the CIB as it would be after some changes, and the events that the copy cannot hold. Pure.

The configuration is written as Pacemaker's own tools write it: a node's permanent attributes in `<instance_attributes
id="nodes-1">`, transient ones in `<transient_attributes>` of the status section, a stopped resource by its meta
attribute `target-role` (Pacemaker Explained).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from commands.errors import HaclusterError
from commands.facts.crm_simulate import base_id
from commands.facts.pacemaker_xml import document
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

_STANDBY, _QUORUM = "standby", "have-quorum"
_TRUE = frozenset({"1", "true"})
_OF_FAILURES = ("fail-count-", "last-failure-")
_NO_ID = re.compile(r"[^\w.-]")
"""What the ids of the CIB may not hold: names of attributes may, such as `fail-count-vip1#monitor_5000`."""
_NOT_RUNNING = "7"
_SUCCESS = frozenset({"0", "8", "190"})
"""Exit codes of an operation that found what it looked for: ok, promoted, degraded (Pacemaker Administration)."""


class NotInTheCluster(HaclusterError):
    """A change is about a node, resource or constraint that the configuration does not have."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The changed CIB, which may hold passwords, and crm_simulate's flags for what happens to it."""

    text: str
    flags: tuple[str, ...]
    had_quorum: bool
    """Whether the partition had quorum before the changes."""

    def __repr__(self) -> str:
        return f"Copy({len(self.text)} characters, flags={self.flags})"


def changed(cib: str, changes: Iterable[Simulated]) -> Copy:
    """Return the copy after the changes, in their order. Raises `NotInTheCluster`, and `UnreadableOutput` for no CIB."""
    root = document("cibadmin", cib).element
    had_quorum = root.get(_QUORUM) in _TRUE
    flags: list[str] = []
    for change in changes:
        flags += _change(root, change)
    return Copy(tostring(root, encoding="unicode"), tuple(flags), had_quorum)


def _change(root: Element, change: Simulated) -> Iterator[str]:  # noqa: C901 - one case for each kind
    match change:
        case NodeLost(node):
            _node(root, node)
            yield f"--node-fail={node}"
        case NodeStopped(node):
            _node(root, node)
            yield f"--node-down={node}"
        case NodeBack(node):
            yield from _come_back(root, node)
        case NodeStandby(node):
            _set_attribute(root, NodeAttribute(node, _STANDBY, "on", "forever"))
        case Quorum(held):
            # crm_simulate's own --quorum changes nothing in Pacemaker 2.1.5
            root.set(_QUORUM, str(int(held)))
        case NodeAttribute():
            _set_attribute(root, change)
        case ClusterProperty(name, value):
            _set(_set_of(_section(root, "crm_config"), "cluster_property_set", "cib-bootstrap-options"), name, value)
        case ConstraintAdded(xml):
            _add_constraint(root, xml)
        case ConstraintRemoved(constraint):
            _remove_constraint(root, constraint)
        case ResourceStopped(resource):
            _target_role(root, resource, "Stopped")
        case ResourceStarted(resource):
            _target_role(root, resource, None)
        case FailuresForgotten(resource, node):
            _forget(root, resource, node)


# Where things are


def _section(root: Element, name: str) -> Element:
    configuration = root.find("configuration")
    if configuration is None:
        raise NotInTheCluster("the copy of the CIB has no configuration")
    found = configuration.find(name)
    return SubElement(configuration, name) if found is None else found


def _node(root: Element, name: str) -> Element:
    for node in _section(root, "nodes").iterfind("node"):
        if node.get("uname") == name:
            return node
    raise NotInTheCluster(f"Pacemaker knows no node {name!r}", remedy="It learns of a node when that first joins.")


def _states(root: Element, node: str | None) -> list[Element]:
    """Return what the status section says of a node, or of all."""
    wanted = None if node is None else _node(root, node).get("id")
    return [state for state in root.iterfind("status/node_state") if wanted in {None, state.get("id")}]


def _resource(root: Element, name: str) -> Element:
    for one in _section(root, "resources").iter():
        if one.get("id") == name and one.tag in {"primitive", "group", "clone", "master", "bundle"}:
            return one
    raise NotInTheCluster(f"there is no resource {name!r}")


# Names and values


def _set_of(holder: Element, kind: str, new_id: str) -> Element:
    """Return the first set that holds without a rule, or a new one."""
    plain = (one for one in holder.iterfind(kind) if one.find("rule") is None)
    found = next(plain, None)
    return SubElement(holder, kind, {"id": new_id}) if found is None else found


def _set(holder: Element, name: str, value: str | None) -> None:
    _take_away(holder, name)
    if value is not None:
        pair_id = _NO_ID.sub(".", f"{holder.get('id')}-{name}")
        SubElement(holder, "nvpair", {"id": pair_id, "name": name, "value": value})


def _take_away(holder: Element, name: str) -> None:
    for pair in holder.findall("nvpair"):
        if pair.get("name") == name:
            holder.remove(pair)


def _set_attribute(root: Element, change: NodeAttribute) -> None:
    node = _node(root, change.node)
    node_id = node.get("id", "")
    if change.value is None or change.lifetime == "forever":
        holders = node.findall("instance_attributes")
        for holder in holders:
            _take_away(holder, change.name)
    if change.value is None or change.lifetime == "reboot":
        for state in _states(root, change.node):
            for holder in state.iterfind("transient_attributes/instance_attributes"):
                _take_away(holder, change.name)
    if change.value is None:
        return
    if change.lifetime == "forever":
        _set(_set_of(node, "instance_attributes", f"nodes-{node_id}"), change.name, change.value)
        return
    for state in _states(root, change.node):
        transient = state.find("transient_attributes")
        if transient is None:
            transient = SubElement(state, "transient_attributes", {"id": node_id})
        _set(_set_of(transient, "instance_attributes", f"status-{node_id}"), change.name, change.value)


def _come_back(root: Element, node: str) -> Iterator[str]:
    """Take it out of standby; if it is not in, let it join as a node does: with nothing remembered of what ran there."""
    _set_attribute(root, NodeAttribute(node, _STANDBY, None))
    states = _states(root, node)
    if states and all(state.get("crmd") in _ONLINE or _is_time(state.get("crmd", "")) for state in states):
        return
    for state in states:
        for part in list(state):
            state.remove(part)
    yield f"--node-up={node}"


_ONLINE = frozenset({"online"})


def _is_time(word: str) -> bool:
    """Say whether it is what Pacemaker 3 writes instead of online: when the node came, 0 where it is not there."""
    return word.isdecimal() and int(word) > 0


# Constraints, resources, failures


def _add_constraint(root: Element, xml: str) -> None:
    try:
        constraint: Element = fromstring(xml)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotInTheCluster(f"that is no constraint ({error})") from error
    constraints = _section(root, "constraints")
    for one in constraints.findall("*"):
        if one.get("id") == constraint.get("id"):
            constraints.remove(one)
    constraints.append(constraint)


def _remove_constraint(root: Element, wanted: str) -> None:
    constraints = _section(root, "constraints")
    found = [one for one in constraints if one.get("id") == wanted]
    if not found:
        raise NotInTheCluster(f"there is no constraint {wanted!r}")
    for one in found:
        constraints.remove(one)


def _target_role(root: Element, resource: str, role: str | None) -> None:
    """Say the role where crm_resource says it; taken away it is from what the resource is in as well."""
    element = _resource(root, resource)
    if role is not None:
        _set(_set_of(element, "meta_attributes", f"{resource}-meta_attributes"), "target-role", role)
        return
    for one in element.iter("meta_attributes"):
        _take_away(one, "target-role")


def _forget(root: Element, resource: str | None, node: str | None) -> None:
    """Take away fail counts and the operations that failed.

    A real cleanup looks anew at what runs where. A copy cannot be looked at, so what is known to run there stays.
    """
    for state in _states(root, node):
        for holder in state.iterfind("transient_attributes/instance_attributes"):
            for pair in holder.findall("nvpair"):
                name = pair.get("name", "")
                if name.startswith(_OF_FAILURES) and resource in {None, _failed_resource(name)}:
                    holder.remove(pair)
        for history in state.iterfind("lrm/lrm_resources/lrm_resource"):
            if resource in {None, base_id(history.get("id", ""))}:
                for operation in [one for one in history.iterfind("lrm_rsc_op") if _failed(one)]:
                    history.remove(operation)


def _failed_resource(attribute: str) -> str:
    """Return whose failures are counted: `haproxy` in `fail-count-haproxy#start_0`."""
    prefix = next(one for one in _OF_FAILURES if attribute.startswith(one))
    return base_id(attribute.removeprefix(prefix).partition("#")[0])


def _failed(operation: Element) -> bool:
    """Say whether an operation failed; a look that finds nothing running has not."""
    code = operation.get("rc-code", "0")
    looked = operation.get("operation") == "monitor" and operation.get("interval") == "0"
    return code not in _SUCCESS and not (looked and code == _NOT_RUNNING)
