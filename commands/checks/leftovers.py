"""What past actions left in the configuration, and should not have."""

from __future__ import annotations

from collections.abc import Iterator

from commands import configuration
from commands.checks import witness
from commands.facts.cib_constraints import Location
from commands.report import Finding, Level
from commands.snapshot import Snapshot


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield constraints of finished moves, and the short first election of a setup that did not end."""
    cib = witness.newest_cib(snapshot)
    if cib is None:
        return
    for move in cib.leftover_moves:
        yield Finding(
            Level.WARNING,
            f"a move by hand left `{move.id}` behind: it {_binds(move)} until it is cleared",
            f"`clear {move.resource}` removes it." if move.resource else "Remove it with pcs.",
        )
    deadtime = cib.properties.get("dc-deadtime")
    if deadtime in configuration.SEED_DEADTIMES:
        yield Finding(
            Level.WARNING,
            f"a setup did not end: its short first election (`dc-deadtime={deadtime}`) is still set",
            f"`/hacluster setup {snapshot.cluster.name}` ends it.",
        )


def _binds(move: Location) -> str:
    where = move.node or next((part.value for rule in move.rules for part in rule.expressions if part.value), "a node")
    score = move.score if move.score is not None else next((rule.score for rule in move.rules), None)
    keeps = "keeps" if score is not None and score < 0 else "binds"
    return f"{keeps} `{move.resource}` {'off' if keeps == 'keeps' else 'to'} {where}"
