"""What came otherwise than predicted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.checks.phrases import listed
from commands.facts.crm_mon import ClusterStatus
from commands.facts.crm_simulate import base_id
from commands.prediction.record import Prediction, places
from commands.report import Finding, Level
from commands.snapshot import Snapshot

_UNDER_WAY = frozenset({"Starting", "Stopping", "Promoting", "Demoting", "Migrating"})


def difference(prediction: Prediction, reality: Snapshot) -> tuple[Finding, ...]:
    """Return what is otherwise than predicted, none where all came as it was said.

    The snapshot needs `status`. Ask after Pacemaker has settled: a resource that is on its way is "not yet" and left
    out, but one that is stopped here and not begun there looks like a difference. Where nobody can be asked, that is
    said: not to know is not to be right.
    """
    status = witness.pacemaker(reality)
    if status is None:
        return (Finding(Level.UNKNOWN, "whether it came as predicted is not known: no node tells of the cluster"),)
    return tuple(_differences(prediction, status))


def under_way(status: ClusterStatus) -> frozenset[str]:
    """Return the resources that are just being started, stopped or moved."""
    return frozenset(base_id(one.id) for one in status.resources if one.role in _UNDER_WAY or one.pending)


def _differences(prediction: Prediction, status: ClusterStatus) -> Iterator[Finding]:
    found, moving = places(status), under_way(status)
    for resource, predicted in prediction.after.items():
        if resource not in found:
            if predicted:
                yield _told(f"`{resource}` is no longer configured, predicted was {listed(predicted)}")
        elif resource not in moving and found[resource] != predicted:
            yield _told(f"`{resource}` {_on(found[resource])}, predicted was {_where(predicted)}")
    for node in sorted(node.name for node in status.nodes if node.unclean):
        if node not in prediction.unclean:
            yield _told(f"{node} is unclean, which was not predicted")
    if status.quorate != prediction.quorate:
        word = "there is quorum" if status.quorate else "there is no quorum"
        yield _told(f"{word}, predicted was the opposite")


def _told(text: str) -> Finding:
    return Finding(Level.WARNING, text, "Look at `status`.")


def _where(nodes: tuple[str, ...]) -> str:
    return listed(nodes) if nodes else "nowhere"


def _on(nodes: tuple[str, ...]) -> str:
    return f"is on {listed(nodes)}" if nodes else "runs nowhere"
