"""Both streams of a node: kept alive, never dead in silence, and no line of the journal passed over."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import pytest

from bot.watch.news import Cause, Gap, GapKind, News, StreamDown, StreamState, StreamUp
from bot.watch.streams import NodeStreams
from commands.errors import HaclusterError, SudoRefused, Unreachable
from commands.facts.lease import LAPSES_AFTER, RENEW_EVERY
from commands.signals import Signal, SignalKind
from config.inventory import NodeSpec, parse_node
from tests.bot.watch.doubles import HandClock, ScriptedNode, settled

N1 = parse_node("n1=10.0.0.1")
SUBSCRIBED = 'Type "q" to finish'
LINK_DOWN = "Nov 23 12:03:29 [509] n1 corosync info    [KNET  ] link: host: 2 link: 0 is down"
BEGUN = 1_795_000_000.0
CMAP_DOWN = "Failed to initialize the cmap API. Error CS_ERR_LIBRARY"


def entry(number: int, message: str = "[QUORUM] Members[2]: 1 2", *, boot: str = "b1", who: str = "corosync") -> str:
    """Return an entry of the journal, written `number` seconds after the stream began."""
    at = int((BEGUN + number) * 1_000_000)
    fields = {
        "__CURSOR": f"s=1;i={number:x};b={boot};t={at:x};x=1",
        "__REALTIME_TIMESTAMP": str(at),
        "_BOOT_ID": boot,
        "SYSLOG_IDENTIFIER": who,
        "MESSAGE": message,
    }
    return json.dumps(fields)


def cursor(line: str) -> str:
    return str(json.loads(line)["__CURSOR"])


BEGIN = f"begin {BEGUN} persistent"
STARTED = "Started corosync.service - Corosync Cluster Engine."


class Kept:
    """Cursors kept in memory."""

    def __init__(self) -> None:
        self.cursors: list[str] = []

    async def cursor(self, node: NodeSpec) -> str | None:
        assert node is N1
        return self.cursors[-1] if self.cursors else None

    async def keep(self, node: NodeSpec, cursor: str, boot: str) -> None:
        assert node is N1
        assert boot in {"b1", "b2"}
        self.cursors.append(cursor)


class Watched:
    """The streams under test, their node, and what they told."""

    def __init__(self) -> None:
        self.node = ScriptedNode()
        self.time = HandClock()
        self.kept = Kept()
        self.news: list[News] = []
        self.waits: list[float] = []
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.streams = NodeStreams(
            self.node, N1, self.news.append, self.kept, clock=self.time.clock(), waits=lambda: itertools.count(1)
        )
        self._running = asyncio.create_task(self.streams.run())
        await settled()

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def journal_says(self, *lines: str) -> None:
        self.node.journals[-1].say(*lines)
        await settled()

    async def membership_says(self, *lines: str) -> None:
        self.node.memberships[-1].say(*lines)
        await settled()

    def told(self, kind: type) -> list[News]:
        return [news for news in self.news if isinstance(news, kind)]

    def kinds(self) -> list[SignalKind]:
        return [news.kind for news in self.news if isinstance(news, Signal)]

    def gaps(self) -> list[GapKind]:
        return [news.kind for news in self.news if isinstance(news, Gap)]

    def causes(self) -> list[tuple[str, Cause]]:
        return [(news.source, news.cause) for news in self.news if isinstance(news, StreamDown)]

    @property
    def journal(self) -> StreamState:
        return self.streams.states()[0]

    @property
    def membership(self) -> StreamState:
        return self.streams.states()[1]


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    watched = Watched()
    yield watched
    await watched.stop()


async def test_they_come_up_when_they_deliver_and_not_before(watched: Watched) -> None:
    await watched.start()
    assert watched.news == []
    assert (watched.journal.alive, watched.journal.why) == (False, "not begun yet")
    await watched.membership_says(SUBSCRIBED)
    await watched.journal_says(BEGIN, entry(-60))
    assert watched.news == [StreamUp("n1", "membership", 1_001_000.0), StreamUp("n1", "journal", 1_001_000.0)]
    assert watched.membership == StreamState("membership", True, 1_001_000.0, "", 1_001_000.0, 1, None)
    assert watched.journal.lines == 2


async def test_lines_become_signals(watched: Watched) -> None:
    await watched.start()
    await watched.membership_says(SUBSCRIBED, "noise", LINK_DOWN, "modify> runtime.members.2.status (str) = left")
    await watched.journal_says(BEGIN, entry(-60), entry(1, "[TOTEM ] Token has not been received in 2250 ms"))
    signals = [news for news in watched.news if isinstance(news, Signal)]
    assert [(s.source, s.kind, s.node_id, s.link, s.at) for s in signals] == [
        ("log", SignalKind.LINK_DOWN, 2, 0, None),
        ("cmap", SignalKind.MEMBER_LEFT, 2, None, None),
        ("journal", SignalKind.TOKEN_LATE, None, None, BEGUN + 1),
    ]


async def test_the_log_file_is_the_one_that_corosync_writes(watched: Watched) -> None:
    await watched.start()
    assert watched.node.memberships[0].argv[-1] == "/var/log/corosync.log"


@pytest.mark.parametrize(
    ("conf", "note"),
    [
        ("totem {\n}\n", "writes no log file"),
        (HaclusterError("cannot be read"), "not followed: cannot be read"),
    ],
)
async def test_without_a_log_file_the_map_is_followed_and_that_is_said(
    watched: Watched, conf: str | HaclusterError, note: str
) -> None:
    watched.node.conf = conf
    await watched.start()
    await watched.membership_says(SUBSCRIBED)
    assert watched.node.memberships[0].argv[-1] == ""
    assert watched.membership.alive
    assert note in watched.membership.why


async def test_the_lease_is_renewed_long_before_it_lapses(watched: Watched) -> None:
    await watched.start()
    await watched.time.forward(60)
    for stream in (*watched.node.journals, *watched.node.memberships):
        assert stream.written == ["\n"] * (60 // int(RENEW_EVERY) + 1)
    assert 2 * RENEW_EVERY < LAPSES_AFTER


async def test_a_stream_that_no_longer_answers_its_lease_is_dead_and_begun_again(watched: Watched) -> None:
    await watched.start()
    await watched.membership_says(SUBSCRIBED)
    watched.node.memberships[0].answers = False
    await watched.time.forward(16)
    assert watched.causes() == [("membership", Cause.SILENT)]
    assert watched.node.memberships[0].left
    assert len(watched.node.memberships) == 2
    await watched.membership_says(SUBSCRIBED)
    assert watched.membership.alive


async def test_a_quiet_stream_that_answers_its_lease_is_alive(watched: Watched) -> None:
    await watched.start()
    await watched.membership_says(SUBSCRIBED)
    await watched.journal_says(BEGIN)
    await watched.time.forward(3600)
    assert (watched.membership.alive, watched.journal.alive) == (True, True)
    assert watched.causes() == []
    assert watched.membership.last_line_at == pytest.approx(1_000_000 + watched.time.time, abs=RENEW_EVERY)
    assert watched.membership.lines == 1, "answers to the lease are no lines"


async def test_a_broken_connection_is_said_once_and_tried_again_with_growing_waits(watched: Watched) -> None:
    await watched.start()
    await watched.membership_says(SUBSCRIBED)
    await watched.journal_says(BEGIN, entry(-60))
    watched.node.refusal = Unreachable("no answer", node="n1")
    watched.node.journals[0].fail(Unreachable("the connection was lost", node="n1"))
    watched.node.memberships[0].fail(Unreachable("the connection was lost", node="n1"))
    await watched.time.forward(120)
    assert sorted(watched.causes()) == [("journal", Cause.UNREACHABLE), ("membership", Cause.UNREACHABLE)]
    assert 20 < watched.node.attempts < 40, "of each: waits of 1, 2, 3 … seconds"
    assert (watched.journal.alive, watched.journal.why) == (False, "no answer")
    assert watched.journal.since == 1_001_000.0, "down since it broke, not since the last attempt"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SudoRefused(node="n1", argv=("bash",), status=1, output="sudo: a password is required"), Cause.REFUSED),
        (Unreachable("streams hold all sessions", node="n1"), Cause.UNREACHABLE),
    ],
)
async def test_what_cannot_begin_says_why_and_does_not_spin(
    watched: Watched, error: HaclusterError, cause: Cause
) -> None:
    watched.node.refusal = error
    await watched.start()
    await watched.time.forward(30)
    assert sorted(watched.causes()) == [("journal", cause), ("membership", cause)]
    assert watched.node.attempts < 20


@pytest.mark.parametrize(
    ("words", "status", "cause"),
    [
        (CMAP_DOWN, 143, Cause.NOT_RUNNING),
        ("Dispatch error CS_ERR_LIBRARY", 143, Cause.NOT_RUNNING),
        ("stdbuf: failed to run command 'corosync-cmapctl': No such file or directory", 143, Cause.ABSENT),
        ("env: 'bash': No such file or directory", 127, Cause.ABSENT),
        ("\x1b[0;1;31mFailed to initialize the cmap API. Error CS_ERR_ACCESS\x1b[0m", 143, Cause.ENDED),
    ],
)
async def test_why_a_stream_ended_is_told_from_its_last_words(
    watched: Watched, words: str, status: int, cause: Cause
) -> None:
    await watched.start()
    watched.node.memberships[0].die(words, status)
    await settled()
    assert watched.causes() == [("membership", cause)]
    assert watched.membership.why in words
    assert "\x1b" not in watched.membership.why


async def test_a_node_without_a_cluster_is_not_followed(watched: Watched) -> None:
    watched.node.conf = ""
    await watched.start()
    assert watched.causes() == [("membership", Cause.NO_CLUSTER)]
    assert watched.node.memberships == []


async def test_another_cause_is_said_again(watched: Watched) -> None:
    watched.node.refusal = Unreachable("no answer", node="n1")
    await watched.start()
    watched.node.refusal = None
    watched.node.conf = ""
    await watched.time.forward(2)
    assert [cause for source, cause in watched.causes() if source == "membership"] == [
        Cause.UNREACHABLE,
        Cause.NO_CLUSTER,
    ]


async def test_when_corosync_starts_its_map_is_subscribed_to_at_once(watched: Watched) -> None:
    await watched.start()
    await watched.journal_says(BEGIN, entry(-60))
    for _ in range(6):
        watched.node.memberships[-1].die(CMAP_DOWN)
        await watched.time.forward(40)
    watched.node.memberships[-1].die(CMAP_DOWN)
    await settled()
    attempts = len(watched.node.memberships)
    await watched.journal_says(entry(300, STARTED, who="systemd"))
    assert len(watched.node.memberships) == attempts + 1, "without any wait"


async def test_one_that_reaches_the_node_wakes_the_other(watched: Watched) -> None:
    watched.node.refusal = Unreachable("no answer", node="n1")
    await watched.start()
    await watched.time.forward(60)
    watched.node.refusal = None
    watched.streams.poke()
    await settled()
    assert len(watched.node.journals) == 1
    watched.node.memberships[-1].fail(Unreachable("lost again", node="n1"))
    await settled()
    await watched.journal_says(BEGIN, entry(-60))
    assert len(watched.node.memberships) == 2


async def test_the_first_time_nothing_old_is_news(watched: Watched) -> None:
    await watched.start()
    assert watched.node.journals[0].argv[-1] == "--lines=1"
    await watched.journal_says(BEGIN, entry(-3600, "[QUORUM] Sync left[1]: 2"))
    assert watched.kinds() == []
    await watched.journal_says(entry(1, "[QUORUM] Sync left[1]: 2"))
    assert watched.kinds() == [SignalKind.MEMBER_LEFT]


async def test_a_first_entry_that_came_while_we_began_is_news(watched: Watched) -> None:
    await watched.start()
    await watched.journal_says(BEGIN, entry(1, "[QUORUM] Sync left[1]: 2"))
    assert watched.kinds() == [SignalKind.MEMBER_LEFT]


async def break_journal(watched: Watched) -> None:
    watched.node.journals[-1].fail(Unreachable("the connection was lost", node="n1"))
    await settled()
    watched.streams.poke()
    await settled()


async def test_it_is_resumed_where_it_broke_and_no_line_is_missed_or_told_twice(watched: Watched) -> None:
    await watched.start()
    last = entry(1, "[QUORUM] Sync left[1]: 2")
    await watched.journal_says(BEGIN, entry(-60), last)
    await break_journal(watched)
    assert f"--cursor={cursor(last)}" in watched.node.journals[-1].argv
    await watched.journal_says(BEGIN, last, entry(2, "[QUORUM] Sync joined[1]: 2"))
    assert watched.kinds() == [SignalKind.MEMBER_LEFT, SignalKind.MEMBER_JOINED]
    assert watched.gaps() == []


async def test_the_next_bot_resumes_where_this_one_stopped(watched: Watched) -> None:
    await watched.start()
    last = entry(1, "[QUORUM] Sync left[1]: 2")
    await watched.journal_says(BEGIN, last)
    await watched.stop()
    assert watched.kept.cursors == [cursor(last)]
    await watched.start()
    assert f"--cursor={cursor(last)}" in watched.node.journals[-1].argv
    await watched.journal_says(BEGIN, last)
    await watched.stop()
    assert watched.kept.cursors == [cursor(last)], "kept once: it has not moved"
    assert watched.kinds() == [SignalKind.MEMBER_LEFT]


async def test_the_cursor_is_kept_every_few_seconds_and_not_with_each_line(watched: Watched) -> None:
    await watched.start()
    await watched.journal_says(BEGIN)
    for number in range(30):
        await watched.journal_says(entry(number))
        await watched.time.forward(1)
    assert 4 <= len(watched.kept.cursors) <= 7


async def resumed(watched: Watched, lines: Iterable[str]) -> None:
    watched.kept.cursors.append(cursor(entry(-100)))
    await watched.start()
    await watched.journal_says(BEGIN, *lines)


async def test_a_cursor_that_is_gone_is_a_gap_and_what_was_read_before_is_not_told_again(watched: Watched) -> None:
    older = entry(-5000, "[QUORUM] Sync left[1]: 2")
    await resumed(watched, [older, entry(-50, "[QUORUM] Sync joined[1]: 2"), entry(1)])
    assert watched.gaps() == [GapKind.CURSOR_GONE]
    (gap,) = watched.told(Gap)
    assert isinstance(gap, Gap)
    assert gap.since == BEGUN - 100
    assert watched.journal.gap == gap
    assert watched.kinds() == [SignalKind.MEMBER_JOINED]


async def test_after_a_gap_a_clock_that_was_set_back_hides_nothing_new(watched: Watched) -> None:
    watched.kept.cursors.append(cursor(entry(+90_000)))
    await watched.start()
    await watched.journal_says(BEGIN, entry(-5000, "[QUORUM] Sync left[1]: 2"))
    await watched.journal_says(entry(1, "[QUORUM] Sync joined[1]: 2"))
    assert watched.kinds() == [SignalKind.MEMBER_JOINED]


async def test_a_journal_that_lost_everything_is_a_gap_though_nothing_comes(watched: Watched) -> None:
    await resumed(watched, [])
    assert watched.gaps() == []
    await watched.time.forward(RENEW_EVERY)
    assert watched.gaps() == [GapKind.CURSOR_GONE]
    assert watched.journal.alive
    await watched.journal_says(entry(1, "[QUORUM] Sync left[1]: 2"))
    assert watched.gaps() == [GapKind.CURSOR_GONE]
    assert watched.kinds() == [SignalKind.MEMBER_LEFT]


async def test_a_cursor_that_journalctl_refuses_is_given_up(watched: Watched) -> None:
    watched.kept.cursors.append("of another make")
    await watched.start()
    watched.node.journals[0].die("Failed to seek to cursor: Invalid argument")
    await watched.time.forward(2)
    assert watched.gaps() == [GapKind.CURSOR_GONE]
    assert watched.node.journals[-1].argv[-1] == "--lines=1"


async def test_a_reboot_in_between_is_a_gap(watched: Watched) -> None:
    await watched.start()
    last = entry(-60)
    await watched.journal_says(BEGIN, last)
    await break_journal(watched)
    await watched.journal_says(BEGIN, last, entry(50, STARTED, boot="b2", who="systemd"), entry(51, boot="b2"))
    assert watched.gaps() == [GapKind.REBOOTED]
    assert watched.kinds() == [SignalKind.COROSYNC_STARTING]


async def test_lines_that_journald_dropped_are_a_gap(watched: Watched) -> None:
    await watched.start()
    dropped = "Suppressed 61 messages from pacemaker.service"
    await watched.journal_says(BEGIN, entry(1, dropped, who="systemd-journald"))
    (gap,) = watched.told(Gap)
    assert isinstance(gap, Gap)
    assert gap.kind is GapKind.SUPPRESSED
    assert "61 lines of pacemaker.service" in gap.why


async def test_a_line_that_cannot_be_read_is_a_gap_and_not_the_end(watched: Watched) -> None:
    await watched.start()
    await watched.journal_says(BEGIN, entry(-60), "{half a li", entry(1, "[QUORUM] Sync left[1]: 2"))
    assert watched.gaps() == [GapKind.UNREADABLE]
    assert watched.kinds() == [SignalKind.MEMBER_LEFT]
    assert watched.journal.alive


@pytest.mark.parametrize(("keeping", "note"), [("volatile", "before a reboot is lost"), ("none", "no journal is kept")])
async def test_a_journal_that_is_not_on_disk_is_said(watched: Watched, keeping: str, note: str) -> None:
    await watched.start()
    await watched.journal_says(f"begin {BEGUN} {keeping}", entry(-60))
    assert watched.journal.alive
    assert note in watched.journal.why


async def test_stopping_leaves_both_streams(watched: Watched) -> None:
    await watched.start()
    await watched.stop()
    assert all(stream.left for stream in (*watched.node.journals, *watched.node.memberships))
    assert watched.causes() == [], "nothing fell: somebody stopped them"
