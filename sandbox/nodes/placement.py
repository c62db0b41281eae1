"""What runs where: the scheduler's decision, pure. Enough of Pacemaker's for clones, gates, stickiness and colocation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sandbox.nodes.cib import INFINITY, Cib, Resource

Placement = Mapping[str, frozenset[str]]
"""The nodes of each resource, by its id."""


def place(
    cib: Cib,
    nodes: Sequence[str],
    attributes: Mapping[str, Mapping[str, str]],
    running: Placement,
    hopeless: Collection[str] = (),
) -> dict[str, frozenset[str]]:
    """Return where each primitive is to run, of `nodes` (those that may run anything), given where it runs now.

    A start that failed keeps a resource off that node, and one that is `hopeless` off all. What is to be with a clone can only be where an instance of it runs already: it follows a moment later.
    """
    target: dict[str, frozenset[str]] = {}
    for resource in _others_first(cib):
        scores = {node: _score(cib, resource, node, attributes, running, target) for node in nodes}
        able = [
            node for node in nodes if scores[node] > -INFINITY and not resource.stopped and resource.id not in hopeless
        ]
        if resource.clone is not None:
            target[resource.id] = frozenset(able)
        elif able:
            load = {node: sum(node in where for where in target.values()) for node in able}
            best = max(able, key=lambda node: (scores[node], -load[node], -nodes.index(node)))
            target[resource.id] = frozenset({best})
        else:
            target[resource.id] = frozenset()
    return target


def barred(cib: Cib, nodes: Iterable[str], attributes: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Return which rule bars which resource from which node, as (rule, resource, node): crm_mon's bans."""
    return [
        (rule.id, rule.resource, node)
        for rule in cib.rules()
        for node in nodes
        if rule.score < 0 and rule.holds(_known(node, attributes))
    ]


def _known(node: str, attributes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {**attributes.get(node, {}), "#uname": node}


def _others_first(cib: Cib) -> list[Resource]:
    """Return the primitives so that one that is to be with another comes after it."""
    left = {resource.id: resource for resource in cib.resources()}
    inside = {resource.clone: name for name, resource in left.items() if resource.clone}
    needs: dict[str, set[str]] = {name: set() for name in left}
    for colocation in cib.colocations():
        if colocation.resource in needs:
            needs[colocation.resource].add(inside.get(colocation.with_resource, colocation.with_resource))
    order: list[Resource] = []
    while left:
        free = [name for name in left if not needs[name] & left.keys()] or list(left)[:1]
        order += [left.pop(name) for name in free]
    return order


def _score(
    cib: Cib,
    resource: Resource,
    node: str,
    attributes: Mapping[str, Mapping[str, str]],
    running: Placement,
    target: Placement,
) -> int:
    names = {resource.id, resource.clone}
    points = [rule.score for rule in cib.rules() if rule.resource in names and rule.holds(_known(node, attributes))]
    if node in running.get(resource.id, frozenset()):
        points.append(cib.stickiness())
    if attributes.get(node, {}).get(f"fail-count-{resource.id}#start_0") == "INFINITY":
        points.append(-INFINITY)
    clones = {one.clone: one.id for one in cib.resources() if one.clone}
    for colocation in cib.colocations():
        if colocation.resource not in names:
            continue
        if colocation.with_resource in clones:
            here = node in running.get(clones[colocation.with_resource], frozenset())
            here = here and node in target.get(clones[colocation.with_resource], frozenset({node}))
        else:
            here = node in target.get(colocation.with_resource, frozenset())
        if colocation.score == INFINITY:
            # it rules other nodes out, and prefers none of those left: stickiness still tells them apart
            points += [] if here else [-INFINITY]
        elif here:
            points.append(colocation.score)
    return -INFINITY if -INFINITY in points else min(INFINITY, sum(points))
