"""A look at a cluster, what a verb decides on it, and what the cluster's own scheduler says would come of that."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bot.under_way import QUICK
from bot.world import World
from commands.checks import witness
from commands.errors import Unreachable, UsageError
from commands.facts.cib import Cib
from commands.facts.fact import Known, NotRunning, Unknown
from commands.plan import Decision, Plan, Refusal
from commands.prediction.effects import effects
from commands.prediction.foresight import Foresight, bound, foresee
from commands.report import Part, Text
from commands.snapshot import NodeSnapshot, Snapshot
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
        return frozenset(node.node.name for node in self.snapshot.nodes if _is_silent(node))

    @property
    def fingerprint(self) -> str:
        """What an approval is given for."""
        return bound(self.decision, self.foresight) if isinstance(self.decision, Plan) else ""

    @property
    def foreseen(self) -> tuple[Part, ...]:
        """What the plan's card says about it; where Pacemaker cannot be asked, that and why."""
        if not isinstance(self.decision, Plan) or not any(step.lanes for step in self.decision.steps):
            return ()
        if self.foresight is not None:
            return self.foresight.parts()
        return (Text(_unforeseen(self.decision, self.snapshot)),)


async def decide(world: World, verb: Verb, request: Any, silent: frozenset[str] = frozenset()) -> Decided:
    """Look and decide. `silent` are the nodes that did not answer before: they are not waited for long again."""
    change, runner = _change(verb), world.reading
    snapshot = await change.look(request, Impatient(runner, QUICK, silent), ("under_way",))
    running = tuple(still_under_way(snapshot))
    decision = Refusal(verb.name, running) if running else change.decide(request, snapshot)
    foresight = await foresee(decision, snapshot, runner) if isinstance(decision, Plan) else None
    return Decided(decision, snapshot, foresight)


def _is_silent(node: NodeSnapshot) -> bool:
    readings = (getattr(node, field.name) for field in fields(NodeSnapshot) if field.name != "node")
    return any(isinstance(one, Unknown) and isinstance(one.error, Unreachable) for one in readings)


def _unforeseen(plan: Plan, snapshot: Snapshot) -> str:
    """Say why the scheduler was not asked about a plan."""
    cibs = [node.cib.value for node, _ in witness.pacemakers(snapshot) if isinstance(node.cib, Known)]
    cib = next((value for value in cibs if isinstance(value, Cib)), None)
    if cib is not None:
        if effects(plan, cib) is not None:
            return "Pacemaker's scheduler has nothing to foretell: all is to end where it began."
        return (
            "Pacemaker cannot be asked what would come of it: its scheduler is asked with a copy of the configuration, "
            "and not all of these commands can be played on one."
        )
    if any(isinstance(node.status, Known) and isinstance(node.status.value, NotRunning) for node in snapshot.nodes):
        return "Pacemaker cannot be asked what would come of it: there is no node on which it runs."
    return "Pacemaker is not asked what would come of it: its scheduler does not decide on this."


def _change(verb: Verb) -> Change:
    if verb.change is None:
        raise UsageError(f"`{verb.name}` changes nothing")
    return verb.change
