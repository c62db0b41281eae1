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


Reading = Known[T_co] | Unknown
NOT_ASKED = Unknown("not asked")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """One thing that can be read on a node. `parse` gets the ended command; its exit status is already a legal one."""

    command: Command
    parse: Callable[[Completed], T_co]


async def read(runner: Runner, node: NodeSpec, fact: Fact[T_co]) -> Reading[T_co]:
    """Read a fact on a node. A failure of any of our kinds becomes `Unknown`; anything else is a defect and is raised."""
    try:
        done = await runner.run(node, fact.command)
        return Known(fact.parse(done.check()))
    except HaclusterError as error:
        return Unknown(str(error), error)
