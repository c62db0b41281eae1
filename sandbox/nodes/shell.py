"""A machine's login shell: takes the line that sshd hands it and has the tool that it means played."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.nodes import line as lines
from sandbox.nodes import scripts
from sandbox.nodes.call import Answer, Call, Tool
from sandbox.nodes.machine import Machine
from sandbox.nodes.tools import TOOLS
from sandbox.nodes.world import World

NOT_FOUND = 127
_READ_STDIN = frozenset({"chpasswd", "cibadmin", "install", "pcs"})


@dataclass(frozen=True, slots=True)
class Meant:
    """A command line understood."""

    tool: Tool
    args: tuple[str, ...]
    reads: bool
    """Whether it reads its standard input."""
    environment: Mapping[str, str]


def understand(world: World, machine: Machine, line: str) -> Meant | Answer:
    """Return what a line means, or the answer at once if nothing can be done with it."""
    world.lines.append(line)
    try:
        words, environment = lines.command(line)
    except ValueError as error:
        words, environment = [], {}
        why = str(error)
    else:
        why = "no command in it"
    if not words:
        world.unknown_commands.append(line)
        return Answer(status=2, stderr=f"sh: 1: Syntax error: {why}\n")
    return understand_words(world, machine, words, environment)


def understand_words(
    world: World, machine: Machine, words: list[str], environment: Mapping[str, str]
) -> Meant | Answer:
    """Return what an argv means, in the same way."""
    tool, *args = words
    if tool in {"sh", "bash"} and args[:1] == ["-c"] and len(args) > 1:
        found = scripts.find(args[1])
        if found is not None:
            return Meant(found, tuple(args[3:]), found in scripts.READ_STDIN, environment)
    elif tool in TOOLS:
        package, play = TOOLS[tool]
        if package and package not in machine.packages:
            words_ = f"timeout: failed to run command '{tool}': No such file or directory\n"
            return Answer(status=NOT_FOUND, stderr=words_)
        return Meant(play, tuple(args), _reads(tool, args), environment)
    world.unknown_commands.append(shlex.join(words))
    return Answer(
        status=NOT_FOUND, stderr=f"this simulated machine does not know the command: {' '.join(words)[:200]}\n"
    )


def _reads(tool: str, args: list[str]) -> bool:
    return tool in _READ_STDIN and (tool != "cibadmin" or "--xml-pipe" in args)


async def run(world: World, machine: Machine, meant: Meant, stdin: str) -> Answer:
    """Play it. Raises `PoweredOff` if the machine loses its power meanwhile."""
    return await meant.tool(Call(world, machine, meant.args, stdin, machine.boot, meant.environment))
