"""Snapshots with one reading changed, and findings by what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.checks import findings
from commands.facts.fact import Known, NotRunning
from commands.report import Finding, Level
from commands.snapshot import Snapshot

Altered = Callable[..., Snapshot]
Told = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def altered() -> Altered:
    """Return a snapshot whose record in a field has other values: `altered(snapshot, "n1", "status", nodes=())`.

    Without a node it is so on every node on which that is running.
    """

    def alter(snapshot: Snapshot, only: str | None, field: str, **values: Any) -> Snapshot:
        nodes = []
        for node in snapshot.nodes:
            reading = getattr(node, field)
            running = isinstance(reading, Known) and not isinstance(reading.value, NotRunning)
            if running and only in {None, node.node.name}:
                changed: dict[str, Any] = {field: Known(replace(reading.value, **values))}
                nodes.append(replace(node, **changed))
            else:
                nodes.append(node)
        return replace(snapshot, nodes=tuple(nodes))

    return alter


@pytest.fixture(scope="session")
def reading() -> Altered:
    """Return a snapshot with another reading in a node's field: `reading(snapshot, "n2", cmap=Unknown("…"))`."""

    def put(snapshot: Snapshot, name: str, **readings: Any) -> Snapshot:
        nodes = (replace(node, **readings) if node.node.name == name else node for node in snapshot.nodes)
        return replace(snapshot, nodes=tuple(nodes))

    return put


@pytest.fixture(scope="session")
def told() -> Told:
    """Return the findings whose text holds all the given words: `told(snapshot, "vip2", "gate", level=…)`."""

    def matching(snapshot: Snapshot, *words: str, level: Level | None = None) -> list[Finding]:
        return [
            finding
            for finding in findings(snapshot)
            if all(word in finding.text for word in words) and level in {None, finding.level}
        ]

    return matching
