"""Looking does not wait for the dead."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from commands.command import Command, Completed, Stream
from commands.errors import Unreachable
from commands.facts.fact import Known, Unknown, read
from commands.facts.host import CLOCK
from commands.verbs.patience import Impatient
from config.inventory import NodeSpec

N1, N2 = (NodeSpec.model_validate({"name": f"n{n}", "addresses": [f"10.0.0.{n}"]}) for n in (1, 2))


class OneIsDead:
    """Two nodes of which n2 never answers."""

    def __init__(self) -> None:
        self.given_up = False

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        if node == N2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.given_up = True
                raise
        return Completed(node.name, command, 0, "1795414504.25\n", "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(f"nobody streams here: {node.name} {command.argv}")


async def test_a_node_that_does_not_answer_is_unknown_and_given_up() -> None:
    nodes = OneIsDead()
    looking = Impatient(nodes, seconds=0.01)
    alive, dead = await asyncio.gather(read(looking, N1, CLOCK), read(looking, N2, CLOCK))
    assert isinstance(alive, Known)
    assert isinstance(dead, Unknown)
    assert isinstance(dead.error, Unreachable)
    assert dead.error.node == "n2"
    assert nodes.given_up


async def test_what_changes_is_never_given_up_half_way() -> None:
    with pytest.raises(ValueError, match="reboot"):
        await Impatient(OneIsDead()).run(N1, Command(("reboot",), changes=True))
