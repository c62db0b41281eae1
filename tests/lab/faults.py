"""What goes wrong in a run of chaos, of the cluster and on the bot's own side, and what must and must not be told of it.

All of it is drawn from one seed. A deck is dealt to its end before it is shuffled again, so that a short run has many
kinds of faults and a long one has them all, again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from commands.events import Kind
from sandbox.lab.lab import Lab
from sandbox.run.box import Box

T = TypeVar("T")

CLUSTER = "web"
BESIDE = 0.5
"""The part of the faults beside which something happens to the bot, too."""
AFTER = 4.0
"""Seconds at most from the one to the other."""
# Takes away one of the node's floating IPs, which are the addresses that stand behind its own.
_TAKE_AWAY = "ip -o -4 addr show | awk '/scope global secondary/ {print $4, $2; exit}' | while read address nic; do ip addr del $address dev $nic; done"

Doing = Callable[[Lab], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is done to the cluster and undone, and the truth about it."""

    name: str
    cause: Doing
    heal: Doing
    says: str = ""
    """A pattern that what is told of it matches, meanwhile or in the end; empty for what may pass without a word."""
    events: tuple[tuple[Kind, str], ...] = ()
    """What the history must hold of it: of what kind, and about whom."""
    lost: frozenset[str] = frozenset()
    """The nodes that may be called lost. Any other is a false alarm."""
    lasts: tuple[float, float] = (0.0, 8.0)
    """Seconds, from and to, that it lasts on when it was told, or was begun if nothing must be told."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that happens to the bot, or between it and Slack: it explains no alarm at all."""

    name: str
    happen: Callable[[Box, float], Awaitable[object]]
    """Takes the seconds it lasts, and comes back when it is over."""
    lasts: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault, how long it lasts, and what happens to the bot beside it."""

    fault: Fault
    lasts: float
    mishap: Mishap | None = None
    after: float = 0.0
    """Seconds from the fault to the mishap."""
    mishap_lasts: float = 0.0

    def __str__(self) -> str:
        """Say it in a line."""
        if self.mishap is None:
            return self.fault.name
        return f"{self.fault.name}; {self.after:.1f} s later {self.mishap.name} ({self.mishap_lasts:.0f} s)"


def course(seed: int, nodes: Sequence[str]) -> Iterator[Episode]:
    """Yield one episode after the other, for ever; the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no cryptography
    faults, mishaps = _dealt(chance, FAULTS), _dealt(chance, MISHAPS)
    while True:
        fault = next(faults)(*chance.sample(nodes, len(nodes)))
        lasts = chance.uniform(*fault.lasts)
        if chance.random() < BESIDE:
            mishap = next(mishaps)
            yield Episode(fault, lasts, mishap, chance.uniform(0, AFTER), chance.uniform(*mishap.lasts))
        else:
            yield Episode(fault, lasts)


def _dealt(chance: random.Random, deck: Sequence[T]) -> Iterator[T]:
    while True:
        yield from chance.sample(deck, len(deck))


# ---------------------------------------------------------------------- of the cluster


def _power(node: str, *_: str) -> Fault:
    return Fault(
        f"the power of {node} goes",
        lambda lab: lab.power_off(node),
        lambda lab: lab.power_on(node),
        rf"{node} (is|was) lost",
        ((Kind.MEMBER_LEFT, node), (Kind.MEMBER_JOINED, node)),
        frozenset({node}),
    )


def _stop(node: str, *_: str) -> Fault:
    return Fault(
        f"{node} is stopped in order",
        _on(node, "pcs", "cluster", "stop"),
        _on(node, "pcs", "cluster", "start"),
        rf"the cluster (is|was) stopped on {node}",
        ((Kind.MEMBER_STOPPED, node), (Kind.MEMBER_JOINED, node)),
    )


def _standby(node: str, other: str, *_: str) -> Fault:
    return Fault(
        f"{node} is put into standby",
        _on(other, "pcs", "node", "standby", node),
        _on(other, "pcs", "node", "unstandby", node),
        rf"{node} (is|was) in standby",
        ((Kind.NODE_STANDBY, node), (Kind.NODE_ACTIVE, node)),
    )


def _maintenance(node: str, *_: str) -> Fault:
    return Fault(
        "maintenance mode",
        _on(node, "pcs", "property", "set", "maintenance-mode=true"),
        _on(node, "pcs", "property", "set", "maintenance-mode=false"),
        rf"{CLUSTER} (is|was) in maintenance",
        ((Kind.MAINTENANCE_ON, CLUSTER), (Kind.MAINTENANCE_OFF, CLUSTER)),
    )


def _corosync(node: str, *_: str) -> Fault:
    return Fault(
        f"corosync is killed on {node}",
        _on(node, "pkill", "-9", "-x", "corosync"),
        _on(node, "pcs", "cluster", "start"),
        rf"{node} (is|was) lost",
        ((Kind.MEMBER_LEFT, node), (Kind.MEMBER_JOINED, node)),
        frozenset({node}),
    )


def _pacemaker(node: str, *_: str) -> Fault:
    # systemd starts it again at once, and what it ran goes on: it may be over before anybody looks
    return Fault(f"pacemakerd is killed on {node}", _on(node, "pkill", "-9", "-x", "pacemakerd"), _nothing)


def _haproxy(node: str, *_: str) -> Fault:
    return Fault(
        f"HAProxy is killed on {node}",
        _on(node, "pkill", "-9", "-x", "haproxy"),
        _on(node, "pcs", "resource", "cleanup"),
        rf"HAProxy (is|was) down on {node}|haproxy on {node} failed",
        lasts=(4.0, 8.0),
    )


def _address(_: str, other: str, *__: str) -> Fault:
    def take(lab: Lab) -> None:
        for node in lab.nodes:  # the first that has one: floating IPs may be anywhere
            if "secondary" in lab.exec(node, ["ip", "-o", "-4", "addr", "show"]).stdout:
                lab.exec(node, ["sh", "-c", _TAKE_AWAY])
                return
        raise AssertionError("no node holds a floating IP")

    return Fault(
        "a floating IP is taken away by hand",
        take,
        _on(other, "pcs", "resource", "cleanup"),
        r"vip\d (is|was) down|vip\d on \w+ failed|vip\d failed",
        lasts=(4.0, 8.0),
    )


def _pair(node: str, other: str, *_: str) -> Fault:
    return Fault(
        f"the network between {node} and {other} is cut",
        lambda lab: lab.cut(node, other),
        _healed,
        rf"link between ({node} and {other}|{other} and {node})|disagree|({node}|{other}) (is|was) lost",
        lost=frozenset({node, other}),
    )


def _alone(node: str, *others: str) -> Fault:
    return Fault(
        f"{node} is cut off the other nodes",
        _cut(node, others),
        _healed,
        rf"members disagree|{node} (is|was) lost",
        lost=frozenset({node}),
    )


def _blink(node: str, *others: str) -> Fault:
    return Fault(
        f"{node} is cut off the other nodes for an instant",
        _cut(node, others),
        _healed,
        lost=frozenset({node}),
        lasts=(0.3, 2.5),
    )


def _cable(node: str, *_: str) -> Fault:
    return Fault(
        f"the cable of {node} is pulled",
        lambda lab: lab.cut(node),
        _healed,
        rf"{node} (is|was) lost",
        ((Kind.MEMBER_LEFT, node),),
        frozenset({node}),
    )


def _unseen(node: str, *_: str) -> Fault:
    return Fault(
        f"the bot is cut off {node}",
        lambda lab: lab.cut_host(node),
        _healed,
        rf"I (cannot|could not) see {node}",
        ((Kind.SIGHT_LOST, node), (Kind.SIGHT_REGAINED, node)),
    )


def _blind(*nodes: str) -> Fault:
    return Fault(
        "the bot is cut off all nodes",
        _unreach(nodes),
        _healed,
        r"I (cannot|could not) see any node",
        tuple((kind, node) for kind in (Kind.SIGHT_LOST, Kind.SIGHT_REGAINED) for node in nodes),
    )


def _frozen(node: str, *_: str) -> Fault:
    return Fault(
        f"{node} is frozen",
        lambda lab: lab.freeze(node),
        lambda lab: lab.thaw(node),
        rf"{node} (is|was) lost",
        ((Kind.MEMBER_LEFT, node),),
        frozenset({node}),
    )


def _slow(node: str, *_: str) -> Fault:
    # shorter than corosync's token
    return Fault(
        f"{node} is frozen for an instant",
        lambda lab: lab.freeze(node),
        lambda lab: lab.thaw(node),
        lost=frozenset({node}),
        lasts=(0.5, 2.0),
    )


def _on(node: str, *argv: str) -> Doing:
    return lambda lab: lab.exec(node, argv, timeout=180.0)


def _cut(node: str, others: Sequence[str]) -> Doing:
    def cut(lab: Lab) -> None:
        for other in others:
            lab.cut(node, other)

    return cut


def _unreach(nodes: Sequence[str]) -> Doing:
    def unreach(lab: Lab) -> None:
        for node in nodes:
            lab.cut_host(node)

    return unreach


def _healed(lab: Lab) -> None:
    lab.heal()


def _nothing(_: Lab) -> None:
    pass


FAULTS: tuple[Callable[..., Fault], ...] = (
    _power,
    _stop,
    _standby,
    _maintenance,
    _corosync,
    _pacemaker,
    _haproxy,
    _address,
    _pair,
    _alone,
    _blink,
    _cable,
    _unseen,
    _blind,
    _frozen,
    _slow,
)
"""Each takes the nodes' names in any order; the first is the one it happens to."""


# ---------------------------------------------------------------------- of the bot's side


async def _killed(box: Box, lasts: float) -> None:
    await box.kill_bot()
    await asyncio.sleep(lasts)
    await box.start_bot()


async def _outage(box: Box, lasts: float) -> None:
    async with box.workspace.outage():
        await asyncio.sleep(lasts)


async def _disconnected(box: Box, _: float) -> None:
    await box.workspace.disconnect(grace=1.0)


async def _limited(box: Box, lasts: float) -> None:
    for method in ("chat.postMessage", "chat.update"):
        box.workspace.faults.rate_limit(method, retry_after=max(1, round(lasts)), times=2)


async def _replies_lost(box: Box, _: float) -> None:
    for method in ("chat.postMessage", "chat.update"):
        box.workspace.faults.lose_reply(method, times=2)


async def _requests_lost(box: Box, _: float) -> None:
    for method in ("chat.postMessage", "chat.update"):
        box.workspace.faults.lose_request(method, times=2)


async def _refused(box: Box, _: float) -> None:
    for method in ("chat.postMessage", "chat.update"):
        box.workspace.faults.refuse(method, "internal_error", times=2)


async def _killed_untold(box: Box, lasts: float) -> None:
    """Let a message arrive of which the bot never hears, and kill it."""
    box.workspace.faults.lose_reply("chat.postMessage", times=1)
    posted = len(box.workspace.messages("ops"))
    with contextlib.suppress(TimeoutError):  # it had nothing to say
        await box.workspace.wait_for(lambda: len(box.workspace.messages("ops")) > posted, timeout=20.0)
    await _killed(box, lasts)


MISHAPS = (
    Mishap("the bot is killed", _killed, (0.0, 10.0)),
    Mishap("the bot is killed after a post", _killed_untold, (0.0, 5.0)),
    Mishap("Slack is away", _outage, (1.0, 15.0)),
    Mishap("Slack asks to reconnect", _disconnected),
    Mishap("Slack limits the rate", _limited, (1.0, 4.0)),
    Mishap("replies of Slack are lost", _replies_lost),
    Mishap("requests to Slack are lost", _requests_lost),
    Mishap("Slack fails within", _refused),
)
