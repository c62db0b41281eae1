"""Several commands asked for in one line, which a fixed bash script starts at once.

Its arguments are the cap of what each may print, which nothing played here comes near, and each command's count of
words and its words. As each ends it prints a line with the command's number and the length of what follows: what it
wrote, what went to standard error, and a line with its status and the length of the latter. All in bytes, without the
last newlines of standard error.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence

from sandbox.nodes import line as lines
from sandbox.nodes.call import Answer

_MENTIONS = ("exec {turn}<> <(:)", 'ask "$number" "${@:2:$1}" &')


def asked(line: str) -> tuple[tuple[str, ...], ...] | None:
    """Return the commands of such a line; None for any other. Raises ValueError for one that was cut short."""
    if not all(one in line for one in _MENTIONS):
        return None
    words, _ = lines.command(line)
    if words[:2] != ["bash", "-c"]:
        return None
    rest = words[5:]
    commands = []
    while rest:
        count = int(rest.pop(0))
        if not 0 < count <= len(rest):
            raise ValueError(f"{count} words, and {len(rest)} are left")
        commands.append(tuple(rest[:count]))
        del rest[:count]
    return tuple(commands)


async def run(
    commands: Sequence[Sequence[str]], alone: Callable[[str], Awaitable[Answer]], write: Callable[[str], object]
) -> None:
    """Have each played by `alone`, which is given its line, all at the same time; `write` what they say."""

    async def one(number: int, command: Sequence[str]) -> None:
        write(_framed(number, await alone(shlex.join(command))))

    await asyncio.gather(*(one(number, command) for number, command in enumerate(commands)))


def _framed(number: int, answer: Answer) -> str:
    errors = answer.stderr.rstrip("\n")
    said = f"{answer.stdout}{errors}\n{answer.status} {len(errors.encode())}"
    return f"{number} {len(said.encode())}\n{said}"
