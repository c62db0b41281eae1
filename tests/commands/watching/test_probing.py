"""After a cleanup Pacemaker asks anew what runs where, and until it is told calls everything stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from commands.condition import Condition, Topic
from commands.condition.pacemaker import PROBING
from commands.events import Kind, diff
from commands.snapshot import Snapshot

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]

SOON = 0.4
"""Seconds from one look to the next after a change."""


def _unprobed(situation: SituationOf, altered: Alter) -> Snapshot:
    snapshot = situation("healthy")
    for node, status in list(snapshot.running("status")):
        resources = tuple(
            replace(one, role="Stopped", active=False, nodes=()) if one.clone and "n1" in one.nodes else one
            for one in status.resources
        )
        snapshot = altered(snapshot, node.node.name, "status", resources=resources)
    return snapshot


def test_what_is_only_not_probed_yet_is_no_stop(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    looks = ["healthy", *[_unprobed(situation, altered)] * 4, "healthy"]
    told = [known(*looks[:number], every=SOON) for number in range(1, len(looks) + 1)]
    assert [event for before, after in pairwise(told) for event in diff(before, after)] == []


def test_what_stays_stopped_is_told_once(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    looks = ["healthy", *[_unprobed(situation, altered)] * 10]
    told = [known(*looks[:number], every=PROBING / 4) for number in range(1, len(looks) + 1)]
    kinds = [event.kind for before, after in pairwise(told) for event in diff(before, after)]
    assert kinds == [Kind.RESOURCE_STOPPED]
    assert told[-1].word(Topic.RESOURCE, "haproxy@n1") == "stopped"
