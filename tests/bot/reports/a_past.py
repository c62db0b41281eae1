"""A past to report on: conditions of a cluster of two nodes, and the times in which somebody looked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.incidents import Incident, Phase
from bot.reports.account import Account, courses
from bot.reports.past import Period
from commands.condition import Condition, State, Topic
from commands.snapshot import Snapshot
from commands.troubles import Severity

BEGUN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = Period(BEGUN, BEGUN + timedelta(days=1))


def at(hours: float) -> datetime:
    """Return the moment so many hours into the day."""
    return BEGUN + timedelta(hours=hours)


def during(since: float, until: float) -> Period:
    """Return a period by the hours of the day."""
    return Period(at(since), at(until))


WHOLE = (during(-5, 30),)
"""Somebody looked all the time."""


def condition(**changed: State | None) -> Condition:
    """Return a healthy cluster, with what differs by `n2`, `vip2` or `node_n2`; None where nothing is known."""
    states: dict[tuple[Topic, str], State] = {
        (Topic.MEMBER, "n1"): State("joined", ("n1", "n2")),
        (Topic.MEMBER, "n2"): State("joined", ("n1", "n2")),
        (Topic.NODE, "n1"): State("online"),
        (Topic.NODE, "n2"): State("online"),
        (Topic.VIP, "vip1"): State("served", ("n1",)),
        (Topic.VIP, "vip2"): State("served", ("n2",)),
    }
    for name, state in changed.items():
        topic = Topic.VIP if name.startswith("vip") else Topic.NODE if name.startswith("node_") else Topic.MEMBER
        subject = (topic, name.removeprefix("node_"))
        del states[subject]
        if state is not None:
            states[subject] = state
    return Condition("web", states)


def account(
    now: Snapshot,
    recorded: Iterable[tuple[float, Condition]] = ((-3, condition()),),
    looking: Iterable[Period] = WHOLE,
    **known: Any,
) -> Account:
    """Return what is known of a cluster over the day: conditions by the hour they held from, and what else there is."""
    past = [(at(hour), one) for hour, one in recorded]
    return Account(now.cluster, DAY, courses(now.cluster, past, looking, DAY), now, **known)


def incident(opened: float, turned: float | None = None, **changed: Any) -> Incident:
    """Return an incident, over when `turned` is given."""
    fields: dict[str, Any] = {
        "id": "incident-of-n2--",
        "cluster": "web",
        "cause": "NodeLost:n2",
        "phase": Phase.CONFIRMED if turned is None else Phase.RESOLVED,
        "severity": Severity.REDUNDANCY,
        "title": "n2 is lost" if turned is None else "n2 was lost",
        "opened": at(opened),
        "changed": at(turned or opened),
        "turned": at(turned or opened),
        "closed": None if turned is None else at(turned) + timedelta(seconds=20),
        "confirmed": True,
    }
    return Incident(**(fields | changed))
