"""Everything that watching holds of a lab's nodes: n1's streams as root, n2's as a login that needs sudo.

Run as a program it holds them until it is killed: `python -m tests.lab.holding LAB`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from bot.watch.news import News, StreamState
from bot.watch.streams import NodeStreams
from commands.command import Command, Completed, Stream
from commands.ssh import KnownHostsFiles, SshOptions, SshRunner
from config.inventory import NodeSpec
from sandbox.lab.lab import Lab

LOGINS = {"n1": "root", "n2": "ops"}


@dataclass
class Overheard:
    """A `Runner` that writes down all that streams say. A test that looks at lines takes them from here."""

    runner: SshRunner
    lines: list[str] = field(default_factory=list)

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        return await self.runner.run(node, command)

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        return self._stream(node, command)

    @asynccontextmanager
    async def _stream(self, node: NodeSpec, command: Command) -> AsyncIterator[Stream]:
        async with self.runner.stream(node, command) as stream:
            yield _Overheard(stream, self.lines)


@dataclass
class _Overheard:
    stream: Stream
    heard: list[str]

    async def lines(self) -> AsyncIterator[str]:
        async for line in self.stream.lines():
            self.heard.append(line)
            yield line

    async def write(self, text: str) -> None:
        await self.stream.write(text)


class Cursors:
    """Cursors kept in memory, as long as this object lives."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def cursor(self, node: NodeSpec) -> str | None:
        return self._kept.get(node.name)

    async def keep(self, node: NodeSpec, cursor: str, boot: str) -> None:
        assert boot
        self._kept[node.name] = cursor


class Holding:
    """The streams of both nodes, and all they told."""

    def __init__(self, lab: Lab, cursors: Cursors) -> None:
        self.news: list[tuple[float, News]] = []
        self.runners: dict[str, Overheard] = {}
        self.streams: dict[str, NodeStreams] = {}
        self._changed = asyncio.Event()
        for name, login in LOGINS.items():
            options = SshOptions(user=login, keys=(lab.key,))
            runner = self.runners[name] = Overheard(SshRunner(options, KnownHostsFiles((lab.known_hosts,))))
            node = NodeSpec(name=name, addresses=tuple(ip_address(address) for address in lab.nodes[name]))
            self.streams[name] = NodeStreams(runner, node, self._hear, cursors)

    def _hear(self, news: News) -> None:
        self.news.append((time.time(), news))
        self._changed.set()

    def states(self) -> dict[str, tuple[StreamState, ...]]:
        """How each node's streams are."""
        return {name: streams.states() for name, streams in self.streams.items()}

    def all_up(self) -> bool:
        """Whether every stream delivers."""
        return all(state.alive for states in self.states().values() for state in states)

    async def until(self, holds: Callable[[], bool], within: float) -> float:
        """Wait until it holds; return how many seconds that took. Raises AssertionError with how the streams are."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(within):
                while not holds():
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 0.2)
        except TimeoutError:
            raise AssertionError(f"not within {within:g} s: {self.states()}") from None
        return time.monotonic() - begun


@asynccontextmanager
async def holding(lab: Lab, cursors: Cursors | None = None) -> AsyncIterator[Holding]:
    """Hold the streams of both nodes, all up at the beginning; end them in order."""
    held = Holding(lab, cursors or Cursors())
    running = [asyncio.create_task(streams.run()) for streams in held.streams.values()]
    try:
        await held.until(held.all_up, 20)
        yield held
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for runner in held.runners.values():
            await runner.runner.close()


async def _hold_for_ever(lab: Lab) -> None:
    async with holding(lab):
        sys.stdout.write("all up\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_hold_for_ever(Lab.find(sys.argv[1])))
