"""The two streams that are followed on a machine: its journal, and what corosync says of its membership.

Each is a bash script that holds a lease: whoever follows it writes a newline now and then, which is answered with a
line; the script ends when none has come for as long as it says itself, or when what it follows ends.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import asyncssh

from sandbox.nodes import line as lines
from sandbox.nodes.journal import Entry
from sandbox.nodes.machine import Machine
from sandbox.nodes.world import World

_LEASE = re.compile(r"read -r -t (\d+)")
_NO_MAP = "Failed to initialize the cmap API. Error CS_ERR_LIBRARY\n"
_MAP_GONE = "Dispatch error CS_ERR_LIBRARY\n"
_STARTING = 0.02
"""Seconds until bash and what it starts are there."""
_LOG_DELAY = 0.15
"""Seconds that corosync takes to write a line to its log file, after its map has told of the same."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A stream asked for: the script and its arguments, and how many seconds its lease lasts."""

    journal: bool
    args: tuple[str, ...]
    lease: float


def asked(line: str) -> Follow | None:
    """Return what a command line wants to follow, if it is one of the two streams."""
    try:
        words, _ = lines.command(line)
    except ValueError:
        return None
    if words[:2] != ["bash", "-c"] or (lease := _LEASE.search(words[2])) is None:
        return None
    journal = 'journalctl "$@"' in words[2]
    if not journal and "corosync-cmapctl -T" not in words[2]:
        return None
    return Follow(journal, tuple(words[4:]), float(lease[1]))


async def play(world: World, machine: Machine, follow: Follow, process: asyncssh.SSHServerProcess[str]) -> None:
    """Play it until its lease is over, what it follows ends, or nobody is there any more."""
    await world.clock.sleep(_STARTING)
    world.settle()
    stream = _Stream(world, process, follow.lease)
    begin = _journal if follow.journal else _membership
    end = begin(world, machine, follow, stream)
    renewing = asyncio.create_task(stream.renew())
    try:
        await stream.ended.wait()
    finally:
        end()
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    if machine.powered:
        # `kill 0` takes the shell along
        process.exit_with_signal("TERM")


class _Stream:
    """The standard input and output of one."""

    def __init__(self, world: World, process: asyncssh.SSHServerProcess[str], lease: float) -> None:
        self.ended = asyncio.Event()
        self._world = world
        self._process = process
        self._lease = lease
        self._renewed = world.clock.now()
        self._look_at_lease()

    def say(self, text: str) -> None:
        """Print a line."""
        if not self.ended.is_set():
            self._process.stdout.write(f"{text}\n")

    def fail(self, words: str) -> None:
        """Complain, and end."""
        with suppress(BrokenPipeError):  # whoever followed has just gone
            self._process.stderr.write(words)
        self.ended.set()

    async def renew(self) -> None:
        """Answer newlines until the input ends; then nobody wants it any more."""
        try:
            while await self._process.stdin.readline():
                self._renewed = self._world.clock.now()
                self.say(".")
        except (OSError, asyncssh.Error):
            pass  # the connection broke
        self.ended.set()

    def _look_at_lease(self) -> None:
        """End it if nobody has renewed it, else look again when the lease would be over. A lease is of real seconds."""
        left = self._lease - (self._world.clock.now() - self._renewed)
        if left <= 0:
            self.ended.set()
        if not self.ended.is_set():
            self._world.agenda.after(left * self._world.clock.speed, self._look_at_lease)


def _journal(world: World, machine: Machine, follow: Follow, stream: _Stream) -> Callable[[], None]:
    stream.say(f"begin {machine.time(world.agenda.now):.9f} persistent")
    cursor = next((word.partition("=")[2] for word in follow.args if word.startswith("--cursor=")), None)
    try:
        entries = machine.journal.last() if cursor is None else machine.journal.since(cursor)
    except ValueError:
        stream.fail("Failed to seek to cursor: Invalid argument\n")
        return lambda: None

    def print_entry(entry: Entry) -> None:
        stream.say(machine.journal.printed(entry))

    for entry in entries:
        print_entry(entry)
    machine.journal.followers.add(print_entry)
    return lambda: machine.journal.followers.discard(print_entry)


def _membership(world: World, machine: Machine, follow: Follow, stream: _Stream) -> Callable[[], None]:
    if "corosync" not in machine.packages:
        stream.fail("stdbuf: failed to run command 'corosync-cmapctl': No such file or directory\n")
        return lambda: None
    if not machine.runs("corosync"):
        stream.fail(_NO_MAP)
        return lambda: None
    stream.say('Type "q" to finish')
    has_log = bool(follow.args and follow.args[0])

    def print_news(line: str | None) -> None:
        if line is None:
            stream.fail(_MAP_GONE)
        elif "> runtime." in line:
            stream.say(line)
        elif has_log:
            world.agenda.after(_LOG_DELAY, lambda: stream.say(line))

    machine.corosync_news.followers.add(print_news)
    return lambda: machine.corosync_news.followers.discard(print_news)
