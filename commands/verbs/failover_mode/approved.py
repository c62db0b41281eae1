"""What gates bring to a cluster that Pacemaker failed over by itself so far."""

from __future__ import annotations

from collections.abc import Iterator

from commands import configuration
from commands.facts.cib import Cib
from commands.gates import away_rule, gate_rule, has_away_rule
from commands.report import Finding, Level
from commands.verbs.failover_mode.places import Place
from commands.verbs.guards import View, no
from config.inventory import ClusterSpec


def refusals(found: tuple[Place, ...], cib: Cib) -> Iterator[Finding]:
    """Yield rules that have the names of ours and are none of them."""
    rules = {rule.id for location in cib.locations for rule in location.rules}
    for place in found:
        taken = [gate_rule(place.resource)] if place.gate is None else []
        taken += [] if has_away_rule(cib, place.resource) else [away_rule(place.resource)]
        for name in taken:
            if name in rules:
                yield no(
                    f"there is a rule `{name}` already, and it is not the one that a gate takes",
                    "Remove its constraint with pcs first.",
                )


def risks(cluster: ClusterSpec, found: tuple[Place, ...], seen: View) -> Iterator[Finding]:
    """Yield what a person must have read before floating IPs wait for people."""
    if found:
        yield Finding(
            Level.INFO,
            "from then on the floating IP of a lost node stays down at its gate until a person says `failover`",
        )
    for place in found:
        if place.gate is None and place.node is None:
            yield Finding(
                Level.WARNING, f"`{place.resource}` ({place.address}) is on no node: its home is {place.home}"
            )
        elif place.gate is None and place.home != place.declared:
            yield Finding(
                Level.WARNING,
                f"the home of `{place.resource}` is {place.home}, where it is now, and not {place.declared}: "
                f"`setup {cluster.name}` calls that a contradiction",
                f"To have it at home on {place.declared}, `failover {place.resource} --to {place.declared}` first.",
            )
    yield from _others_apart(found, seen)


def _others_apart(found: tuple[Place, ...], seen: View) -> Iterator[Finding]:
    ids = {place.resource for place in found}
    for one in seen.cib.colocations:
        if {one.resource, one.with_resource} <= ids and one.score < 0 and one.score != configuration.APART:
            yield Finding(
                Level.WARNING,
                f"`{one.id}` keeps `{one.resource}` away from `{one.with_resource}` with a score of its own, and stays: an "
                "approved failover to the same node may not come about",
                "Look whether it is still wanted; pcs takes it away.",
            )
