"""Pacemaker's configuration: an XML document with a version, and what the scheduler reads in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from defusedxml.ElementTree import ParseError, fromstring

from sandbox.nodes.xml_text import written

INFINITY = 1_000_000
_EMPTY = """<cib crm_feature_set="{}" validate-with="pacemaker-3.9" epoch="0" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config/>
    <nodes/>
    <resources/>
    <constraints/>
  </configuration>
  <status/>
</cib>
"""


def empty(feature_set: str = "3.16.1") -> str:
    """Return what Pacemaker begins with where there is no CIB on disk."""
    return _EMPTY.format(feature_set)


@dataclass(frozen=True, slots=True)
class Resource:
    """A primitive. `clone` is the id of the clone it is in, and `stopped` that its target role is Stopped."""

    id: str
    cls: str
    provider: str
    type: str
    attributes: Mapping[str, str]
    clone: str | None
    stopped: bool

    @property
    def agent(self) -> str:
        """The agent as crm_mon names it."""
        return ":".join(part for part in (self.cls, self.provider, self.type) if part)


@dataclass(frozen=True, slots=True)
class Colocation:
    """A resource with another (a primitive or a clone), or away from it."""

    resource: str
    with_resource: str
    score: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What a location constraint says of some nodes. `id` is what crm_mon lists it under when it bars one."""

    id: str
    resource: str
    score: int
    any_of: bool
    expressions: tuple[tuple[str, str, str], ...]
    """(attribute, operation, value)."""

    def holds(self, attributes: Mapping[str, str]) -> bool:
        """Say whether a node with these attributes, `#uname` among them, is meant."""
        met = [_met(attributes.get(name), operation, value) for name, operation, value in self.expressions]
        return any(met) if self.any_of else all(met)


def _met(found: str | None, operation: str, value: str) -> bool:
    match operation:
        case "defined":
            return found is not None
        case "not_defined":
            return found is None
        case "eq":
            return found == value
        case "ne":
            return found != value
    raise ValueError(f"the model does not know the operation {operation!r}")


@dataclass(slots=True)
class Cib:
    """The document. Configuration changes count in `epoch`, everything else in `num_updates`."""

    root: Element = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Cib:
        """Read it. Raises ValueError for what is not a CIB."""
        try:
            root: Element = fromstring(text)
        except ParseError as error:
            raise ValueError(str(error)) from error
        if root.tag != "cib" or root.find("configuration") is None:
            raise ValueError("not a CIB")
        return cls(root)

    def copy(self) -> Cib:
        """Return another one just like it."""
        return Cib(copy.deepcopy(self.root))

    def text(self, status: Element | None = None) -> str:
        """Write it, with another status section than its own empty one if given."""
        root = copy.deepcopy(self.root)
        if status is not None:
            own = root.find("status")
            if own is not None:
                root.remove(own)
            root.append(copy.deepcopy(status))
        return written(root)

    @property
    def version(self) -> tuple[int, int, int]:
        """Which of two is newer."""
        numbers = [int(self.root.get(name, "0")) for name in ("admin_epoch", "epoch", "num_updates")]
        return numbers[0], numbers[1], numbers[2]

    def bump(self, *, configuration: bool) -> None:
        """Count a change."""
        _, epoch, updates = self.version
        self.root.set("epoch", str(epoch + 1 if configuration else epoch))
        self.root.set("num_updates", "0" if configuration else str(updates + 1))

    def section(self, name: str) -> Element:
        """Return a section of the configuration, made where it is missing."""
        configuration = self.root.find("configuration")
        if configuration is None:
            raise ValueError("not a CIB")
        found = configuration.find(name)
        return SubElement(configuration, name) if found is None else found

    def find(self, element_id: str) -> Element | None:
        """Return the element of the configuration with this id."""
        return next((one for one in self.root.iter() if one.get("id") == element_id and one.tag != "status"), None)

    # Properties, defaults and nodes

    def properties(self) -> dict[str, str]:
        """Return the cluster's options."""
        return _pairs(self.section("crm_config").find("cluster_property_set"))

    def set_property(self, name: str, value: str | None) -> None:
        """Set one, or take it away with None."""
        options = self.section("crm_config")
        holder = options.find("cluster_property_set")
        if holder is None:
            holder = SubElement(options, "cluster_property_set", {"id": "cib-bootstrap-options"})
        set_pair(holder, name, value)

    def nodes(self) -> dict[str, str]:
        """Return the nodes that were ever in, by name, with their ids."""
        return {node.get("uname", ""): node.get("id", "") for node in self.section("nodes")}

    def node_attributes(self, name: str) -> dict[str, str]:
        """Return a node's permanent attributes."""
        for node in self.section("nodes"):
            if node.get("uname") == name:
                return _pairs(node.find("instance_attributes"))
        return {}

    def stickiness(self) -> int:
        """Return how much a resource likes to stay."""
        return score(_pairs(self.section("rsc_defaults").find("meta_attributes")).get("resource-stickiness", "0"))

    # Resources and constraints

    def resources(self) -> Iterator[Resource]:
        """Yield every primitive, alone or in a clone."""
        for top in self.section("resources"):
            inside = [top] if top.tag == "primitive" else list(top.iter("primitive"))
            role = _pairs(top.find("meta_attributes")).get("target-role")
            for one in inside:
                yield Resource(
                    one.get("id", ""),
                    one.get("class", ""),
                    one.get("provider", ""),
                    one.get("type", ""),
                    _pairs(one.find("instance_attributes")),
                    top.get("id") if top.tag == "clone" else None,
                    (_pairs(one.find("meta_attributes")).get("target-role") or role) == "Stopped",
                )

    def colocations(self) -> Iterator[Colocation]:
        """Yield the colocation constraints."""
        for one in self.section("constraints").iterfind("rsc_colocation"):
            yield Colocation(one.get("rsc", ""), one.get("with-rsc", ""), score(one.get("score", "0")))

    def rules(self) -> Iterator[Rule]:
        """Yield the location constraints, a plain preference for a node as a rule about its name."""
        for one in self.section("constraints").iterfind("rsc_location"):
            resource, node = one.get("rsc", ""), one.get("node")
            if node is not None:
                named = (("#uname", "eq", node),)
                yield Rule(one.get("id", ""), resource, score(one.get("score", "0")), any_of=False, expressions=named)
            for rule in one.iterfind("rule"):
                expressions = tuple(
                    (part.get("attribute", ""), part.get("operation", ""), part.get("value", ""))
                    for part in rule.iterfind("expression")
                )
                points, any_of = score(rule.get("score", "0")), rule.get("boolean-op") == "or"
                yield Rule(rule.get("id", ""), resource, points, any_of, expressions)


def score(text: str) -> int:
    """Read a score, infinity in words."""
    words = {"INFINITY": INFINITY, "+INFINITY": INFINITY, "-INFINITY": -INFINITY}
    return words[text] if text in words else max(-INFINITY, min(INFINITY, int(text)))


def _pairs(holder: Element | None) -> dict[str, str]:
    if holder is None:
        return {}
    return {pair.get("name", ""): pair.get("value", "") for pair in holder.iterfind("nvpair")}


def set_pair(holder: Element, name: str, value: str | None) -> None:
    """Set a name and its value in a set, or take it away with None."""
    for pair in holder.findall("nvpair"):
        if pair.get("name") == name:
            if value is None:
                holder.remove(pair)
            else:
                pair.set("value", value)
            return
    if value is not None:
        SubElement(holder, "nvpair", {"id": f"{holder.get('id')}-{name}", "name": name, "value": value})
