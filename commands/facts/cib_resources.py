"""The resources section of the CIB: primitives, what they are in, and attribute sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from commands.facts.pacemaker_xml import Tag, role

_CLONE_KINDS = frozenset({"clone", "master", "bundle"})
"""`master` is what a promotable clone was called before Pacemaker 2.0; its schemas still allow it. A bundle's replicas
are instances as well."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a resource, times as they were written (`5s`, `100`, `1m`)."""

    name: str
    interval: str
    timeout: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Primitive:
    """A single resource. `cls` is its standard (ocf, systemd, stonith); `provider` is "" outside ocf.

    `attributes` are the agent's parameters, and not in the `repr`: a fencing device may hold a password there. `meta`
    are Pacemaker's own options of it (target-role, is-managed …).
    """

    id: str
    cls: str
    provider: str
    type: str
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    meta: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    clone: str | None = None
    group: str | None = None

    @property
    def address(self) -> str | None:
        """The address that it puts on a node, None where it has none. A fence device's `ip` is that of its power switch."""
        return None if self.cls == "stonith" else self.attributes.get("ip")


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone or bundle and the ids of the primitives inside, through a group or not."""

    id: str
    meta: Mapping[str, str] = field(default_factory=dict)
    primitives: tuple[str, ...] = ()


def nvpairs(holder: Tag, sets: str) -> Mapping[str, str]:
    """Return the names and values of a holder's sets without rules; where sets differ, the higher score wins.

    The set pcs and Pacemaker write to, `cib-bootstrap-options`, goes before all others whatever its score.
    """
    plain = [one for one in holder.all(sets) if one.find("rule") is None]
    # a score as Pacemaker reads it; stable, so that equal sets stay in document order
    plain.sort(key=lambda one: (one.get("id") == "cib-bootstrap-options", _score(one)), reverse=True)
    found: dict[str, str] = {}
    for one in plain:
        for pair in one.all("nvpair"):
            # a pair by reference has no name here, and one without a value means "unset"
            if pair.get("name") and pair.element.get("value") is not None:
                found.setdefault(pair.get("name"), pair.get("value"))
    return found


def _score(one: Tag) -> int:
    return one.score("score") if one.get("score") else 0


def primitives(resources: Tag) -> Iterator[Primitive]:
    """Yield every primitive, knowing the group and the clone it is in."""
    templates = {template.text("id"): template for template in resources.all("template")}
    for top in resources:
        yield from _inside(top, templates)


def _inside(
    top: Tag, templates: Mapping[str, Tag], clone: str | None = None, group: str | None = None
) -> Iterator[Primitive]:
    if top.name == "primitive":
        yield _primitive(top, templates, clone, group)
    elif top.name == "group":
        for one in top.all("primitive"):
            yield _primitive(one, templates, clone, top.text("id"))
    elif top.name in _CLONE_KINDS:
        for one in top:
            if one.name in {"primitive", "group"}:
                yield from _inside(one, templates, clone=top.text("id"))


def _primitive(one: Tag, templates: Mapping[str, Tag], clone: str | None, group: str | None) -> Primitive:
    template = templates.get(one.get("template"))
    kind, layers = (one, [one]) if template is None else (template, [one, template])
    attributes: dict[str, str] = {}
    meta: dict[str, str] = {}
    operations: dict[tuple[str, str, str], Operation] = {}
    for layer in layers:  # what the primitive says itself goes before what its template says
        attributes = {**nvpairs(layer, "instance_attributes"), **attributes}
        meta = {**nvpairs(layer, "meta_attributes"), **meta}
        for op in layer.all("operations/op"):
            key = (op.text("name"), op.text("interval"), role(op.get("role")))
            operations.setdefault(key, Operation(key[0], key[1], op.get("timeout"), key[2]))
    return Primitive(
        id=one.text("id"),
        cls=kind.text("class"),
        provider=kind.get("provider"),
        type=kind.text("type"),
        attributes=attributes,
        meta=meta,
        operations=tuple(operations.values()),
        clone=clone,
        group=group,
    )


def clones(resources: Tag) -> Iterator[Clone]:
    """Yield every clone and bundle."""
    for top in resources:
        if top.name in _CLONE_KINDS:
            inside = [one.text("id") for one in top.all("primitive")]
            inside += [one.text("id") for one in top.all("group/primitive")]
            yield Clone(top.text("id"), nvpairs(top, "meta_attributes"), tuple(inside))
