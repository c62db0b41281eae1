"""What is followed on simulated nodes is worded, ordered and ended as real nodes were recorded to do it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from commands.command import Command, Stream
from commands.errors import CommandFailed
from commands.facts import journal, membership_stream
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known
from commands.facts.journal import Entry
from commands.facts.lease import HEARTBEAT, LAPSES_AFTER
from commands.signals import SignalKind, of_entry
from sandbox.nodes.membership import LINK_DOWN, LOSS, TOKEN_LATE, TOKEN_LOST
from sandbox.nodes.ssh import MAX_SESSIONS
from tests.commands.conftest import CAPTURES
from tests.sandbox.nodes.conftest import Played

STREAMS = CAPTURES / "by-hand" / "debian12" / "streams"
LOG = "/var/log/corosync/corosync.log"
_STAMP = re.compile(r"^\w{3} \d\d \d\d:\d\d:\d\d \[\d+\] ")
_RING = re.compile(r"\((\d+)\.[0-9a-f]+\)")


class Followed:
    """One stream of a node, read on demand."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lines = aiter(stream.lines())

    async def lines(self) -> list[str]:
        """Renew the lease and return what came since the last time."""
        await self._stream.write("\n")
        found: list[str] = []
        while (line := await anext(self._lines)) != HEARTBEAT:
            found.append(line)
        return found

    async def end(self) -> None:
        """Read until it ends; raises as the stream does."""
        async for _ in self._lines:
            pass


@asynccontextmanager
async def following(played: Played, name: str, command: Command) -> AsyncIterator[Followed]:
    """Follow something on a node."""
    async with played.runner.stream(played.node(name), command) as stream:
        yield Followed(stream)


def worded(line: str) -> str:
    """Return a line of the membership stream without what differs from run to run."""
    return _RING.sub(r"(\1.x)", _STAMP.sub("", line)).rstrip()


def recorded(situation: str) -> list[str]:
    """Return the membership stream of n1 as it was recorded."""
    found = json.loads(Path(STREAMS / f"{situation}.n1.json").read_text())
    return [worded(line) for line in found["membership"]]


async def test_a_lost_node_is_told_as_on_a_real_one_and_so_is_its_return(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", membership_stream.follow(LOG)) as followed:
        begun = await followed.lines()
        await played.lose("n2")
        lost = await followed.lines()
        assert [worded(line) for line in begun + lost] == recorded("n2-lost")

        await played.regain("n2")
        back = await followed.lines()

    assert [worded(line) for line in begun + back] == recorded("n2-back")


async def test_a_clean_stop_is_told_as_one(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", membership_stream.follow(LOG)) as followed:
        begun = await followed.lines()
        await played.run("n2", Command(("pcs", "cluster", "stop"), timeout=60))
        played.wait()
        told = await followed.lines()

    assert [worded(line) for line in begun + told] == recorded("n2-stopped")


async def test_each_early_word_comes_at_its_time(played: Played) -> None:
    await played.reach("healthy")
    steps = ((LINK_DOWN, "is down"), (TOKEN_LATE, "has not been received"), (TOKEN_LOST, "A processor failed"),
             (LOSS, "runtime.members.2.status (str) = left"))  # fmt: skip
    async with following(played, "n1", membership_stream.follow(LOG)) as followed:
        await followed.lines()
        cut = played.world.clock.now()
        await played.backing.network.cut("n1", "n2")
        for seconds, words in steps:
            played.wait(cut + seconds - played.world.clock.now() - 0.1)
            assert not any(words in line for line in await followed.lines())
            played.wait(0.4)
            assert any(words in line for line in await followed.lines())


async def test_a_short_cut_is_a_link_that_was_down_and_nobody_out(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", membership_stream.follow(LOG)) as followed:
        await followed.lines()
        await played.backing.network.cut("n1", "n2")
        played.wait(2.0)
        await played.backing.network.heal()
        played.wait()
        told = [worded(line) for line in await followed.lines()]

    assert told[0].endswith("link: host: 2 link: 0 is down")
    assert told[3].endswith("rx: host: 2 link: 0 is up")
    assert not any("membership" in line or "runtime.members" in line or "Token" in line for line in told)


async def test_corosync_that_is_killed_and_comes_at_once_leaves_and_joins_in_one_breath(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", membership_stream.follow(LOG)) as followed:
        await followed.lines()
        await played.backing.network.exec("n2", ("pkill", "-9", "corosync"))
        played.wait()
        told = [worded(line) for line in await followed.lines()]

    assert "modify> runtime.members.2.join_count (u32) = 2" in told
    assert any("Members joined: 2 left: 2" in line for line in told)
    assert played.world.machines["n2"].floating == ["10.77.0.102"], "what ran goes on"
    assert [node.online for node in (await status(played, "n1")).nodes] == [True, True]


async def test_it_ends_with_corosync_and_says_why(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n2", membership_stream.follow(LOG)) as followed:
        await followed.lines()
        await played.run("n1", Command(("pcs", "cluster", "stop", "n2"), timeout=60))

        assert "Dispatch error CS_ERR_LIBRARY" in await complaint(followed)

    async with following(played, "n2", membership_stream.follow(LOG)) as followed:
        assert "Failed to initialize the cmap API" in await complaint(followed)


async def test_a_lease_that_nobody_renews_ends_a_stream_though_the_cable_is_cut(played: Played) -> None:
    await played.reach("healthy")
    news = played.world.machines["n2"].corosync_news
    async with following(played, "n2", membership_stream.follow(LOG)) as followed:
        await followed.lines()
        assert len(news.followers) == 1
        await played.backing.network.cut_host("n2")
        played.wait(LAPSES_AFTER + 1)
        await played.run("n1", Command(("true",), timeout=5))  # a turn of the loop for the stream to end in
        assert news.followers == set()


async def test_one_connection_has_ten_sessions_and_no_more(played: Played) -> None:
    await played.reach("fresh")
    host, port = played.backing.network.connect_to["10.77.0.11"].split(":")
    keys = played.backing.network.keys
    line = shlex.join(journal.follow(None).argv)
    async with asyncssh.connect(
        host, int(port), username="root", client_keys=[str(keys.client)], known_hosts=None, config=None
    ) as connection:
        held = [await connection.create_process(line) for _ in range(MAX_SESSIONS)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(line)

        held[0].stdin.write_eof()
        await held[0].wait_closed()
        again = await connection.create_process(line)
        assert (await again.stdout.readline()).startswith("begin ")


async def test_the_journal_is_resumed_where_it_was_read_to(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", journal.follow(None)) as followed:
        first, last = await followed.lines()
        assert journal.begin(first) is not None
    seen = journal.parse(last)

    await played.lose("n2")

    async with following(played, "n1", journal.follow(seen.cursor)) as followed:
        _, *lines = await followed.lines()
        entries = [journal.parse(line) for line in lines]
        assert entries[0] == seen
        kinds = hints(entries[1:])
        assert kinds[:4] == [
            SignalKind.LINK_DOWN,
            SignalKind.TOKEN_LATE,
            SignalKind.TOKEN_LOST,
            SignalKind.MEMBER_LEFT,
        ]
        assert SignalKind.PACEMAKER in kinds

    async with following(played, "n1", journal.follow("nonsense")) as followed:
        assert journal.CURSOR_REFUSED in await complaint(followed)


async def test_a_killed_haproxy_is_found_by_its_check_started_again_and_told(played: Played) -> None:
    await played.reach("healthy")
    async with following(played, "n1", journal.follow(None)) as followed:
        await followed.lines()
        await played.backing.network.exec("n1", ("killall", "-9", "haproxy"))
        assert not played.world.machines["n1"].runs("haproxy")
        played.wait()
        messages = [journal.parse(line).message or "" for line in await followed.lines()]

    assert " notice: Result of monitor operation for haproxy on n1: not running" in messages
    assert any("Recover" in message and "haproxy" in message for message in messages)
    assert played.world.machines["n1"].runs("haproxy")
    assert played.world.machines["n1"].floating == ["10.77.0.101"]
    failures = (await status(played, "n1")).failures
    assert [(one.resource, one.node, one.exit_status) for one in failures] == [("haproxy", "n1", "not running")]

    await played.run("n1", Command(("pcs", "resource", "cleanup"), timeout=60))
    assert (await status(played, "n1")).failures == ()


async def test_an_address_removed_by_hand_is_back_within_its_check(played: Played) -> None:
    await played.reach("healthy")
    await played.backing.network.exec("n2", ("ip", "address", "del", "10.77.0.102/24", "dev", "eth0"))
    assert played.world.machines["n2"].floating == []

    played.wait(6.0)

    assert played.world.machines["n2"].floating == ["10.77.0.102"]


async def test_a_clock_that_is_ahead_is_so_everywhere_on_its_machine(played: Played) -> None:
    await played.reach("healthy")
    played.world.skew("n2", 60.0)

    snapshot = await played.read(("clock",))
    first, second = (snapshot.node(name).clock.value.epoch for name in ("n1", "n2"))  # type: ignore[union-attr]

    assert second - first == pytest.approx(60.0, abs=1.0)


async def test_two_sides_each_go_on_and_become_one_again(played: Played) -> None:
    await played.reach("split")
    await played.run("n2", Command(("pcs", "resource", "defaults", "update", "resource-stickiness=7"), timeout=60))
    sides = [await status(played, name) for name in ("n1", "n2")]
    assert [[node.online for node in side.nodes] for side in sides] == [[True, False], [False, True]]

    await played.backing.network.heal()
    played.wait()

    sides = [await status(played, name) for name in ("n1", "n2")]
    assert [[node.online for node in side.nodes] for side in sides] == [[True, True], [True, True]]
    assert len({side.dc for side in sides}) == 1
    assert [machine.floating for machine in played.world.machines.values()] == [["10.77.0.101"], ["10.77.0.102"]]
    done = await played.run("n1", Command(("cibadmin", "--query"), timeout=20))
    assert 'value="7"' in done.stdout, "the newer configuration counts"


async def status(played: Played, name: str) -> ClusterStatus:
    """Return what a node's Pacemaker says."""
    reading = (await played.read(("status",))).node(name).status
    assert isinstance(reading, Known)
    assert isinstance(reading.value, ClusterStatus)
    return reading.value


async def complaint(followed: Followed) -> str:
    """Return what a stream says as it ends."""
    with pytest.raises(CommandFailed) as caught:
        await followed.end()
    return caught.value.output


def hints(entries: list[Entry]) -> list[SignalKind]:
    """Return what the bot would take from journal entries, each kind once."""
    kinds = (signal.kind for entry in entries if (signal := of_entry("n1", entry)) is not None)
    return list(dict.fromkeys(kinds))
