"""What pcs 0.11.5 does to a CIB: the same in a file and in a running cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

from sandbox.nodes.cib import Cib, set_pair

_OPERATIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "systemd": (("start", "0s", "100"), ("stop", "0s", "100")),
    "ocf": (("start", "0s", "20s"), ("stop", "0s", "20s")),
    "stonith": (),
}


class Refused(Exception):
    """Why it is not done, in pcs's words."""


def edit(cib: Cib, words: list[str]) -> str:
    """Carry out one command and return what pcs says to it. Raises `Refused`."""
    for length in (3, 2):
        change = _CHANGES.get(tuple(words[:length]))
        if change is not None:
            return change(cib, words[length:]) or ""
    raise Refused(f"the model does not play `pcs {' '.join(words)}`")


def _options(words: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(f"missing value of '{word}' option")
        pairs[name] = value
    return pairs


def _new_id(cib: Cib, wanted: str) -> str:
    number, found = 0, wanted
    while cib.find(found) is not None:
        number += 1
        found = f"{wanted}-{number}"
    return found


def _existing(cib: Cib, element_id: str) -> Element:
    found = cib.find(element_id)
    if found is None:
        raise Refused(f"bundle/clone/group/resource '{element_id}' does not exist")
    return found


def _property_set(cib: Cib, words: list[str]) -> None:
    for name, value in _options(words).items():
        cib.set_property(name, value or None)


def _property_unset(cib: Cib, words: list[str]) -> None:
    for name in words:
        if name not in cib.properties():
            raise Refused(f"Cannot remove property '{name}', it is not present in property set 'cib-bootstrap-options'")
        cib.set_property(name, None)


def _defaults(cib: Cib, words: list[str]) -> str:
    section = cib.section("rsc_defaults")
    holder = section.find("meta_attributes")
    if holder is None:
        holder = SubElement(section, "meta_attributes", {"id": "rsc_defaults-meta_attributes"})
    for name, value in _options(words).items():
        set_pair(holder, name, value or None)
    return "Warning: Defaults do not apply to resources which override them with their own defined values\n"


def _create(cib: Cib, words: list[str]) -> None:
    name, agent, *rest = words
    cls, _, tail = agent.partition(":")
    provider, _, kind = tail.rpartition(":")
    _primitive(cib, name, {"class": cls, "type": kind, **({"provider": provider} if provider else {})}, rest)


def _stonith(cib: Cib, words: list[str]) -> None:
    name, agent, *rest = words
    _primitive(cib, name, {"class": "stonith", "type": agent}, rest)


_PARTS = ("op", "meta", "clone")


def _parts(words: list[str]) -> dict[str, list[str]]:
    """Split what follows an agent: its own options under "", then those behind each keyword."""
    parts: dict[str, list[str]] = {"": []}
    at = ""
    for word in words:
        if word in _PARTS:
            at = word
            parts.setdefault(at, [])
        else:
            parts[at].append(word)
    return parts


def _primitive(cib: Cib, name: str, agent: Mapping[str, str], rest: list[str]) -> None:
    if cib.find(name) is not None:
        raise Refused(f"'{name}' already exists")
    parts = _parts(rest)
    primitive = SubElement(cib.section("resources"), "primitive", {"id": name, **agent})
    attributes = _options(parts[""])
    if attributes:
        holder = SubElement(primitive, "instance_attributes", {"id": f"{name}-instance_attributes"})
        for key in sorted(attributes):
            set_pair(holder, key, attributes[key])
    operations = SubElement(primitive, "operations")
    if "op" in parts:
        operation, *more = parts["op"]
        _operation(operations, name, operation, {"interval": "60s", **_options(more)})
    for operation, interval, timeout in _OPERATIONS[agent["class"]]:
        _operation(operations, name, operation, {"interval": interval, "timeout": timeout})
    if parts.get("meta"):
        _meta(cib, [name, *parts["meta"]])
    if "clone" in parts:
        _clone(cib, [name])
        if parts["clone"]:
            _meta(cib, [f"{name}-clone", *parts["clone"]])


def _operation(operations: Element, name: str, operation: str, values: Mapping[str, str]) -> None:
    op_id = f"{name}-{operation}-interval-{values['interval']}"
    SubElement(operations, "op", {"name": operation, **values, "id": op_id})


def _clone(cib: Cib, words: list[str]) -> None:
    name = words[0]
    primitive, resources = _existing(cib, name), cib.section("resources")
    if primitive not in list(resources):
        raise Refused(f"'{name}' is already a clone resource")
    resources.remove(primitive)
    SubElement(resources, "clone", {"id": f"{name}-clone"}).append(primitive)


def _meta(cib: Cib, words: list[str]) -> None:
    name, *rest = words
    element = _existing(cib, name)
    holder = element.find("meta_attributes")
    if holder is None:
        holder = SubElement(element, "meta_attributes", {"id": f"{name}-meta_attributes"})
    for key, value in _options(rest).items():
        set_pair(holder, key, value or None)


def _order(cib: Cib, words: list[str]) -> str:
    first_action, first, _, then = (words if words[0] in {"start", "stop"} else ["start", *words])[:4]
    for name in (first, then):
        _existing(cib, name)
    actions = {"first-action": first_action, "then-action": "start"}
    order_id = _new_id(cib, f"order-{first}-{then}-mandatory")
    SubElement(cib.section("constraints"), "rsc_order", {"first": first, "then": then, **actions, "id": order_id})
    return f"Adding {first} {then} (kind: Mandatory) (Options: first-action={first_action} then-action=start)\n"


def _colocation(cib: Cib, words: list[str]) -> None:
    name, _, other, *rest = words
    for one in (name, other):
        _existing(cib, one)
    score = _options(rest).get("score", "INFINITY")
    pair = {"rsc": name, "with-rsc": other, "score": score}
    wanted = f"colocation-{name}-{other}-{score}"
    SubElement(cib.section("constraints"), "rsc_colocation", {**pair, "id": _new_id(cib, wanted)})


def _location(cib: Cib, words: list[str]) -> None:
    name, kind, *rest = words
    _existing(cib, name)
    if kind != "rule":
        raise Refused("the model plays location constraints with a rule only")
    options = _options(word for word in rest if "=" in word)
    expression = [word for word in rest if "=" not in word]
    constraint = SubElement(
        cib.section("constraints"), "rsc_location", {"id": _new_id(cib, f"location-{name}"), "rsc": name}
    )
    rule_id = options.get("id") or f"{constraint.get('id')}-rule"
    joined = "or" if "or" in expression else "and"
    rule = SubElement(
        constraint, "rule", {"id": rule_id, "boolean-op": joined, "score": options.get("score", "INFINITY")}
    )
    for part in _split(expression):
        at = _new_id(cib, f"{rule_id}-expr")
        if part[0] in {"defined", "not_defined"}:
            values = {"operation": part[0], "attribute": part[1]}
        else:
            values = {"operation": part[1], "attribute": part[0], "value": part[2]}
        SubElement(rule, "expression", {"id": at, **values})


def _split(expression: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in expression:
        if word in {"and", "or"}:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _standby(cib: Cib, words: list[str]) -> None:
    _node_attribute(cib, words, "standby", "on")


def _unstandby(cib: Cib, words: list[str]) -> None:
    _node_attribute(cib, words, "standby", None)


def _maintenance(cib: Cib, words: list[str]) -> None:
    _node_attribute(cib, words, "maintenance", "on")


def _unmaintenance(cib: Cib, words: list[str]) -> None:
    _node_attribute(cib, words, "maintenance", None)


def _delete(cib: Cib, words: list[str]) -> str:
    """Take a resource out, and every constraint that names it."""
    name = words[0]
    element, resources, constraints = _existing(cib, name), cib.section("resources"), cib.section("constraints")
    holder = next(one for one in resources if one is element or element in list(one))
    names = {name, holder.get("id")}
    resources.remove(holder)
    for one in [one for one in constraints if names & {one.get(key) for key in _NAMING}]:
        constraints.remove(one)
    return f"Attempting to stop: {name}... Stopped\n"


_NAMING = ("rsc", "with-rsc", "first", "then")


def _enable(cib: Cib, words: list[str]) -> None:
    """Take the target role away, from a clone's resource as well."""
    for name in (word for word in words if not word.startswith("--")):
        for one in _existing(cib, name).iter():
            if one.tag == "meta_attributes":
                set_pair(one, "target-role", None)


def _node_attribute(cib: Cib, words: list[str], name: str, value: str | None) -> None:
    for wanted in (word for word in words if not word.startswith("--")):
        node = next((one for one in cib.section("nodes") if one.get("uname") == wanted), None)
        if node is None:
            raise Refused(f"Node '{wanted}' does not appear to exist in configuration")
        holder = node.find("instance_attributes")
        if holder is None:
            holder = SubElement(node, "instance_attributes", {"id": f"nodes-{node.get('id')}"})
        set_pair(holder, name, value)


_CHANGES: Mapping[tuple[str, ...], Callable[[Cib, list[str]], str | None]] = {
    ("node", "standby"): _standby,
    ("node", "unstandby"): _unstandby,
    ("node", "maintenance"): _maintenance,
    ("node", "unmaintenance"): _unmaintenance,
    ("property", "set"): _property_set,
    ("property", "unset"): _property_unset,
    ("resource", "defaults", "update"): _defaults,
    ("resource", "create"): _create,
    ("resource", "delete"): _delete,
    ("resource", "clone"): _clone,
    ("resource", "enable"): _enable,
    ("resource", "meta"): _meta,
    ("stonith", "create"): _stonith,
    ("constraint", "order"): _order,
    ("constraint", "colocation", "add"): _colocation,
    ("constraint", "location"): _location,
}
