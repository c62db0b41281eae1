"""The elements of Pacemaker's configuration that a cluster is made of, as XML. Pure.

Ids are named as pcs names them, so that whoever goes on with pcs finds what they know. Constraints of ours that pcs
would name after their resource alone are named after what they do: pcs, or an older release of the bot, may have used
that name already. All elements are valid in every schema since Pacemaker 1.0 (see "Pacemaker Explained").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from commands.configuration.resources import CLONE, PROXY, Vip
from commands.facts.cib_constraints import approval_attribute
from commands.gates import AWAY, away_rule, gate_rule

APART = -1000
"""Finite: with -INFINITY one of two floating IPs would stay stopped when a single node is left."""


def stickiness() -> Element:
    """What runs stays where it is. The score lets it go before the 1 that Enterprise Linux builds into new clusters."""
    defaults = Element("meta_attributes", id="rsc_defaults-hacluster", score="1")
    SubElement(
        defaults, "nvpair", {"id": f"{defaults.get('id')}-stickiness", "name": "resource-stickiness", "value": "100"}
    )
    return defaults


def proxy_clone() -> Element:
    """HAProxy on every node. Interleaved: a floating IP waits for the HAProxy of its own node only."""
    clone = Element("clone", id=CLONE)
    proxy = SubElement(clone, "primitive", {"id": PROXY, "class": "systemd", "type": "haproxy"})
    _operations(proxy, {"monitor": ("5s", "20s"), "start": ("0s", "100s"), "stop": ("0s", "100s")})
    _pairs(clone, "meta_attributes", {"interleave": "true"})
    return clone


def floating_ip(vip: Vip) -> Element:
    """An address that is added to an interface, by default to the one in its subnet."""
    agent = {"class": "ocf", "provider": "heartbeat", "type": "IPaddr2"}
    primitive = Element("primitive", {"id": vip.id, **agent})
    address = {"cidr_netmask": str(vip.spec.prefix), "ip": str(vip.spec.address)}
    _pairs(primitive, "instance_attributes", {**address, **({"nic": vip.spec.nic} if vip.spec.nic else {})})
    _operations(primitive, {"monitor": ("5s", "20s"), "start": ("0s", "20s"), "stop": ("0s", "20s")})
    return primitive


def after_proxy(vip: Vip) -> Element:
    """The floating IP comes up once HAProxy runs, so that nobody reaches an address that does not answer."""
    actions = {"first": CLONE, "first-action": "start", "then": vip.id, "then-action": "start"}
    return Element("rsc_order", {"id": f"order-{CLONE}-{vip.id}-mandatory", **actions})


def with_proxy(vip: Vip) -> Element:
    """The floating IP is only where HAProxy runs."""
    return _colocation(vip.id, CLONE, "INFINITY")


def apart(resource: str, other: str) -> Element:
    """Two floating IPs are on different nodes while there are enough."""
    return _colocation(resource, other, str(APART))


def gate(resource: str, home: str) -> Element:
    """No node but its home may run it, unless somebody allowed it there (`commands.gates`)."""
    location, rule = _forbidding(f"location-{resource}-gate", resource, gate_rule(resource))
    named = {"id": f"{rule.get('id')}-expr", "attribute": "#uname", "operation": "ne", "value": home}
    SubElement(rule, "expression", named)
    allowed = {"attribute": approval_attribute(resource), "operation": "not_defined"}
    SubElement(rule, "expression", {"id": f"{rule.get('id')}-expr-1", **allowed})
    return location


def away(resource: str) -> Element:
    """A node from which somebody sent it away may not run it, its home included."""
    location, rule = _forbidding(f"location-{resource}-away", resource, away_rule(resource))
    sent = {"attribute": approval_attribute(resource), "operation": "eq", "value": AWAY}
    SubElement(rule, "expression", {"id": f"{rule.get('id')}-expr", **sent})
    return location


def section(name: str, elements: Iterable[Element]) -> str:
    """Return a section of the configuration that holds these elements, as people can read it."""
    whole = Element(name)
    whole.extend(elements)
    indent(whole)
    return tostring(whole, encoding="unicode") + "\n"


def _colocation(resource: str, other: str, score: str) -> Element:
    pair = {"rsc": resource, "with-rsc": other, "score": score}
    return Element("rsc_colocation", {"id": f"colocation-{resource}-{other}-{score}", **pair})


def _forbidding(location_id: str, resource: str, rule_id: str) -> tuple[Element, Element]:
    location = Element("rsc_location", {"id": location_id, "rsc": resource})
    return location, SubElement(location, "rule", {"id": rule_id, "boolean-op": "and", "score": "-INFINITY"})


def _pairs(holder: Element, kind: str, values: Mapping[str, str]) -> None:
    held = SubElement(holder, kind, id=f"{holder.get('id')}-{kind}")
    for name, value in values.items():
        SubElement(held, "nvpair", {"id": f"{held.get('id')}-{name}", "name": name, "value": value})


def _operations(primitive: Element, operations: Mapping[str, tuple[str, str]]) -> None:
    """Give a primitive its operations, each with its interval and timeout (those that their agents advise)."""
    held = SubElement(primitive, "operations")
    for name, (interval, timeout) in operations.items():
        op_id = f"{primitive.get('id')}-{name}-interval-{interval}"
        SubElement(held, "op", {"id": op_id, "name": name, "interval": interval, "timeout": timeout})
