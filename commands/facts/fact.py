"""What a fact is: a command, and the pure parser of what it prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from commands.command import Command, Completed, Runner
from commands.errors import HaclusterError
from config.inventory import NodeSpec

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A reading that succeeded."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Unknown:
    """A reading that failed, and why. Never to be read as "nothing there"."""

    why: str
    error: HaclusterError | None = None


@dataclass(frozen=True, slots=True)
class NotRunning:
    """A tool's answer that its daemon is not running, or that it is not installed: knowledge, not a failed reading.

    A fact of a daemon yields `Record | NotRunning`; `why` is the tool's own words.
    """

    why: str


Reading = Known[T_co] | Unknown
NOT_ASKED = Unknown("not asked")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """One thing that can be read on a node. `parse` gets the ended command; its exit status is already a legal one."""

    command: Command
    parse: Callable[[Completed], T_co]


NOT_FOUND = 127
"""The exit status of a shell, `env` or `timeout` that does not find the command."""


def spoken(done: Completed) -> str:
    """Return what a tool said, its errors first, in one line: for the `why` of an answer."""
    return " ".join(f"{done.stderr}\n{done.stdout}".split())


def not_installed(done: Completed) -> NotRunning | None:
    """Return `NotRunning` if the command was not found at all, else None.

    A shell says so by its exit status; sudo ends with 1 and says it in words (of the C locale).
    """
    tool = done.command.argv[0]
    if done.status == NOT_FOUND or (done.status == 1 and f"sudo: {tool}: command not found" in done.stderr):
        return NotRunning(f"{tool} is not installed")
    return None


async def read(runner: Runner, node: NodeSpec, fact: Fact[T_co]) -> Reading[T_co]:
    """Read a fact on a node. A failure of one of our kinds becomes `Unknown`; anything else is a defect, and raised."""
    try:
        done = await runner.run(node, fact.command)
        return Known(fact.parse(done.check()))
    except HaclusterError as error:
        return Unknown(str(error), error)
