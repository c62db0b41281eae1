"""One cluster watched: streams wake it, looks decide, incidents and events are written down and told.

A line of a stream is a trigger and an early word, never the truth. So each signal is told to `incidents` at once, and a
look at the nodes follows: the nodes that a signal calls lost are left out of the first one, since they would only hold
it up. While something is wrong it looks every few seconds, else when the sweep says so. It never changes a cluster.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf

import structlog

from bot.incidents import WORDS, OwnChange, Rules, Seen
from bot.watch.eyes import Eyes
from bot.watch.ledger import Ledger, Recalled
from bot.watch.news import Gap, News
from bot.watch.records import same
from bot.watch.state import WatchState
from bot.watch.streams import NodeStreams
from bot.watch.tools import Cursors, Tools
from commands.condition import READS, Condition, Topic, condition, from_json, unsettled
from commands.events import Event, Kind, diff
from commands.facts.fact import NOT_ASKED
from commands.signals import Signal, SignalKind
from commands.snapshot import Snapshot
from commands.troubles import Trouble, momentary, troubles
from config.inventory import ClusterSpec
from config.watch_sections import WatchSettings

RESTLESS = 5.0
"""Seconds between two looks while an incident is open, and after one that failed."""
AGAIN = (0.4, 1.5, 4.0)
"""Seconds after a change at which to look again: what follows from it is under way."""
PAST = 0.1
"""Seconds after the moment until which something was left open at which to look again: then it is told, if it lasts."""
LATELY = timedelta(seconds=60)
"""How long a change of the bot's own explains what is seen."""
FRESH = 30.0
"""Seconds after which a line of the journal is no early word any more: it was written while nobody followed,
or could not be written down."""
_LOST = frozenset({SignalKind.LINK_DOWN, SignalKind.TOKEN_LOST, SignalKind.MEMBER_LEFT})
_BACK = frozenset({Kind.MEMBER_JOINED, Kind.SIGHT_REGAINED})
"""Events after which a node's streams are begun at once, instead of when their turn comes."""
_MAKES = frozenset({"setup"})
"""Verbs under which a cluster is not whole yet: nothing is said about it meanwhile, their own message tells."""

_log = structlog.get_logger(__name__)


class ClusterWatch:
    """Watches one cluster from `run` until it is cancelled."""

    def __init__(self, cluster: ClusterSpec, tools: Tools) -> None:
        self.cluster = cluster
        self._tools = tools
        self._since = tools.now()
        self._rules = _rules(tools.settings)
        self._ledger = Ledger(cluster, tools, self._rules)
        self._poke = asyncio.Event()
        self._heard: list[tuple[float, Signal]] = []
        """Each signal that nobody thought over yet, and when it was: in seconds since 1970, by its witness where told."""
        self._gaps: deque[Gap] = deque(maxlen=5)
        self._eyes = Eyes(cluster, tools.runner, READS, self._poke, self._poke.set, tools.attention)
        self._streams = tuple(
            NodeStreams(tools.runner, node, self.hear, Cursors(tools), clock=tools.clock) for node in cluster.nodes
        )
        self._condition: Condition | None = None
        self._being_made = False
        self._names: dict[int, str] = {number: node.name for number, node in enumerate(cluster.nodes, 1)}
        self._last_look: datetime | None = None
        self._due = 0.0
        self._settles = inf
        self._follow_up: asyncio.Task[None] | None = None

    def state(self) -> WatchState:
        """Return how the watching goes."""
        return WatchState(
            cluster=self.cluster,
            channel=self._ledger.channel,
            since=self._since,
            last_look=self._last_look,
            streams=tuple((streams.node.name, state) for streams in self._streams for state in streams.states()),
            gaps=tuple(self._gaps),
            condition=self._condition,
            incidents=self._ledger.incidents,
        )

    def hear(self, news: News) -> None:
        """Take what a stream says: all of it is a reason to look."""
        if isinstance(news, Gap):
            self._gaps.append(news)
            _log.warning("lines may have been missed", cluster=self.cluster.name, node=news.node, why=news.why)
        elif isinstance(news, Signal):
            self._heard.append((self._tools.clock.wall() if news.at is None else news.at, news))
        self._poke.set()

    def look_soon(self) -> None:
        """Look as soon as possible, as somebody changed what it knows of."""
        self._poke.set()

    def sweep(self, now: float) -> None:
        """Look if it is time. `now` is in monotonic seconds."""
        if now >= self._due:
            self._poke.set()

    async def run(self, delay: float = 0.0) -> None:
        """Watch until cancelled. `delay` spreads the first looks at many clusters, in seconds."""
        await self._tools.clock.sleep(delay)
        await self._remember()
        await self._ledger.show(self._condition)
        self._poke.set()
        try:
            async with asyncio.TaskGroup() as group:
                for streams in self._streams:
                    group.create_task(streams.run())
                while True:
                    await self._poke.wait()
                    await self._turn()
        finally:
            if self._follow_up:
                self._follow_up.cancel()
            await self._eyes.close()

    async def _remember(self) -> None:
        """Begin with what was known when the bot last looked: what changed meanwhile is then told."""
        last = await self._tools.store.last_condition(self.cluster.name)
        if last is not None:
            with suppress(ValueError, KeyError):  # written by another version: begin anew
                self._condition = from_json(last[1])

    async def _turn(self) -> None:
        """Take the news, tell the early word, look, tell what was seen."""
        self._poke.clear()
        heard, self._heard = self._heard, []
        fresh = [(at, signal) for at, signal in heard if self._tools.clock.wall() - at < FRESH]
        self._settles, failed = inf, False
        try:
            await self._tell_and_look(tuple(signal for _, signal in fresh), again=bool(heard))
        except Exception:  # noqa: BLE001 - it is logged
            # whatever goes wrong once, the next look, which comes soon, takes up with all that was heard
            _log.exception("a look failed", cluster=self.cluster.name)
            self._heard[:0], failed = fresh, True
        pause = RESTLESS if failed or self._ledger.incidents else self._tools.settings.sweep
        self._due = min(self._settles, self._tools.clock.now() + pause)

    async def _tell_and_look(self, fresh: tuple[Signal, ...], *, again: bool) -> None:
        words = tuple(signal for signal in fresh if signal.kind in WORDS) if self._has_run() else ()
        if words or self._being_made:
            own = await self._own_changes()
            if self._being_made:
                return
            if words:
                await self._think(None, (), words, own)
        # read while the nodes are asked: nothing stands between their answers and what is told of them
        reading = asyncio.create_task(self._read())
        try:
            snapshot = await self._eyes.look(self._suspects(fresh))
            own, recalled = await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if not self._being_made:
            await self._digest(snapshot, own, recalled, again=again)

    async def _read(self) -> tuple[tuple[OwnChange, ...], Recalled]:
        """Read what the store has to say, one after the other: it has few connections, and there may be many watches."""
        return await self._own_changes(), await self._ledger.recall()

    async def _digest(self, snapshot: Snapshot, own: tuple[OwnChange, ...], recalled: Recalled, *, again: bool) -> None:
        for _, cmap in snapshot.running("cmap"):
            self._names |= {node.node_id: node.name for node in cmap.nodelist}
        before, now, wall = self._condition, self._tools.clock.now(), self._tools.clock.wall()
        self._condition = condition(snapshot, before, wall)
        events = diff(before, self._condition) if before is not None else ()
        whole = all(node.clock is not NOT_ASKED for node in snapshot.nodes)
        kept = before is not None and same(before, self._condition, whole=whole)
        try:
            await self._think(self._condition, events, (), own, recalled, kept=kept)
        except Exception:
            self._condition = before  # it was not written down: the next look is to find it again
            raise
        self._last_look = self._tools.now()
        left_open = (state.open_until - wall for state in self._condition.states.values() if state.open_until > wall)
        self._settles = min((now + seconds + PAST for seconds in left_open), default=inf)
        back = {event.subject for event in events if event.kind in _BACK}
        for streams in self._streams:
            if streams.node.name in back:
                streams.poke()
        if events or again or unsettled(before, self._condition):
            self._look_again()

    async def _think(
        self,
        seen: Condition | None,
        events: tuple[Event, ...],
        signals: tuple[Signal, ...],
        own: tuple[OwnChange, ...],
        recalled: Recalled | None = None,
        *,
        kept: bool = False,
    ) -> None:
        """Let the incidents take what was seen or heard, and be told. `kept` says that the store has this condition."""
        what = Seen(
            cluster=self.cluster.name,
            at=self._tools.now(),
            condition=seen,
            troubles=self._troubles(events) if seen is not None else (),
            events=events,
            signals=signals,
            own=own,
            names=self._names,
            known=self._condition,
        )
        await self._ledger.take(what, self._condition, recalled, kept=kept)

    def _has_run(self) -> bool:
        """Whether the cluster was ever seen running. Before that it is not made yet, and nothing is wrong with it."""
        return self._condition is not None and self._condition.get(Topic.CONFIGURATION) is not None

    def _troubles(self, events: Iterable[Event]) -> tuple[Trouble, ...]:
        if self._condition is None or not self._has_run():
            return ()
        over = (momentary(event) for event in events)
        return (*troubles(self._condition), *(trouble for trouble in over if trouble is not None))

    async def _own_changes(self) -> tuple[OwnChange, ...]:
        since = self._tools.now() - LATELY
        rows = await self._tools.store.plans_between(self.cluster.name, since)
        own = tuple(
            OwnChange(row.verb, row.text, row.decided_by or f"{row.team}:{row.user}", row.started, row.finished)
            for row in rows
            if row.started is not None
        )
        self._being_made = any(change.verb in _MAKES and change.ended is None for change in own)
        return own

    def _suspects(self, signals: Iterable[Signal]) -> frozenset[str]:
        """Return the nodes that a signal calls lost, except where one of them says so of another.

        Of three or more nodes, one that calls all others lost is rather cut off itself.
        """
        lost = {
            self._names[signal.node_id]
            for signal in signals
            if signal.kind in _LOST and signal.node_id is not None and signal.node_id in self._names
        }
        suspects = lost - {signal.witness for signal in signals}
        return frozenset() if 1 < len(suspects) == len(self.cluster.nodes) - 1 else frozenset(suspects)

    def _look_again(self) -> None:
        if self._follow_up:
            self._follow_up.cancel()
        self._follow_up = asyncio.create_task(self._later())

    async def _later(self) -> None:
        passed = 0.0
        for at in AGAIN:
            await self._tools.clock.sleep(at - passed)
            passed = at
            self._poke.set()


def _rules(settings: WatchSettings) -> Rules:
    return Rules(
        hold_down=timedelta(seconds=settings.hold_down),
        flap_count=settings.flap_count,
        flap_window=timedelta(seconds=settings.flap_window),
        flap_quiet=timedelta(seconds=settings.flap_quiet),
        escalate_after=timedelta(seconds=settings.escalate_after),
    )
