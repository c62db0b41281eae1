"""Troubles in a few words, for headlines that are read at night: as they are, as they were, and that they are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from commands.checks.phrases import listed
from commands.troubles import ALL_NODES, Severity, Trouble, What

TOKEN = "TokenLate"  # noqa: S105 - corosync's token
"""The cause of an early incident of which nobody knows yet whom it is about."""


@dataclass(frozen=True, slots=True)
class _Words:
    now: str
    past: str
    over: str


_WORDS: Mapping[str, _Words] = {
    What.NODE_LOST: _Words("{} is lost", "{} was lost", "{} is back"),
    What.NODE_STOPPED: _Words(
        "the cluster is stopped on {}", "the cluster was stopped on {}", "the cluster runs on {} again"
    ),
    What.NODE_UNCLEAN: _Words("{} is unclean", "{} was unclean", "{} is clean again"),
    What.PACEMAKER_DOWN: _Words("Pacemaker is down on {}", "Pacemaker was down on {}", "Pacemaker runs on {} again"),
    What.FENCING_FAILED: _Words("fencing of {} fails", "fencing of {} failed", "the failed fencing of {} is settled"),
    What.LINK_DOWN: _Words("the {} is down", "the {} was down", "the {} is up again"),
    What.QUORUM_LOST: _Words("no quorum", "there was no quorum", "quorum is back"),
    What.VIP_WAITING: _Words("{} waits at its gate", "{} waited at its gate", "{} waits no longer"),
    What.VIP_NOWHERE: _Words("{} is down", "{} was down", "{} is served again"),
    What.VIP_DOUBLED: _Words("{} is on two nodes at once", "{} was on two nodes at once", "{} is on one node again"),
    What.VIEWS_DIFFER: _Words(
        "members disagree on who is a member", "members disagreed on who is a member", "members agree again"
    ),
    What.PROXY_DOWN: _Words("HAProxy is down on {}", "HAProxy was down on {}", "HAProxy runs on {} again"),
    What.SERVER_DOWN: _Words("servers of {} are down", "servers of {} were down", "the servers of {} are up again"),
    What.RESOURCE_FAILED: _Words("{} failed", "{} failed", "{} runs without failure again"),
    What.RESOURCE_STOPPED: _Words("{} is stopped", "{} was stopped", "{} runs again"),
    What.SIGHT_LOST: _Words("I cannot see {}", "I could not see {}", "I see {} again"),
    What.STANDBY: _Words("{} is in standby", "{} was in standby", "{} is out of standby"),
    What.MAINTENANCE: _Words("{} is in maintenance", "{} was in maintenance", "{} is out of maintenance"),
    What.CLOCK_SKEWED: _Words("the clock of {} is off", "the clock of {} was off", "the clock of {} is right again"),
    What.RESTARTED: _Words(
        "{} was out of the membership for a moment",
        "{} was out of the membership for a moment",
        "{} has been in the membership since",
    ),
    TOKEN: _Words(
        "corosync waits for a node that does not answer",
        "corosync waited for a node that did not answer",
        "all nodes answer corosync",
    ),
}


def now(key: str) -> str:
    """Say that it is so. `key` is that of a trouble, or `TOKEN`."""
    words, name = _of(key)
    return words.now.format(name)


def past(key: str) -> str:
    """Say that it was so."""
    words, name = _of(key)
    return words.past.format(name)


def over(key: str) -> str:
    """Say that it is so no longer."""
    words, name = _of(key)
    return words.over.format(name)


def headline(troubles: Iterable[Trouble]) -> str:
    """Say what is wrong, the root first, then what it costs: `n2 is lost, vip2 waits at its gate`."""
    root, *others = troubles
    costs = [one for one in others if one.severity is Severity.SERVICE] if root.severity < Severity.SERVICE else []
    said = [now(root.key), *(now(one.key) for one in costs[:2])]
    return ", ".join(said) + (f" and {len(costs) - 2} more" if len(costs) > 2 else "")  # noqa: PLR2004 - as above


def lasts(key: str) -> bool:
    """Whether it is something that lasts at all: a restart within an instant does not."""
    return not key.startswith(f"{What.RESTARTED}:")


def span(time: timedelta) -> str:
    """Say how long: `2 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    first = next(number for number, (size, _) in enumerate(units) if seconds >= size)
    (size, unit), (smaller, small_unit) = units[first], units[first + 1]
    rest = seconds % size // smaller
    return f"{seconds // size} {unit}" + (f" {rest} {small_unit}" if rest else "")


def _of(key: str) -> tuple[_Words, str]:
    what, _, subject = key.partition(":")
    words = _WORDS.get(what, _Words(f"{what}: {{}}", f"{what}: {{}}", f"{what}: {{}}, no longer"))
    return words, _named(what, subject)


def _named(what: str, subject: str) -> str:
    if subject == ALL_NODES:
        return "any node" if what == What.SIGHT_LOST else "all nodes"
    if what == What.LINK_DOWN:
        return _link(subject)
    if what in {What.RESOURCE_FAILED, What.RESOURCE_STOPPED}:
        return subject.replace("@", " on ")
    if what == What.CLOCK_SKEWED:
        return listed(subject.split("/"))
    return subject


def _link(subject: str) -> str:
    one, _, rest = subject.partition("/")
    other, _, number = rest.partition("/")
    which = f"link {number}" if number not in {"", "0"} else "link"
    return f"{which} between {one} and {other}"
