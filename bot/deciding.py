"""A look at a cluster, what a verb decides on it, and what the cluster's own scheduler says would come of that."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bot.under_way import QUICK
from bot.world import World
from commands.errors import Unreachable, UsageError
from commands.plan import Decision, Plan, Refusal
from commands.prediction.foresight import Foresight, bound, foresee
from commands.report import Part
from commands.snapshot import NodeSnapshot, Snapshot, gather
from commands.verbs.guards import still_under_way
from commands.verbs.patience import Impatient
from commands.verbs.verb import Change, Verb


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a look at the cluster, and what its own scheduler says would come of it."""

    decision: Decision
    snapshot: Snapshot
    foresight: Foresight | None

    @property
    def silent(self) -> frozenset[str]:
        """The nodes that could not be reached."""
        asked = tuple(field.name for field in fields(NodeSnapshot) if field.name != "node")
        found = self.snapshot.unknown(*asked)
        return frozenset(node.node.name for node, why in found if isinstance(why.error, Unreachable))

    @property
    def fingerprint(self) -> str:
        """What an approval is given for."""
        return bound(self.decision, self.foresight) if isinstance(self.decision, Plan) else ""

    @property
    def foreseen(self) -> tuple[Part, ...]:
        """What the plan's card says about it."""
        return self.foresight.parts() if self.foresight is not None else ()


async def decide(world: World, verb: Verb, request: Any, silent: frozenset[str] = frozenset()) -> Decided:
    """Look and decide. `silent` are the nodes that did not answer before: they are not waited for long again."""
    change, runner = _change(verb), world.reading
    reads = tuple(dict.fromkeys((*change.reads, "under_way")))
    snapshot = await gather(request.cluster, Impatient(runner, QUICK, silent), reads)
    running = tuple(still_under_way(snapshot))
    decision = Refusal(verb.name, running) if running else change.decide(request, snapshot)
    foresight = await foresee(decision, snapshot, runner) if isinstance(decision, Plan) else None
    return Decided(decision, snapshot, foresight)


def _change(verb: Verb) -> Change:
    if verb.change is None:
        raise UsageError(f"`{verb.name}` changes nothing")
    return verb.change
