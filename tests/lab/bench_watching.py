"""How soon the channel knows: from corosync's own words on a survivor to the card in the workspace, on real nodes.

A node's power goes, again and again. Measured each time, by one clock, that of the machine all nodes run on:

- corosync's "link is down" in the survivor's journal -> the first word in the workspace;
- corosync's new membership in the same journal -> the card says that the node is lost;
- beside them, in the same run, when Pacemaker's own alert agent has written the loss to a file on the survivor.

Before, while nothing happens: what a watched node pays for it.

Nothing is checked here: a missed bar is said in words.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.lab.cgroup import NodeGroup
from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.conftest import Person

FIRST_WORD_BAR, CONFIRMED_BAR = 0.5, 0.3
"""Seconds, for 95 of 100."""
IDLE, IDLE_BAR = 60.0, 0.01
"""Seconds without anything happening, two sweeps; and of one core, what the bot may take of a node meanwhile."""
AGENT = "/usr/local/bin/lab-alert"
HEARD = "/var/lib/pacemaker/lab-alerts"
_AGENT = f"""#!/bin/sh
echo "$(date +%s.%N) $CRM_alert_kind $CRM_alert_node $CRM_alert_desc" >> {HEARD}
"""
SETTINGS = {"watch": {"hold_down": 3.0, "flap_window": 1.0}}
TOLD_WITHIN, RESOLVED_WITHIN = 60.0, 120.0


@dataclass(slots=True)
class Delays:
    """Seconds, one for each power-off."""

    power_to_first: list[float] = field(default_factory=list)
    link_to_first: list[float] = field(default_factory=list)
    power_to_lost: list[float] = field(default_factory=list)
    membership_to_lost: list[float] = field(default_factory=list)
    membership_to_agent: list[float] = field(default_factory=list)


class Stopwatch:
    """Notes when the workspace shows something for the first time."""

    def __init__(self, person: Person) -> None:
        self._person = person

    async def card(self, pattern: str, after: int, within: float) -> float:
        """Return when a card beyond the first `after` ones matched, in seconds since 1970."""
        return await self._person.box.workspace.wait_for(self._matching(pattern, after), timeout=within)

    def _matching(self, pattern: str, after: int) -> Callable[[], float | None]:
        def found() -> float | None:
            cards: list[Message] = self._person.alerts()[after:]
            return time.time() if any(re.search(pattern, card.text) for card in cards) else None

        return found


def _journal(lab: Lab, node: str, since: float, pattern: str) -> float | None:
    """Return when corosync on a node first wrote a line like this after a moment, by its journal."""
    told = lab.exec(node, ["journalctl", "-o", "json", "-u", "corosync", f"--since=@{int(since)}", "--no-pager"]).stdout
    for line in told.splitlines():
        entry = json.loads(line)
        at = int(entry.get("_SOURCE_REALTIME_TIMESTAMP") or entry["__REALTIME_TIMESTAMP"]) / 1e6
        if at >= since and re.search(pattern, str(entry.get("MESSAGE", ""))):
            return at
    return None


def _agent_heard(lab: Lab, node: str, since: float, lost: str) -> float | None:
    told = lab.exec(node, ["cat", HEARD], check=False).stdout
    for line in told.splitlines():
        at, kind, name, *rest = line.split()
        if float(at) >= since and (kind, name) == ("node", lost) and "lost" in rest:
            return float(at)
    return None


async def _install_agent(lab: Lab) -> None:
    for node in lab.nodes:
        script = f"install -m 755 /dev/stdin {AGENT} && install -o hacluster -g haclient /dev/null {HEARD}"
        await asyncio.to_thread(lab.exec, node, ["sh", "-c", script], _AGENT)
    await asyncio.to_thread(lab.exec, "n1", ["pcs", "alert", "create", f"path={AGENT}", "id=lab"])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _logins(lab: Lab, node: str) -> Iterator[Path]:
    """Yield the control groups in which all that is run by SSH on a node lives, sshd's own part included."""
    top = NodeGroup(lab.name, node).folders[0]
    for group in ("ssh.service", "user.slice"):
        yield from (found for found in top.rglob(group) if (found / "cpu.stat").exists())


def _cpu(lab: Lab, node: str) -> float:
    """Return the seconds of CPU that logins have taken on a node so far."""
    told = [
        dict(line.split() for line in (group / "cpu.stat").read_text().splitlines()) for group in _logins(lab, node)
    ]
    return sum(int(one["usage_usec"]) for one in told) / 1e6


def _memory(lab: Lab, node: str) -> float:
    """Return the MiB that logins hold now; what several processes share counts once."""
    pages = 0
    for group in _logins(lab, node):
        for listed in group.rglob("cgroup.procs"):
            for number in listed.read_text().split():
                try:
                    told = Path(f"/proc/{number}/smaps_rollup").read_text()
                except (FileNotFoundError, ProcessLookupError):
                    continue  # it has just ended
                pages += sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))
    return pages / 1024


async def _idle(lab: Lab) -> str:
    """Say what watching takes of each node while nothing happens. Nobody but the bot is logged in there."""
    before, begun = {node: _cpu(lab, node) for node in lab.nodes}, time.monotonic()
    await asyncio.sleep(IDLE)
    passed = time.monotonic() - begun
    shares = {node: (_cpu(lab, node) - before[node]) / passed for node in lab.nodes}
    each = ", ".join(f"{node} {share:.2%} of a core and {_memory(lab, node):.0f} MiB" for node, share in shares.items())
    kept = "reached" if max(shares.values()) <= IDLE_BAR else "MISSED"
    return f"What watching takes of a node while nothing happens, in {passed:.0f} s: {each}; bar {IDLE_BAR:.0%}: {kept}"


async def measure(names: Sequence[str], debian: int, rounds: int) -> Delays:
    """Take the last node's power away so many times."""
    found = Delays()
    lab = await asyncio.to_thread(lambda: Lab.up(f"knows{len(names)}", names, debian=debian))
    try:
        async with Box(LabBacking(lab, debian), settings=SETTINGS) as box:
            ada = Person(box)
            ended = await ada.do(setup_line(box.backing))
            if "done and verified" not in ended:
                raise SystemExit(ended)
            await _install_agent(lab)
            await asyncio.sleep(25)  # the first status of everything, and what setup itself explains, are over
            _say(await _idle(lab))
            for number in range(rounds):
                await _one(lab, ada, names[-1], found)
                _say(f"  {len(names)} nodes, power-off {number + 1} of {rounds}: {_last(found)}")
    finally:
        await asyncio.to_thread(lab.down)
    return found


async def _one(lab: Lab, ada: Person, lost: str, found: Delays) -> None:
    watch, before = Stopwatch(ada), len(ada.alerts())
    first = asyncio.create_task(watch.card("", before, TOLD_WITHIN))
    confirmed = asyncio.create_task(watch.card(f"{lost} is lost", before, TOLD_WITHIN))
    off = time.time()
    await asyncio.to_thread(lab.power_off, lost)
    told, sure = await first, await confirmed
    await asyncio.sleep(1)
    link = await asyncio.to_thread(_journal, lab, "n1", off, r"link: host: \d+ link: 0 is down")
    member = await asyncio.to_thread(_journal, lab, "n1", off, r"A new membership .* was formed")
    agent = await asyncio.to_thread(_agent_heard, lab, "n1", off, lost)
    found.power_to_first.append(told - off)
    found.power_to_lost.append(sure - off)
    if link is not None:
        found.link_to_first.append(told - link)
    if member is not None:
        found.membership_to_lost.append(sure - member)
    if agent is not None and member is not None:
        found.membership_to_agent.append(agent - member)
    await asyncio.to_thread(lab.power_on, lost)
    await watch.card(r"resolved", before, RESOLVED_WITHIN)
    await asyncio.sleep(2)


def _last(found: Delays) -> str:
    def shown(values: list[float]) -> str:
        return f"{values[-1] * 1000:.0f} ms" if values else "not seen"

    return (
        f"link down -> first word {shown(found.link_to_first)}, membership -> lost {shown(found.membership_to_lost)}, "
        f"membership -> alert agent {shown(found.membership_to_agent)}"
    )


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[18] if len(values) > 1 else values[0]


def _line(name: str, values: Sequence[float], bar: float | None = None) -> str:
    if not values:
        return f"  {name}: not seen"
    p95 = _p95(values)
    said = f"  {name}: median {statistics.median(values) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms (n={len(values)})"
    if bar is None:
        return said
    return f"{said}; bar {bar * 1000:.0f} ms: {'reached' if p95 <= bar else 'MISSED'}"


def report(nodes: int, found: Delays) -> str:
    """Say what was measured."""
    return "\n".join(
        [
            f"A node of {nodes} loses its power:",
            _line("corosync's link down -> first word in the workspace", found.link_to_first, FIRST_WORD_BAR),
            _line("  since the power went", found.power_to_first),
            _line("new membership -> the card says it is lost", found.membership_to_lost, CONFIRMED_BAR),
            _line("  since the power went", found.power_to_lost),
            _line("new membership -> Pacemaker's alert agent has written its file", found.membership_to_agent),
        ]
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser("python -m tests.lab.bench_watching", description=__doc__)
    parser.add_argument("--debian", type=int, choices=(11, 12, 13), default=12)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--nodes", type=int, choices=(2, 3), help="only clusters of so many (default: both)")
    asked = parser.parse_args(argv)
    _say(f"Debian {asked.debian}, load average {os.getloadavg()[0]:.1f}")
    for names in (("n1", "n2"), ("n1", "n2", "n3")):
        if asked.nodes not in {None, len(names)}:
            continue
        _say(report(len(names), asyncio.run(measure(names, asked.debian, asked.rounds))))


if __name__ == "__main__":
    main()
