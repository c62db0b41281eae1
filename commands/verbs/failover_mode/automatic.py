"""What speaks against automatic failover in a cluster, and what it brings: fencing, gates that held something, room."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from commands.checks import fencing
from commands.checks.phrases import does, listed
from commands.facts.cib import Cib
from commands.gates import attributes_of
from commands.report import Finding, Level
from commands.verbs.failover_mode.places import Place, waits
from commands.verbs.guards import View, no

ACCEPT = "accept-split-brain"


def is_fenced(cib: Cib) -> bool:
    """Return whether each node, once lost, is made sure to be off. Devices that are switched off do nothing."""
    return fencing.is_on(cib) and not fencing.unreached(cib)


def refusals(found: tuple[Place, ...], seen: View, *, accepted: bool) -> Iterator[Finding]:
    """Yield every reason not to leave failover to Pacemaker."""
    if is_fenced(seen.cib):
        return
    idle = fencing.devices(seen.cib)
    if fencing.is_on(seen.cib):
        yield no(
            f"fencing is on, but no fence device reaches {listed(fencing.unreached(seen.cib))}: a node that is lost without "
            "one stays unclean, and what ran there never moves",
            "Add a device with `pcs stonith create` first.",
        )
    elif not accepted:
        off = f" ({does(idle, 'is', 'are')} there, but stonith-enabled is false)" if idle else ""
        first = "Switch fencing on with `pcs property set stonith-enabled=true`" if idle else "Add a fence device"
        yield no(
            f"automatic failover without fencing{off} ends in a split brain: when the network between the nodes is cut, "
            "each of them takes all floating IPs",
            f"{first} first, or add `--{ACCEPT}`.",
        )
    for place in found:
        if waits(place, seen):
            yield no(
                f"`{place.resource}` waits at its gate for {place.gate}, which is not online: without the gate it starts "
                "elsewhere at once, though nothing makes sure that it is down there",
                f"`failover {place.resource}` first: it looks whether {place.gate} still lives.",
            )


def risks(found: tuple[Place, ...], seen: View) -> Iterator[Finding]:
    """Yield what a person must have read before Pacemaker moves floating IPs by itself."""
    if is_fenced(seen.cib):
        by = listed(f"`{name}`" for name in fencing.devices(seen.cib)) if fencing.devices(seen.cib) else "its watchdog"
        yield Finding(
            Level.INFO, f"nobody is asked any more: once a lost node is fenced ({by}), its floating IPs start elsewhere"
        )
    else:
        yield Finding(
            Level.CRITICAL,
            "split brain accepted: without fencing, a cut network between the nodes puts every floating IP on both sides "
            "at once",
            "`failover-mode approved` leaves that to people.",
        )
    yield from _let_go(found, seen)
    yield from _crowded(found, seen)


def _let_go(found: tuple[Place, ...], seen: View) -> Iterator[Finding]:
    """Yield what each gate held: an address that is away from home, one that is nowhere, approvals."""
    stickiness = seen.cib.resource_defaults.get("resource-stickiness", "100")
    for place in found:
        if place.node is None:
            yield Finding(Level.WARNING, f"`{place.resource}` ({place.address}) is on no node: it starts where it can")
        elif place.gate is not None and place.gate != place.node:
            yield Finding(
                Level.INFO,
                f"`{place.resource}` is on {place.node} and was at home on {place.gate}: it has no home any more, and only "
                f"resource-stickiness ({stickiness}) keeps it where it is",
            )
        held = attributes_of(seen.cib, place.resource)
        if held:
            where = listed(f"{value} on {node}" for node, value in sorted(held.items()))
            yield Finding(Level.INFO, f"what was decided about `{place.resource}` at its gate goes with that: {where}")


def _crowded(found: tuple[Place, ...], seen: View) -> Iterator[Finding]:
    parting = crowded(found, seen)
    for node in sorted({place.node for place in found if place.node and place.resource in parting}):
        here = [f"`{place.resource}`" for place in found if place.node == node and place.resource in parting]
        yield Finding(
            Level.WARNING,
            f"{does(here, 'is', 'are')} on {node}: to keep apart, what has room elsewhere moves, and its connections end",
            "To choose which, use `failover VIP --to NODE` first.",
        )


def crowded(found: tuple[Place, ...], seen: View) -> frozenset[str]:
    """Return the floating IPs that may have to move to keep apart: several on one node, while another has none."""
    if not set(seen.in_service) - {place.node for place in found}:
        return frozenset()
    pairs = ((one, other) for one, other in combinations(found, 2) if one.group is None or one.group != other.group)
    return frozenset(
        place.resource for one, other in pairs if one.node and one.node == other.node for place in (one, other)
    )
