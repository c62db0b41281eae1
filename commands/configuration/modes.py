"""What a running cluster's constraints lack, and what they have too much, for failover to be automatic or approved. Pure.

With `automatic` no gate is left, and floating IPs keep apart by a finite score. With `approved` each floating IP has a
gate, and nothing keeps them apart: where one may be is for people to say. What other hands made stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from commands.configuration import elements
from commands.configuration.wanted import Lack, no_stickiness
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Colocation
from commands.facts.cib_resources import Primitive
from commands.gates import away_constraints, has_away_rule
from config.inventory import ClusterSpec, Failover

_ADDRESS_AGENTS = frozenset({"IPaddr", "IPaddr2"})


@dataclass(frozen=True, slots=True)
class Surplus:
    """A constraint that is to go: its element's name and id."""

    words: str
    tag: str
    id: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What turns a cluster from one way of failing over to the other: constraints that go, and what comes."""

    surplus: tuple[Surplus, ...]
    lacks: tuple[Lack, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is not so yet, in people's words; empty when all is."""
        return (*(one.words for one in self.surplus), *(one.words for one in self.lacks))


def floating_ips(cluster: ClusterSpec, cib: Cib) -> tuple[Primitive, ...]:
    """Return the floating IPs of a configuration, those that are declared first and in their order."""
    declared = [str(vip.address) for vip in cluster.vips]
    found = [one for one in cib.primitives if one.type in _ADDRESS_AGENTS and "ip" in one.attributes]

    def place(one: Primitive) -> int:
        address = one.attributes["ip"]
        return declared.index(address) if address in declared else len(declared)

    return tuple(sorted(found, key=place))


def turn_to(mode: Failover, cluster: ClusterSpec, cib: Cib, homes: Mapping[str, str]) -> Turn:
    """Return what turns a configuration to this mode; `homes` are those that new gates are to have."""
    ips = floating_ips(cluster, cib)
    if mode == "automatic":
        return Turn(tuple(_held(ips, cib)), (*no_stickiness(cib), *_together(ips, cib)))
    return Turn(tuple(_kept_apart(ips, cib)), tuple(_ungated(ips, cib, homes)))


def _held(ips: tuple[Primitive, ...], cib: Cib) -> Iterator[Surplus]:
    for gate in cib.gates:
        yield Surplus(f"`{gate.resource}` has a gate", "rsc_location", gate.id)
    for resource in dict.fromkeys((*(gate.resource for gate in cib.gates), *(one.id for one in ips))):
        for constraint in away_constraints(cib, resource):
            yield Surplus(f"`{resource}` can be sent away", "rsc_location", constraint)


def _together(ips: tuple[Primitive, ...], cib: Cib) -> Iterator[Lack]:
    for one, other in combinations(ips, 2):
        same_group = one.group is not None and one.group == other.group
        if not same_group and not any({one.id, other.id} <= _placed(each) for each in cib.colocations):
            words = f"`{one.id}` and `{other.id}` are not kept apart"
            yield Lack(words, element=elements.apart(other.id, one.id))


def _placed(colocation: Colocation) -> set[str]:
    """Return the resources that a colocation places by each other."""
    return {colocation.resource, colocation.with_resource, *(name for each in colocation.sets for name in each)}


def _kept_apart(ips: tuple[Primitive, ...], cib: Cib) -> Iterator[Surplus]:
    """Yield the constraints of ours. Others that keep floating IPs apart have a score of their own."""
    ids = {one.id for one in ips}
    for each in cib.colocations:
        if {each.resource, each.with_resource} <= ids and each.score == elements.APART:
            words = f"`{each.with_resource}` and `{each.resource}` are kept apart"
            yield Surplus(words, "rsc_colocation", each.id)


def _ungated(ips: tuple[Primitive, ...], cib: Cib, homes: Mapping[str, str]) -> Iterator[Lack]:
    gated = {gate.resource for gate in cib.gates}
    for one in ips:
        if one.id not in gated:
            yield Lack(f"`{one.id}` has no gate", element=elements.gate(one.id, homes[one.id]))
        if not has_away_rule(cib, one.id):
            yield Lack(f"`{one.id}` cannot be sent away from its home", element=elements.away(one.id))
