"""The constraints section of the CIB: what runs where, with what, and after what.

A gate is the location rule that makes a failover wait for a person:

    -INFINITY  #uname ne HOME and not_defined hacluster-RESOURCE

It forbids every node but the resource's home, unless the node carries the attribute that an approval sets there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.facts.pacemaker_xml import INFINITY, Tag


@dataclass(frozen=True, slots=True)
class Order:
    """One resource before another. With resource sets `first` and `then` are "" and `sets` hold them in order."""

    id: str
    first: str
    then: str
    kind: str = ""
    """Mandatory, Optional or Serialize; "" where nothing is written, which means Mandatory."""
    sets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Colocation:
    """A resource placed with another, or away from it (`score` below 0). Resource sets as in `Order`."""

    id: str
    resource: str
    with_resource: str
    score: int
    sets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """One condition of a rule. `kind` is its element's name: only `expression` speaks of node attributes."""

    kind: str
    attribute: str = ""
    operation: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions joined by `boolean_op`, and the score of the nodes that meet them (None: taken from an attribute)."""

    id: str
    score: int | None
    boolean_op: str
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """A preference of a resource for a node, or for the nodes its rules say; then `node` is "" and `score` None.

    `resource` is "" where the constraint names a pattern or resource sets instead.
    """

    id: str
    resource: str
    node: str = ""
    score: int | None = None
    rules: tuple[Rule, ...] = ()
    pattern: str = ""
    sets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Failover of `resource` away from `home` waits for a person.

    `id` is the location constraint's. `rule_id` is what `crm_mon` lists among its bans while the gate is closed.
    """

    id: str
    resource: str
    home: str
    rule_id: str = ""


def approval_attribute(resource: str) -> str:
    """Return the node attribute that opens the resource's gate on a node."""
    return f"hacluster-{resource}"


def gate_of(location: Location) -> Gate | None:
    """Return the gate that a location constraint is, or None. A rule that says anything more or less is none."""
    if not location.resource or location.node or len(location.rules) != 1:
        return None
    rule = location.rules[0]
    if rule.score != -INFINITY or rule.boolean_op != "and" or len(rule.expressions) != 2:  # noqa: PLR2004
        return None
    home, approved = sorted(rule.expressions, key=lambda expression: expression.operation)
    if (home.kind, home.attribute, home.operation) != ("expression", "#uname", "ne") or not home.value:
        return None
    if approved != Expression("expression", approval_attribute(location.resource), "not_defined"):
        return None
    return Gate(location.id, location.resource, home.value, rule.id)


def orders(constraints: Tag) -> Iterator[Order]:
    """Yield every order constraint."""
    for order in constraints.all("rsc_order"):
        yield Order(
            id=order.text("id"),
            first=order.get("first"),
            then=order.get("then"),
            kind=order.get("kind"),
            sets=_sets(order),
        )


def colocations(constraints: Tag) -> Iterator[Colocation]:
    """Yield every colocation constraint. Pacemaker takes a missing score as 0."""
    for colocation in constraints.all("rsc_colocation"):
        yield Colocation(
            id=colocation.text("id"),
            resource=colocation.get("rsc"),
            with_resource=colocation.get("with-rsc"),
            score=colocation.score("score") if colocation.get("score") else 0,
            sets=_sets(colocation),
        )


def locations(constraints: Tag) -> Iterator[Location]:
    """Yield every location constraint."""
    for location in constraints.all("rsc_location"):
        yield Location(
            id=location.text("id"),
            resource=location.get("rsc"),
            node=location.get("node"),
            score=location.score("score") if location.get("score") else None,
            rules=tuple(_rule(rule) for rule in location.all("rule")),
            pattern=location.get("rsc-pattern"),
            sets=_sets(location),
        )


def _rule(rule: Tag) -> Rule:
    return Rule(
        id=rule.get("id", "id-ref"),
        score=rule.score("score") if rule.get("score") else None,
        boolean_op=rule.get("boolean-op", default="and").lower(),
        expressions=tuple(
            Expression(part.name, part.get("attribute"), part.get("operation"), part.get("value")) for part in rule
        ),
    )


def _sets(constraint: Tag) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(reference.text("id") for reference in one.all("resource_ref")) for one in constraint.all("resource_set")
    )
