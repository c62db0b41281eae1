"""Nodes that could not be asked, wholly or for a part. They are unknown, which is never the same as lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from commands.checks.phrases import listed
from commands.errors import Unreachable
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot

_READINGS = tuple(field.name for field in fields(NodeSnapshot) if field.name != "node")


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield one finding for each node of which something was asked in vain."""
    for node in snapshot.nodes:
        failed = _failed(node)
        if not failed:
            continue
        name = node.node.name
        first = next((why for why in failed.values() if isinstance(why.error, Unreachable)), None)
        worst = first or next(iter(failed.values()))
        reasons = dict.fromkeys(why.why.removeprefix(f"{name}: ") for why in ((first,) if first else failed.values()))
        what = "cannot be asked" if first or is_blind(node) else f"cannot be asked for its {listed(failed)}"
        yield Finding(
            Level.UNKNOWN,
            f"{name} {what}: {'; '.join(reasons)}",
            worst.error.remedy if worst.error else "",
            name,
        )


def is_blind(node: NodeSnapshot) -> bool:
    """Return whether nothing at all that was asked of the node was answered."""
    return bool(_failed(node)) and not any(isinstance(getattr(node, name), Known) for name in _READINGS)


def _failed(node: NodeSnapshot) -> dict[str, Unknown]:
    readings = ((name, getattr(node, name)) for name in _READINGS)
    return {name: found for name, found in readings if isinstance(found, Unknown) and found != NOT_ASKED}
