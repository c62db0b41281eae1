"""`clear [RESOURCE]`: take away the constraints that moves and bans by hand left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Location
from commands.facts.fact import Known
from commands.gates import gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import cluster_and
from commands.verbs.guards import READS, View, members, no, view
from commands.verbs.settled import settle
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class ClearRequest:
    """Take away what moves left of a resource, or of all of them (None)."""

    cluster: ClusterSpec
    resource: str | None = None


def parse(words: Words, desk: Desk) -> ClearRequest:
    """Read `[RESOURCE] [CLUSTER]`. Raises `UsageError`."""
    cluster, about = cluster_and(words.positional, desk, at_most=1)
    return ClearRequest(cluster, about[0] if about else None)


def decide(request: ClearRequest, snapshot: Snapshot) -> Decision:
    """Plan to take the leftovers away, if there are any."""
    seen = view("clear", snapshot)
    if isinstance(seen, Refusal):
        return seen
    known = {name for one in seen.cib.primitives for name in (one.id, one.group, one.clone)}
    if request.resource is not None and request.resource not in known:
        listing = listed(sorted(name for name in known if name)) if known else "none"
        reason = no(
            f"there is no resource {request.resource[:60]!r} in `{request.cluster.name}`", f"Its own: {listing}."
        )
        return Refusal("clear", (reason,))
    left = _leftovers(request, seen.cib)
    if not left:
        of = f" of `{request.resource}`" if request.resource else ""
        return NothingToDo("clear", f"No move{of} left anything behind.")
    resources = tuple(dict.fromkeys(one.resource for one in left))
    clears = tuple(
        Command(("crm_resource", "--resource", resource, "--clear"), timeout=30, changes=True) for resource in resources
    )
    names = listed(f"`{one.id}`" for one in left)
    step = Step("clear", f"Take away {names}", (Lane(seen.at, (*clears, settle())),), proof=_gone(request, seen))
    return Plan(
        "clear",
        request.cluster,
        f"Take away {names}, left of moves by hand.",
        (step,),
        risks=tuple(_risks(left, seen)),
        guards=(*seen.guards, *(f"{one.id} {one.node} {one.score}" for one in left)),
    )


def _leftovers(request: ClearRequest, cib: Cib) -> tuple[Location, ...]:
    wanted = None if request.resource is None else _family(cib, request.resource)
    return tuple(one for one in cib.leftover_moves if one.resource and (wanted is None or one.resource in wanted))


def _family(cib: Cib, resource: str) -> frozenset[str]:
    """Return the ids under which constraints of the resource may stand: its own, its group's and its clone's."""
    inside = [one for one in cib.primitives if resource in {one.id, one.group, one.clone}]
    names = {name for one in inside for name in (one.id, one.group, one.clone) if name}
    return frozenset(names | {resource})


def _gone(request: ClearRequest, seen: View) -> Proof:
    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).cib
        if not isinstance(reading, Known) or not isinstance(reading.value, Cib):
            return (f"{seen.at.name} does not tell",)
        return tuple(f"`{one.id}` is still there" for one in _leftovers(request, reading.value))

    return Proof(("cib",), missing, PATIENCE, (seen.at.name,))


def _risks(left: tuple[Location, ...], seen: View) -> Iterator[Finding]:
    stickiness = seen.cib.resource_defaults.get("resource-stickiness", "0")
    for one in left:
        where = one.node or next(
            (part.value for rule in one.rules for part in rule.expressions if part.value), "a node"
        )
        score = one.score if one.score is not None else next((rule.score for rule in one.rules if rule.score), 0)
        inside = members(seen.cib, one.resource)
        runs = sorted({node for name in inside for node in seen.status.holders(name)})
        if (score or 0) > 0:
            text = (
                f"`{one.id}` binds `{one.resource}` to {where}: without it only resource-stickiness ({stickiness}) does"
            )
            yield Finding(Level.WARNING if runs == [where] else Level.INFO, text)
            continue
        gate = gate_state(seen.cib, one.resource)
        if not runs and (gate is None or where in {gate.home, *gate.opened_on}):
            then = "it runs nowhere now, and starts there"
        elif gate is None:
            then = f"it may go there from {listed(runs)}, if stickiness ({stickiness}) does not hold it"
        else:
            then = f"its gate goes on deciding where it runs, which is {listed(runs) if runs else 'nowhere now'}"
        yield Finding(Level.WARNING, f"`{one.id}` keeps `{one.resource}` off {where}: without it {then}")


VERB = Verb(
    name="clear",
    summary="Take away the constraints that moves and bans by hand left behind",
    usage="clear [RESOURCE] [CLUSTER]",
    role=Role.OPERATOR,
    example="clear vip1",
    parse=parse,
    change=Change(READS, decide),
)
