"""What is foreseen of a plan: asked of the cluster's own scheduler, told on the plan's card, held against what came."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from commands.checks import witness
from commands.command import Runner
from commands.facts.cib import Cib
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.fact import Known, Reading
from commands.plan import Plan
from commands.prediction.ask import predict
from commands.prediction.changes import NodeStopped, Simulated
from commands.prediction.effects import effects
from commands.prediction.reality import difference
from commands.prediction.record import Prediction, digest
from commands.prediction.votes import with_votes
from commands.prediction.words import in_words
from commands.report import Finding, Level, Part, Text
from commands.snapshot import NodeSnapshot, Snapshot


@dataclass(frozen=True, slots=True)
class Foresight:
    """What Pacemaker says a plan would do. `reading` is unknown where it could not be asked."""

    asked: tuple[Simulated, ...]
    gated: frozenset[str]
    reading: Reading[Prediction]

    def parts(self) -> tuple[Part, ...]:
        """Tell it on the plan's card."""
        if not isinstance(self.reading, Known):
            why = self.reading.why
            return (Finding(Level.UNKNOWN, f"what Pacemaker would do is not known: {why}"),)
        return (
            Text("Pacemaker's own scheduler, asked with a copy of the configuration, says:"),
            *in_words(self.reading.value, self.asked, self.gated),
        )

    def compared(self, reality: Snapshot) -> tuple[Finding, ...] | None:
        """Return what came otherwise than predicted, none where it came as it was said; None where nothing was said."""
        return difference(self.reading.value, reality) if isinstance(self.reading, Known) else None

    def words(self) -> tuple[str, ...]:
        """Return what was predicted, for a fingerprint and the audit; nothing where it is not known."""
        return digest(self.reading.value) if isinstance(self.reading, Known) else ()


async def foresee(plan: Plan, snapshot: Snapshot, runner: Runner) -> Foresight | None:
    """Ask the scheduler about a plan. None for what it cannot be asked about: making a cluster, its daemons, its files."""
    views = witness.pacemakers(snapshot)
    speakers = [(node, cib) for node, _ in views if (cib := _cib(node)) is not None]
    if not speakers:
        return None
    asked = effects(plan, speakers[0][1])
    if not asked:
        return None
    stopped = {one.node for one in asked if isinstance(one, NodeStopped)}
    # a node that is to stop is not asked what becomes of the others, if another can be
    node, cib = next((one for one in speakers if one[0].node.name not in stopped), speakers[0])
    counted = node.quorum.value if isinstance(node.quorum, Known) else None
    if isinstance(counted, QuorumStatus):
        asked = with_votes(counted, asked)
    gated = frozenset(gate.resource for gate in cib.gates)
    return Foresight(asked, gated, await predict(runner, node.node, asked))


def _cib(node: NodeSnapshot) -> Cib | None:
    return node.cib.value if isinstance(node.cib, Known) and isinstance(node.cib.value, Cib) else None


def bound(plan: Plan, foresight: Foresight | None) -> str:
    """Return the fingerprint that an approval is given for: the plan's own, and what was foreseen of it."""
    words = foresight.words() if foresight is not None else ()
    return hashlib.sha256(json.dumps([plan.fingerprint, words]).encode()).hexdigest()
