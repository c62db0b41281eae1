"""Reads that are asked of a node at the same moment go there as one session: a look at a node is eight of them.

A session costs both sides more than most of what is run in it: a channel opened and closed, a login shell, and on a busy
node a turn of its sshd. So the line of a joint session starts all its commands at once, in one bash, and hands over what
each of them said as it ends. Their privileges and time limits are those they would have by themselves, and one that
hangs keeps back nobody's answer but its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import asyncssh

from commands.command import Command, Completed
from commands.errors import HaclusterError
from commands.ssh.sessions import Collected
from config.inventory import NodeSpec

Outcome = Completed | HaclusterError


@dataclass(frozen=True, slots=True)
class Said:
    """What one command printed, and its exit status."""

    status: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Parts:
    """Tells answers apart as their bytes come. What is not an answer makes it `spoilt`, and nothing comes after that."""

    longest: int
    """Bytes that an answer may have."""
    spoilt: bool = False
    _pending: bytearray = field(default_factory=bytearray)
    _needed: int = 1

    def take(self, data: bytes) -> Iterator[tuple[int, Said]]:
        """Take in more; yield each command's number and what it said once that is whole."""
        if self.spoilt:
            return
        self._pending += data
        while len(self._pending) >= self._needed:
            end = self._pending.find(b"\n", 0, _LONGEST_HEAD)
            if end < 0 and len(self._pending) < _LONGEST_HEAD:
                return
            try:
                number, length = _head(self._pending[: max(end, 0)], self.longest)
                self._needed = end + 1 + length
                if len(self._pending) < self._needed:
                    return
                said = _said(bytes(self._pending[end + 1 : self._needed]))
            except ValueError:
                self.spoilt = True
                self._pending.clear()
                return
            del self._pending[: self._needed]
            self._needed = 1
            yield number, said


class Answers(Collected):
    """A joint session: tells each answer as it comes. What is no answer ends it.

    `cap` are the bytes that a command may print, and those of its errors.
    """

    def __init__(self, cap: int, tell: Callable[[int, Said], None]) -> None:
        super().__init__(cap, whole=True)
        self.answered = False
        self._tell = tell
        self._answers = Parts(longest=2 * cap + _LONGEST_HEAD)

    @property
    def spoilt(self) -> bool:
        """Whether something came that is no answer."""
        return self._answers.spoilt

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Take in what came."""
        if datatype is not None:
            super().data_received(data, datatype)
            return
        for number, said in self._answers.take(data):
            self.answered = True
            self._tell(number, said)
        if self.spoilt:
            self._cut()


_LONGEST_HEAD = 40


def _head(line: bytes | bytearray, longest: int) -> tuple[int, int]:
    """Read the line before an answer: the command's number and the answer's length. Raises ValueError for any other."""
    number, length = (int(word) for word in line.split())
    if not 0 <= length <= longest:
        raise ValueError(length)
    return number, length


def _said(answer: bytes) -> Said:
    """Read one answer. Raises ValueError for anything else."""
    text, _, last = answer.rpartition(b"\n")
    status, length = (int(word) for word in last.split())
    if not 0 <= length <= len(text):
        raise ValueError(length)
    at = len(text) - length
    return Said(status, text[:at].decode("utf-8", "replace"), text[at:].decode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class _Asked:
    command: Command
    answer: asyncio.Future[Completed]

    def tell(self, outcome: Completed | Exception) -> None:
        """Give the answer, if it is still waited for."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Joint:
    """Gathers what is asked of each node before the event loop turns, and asks it together.

    `together` is given the commands and tells an outcome for each, by its place among them; or raises what befell all
    that it has not told of.
    """

    def __init__(
        self,
        alone: Callable[[NodeSpec, Command], Awaitable[Completed]],
        together: Callable[[NodeSpec, tuple[Command, ...], Callable[[int, Outcome], None]], Awaitable[None]],
    ) -> None:
        self._alone = alone
        self._together = together
        self._waiting: dict[NodeSpec, list[_Asked]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run a command with the others that are asked of its node at this moment. Raises as `Runner.run` says."""
        loop = asyncio.get_running_loop()
        asked = _Asked(command, loop.create_future())
        if node in self._waiting:
            self._waiting[node].append(asked)
        else:
            self._waiting[node] = [asked]
            loop.call_soon(self._begin, node)
        return await asked.answer

    def _begin(self, node: NodeSpec) -> None:
        wanted = [asked for asked in self._waiting.pop(node) if not asked.answer.done()]
        if not wanted:
            return
        task = asyncio.create_task(self._ask(node, wanted))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

        def answered(_: asyncio.Future[Completed]) -> None:
            # also where some were given up: what is left of the session is of no use then
            if all(asked.answer.done() for asked in wanted) and any(asked.answer.cancelled() for asked in wanted):
                task.cancel()

        for asked in wanted:
            asked.answer.add_done_callback(answered)

    async def _ask(self, node: NodeSpec, wanted: Sequence[_Asked]) -> None:
        try:
            if len(wanted) == 1:
                wanted[0].tell(await self._alone(node, wanted[0].command))
            else:
                await self._together(
                    node, tuple(asked.command for asked in wanted), lambda at, outcome: wanted[at].tell(outcome)
                )
        except Exception as error:  # noqa: BLE001 - it is raised to each of those who wait
            for asked in wanted:
                asked.tell(error)
