"""Whether the bot can work on every node: SSH, the host key, sudo, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.check.permitted import check_permitted
from bot.sudoers import WHO
from commands.command import Command, Runner
from commands.errors import HaclusterError
from commands.facts.fact import Unknown, read
from commands.facts.host import CLOCK
from commands.report import Finding, Level
from config.inventory import ClusterSpec, NodeSpec

TOLERATED = 2.0
"""Seconds between two clocks; Corosync and certificates mind more than that, and setup refuses it."""

_TRUE = Command(("true",), timeout=15.0, root=False)


@dataclass(frozen=True, slots=True)
class _Checked:
    """One node's findings, and how far its clock is ahead of the bot's, in seconds, where it could be read."""

    node: str
    findings: tuple[Finding, ...]
    ahead: float | None = None


async def check_nodes(
    clusters: tuple[ClusterSpec, ...], runner: Runner, now: Callable[[], datetime], login: str
) -> AsyncIterator[Finding]:
    """Check all nodes of all clusters at once, entered as `login`, and tell them cluster by cluster."""
    asked = [
        [asyncio.create_task(_check_node(cluster, node, runner, now, login)) for node in cluster.nodes]
        for cluster in clusters
    ]
    try:
        for cluster, tasks in zip(clusters, asked, strict=True):
            nodes = [await task for task in tasks]
            for node in nodes:
                for finding in node.findings:
                    yield finding
            for finding in _clocks(cluster, nodes):
                yield finding
    finally:
        for task in (task for tasks in asked for task in tasks):
            task.cancel()


async def _check_node(
    cluster: ClusterSpec, node: NodeSpec, runner: Runner, now: Callable[[], datetime], login: str
) -> _Checked:
    name = f"{cluster.name}/{node.name}"
    try:
        (await runner.run(node, _TRUE)).check()
    except HaclusterError as error:
        return _Checked(name, (Finding(Level.CRITICAL, error.message, error.remedy, name),))
    found: tuple[Finding, ...] = (await _root(name, node, runner),)
    if login != "root" and found[0].level is Level.OK:
        found += await check_permitted(name, node, runner, login)
    before = now().timestamp()
    clock = await read(runner, node, CLOCK)
    after = now().timestamp()
    if isinstance(clock, Unknown):
        return _Checked(name, (*found, Finding(Level.UNKNOWN, f"its clock cannot be read: {clock.why}", "", name)))
    return _Checked(name, found, _ahead(clock.value.epoch, before, after))


async def _root(name: str, node: NodeSpec, runner: Runner) -> Finding:
    try:
        user = (await runner.run(node, WHO)).check().stdout.strip()
    except HaclusterError as error:
        remedy = error.remedy or "Install config/sudoers.example on the node."
        return Finding(Level.CRITICAL, f"SSH works, but not as root: {error.message}", remedy, name)
    if user != "0":
        return Finding(Level.CRITICAL, f"SSH works, but commands run as user {user[:20]!r}, not as root", "", name)
    return Finding(Level.OK, "SSH works, and commands run as root", "", name)


def _ahead(epoch: float, before: float, after: float) -> float:
    """Return how far a clock is ahead of ours, if it was read at the likeliest moment between two of ours."""
    return epoch - min(max(epoch, before), after)


def _clocks(cluster: ClusterSpec, nodes: list[_Checked]) -> Iterator[Finding]:
    told = sorted(((node.ahead, node.node) for node in nodes if node.ahead is not None), key=lambda pair: pair[0])
    if not told:
        return
    (least, behind), (most, ahead) = told[0], told[-1]
    if most - least > TOLERATED:
        yield Finding(
            Level.CRITICAL,
            f"{cluster.name}: the clocks of {behind} and {ahead} are {most - least:.1f} s apart",
            "Let chrony or systemd-timesyncd set them: setup refuses more than 2 s.",
        )
    elif max(abs(least), abs(most)) > TOLERATED:
        yield Finding(
            Level.WARNING,
            f"{cluster.name}: the nodes' clocks agree, but are {max(least, most, key=abs):+.1f} s off the bot's",
            "Let a time service set the clock of the bot's machine.",
        )
    else:
        yield Finding(Level.OK, f"{cluster.name}: the clocks agree ({', '.join(node for _, node in told)})")
