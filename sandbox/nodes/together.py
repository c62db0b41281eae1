"""Several commands asked for in one line, which a fixed bash script starts at once.

Its arguments are a mark, then each command as its count of words and its words. It prints what each wrote, then a line
that begins with the mark and gives the exit status, then what went to standard error, then the mark alone.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Sequence

from sandbox.nodes import line as lines
from sandbox.nodes.call import Answer

_MENTIONS = ('words=("${@:2:$1}")', 'exec cat "${answers[@]}"')


def asked(line: str) -> tuple[str, tuple[tuple[str, ...], ...]] | None:
    """Return the mark and the commands of such a line; None for any other. Raises ValueError for one that was cut short."""
    if not all(one in line for one in _MENTIONS):
        return None
    words, _ = lines.command(line)
    if words[:2] != ["bash", "-c"]:
        return None
    mark, rest = words[4], list(words[5:])
    commands = []
    while rest:
        count = int(rest.pop(0))
        if not 0 < count <= len(rest):
            raise ValueError(f"{count} words, and {len(rest)} are left")
        commands.append(tuple(rest[:count]))
        del rest[:count]
    return mark, tuple(commands)


async def run(mark: str, commands: Sequence[Sequence[str]], alone: Callable[[str], Awaitable[Answer]]) -> Answer:
    """Have each played by `alone`, which is given its line, all at the same time."""
    answers = await asyncio.gather(*(alone(shlex.join(command)) for command in commands))
    return Answer("".join(_framed(mark, answer) for answer in answers))


def _framed(mark: str, answer: Answer) -> str:
    said = answer.stderr.rstrip("\n")
    return f"{answer.stdout}\n{mark} {answer.status}\n{said}\n{mark}\n"
