"""Recorded situations, altered reading by reading, and what was known of the cluster before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.condition import Condition, condition
from commands.condition.meeting import MEETING
from commands.errors import Unreachable
from commands.facts.fact import Known, NotRunning, Unknown
from commands.snapshot import NodeSnapshot, Snapshot

SituationOf = Callable[..., Snapshot]


@pytest.fixture(scope="session")
def known(situation: SituationOf) -> Callable[..., Condition]:
    """Return what is known after situations in turn: `known("healthy", "n2-lost")`; each a name or a snapshot.

    They are `every` so many seconds: by default longer apart than anything is left open.
    """

    def after(*situations: str | Snapshot, debian: int = 12, every: float = 2 * MEETING) -> Condition:
        told: Condition | None = None
        for number, one in enumerate(situations, 1):
            told = condition(situation(one, debian) if isinstance(one, str) else one, told, number * every)
        assert told is not None
        return told

    return after


@pytest.fixture(scope="session")
def altered() -> Callable[..., Snapshot]:
    """Return a snapshot whose record in a field has other values: `altered(snapshot, "n1", "status", nodes=())`.

    Without a node it is so on every node on which that is running.
    """

    def alter(snapshot: Snapshot, only: str | None, field: str, **values: Any) -> Snapshot:
        def changed(node: NodeSnapshot) -> NodeSnapshot:
            reading = getattr(node, field)
            if only not in {None, node.node.name} or not isinstance(reading, Known):
                return node
            if isinstance(reading.value, NotRunning):
                return node
            other: dict[str, Any] = {field: Known(replace(reading.value, **values))}
            return replace(node, **other)

        return replace(snapshot, nodes=tuple(map(changed, snapshot.nodes)))

    return alter


@pytest.fixture(scope="session")
def reading() -> Callable[..., Snapshot]:
    """Return a snapshot with other readings of a node: `reading(snapshot, "n2", cmap=Unknown("…"))`."""

    def put(snapshot: Snapshot, name: str, **readings: Any) -> Snapshot:
        nodes = (replace(node, **readings) if node.node.name == name else node for node in snapshot.nodes)
        return replace(snapshot, nodes=tuple(nodes))

    return put


@pytest.fixture(scope="session")
def unseen() -> Callable[..., Snapshot]:
    """Return a snapshot in which the bot could not reach the named nodes: `unseen(snapshot, "n2")`.

    Of these nothing is known, whatever else was recorded of them: watching asks for no more.
    """

    def blind(snapshot: Snapshot, *names: str) -> Snapshot:
        fields = ("addresses", "cib", "clock", "cmap", "haproxy", "links", "quorum", "status")

        def silent(node: NodeSnapshot) -> NodeSnapshot:
            error = Unreachable("connection timed out", node=node.node.name)
            nothing: dict[str, Any] = dict.fromkeys(fields, Unknown(str(error), error))
            return NodeSnapshot(node.node, **nothing) if node.node.name in names else node

        return replace(snapshot, nodes=tuple(map(silent, snapshot.nodes)))

    return blind
