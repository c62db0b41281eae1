"""The contract over real nodes: what simulated ones are held to is what these do. It goes with `make chaos`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import pytest

from sandbox.lab.lab import Lab
from tests.sandbox.contract.majority import OF_THREE
from tests.sandbox.contract.playing import Situation, play
from tests.sandbox.contract.script import OF_TWO
from tests.sandbox.contract.stage import real

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("nodes", "script"), [(("n1", "n2"), OF_TWO), (("n1", "n2", "n3"), OF_THREE)], ids=["two", "three"]
)
async def test_real_nodes_keep_the_contract(
    nodes: Sequence[str], script: Sequence[Situation], debian: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(words: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{words}")

    lab = await asyncio.to_thread(Lab.up, f"contract{len(nodes)}on{debian}", nodes, debian=debian)
    try:
        async with real(lab) as stage:
            assert await play(stage, script, say) == []
    finally:
        await asyncio.to_thread(lab.down)
