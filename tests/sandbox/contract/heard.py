"""What nodes say of their own accord while something happens: the hints that the bot finds in what it follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from commands.command import Command, Runner, Stream
from commands.errors import HaclusterError
from commands.facts import journal, membership_stream
from commands.facts.lease import HEARTBEAT
from commands.signals import Signal, of_entry, of_membership_line
from config.inventory import NodeSpec

LOG = "/var/log/corosync/corosync.log"
AGAIN = 0.2
"""Seconds until a stream that ended is tried again, on the wall: at the other end is real SSH."""


class Heard:
    """Both streams of every node, followed for as long as it lasts; `renew` is to be called every few seconds.

    `words` are the hints since the last `forget`, by witness and source (`n1 journal`), each once, in the order in which
    they came.
    """

    def __init__(self, runner: Runner, nodes: Sequence[NodeSpec]) -> None:
        self.words: dict[str, list[str]] = {}
        self._runner = runner
        self._nodes = nodes
        self._streams: set[Stream] = set()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow them."""
        tasks = [
            asyncio.create_task(follow(node)) for node in self._nodes for follow in (self._journal, self._membership)
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    def forget(self) -> None:
        """Begin anew."""
        self.words.clear()

    async def renew(self) -> None:
        """Renew the leases."""
        for stream in tuple(self._streams):
            with suppress(HaclusterError):
                await stream.write("\n")

    async def _journal(self, node: NodeSpec) -> None:
        cursor: str | None = None

        def read(line: str) -> None:
            nonlocal cursor
            if journal.begin(line) is not None:
                return
            entry = journal.parse(line)
            # without a cursor the last entry comes first, and with one that very entry
            new, cursor = cursor not in {None, entry.cursor}, entry.cursor
            if new:
                self._hear(of_entry(node.name, entry))

        while True:
            await self._follow(node, journal.follow(cursor), read)

    async def _membership(self, node: NodeSpec) -> None:
        def read(line: str) -> None:
            self._hear(of_membership_line(node.name, line))

        while True:
            await self._follow(node, membership_stream.follow(LOG), read)

    async def _follow(self, node: NodeSpec, command: Command, read: Callable[[str], None]) -> None:
        """Follow a stream until it ends, and wait a moment."""
        with suppress(HaclusterError):
            async with self._runner.stream(node, command) as stream:
                self._streams.add(stream)
                try:
                    async for line in stream.lines():
                        if line != HEARTBEAT:
                            read(line)
                finally:
                    self._streams.discard(stream)
        await asyncio.sleep(AGAIN)

    def _hear(self, signal: Signal | None) -> None:
        if signal is None:
            return
        about = "" if signal.node_id is None else f" n{signal.node_id}"
        words = self.words.setdefault(f"{signal.witness} {signal.source}", [])
        if (said := f"{signal.kind}{about}") not in words:
            words.append(said)
