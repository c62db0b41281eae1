"""Pacemaker's configuration and node attributes: the Cluster Information Base (`cibadmin --query`).

Source: `cibadmin(8)` and "Pacemaker Explained" (rules, constraints, resource sets), held against Pacemaker 2.0.5, 2.1.5
and 3.0.0 (schemas 3.5, 3.9 and 4.0). Templates are resolved; attribute sets guarded by a rule are left out, since
whether they apply depends on the moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.cib_constraints import Colocation, Gate, Location, Order, colocations, gate_of, locations, orders
from commands.facts.cib_resources import Clone, Primitive, clones, nvpairs, primitives
from commands.facts.fact import Fact, NotRunning, not_installed, spoken
from commands.facts.pacemaker_xml import DISCONNECTED, Tag, document
from commands.facts.remembered import remembered

TOOL = "cibadmin"

_MOVED = ("cli-prefer-", "cli-ban-")
"""How `crm_resource --move` and `--ban` (and pcs over them) begin the ids of the constraints they leave behind."""

_VOLATILE = frozenset({"last-lrm-refresh"})
"""Cluster properties that are no configuration: a cleanup writes the time here to make the scheduler look again."""


@dataclass(frozen=True, slots=True)
class Cib:
    """The configuration, and what nodes carry.

    `admin_epoch`, `epoch` and `num_updates` are its version, compared in this order; `update_*` say who changed it.
    `node_attributes` are permanent, by node name (`standby` is one); `transient_attributes` go when the node restarts.
    `digest` is the same for the same configuration, whatever the status section, the version or the spacing.
    """

    admin_epoch: int
    epoch: int
    num_updates: int
    update_client: str
    update_user: str
    update_origin: str
    digest: str
    properties: Mapping[str, str] = field(default_factory=dict)
    resource_defaults: Mapping[str, str] = field(default_factory=dict)
    primitives: tuple[Primitive, ...] = ()
    clones: tuple[Clone, ...] = ()
    orders: tuple[Order, ...] = ()
    colocations: tuple[Colocation, ...] = ()
    locations: tuple[Location, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    node_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    transient_attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The location rules that make a failover wait for a person."""
        return tuple(gate for location in self.locations if (gate := gate_of(location)) is not None)

    @property
    def leftover_moves(self) -> tuple[Location, ...]:
        """What moves and bans left behind: they bind a resource to a node, or keep it off, until cleared."""
        return tuple(location for location in self.locations if location.id.startswith(_MOVED))

    def primitive(self, primitive_id: str) -> Primitive | None:
        """Return the primitive of that id, or None."""
        return next((one for one in self.primitives if one.id == primitive_id), None)

    def switched_off(self, name: str, clone: str | None = None) -> bool:
        """Whether people want a resource, or the clone it is an instance of, to be stopped."""
        primitive = self.primitive(name)
        layers = [primitive.meta] if primitive else []
        layers += [one.meta for one in self.clones if one.id == clone]
        return any(meta.get("target-role", "").lower() == "stopped" for meta in layers)

    def limited(self, clone: str) -> bool:
        """Whether a clone is meant for fewer than all nodes."""
        inside = {primitive for one in self.clones if one.id == clone for primitive in one.primitives}
        limits = any(one.id == clone and "clone-max" in one.meta for one in self.clones)
        return limits or any(where.resource in {clone, *inside} for where in self.locations)


def parse(done: Completed) -> Cib | NotRunning:
    """Read `cibadmin --query`. Raises `UnreadableOutput`."""
    if (absent := not_installed(done)) is not None:
        return absent
    if done.status == DISCONNECTED:
        return NotRunning(spoken(done))
    if done.status != 0:
        raise UnreadableOutput(TOOL, f"it ended with exit status {done.status}", spoken(done))
    return _read(done.stdout)


@remembered(512)  # all nodes of a cluster print the same, and mostly what they did the time before
def _read(text: str) -> Cib:
    cib = document(TOOL, text)
    if cib.name != "cib":
        raise UnreadableOutput(TOOL, f"its root is <{cib.name}>", text)
    configuration = cib.child("configuration")
    nodes = {
        node.text("id"): node.get("uname", default=node.text("id")) for node in cib.all("configuration/nodes/node")
    }
    return Cib(
        admin_epoch=cib.number("admin_epoch"),
        epoch=cib.number("epoch"),
        num_updates=cib.number("num_updates"),
        update_client=cib.get("update-client"),
        update_user=cib.get("update-user"),
        update_origin=cib.get("update-origin"),
        digest=_digest(configuration),
        properties=nvpairs(configuration.child("crm_config"), "cluster_property_set"),
        resource_defaults=_defaults(configuration),
        primitives=tuple(primitives(configuration.child("resources"))),
        clones=tuple(clones(configuration.child("resources"))),
        orders=tuple(orders(configuration.child("constraints"))),
        colocations=tuple(colocations(configuration.child("constraints"))),
        locations=tuple(locations(configuration.child("constraints"))),
        nodes=nodes,
        node_attributes={
            nodes[node.text("id")]: nvpairs(node, "instance_attributes") for node in configuration.all("nodes/node")
        },
        transient_attributes=_transient(cib, nodes),
    )


def _defaults(configuration: Tag) -> Mapping[str, str]:
    defaults = configuration.find("rsc_defaults")
    return {} if defaults is None else nvpairs(defaults, "meta_attributes")


def _transient(cib: Tag, nodes: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Read the attributes in the status section. A node's state may lack its name, so the configured one goes first."""
    found: dict[str, Mapping[str, str]] = {}
    for state in cib.all("status/node_state"):
        held = state.find("transient_attributes")
        if held is not None:
            name = nodes.get(state.text("id")) or state.get("uname", "id")
            found[name] = nvpairs(held, "instance_attributes")
    return found


def _digest(configuration: Tag) -> str:
    """Hash the elements, their attributes in any order, and their text; not the spacing between them."""
    digest = hashlib.sha256()
    ahead: list[Tag | None] = [configuration]
    while ahead:
        tag = ahead.pop()
        if tag is None:
            digest.update(b")")
        elif tag.name != "nvpair" or tag.get("name") not in _VOLATILE:
            words = (tag.name, sorted(tag.element.attrib.items()), (tag.element.text or "").strip())
            digest.update(f"({words!r}".encode())
            ahead += [None, *reversed(list(tag))]
    return digest.hexdigest()


FACT: Fact[Cib | NotRunning] = Fact(
    # 1 is sudo's "command not found"; any other 1 is refused by the parser
    Command((TOOL, "--query"), legal=frozenset({0, 1, DISCONNECTED, 127}), joins=True),
    parse,
)
