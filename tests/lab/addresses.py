"""Who held which address when, by the word of each node's own kernel: the bot has no part in it.

`ip monitor` writes down every address that comes and goes, with the time; all nodes of a lab have one clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.lab.lab import Lab

SEEN = "/run/addresses.seen"
# What is there already comes first, as if it had just come. The monitor is up before that look: nothing falls between.
_WATCH = f"""
: >{SEEN}
setsid ip -ts -o monitor address >>{SEEN} 2>/dev/null </dev/null &
sleep 0.2
date -u '+[%Y-%m-%dT%H:%M:%S.%6N]' | tr '\\n' ' ' >>{SEEN}
ip -o -4 address show dev eth0 | sed 's/$/ ;/' | tr -d '\\n' >>{SEEN}
echo >>{SEEN}
"""
_EVENT = re.compile(r"^\[(?P<at>[\d:T.-]+)\] ?(?P<gone>Deleted )?\d+: ")
_ADDRESS = re.compile(r"inet ([\d.]+)/")


@dataclass(frozen=True, slots=True)
class Held:
    """That a node held an address, from when until when."""

    node: str
    since: datetime
    until: datetime


def watch(lab: Lab) -> None:
    """Begin to write down, on every node."""
    for node in lab.nodes:
        lab.exec(node, ["sh", "-c", _WATCH])


def held(lab: Lab, addresses: Iterable[str]) -> Mapping[str, Sequence[Held]]:
    """Return who held each of the addresses since `watch`, and holds it still."""
    seen = {node: (lab.exec(node, ["cat", SEEN]).stdout, datetime.now(UTC)) for node in lab.nodes}
    return {
        address: [one for node, (text, now) in seen.items() for one in _periods(node, text, address, now)]
        for address in addresses
    }


def _periods(node: str, text: str, address: str, now: datetime) -> Iterable[Held]:
    since: datetime | None = None
    for line in text.splitlines():
        event = _EVENT.match(line)
        if event is None or address not in _ADDRESS.findall(line):
            continue
        at = datetime.fromisoformat(event["at"]).replace(tzinfo=UTC)
        if event["gone"] and since is not None:
            yield Held(node, since, at)
            since = None
        elif not event["gone"]:
            since = since or at
    if since is not None:
        yield Held(node, since, now)


def on_two(periods: Sequence[Held]) -> Iterable[tuple[Held, Held, float]]:
    """Yield who held it at the same time as somebody else, and for how many seconds."""
    for place, one in enumerate(periods):
        for other in periods[place + 1 :]:
            both = (min(one.until, other.until) - max(one.since, other.since)).total_seconds()
            if one.node != other.node and both > 0:
                yield one, other, both
