"""A node whose streams a test speaks for, and a clock turned by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.clock import Clock
from commands.command import Command, Completed
from commands.errors import CommandFailed, HaclusterError, Unreachable
from commands.facts import corosync_conf
from config.inventory import NodeSpec

CONF = "totem {\n cluster_name: web\n}\nlogging {\n to_logfile: yes\n logfile: /var/log/corosync.log\n}\n"


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(30):
        await asyncio.sleep(0)


class HandClock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def clock(self) -> Clock:
        """The clock as the bot takes it; its wall is a million seconds ahead."""
        return Clock(now=lambda: self.time, wall=lambda: 1_000_000 + self.time, sleep=self._sleep)

    async def forward(self, seconds: float) -> None:
        """Let time pass second by second, and everything that waited for it go on."""
        await settled()
        end = self.time + seconds
        while self.time < end:
            self.time = min(self.time + 1, end)
            for until, sleeper in self._sleepers:
                if until <= self.time and not sleeper.done():
                    sleeper.set_result(None)
            self._sleepers = [(until, sleeper) for until, sleeper in self._sleepers if not sleeper.done()]
            await settled()

    async def _sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, sleeper))
        await sleeper


class ScriptedStream:
    """One stream as the node sees it: what the bot wrote, and the means to speak and to end."""

    def __init__(self, node: NodeSpec, command: Command) -> None:
        self.command = command
        self.written: list[str] = []
        self.left = False
        self.answers = True
        self._node = node
        self._said: asyncio.Queue[str | HaclusterError] = asyncio.Queue()

    @property
    def argv(self) -> tuple[str, ...]:
        return self.command.argv

    def say(self, *lines: str) -> None:
        """Print lines."""
        for line in lines:
            self._said.put_nowait(line)

    def fail(self, error: HaclusterError) -> None:
        """Break."""
        self._said.put_nowait(error)

    def die(self, words: str, status: int = 143) -> None:
        """End as a leased script does, with these last words."""
        ended = CommandFailed("it ended", node=self._node.name, argv=self.argv, status=status, output=words)
        self.fail(ended)

    async def lines(self) -> AsyncIterator[str]:
        while True:
            said = await self._said.get()
            if isinstance(said, HaclusterError):
                self._said.put_nowait(said)
                raise said
            yield said

    async def write(self, text: str) -> None:
        if self.left:
            raise Unreachable("the stream has ended", node=self._node.name)
        self.written.append(text)
        if self.answers:
            self.say(".")


class ScriptedNode:
    """A `Runner` for one node. While `refusal` is set no stream can be had."""

    def __init__(self) -> None:
        self.journals: list[ScriptedStream] = []
        self.memberships: list[ScriptedStream] = []
        self.refusal: HaclusterError | None = None
        self.conf: str | HaclusterError = CONF
        self.attempts = 0

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        assert command == corosync_conf.FACT.command
        if isinstance(self.conf, HaclusterError):
            raise self.conf
        if not self.conf:
            return Completed(node.name, command, 1, "", "cat: No such file or directory")
        return Completed(node.name, command, 0, self.conf, "")

    @asynccontextmanager
    async def stream(self, node: NodeSpec, command: Command) -> AsyncIterator[ScriptedStream]:
        self.attempts += 1
        if self.refusal is not None:
            raise self.refusal
        stream = ScriptedStream(node, command)
        kind = self.journals if "journalctl" in command.argv[2] else self.memberships
        kind.append(stream)
        try:
            yield stream
        finally:
            stream.left = True
