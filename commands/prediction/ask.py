"""Asking the scheduler of a node: the CIB as it is, changed, and played. Nothing of the cluster is touched."""

from __future__ import annotations

from commands.command import Command, Completed, Runner
from commands.errors import HaclusterError
from commands.facts import cib, crm_simulate
from commands.facts.fact import Fact, Known, NotRunning, Reading, Unknown, read
from commands.prediction.changes import Simulated
from commands.prediction.copy import changed
from commands.prediction.record import Prediction, prediction_of
from config.inventory import NodeSpec


def prediction(cib_text: str, changes: tuple[Simulated, ...]) -> Fact[Prediction | NotRunning]:
    """Return the fact of what becomes of a CIB, the text of `cibadmin --query`, by these changes.

    Raises `NotInTheCluster` for a change of what is not there, and `UnreadableOutput` for what is no CIB.
    """
    copy = changed(cib_text, changes)
    simulation = crm_simulate.fact(copy.text, copy.flags)

    def parse(done: Completed) -> Prediction | NotRunning:
        said = simulation.parse(done)
        return said if isinstance(said, NotRunning) else prediction_of(said, had_quorum=copy.had_quorum)

    return Fact(simulation.command, parse)


async def predict(runner: Runner, node: NodeSpec, changes: tuple[Simulated, ...]) -> Reading[Prediction]:
    """Ask a node of the partition that is to act what Pacemaker would do; `Unknown` with the reason where it cannot say."""
    copied = await read(runner, node, _COPY)
    if isinstance(copied, Unknown):
        return copied
    if isinstance(copied.value, NotRunning):
        return Unknown(f"{node.name}: {copied.value.why}")
    try:
        fact = prediction(copied.value, changes)
    except HaclusterError as error:
        return Unknown(str(error), error)
    played = await read(runner, node, fact)
    if isinstance(played, Unknown):
        return played
    if isinstance(played.value, NotRunning):
        return Unknown(f"{node.name}: {played.value.why}, so nobody can say what Pacemaker would do")
    return Known(played.value)


def _text(done: Completed) -> str | NotRunning:
    """Return the CIB as it was printed. What is wrong with it, its own parser says."""
    told = cib.parse(done)
    return told if isinstance(told, NotRunning) else done.stdout


_COPY: Fact[str | NotRunning] = Fact(Command(cib.FACT.command.argv, legal=cib.FACT.command.legal), _text)
