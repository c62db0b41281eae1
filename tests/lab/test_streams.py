"""Streams of real nodes: nothing is ever left on them, none is dead in silence, and no line is passed over."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bot.sudoers import sudoers
from bot.watch.news import Cause, Gap, GapKind, StreamDown
from commands.facts import journal
from commands.facts.lease import LAPSES_AFTER, RENEW_EVERY
from commands.signals import Signal, SignalKind
from sandbox.lab.lab import Lab
from tests.lab.conftest import GENERATIONS
from tests.lab.holding import LOGINS, Cursors, Holding, Overheard, holding
from tests.lab.leftovers import ours

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PROCESSES = 9
"""Of each node's two streams: two leases, their shells in between, and what they run. Fewer were not looked for."""

# Corosync alone, of two nodes: all that streams need, within seconds.
_CONF = """
totem {{
 version: 2
 cluster_name: web
 transport: knet
 crypto_cipher: none
 crypto_hash: none
}}
nodelist {{
{nodes}}}
quorum {{
 provider: corosync_votequorum
 two_node: 1
}}
logging {{
 to_logfile: yes
 logfile: /var/log/corosync/corosync.log
 to_syslog: yes
 timestamp: on
}}
"""
_NODE = "node {{\n name: {name}\n nodeid: {number}\n ring0_addr: {address}\n}}\n"
_CLUSTER = "systemctl kill --signal=KILL pacemaker; systemctl stop pacemaker; cat >/etc/corosync/corosync.conf; systemctl enable --quiet corosync; systemctl restart corosync"

# Nanoseconds of CPU time of a process, ticks of its children that ended, and KiB of memory: its own, and its share of
# what it shares.
_COST = r"""
for process; do
    read -r spent _ <"/proc/$process/schedstat" || continue
    set -- $(sed 's/.*) //' "/proc/$process/stat")
    echo "$spent $(( ${14} + ${15} )) $(awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup")"
done
getconf CLK_TCK
"""
_JOINED = "until corosync-cmapctl runtime.members. | grep -c '= joined' | grep -qx 2; do sleep 0.1; done"


@pytest.fixture(scope="module", params=GENERATIONS, ids=lambda debian: f"debian{debian}")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two nodes with a corosync of two; n2 is entered by a login that may do what the sudoers file says."""
    with Lab.up(f"streams{request.param}", tuple(LOGINS), debian=request.param) as lab:
        nodes = "".join(
            _NODE.format(name=name, number=number, address=addresses[0])
            for number, (name, addresses) in enumerate(lab.nodes.items(), 1)
        )
        for name in lab.nodes:
            lab.exec(name, ["sh", "-c", _CLUSTER], _CONF.format(nodes=nodes))
            lab.exec(name, ["install", "-m", "440", "/dev/stdin", "/etc/sudoers.d/ops"], sudoers("ops"))
        yield lab


async def until_nothing_is_left(lab: Lab, within: float) -> float:
    """Wait until no node has anything of ours; return how many seconds that took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while left := {node: found for node in lab.nodes if (found := await asyncio.to_thread(ours, lab, node))}:
        assert loop.time() - begun < within, left
        await asyncio.sleep(0.2)
    return loop.time() - begun


async def on(lab: Lab, node: str, script: str) -> str:
    done = await asyncio.to_thread(lab.exec, node, ["sh", "-c", script])
    return done.stdout


async def test_a_stop_leaves_nothing_and_an_idle_stream_costs_next_to_nothing(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    async with holding(lab):
        found = {node: ours(lab, node) for node in lab.nodes}
        assert all(len(processes) >= PROCESSES for processes in found.values()), found
        before = {node: cost(lab, node, found[node]) for node in lab.nodes}
        await asyncio.sleep(2 * RENEW_EVERY)
        after = {node: cost(lab, node, found[node]) for node in lab.nodes}
    left = await until_nothing_is_left(lab, 3)
    for node, login in LOGINS.items():
        share = (after[node][0] - before[node][0]) / (2 * RENEW_EVERY)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{lab.name} {node} as {login}: {len(found[node])} processes, {share:.3%} of a core idle, "
                f"{after[node][1]:.1f} MiB; nothing left {left:.1f} s after the end\n"
            )
        assert share < 0.01


def cost(lab: Lab, node: str, processes: dict[int, str]) -> tuple[float, float]:
    """Return CPU seconds and MiB of processes on a node."""
    *rows, ticks = lab.exec(node, ["sh", "-c", _COST, "sh", *map(str, processes)]).stdout.splitlines()
    spent, waited, kib = (sum(column) for column in zip(*(map(int, row.split()) for row in rows), strict=True))
    return spent / 1e9 + waited / int(ticks), kib / 1024


async def test_a_bot_that_is_killed_leaves_nothing(lab: Lab) -> None:
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.lab.holding", lab.name), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    said = b""
    while b"all up" not in said:
        said = await asyncio.wait_for(bot.stdout.readline(), 30)
        assert said, "it ended"
    assert all(len(ours(lab, node)) >= PROCESSES for node in lab.nodes)
    bot.kill()
    await bot.wait()
    await until_nothing_is_left(lab, 3)


async def test_a_cut_cable_leaves_nothing_and_no_line_is_passed_over(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    cursors = Cursors()
    async with holding(lab, cursors) as held:
        await _speak(lab)
        await held.until(_heard(lab, held.runners), 5)
        old = set(ours(lab, "n1")) | set(ours(lab, "n2"))
        for node in lab.nodes:
            lab.cut_host(node)
        await _speak(lab)
        fallen = await held.until(lambda: not any(s.alive for states in held.states().values() for s in states), 15)
        gone = fallen + await until_nothing_is_left(lab, LAPSES_AFTER + RENEW_EVERY)
        assert {news.cause for _, news in held.news if isinstance(news, StreamDown)} == {Cause.UNREACHABLE}
        await _speak(lab)
        lab.heal()
        for streams in held.streams.values():
            streams.poke()
        back = await held.until(held.all_up, 20)
        await held.until(_heard(lab, held.runners), 5)
        assert old.isdisjoint(set(ours(lab, "n1")) | set(ours(lab, "n2")))
        first = {name: list(runner.lines) for name, runner in held.runners.items()}
    with capsys.disabled():
        sys.stdout.write(
            f"\n{lab.name} cable cut: noticed after {fallen:.1f} s, nothing left after {gone:.1f} s; healed: back after {back:.1f} s\n"
        )
    await _speak(lab)  # while no bot is there at all
    async with holding(lab, cursors) as held:
        await held.until(_heard(lab, held.runners), 5)
        for name, runner in held.runners.items():
            assert _read(first[name] + runner.lines) == await _written(lab, name, since=_read(first[name])[0])
    assert [news for _, news in held.news if isinstance(news, Gap)] == []


async def _speak(lab: Lab) -> None:
    """Have each corosync write lines of its own."""
    for node in lab.nodes:
        await on(lab, node, "corosync-cfgtool -R")


def _read(lines: list[str]) -> list[str]:
    """Return the cursors of the entries that a stream brought, each once where it was asked for again."""
    return list(dict.fromkeys(journal.parse(line).cursor for line in lines if line.startswith("{")))


async def _written(lab: Lab, node: str, since: str) -> list[str]:
    """Return the cursors of all entries that the node's journal has, from one on."""
    text = await on(lab, node, f"journalctl -q -o json -u corosync -u pacemaker --cursor='{since}'")
    return [str(json.loads(line)["__CURSOR"]) for line in text.splitlines()]


def _heard(lab: Lab, runners: Mapping[str, Overheard]) -> Callable[[], bool]:
    """Return whether every node's newest line has arrived."""

    def newest(node: str) -> str:
        return str(
            json.loads(lab.exec(node, ["journalctl", "-qo", "json", "-u", "corosync", "-n1"]).stdout)["__CURSOR"]
        )

    return lambda: all(newest(name) in _read(runner.lines) for name, runner in runners.items())


async def test_a_corosync_that_is_started_again_is_followed_again(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    async with holding(lab) as held:
        old = ours(lab, "n1")
        await on(lab, "n1", "systemctl stop corosync")
        await held.until(lambda: not held.states()["n1"][1].alive, 3)
        assert held.states()["n1"][0].alive, "the journal is there without corosync"
        await asyncio.sleep(6)
        assert Cause.NOT_RUNNING in {news.cause for _, news in held.news if isinstance(news, StreamDown)}
        await on(lab, "n1", "systemctl start corosync")
        took = await held.until(held.all_up, 3)
        with capsys.disabled():
            sys.stdout.write(f"\n{lab.name} corosync started: followed again {took:.2f} s after systemctl came back\n")
        new = ours(lab, "n1")
        assert len(new) == len(old)
        membership = {number for number, words in old.items() if "cmapctl" in words or "tail" in words}
        assert membership.isdisjoint(new), "the old lease is gone with all it held"
    await until_nothing_is_left(lab, 3)


async def test_a_power_loss_is_heard_of_early_and_nothing_written_before_it_is_passed_over(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    async with holding(lab) as held:
        await on(lab, "n2", _JOINED)
        lab.cut_host("n1")
        await on(lab, "n1", "corosync-cfgtool -R")  # its last words: nobody hears them
        await asyncio.to_thread(lab.power_off, "n1")
        await held.until(lambda: SignalKind.MEMBER_LEFT in _kinds(held, "journal"), 15)
        (heard, down), (confirmed, left) = _first(held, SignalKind.LINK_DOWN), _first(held, SignalKind.MEMBER_LEFT)
        assert heard < confirmed - 1, "an early word is worth seconds"
        lab.heal()
        await asyncio.to_thread(lab.power_on, "n1")
        for streams in held.streams.values():
            streams.poke()
        await held.until(held.all_up, 30)
        await held.until(_heard(lab, held.runners), 10)
        gaps = [(news.node, news.kind) for _, news in held.news if isinstance(news, Gap)]
        assert gaps == [("n1", GapKind.REBOOTED)]
        read = _read(held.runners["n1"].lines)
        written = await _written(lab, "n1", since=read[0])
        assert read == written[: len(read)]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{lab.name} power off: told {down * 1000:.0f} ms after corosync wrote that the link is down, "
            f"{left * 1000:.0f} ms after it wrote who left\n"
        )
    await until_nothing_is_left(lab, 3)


def _kinds(held: Holding, source: str) -> list[SignalKind]:
    return [news.kind for _, news in held.news if isinstance(news, Signal) and news.source == source]


def _first(held: Holding, kind: SignalKind) -> tuple[float, float]:
    """Return when n2's first word of it came, by any stream, and how many seconds after corosync wrote of it.

    Both machines' clocks are this one's.
    """
    found = [
        (at, news) for at, news in held.news if isinstance(news, Signal) and (news.witness, news.kind) == ("n2", kind)
    ]
    first = min(at for at, _ in found)
    return first, first - min(news.at for _, news in found if news.at is not None)
