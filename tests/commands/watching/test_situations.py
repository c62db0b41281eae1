"""Every recorded situation, on every generation: what happened since all was well, what is wrong, and of what cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from commands.condition import Condition
from commands.events import Event, Kind, diff
from commands.troubles import Severity, causes, troubles

Known = Callable[..., Condition]
CAPTURES = Path(__file__).parents[2] / "captures"


@dataclass(frozen=True)
class Situation:
    """What is told of a situation when it follows on a healthy cluster."""

    events: tuple[str, ...] = ()
    causes: tuple[tuple[str, ...], ...] = ()
    """The keys of the troubles by cause, the root first."""
    severity: Severity | None = None
    """The worst of them."""
    begins: str | None = "healthy"
    """The situation before; None for the first look ever."""


LOST = ("MemberLeft:n2", "SightLost:n2")
SITUATIONS = {
    "empty": Situation(begins=None),
    "fence-device": Situation(),
    "fencing-without-device": Situation(),
    "fresh": Situation(begins=None),
    "haproxy-failed-start": Situation(
        ("FailoverWaiting:vip2", "ProxyDown:n2", "ResourceFailed:haproxy@n2"),
        (("ProxyDown:n2", "ResourceFailed:haproxy@n2", "VipWaiting:vip2"),),
        Severity.SERVICE,
    ),
    "healthy": Situation(),
    "just-booted": Situation(begins=None),
    "maintenance": Situation(("MaintenanceOn:web",), (("Maintenance:web",),), Severity.WARNING),
    "n1-standby": Situation(
        ("FailoverWaiting:vip1", "NodeStandby:n1"), (("Standby:n1", "VipWaiting:vip1"),), Severity.SERVICE
    ),
    "n2-back-before-failback": Situation(),
    "n2-fenced": Situation(
        ("FailoverWaiting:vip2", "MemberLeft:n2", "NodeFenced:n2", "SightLost:n2"),
        (("NodeLost:n2", "LinkDown:n1/n2/0", "VipWaiting:vip2", "SightLost:n2"),),
        Severity.SERVICE,
    ),
    "n2-lost": Situation(
        ("FailoverWaiting:vip2", *LOST),
        (("NodeLost:n2", "LinkDown:n1/n2/0", "VipWaiting:vip2", "SightLost:n2"),),
        Severity.SERVICE,
    ),
    "n2-lost-failover-approved": Situation(
        (*LOST, "VipMoved:vip2"), (("NodeLost:n2", "LinkDown:n1/n2/0", "SightLost:n2"),), Severity.REDUNDANCY
    ),
    "n2-lost-unclean": Situation(
        ("MemberLeft:n2", "NodeUnclean:n2", "SightLost:n2", "VipLost:vip2"),
        (("NodeLost:n2", "NodeUnclean:n2", "LinkDown:n1/n2/0", "VipNowhere:vip2", "SightLost:n2"),),
        Severity.SERVICE,
    ),
    "n2-stopped": Situation(
        ("FailoverWaiting:vip2", "MemberStopped:n2"), (("NodeStopped:n2", "VipWaiting:vip2"),), Severity.SERVICE
    ),
    "n3-without-quorum": Situation(
        (
            "LinkDown:n1/n3/0",
            "LinkDown:n2/n3/0",
            "MembershipViewsDiffer:web",
            "QuorumLost:web",
            "ResourceStopped:haproxy@n3",
        ),
        (("ViewsDiffer:web", "QuorumLost:web", "ResourceStopped:haproxy@n3", "LinkDown:n1/n3/0", "LinkDown:n2/n3/0"),),
        Severity.REDUNDANCY,
        begins="three-nodes",
    ),
    "split": Situation(
        ("LinkDown:n1/n2/0", "MembershipViewsDiffer:web"),
        (("ViewsDiffer:web", "LinkDown:n1/n2/0"),),
        Severity.REDUNDANCY,
    ),
    "stopped": Situation(
        ("MemberStopped:n1", "MemberStopped:n2", "VipLost:vip1", "VipLost:vip2"),
        (("NodeStopped:*", "NodeStopped:n1", "NodeStopped:n2", "VipNowhere:vip1", "VipNowhere:vip2"),),
        Severity.SERVICE,
    ),
    "three-nodes": Situation(begins="three-nodes"),
    "vip1-banned": Situation(("VipLost:vip1",), (("VipNowhere:vip1",),), Severity.SERVICE),
}
RECORDED_AFTER_OTHERS = {Kind.CONFIGURATION_CHANGED, Kind.MEMBER_RESTARTED}
"""What the recording itself brought about: between two situations it changed the configuration and restarted nodes."""

pytestmark = pytest.mark.parametrize("debian", [11, 12, 13])


def _happened(looks: list[Condition]) -> list[Event]:
    events = [event for one, other in pairwise(looks) for event in diff(one, other)]
    return [event for event in events if event.kind not in RECORDED_AFTER_OTHERS]


def test_no_recorded_situation_is_left_out(debian: int) -> None:
    assert {folder.name for folder in (CAPTURES / f"debian{debian}").iterdir()} == set(SITUATIONS)


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_happened_and_what_is_wrong(known: Known, name: str, debian: int) -> None:
    expected = SITUATIONS[name]
    before = () if expected.begins is None else (expected.begins,)
    looks = [known(*before, *[name] * times, debian=debian) for times in (0, 1, 2) if before or times]
    assert sorted(f"{event.kind}:{event.subject}" for event in _happened(looks)) == sorted(expected.events)
    groups = causes(troubles(looks[-1]))
    assert tuple(tuple(trouble.key for trouble in group) for _, group in groups) == expected.causes
    assert max((trouble.severity for _, group in groups for trouble in group), default=None) == expected.severity


@pytest.mark.parametrize("name", [name for name, told in SITUATIONS.items() if told.begins])
def test_all_is_well_again(known: Known, name: str, debian: int) -> None:
    begins = SITUATIONS[name].begins
    during = known(begins, name, name, debian=debian)
    after = known(begins, name, name, begins, begins, debian=debian)
    assert troubles(after) == ()
    down = {trouble.subject for trouble in troubles(during)}
    back = {event.subject for event in diff(during, after)}
    assert {"n1", "n2", "vip1", "vip2"} & down <= back
