"""Reads that are asked of a node at the same moment go there as one session: a look at a node is eight of them.

A session costs both sides more than most of what is run in it: a channel opened and closed, a login shell, and on a busy
node a turn of its sshd. So the line of a joint session starts all its commands at once, in one bash, and hands over what
each of them said in their order. Their privileges and time limits are those they would have by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import HaclusterError
from config.inventory import NodeSpec

Outcome = Completed | HaclusterError

SCRIPT = r"""
mark=$1; shift
answers=()
while [ $# -gt 0 ]; do
    words=("${@:2:$1}"); shift "$(($1 + 1))"
    exec {answer}< <(
        { said=$("${words[@]}" 2>&1 >&3 3>&- </dev/null); status=$?; } 3>&1
        printf '\n%s %s\n%s\n%s\n' "$mark" "$status" "$said" "$mark"
    )
    answers+=("/dev/fd/$answer")
done
exec cat "${answers[@]}"
"""
"""Takes a mark that nobody can foresee, then each command as its count of words and its words."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one command of a joint session printed, and its exit status."""

    status: int
    stdout: str
    stderr: str


def words(mark: str, commands: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the argv that runs these commands together."""
    counted = (word for command in commands for word in (str(len(command)), *command))
    return ("bash", "-c", SCRIPT, "bash", mark, *counted)


def split(text: str, mark: str, count: int) -> tuple[Said, ...] | None:
    """Tell apart what so many commands said; None where it is not whole."""
    parts = text.split(f"\n{mark}")
    if len(parts) != 2 * count + 1 or parts[-1] != "\n":
        return None
    said = []
    for at in range(0, 2 * count, 2):
        status, _, stderr = parts[at + 1].partition("\n")
        if not status.strip().isdecimal():
            return None
        said.append(Said(int(status), parts[at].removeprefix("\n") if at else parts[at], stderr))
    return tuple(said)


@dataclass(frozen=True, slots=True)
class _Asked:
    command: Command
    answer: asyncio.Future[Completed]


class Joint:
    """Gathers what is asked of each node before the event loop turns, and asks it together.

    `together` gives an outcome for each command, in their order, or raises what befell all of them.
    """

    def __init__(
        self,
        alone: Callable[[NodeSpec, Command], Awaitable[Completed]],
        together: Callable[[NodeSpec, tuple[Command, ...]], Awaitable[Sequence[Outcome]]],
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

        def given_up(_: asyncio.Future[Completed]) -> None:
            if all(asked.answer.cancelled() for asked in wanted):
                task.cancel()

        for asked in wanted:
            asked.answer.add_done_callback(given_up)

    async def _ask(self, node: NodeSpec, wanted: Sequence[_Asked]) -> None:
        outcomes: Sequence[Completed | Exception]
        try:
            if len(wanted) == 1:
                outcomes = (await self._alone(node, wanted[0].command),)
            else:
                outcomes = await self._together(node, tuple(asked.command for asked in wanted))
        except Exception as error:  # noqa: BLE001 - it is raised to each of those who wait
            outcomes = (error,) * len(wanted)
        for asked, outcome in zip(wanted, outcomes, strict=True):
            if asked.answer.done():
                continue
            if isinstance(outcome, Exception):
                asked.answer.set_exception(outcome)
            else:
                asked.answer.set_result(outcome)
