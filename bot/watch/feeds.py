"""What is particular to each of a node's two streams: how it begins, and what its lines mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.watch.falls import Fallen
from bot.watch.news import Cause, Gap, GapKind, Sink, StreamName
from commands import signals
from commands.command import Command, Runner
from commands.errors import CommandFailed, HaclusterError, Unreachable, UnreadableOutput
from commands.facts import corosync_conf, journal, lease, membership_stream
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.fact import Known, Unknown, read
from config.inventory import NodeSpec


class Feed(Protocol):
    """One kind of stream. `note` says what it cannot see though it is up, `gap` what it may have missed last."""

    @property
    def name(self) -> StreamName: ...
    @property
    def note(self) -> str: ...
    @property
    def gap(self) -> Gap | None: ...

    async def command(self) -> Command:
        """Return what to run now. Raises `HaclusterError` if it could be of no use."""
        ...

    def hear(self, line: str) -> bool:
        """Take in a line; return whether it shows that the stream delivers."""
        ...

    def fell(self, error: HaclusterError) -> None:
        """Take in how it ended."""
        ...


@dataclass(slots=True)
class MembershipFeed:
    """Corosync's map and log file."""

    runner: Runner
    node: NodeSpec
    sink: Sink
    name: StreamName = field(default="membership", init=False)
    note: str = field(default="", init=False)
    gap: Gap | None = field(default=None, init=False)

    async def command(self) -> Command:
        """Look where corosync logs to each time: its configuration may have changed."""
        match await read(self.runner, self.node, corosync_conf.FACT):
            case Known(CorosyncConf(logfile=str() as logfile)):
                self.note = ""
                return membership_stream.follow(logfile)
            case Known(NoConf()):
                raise Fallen(Cause.NO_CLUSTER, f"there is no {corosync_conf.PATH}")
            case Unknown(error=Unreachable() as error):
                raise error
            case Unknown(why=why):
                self.note = f"corosync's log file is not followed: {why}"
            case _:
                self.note = "corosync writes no log file: its early words come by the journal, some 0.3 s later"
        return membership_stream.follow(None)

    def hear(self, line: str) -> bool:
        if membership_stream.SUBSCRIBED in line:
            return True
        if line != lease.HEARTBEAT and (signal := signals.of_membership_line(self.node.name, line)) is not None:
            self.sink(signal)
        return False

    def fell(self, error: HaclusterError) -> None:
        """Nothing to learn."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node's journal has been read to. `boot` is empty where only the cursor is known."""

    cursor: str
    boot: str = ""

    @property
    def at(self) -> float | None:
        """When the entry there was written, by the node's clock."""
        return journal.written_at(self.cursor)


@dataclass(slots=True)
class JournalFeed:
    """The journal, from `position` on. Each entry that was handed on moves the position."""

    node: NodeSpec
    sink: Sink
    wall: Callable[[], float]
    position: Position | None
    name: StreamName = field(default="journal", init=False)
    note: str = field(default="", init=False)
    gap: Gap | None = field(default=None, init=False)
    _resuming: bool = field(default=False, init=False)
    """The entry at the position is still to come."""
    _begun: float = field(default=0.0, init=False)
    _news_from: float = field(default=0.0, init=False)
    """Entries older than this are not news: seen before, or from before anybody watched."""
    _beats: int = field(default=0, init=False)

    async def command(self) -> Command:
        self._resuming, self._beats = self.position is not None, 0
        return journal.follow(self.position.cursor if self.position else None)

    def hear(self, line: str) -> bool:
        if line == lease.HEARTBEAT:
            # the second answer to the lease: journalctl has been looking for a whole period
            self._beats += 1
            if self._beats > 1 and self._resuming:
                self._cursor_gone("nothing after it is there either")
            return self._beats > 1
        if (begin := journal.begin(line)) is not None:
            self._begun = begin.at
            self._news_from = 0.0 if self._resuming else begin.at
            self.note = _NOTES[begin.keeping]
            return False
        try:
            entry = journal.parse(line)
        except UnreadableOutput as error:
            self._tell(GapKind.UNREADABLE, error.message)
            return True
        self._take(entry)
        return True

    def fell(self, error: HaclusterError) -> None:
        """Give up a cursor that journalctl cannot read."""
        if isinstance(error, CommandFailed) and journal.CURSOR_REFUSED in error.output and self.position is not None:
            self._cursor_gone("journalctl does not know it")
            self.position = None

    def _take(self, entry: journal.Entry) -> None:
        before = self.position
        booted = before is not None and before.boot not in {"", entry.boot}
        found = self._resuming and before is not None and before.cursor == entry.cursor
        if self._resuming and not found:
            self._cursor_gone("the node has been booted since" if booted else "older entries were removed")
        elif booted:
            self._tell(GapKind.REBOOTED, "it has been booted: its last lines before that may not have reached its disk")
        self._resuming = False
        if not found and entry.at >= self._news_from:
            self._tell_of(entry)
        self.position = Position(entry.cursor, entry.boot)

    def _tell_of(self, entry: journal.Entry) -> None:
        if entry.suppressed is not None:
            count, unit = entry.suppressed
            self._tell(GapKind.SUPPRESSED, f"journald dropped {count} lines of {unit}, which came too fast")
        if (signal := signals.of_entry(self.node.name, entry)) is not None:
            self.sink(signal)

    def _cursor_gone(self, why: str) -> None:
        """Say so. What follows may be the whole journal: older entries than the lost one were read already."""
        self._resuming = False
        if self.position is not None and self.position.at is not None:
            self._news_from = min(self.position.at, self._begun)
        self._tell(GapKind.CURSOR_GONE, f"the entry that was read last is no longer in the journal: {why}")

    def _tell(self, kind: GapKind, why: str) -> None:
        since = self.position.at if self.position else None
        self.gap = Gap(self.node.name, kind, why, self.wall(), since)
        self.sink(self.gap)


_NOTES: dict[journal.Keeping, str] = {
    "persistent": "",
    "volatile": "the journal is kept in memory: what was not read before a reboot is lost",
    "none": "no journal is kept there",
}
