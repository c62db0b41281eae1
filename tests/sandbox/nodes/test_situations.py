"""The contract over simulated nodes, of all three generations. `tests/lab/test_contract.py` plays it on real ones."""

from __future__ import annotations

import pytest

from tests.sandbox.contract.majority import OF_THREE
from tests.sandbox.contract.playing import play
from tests.sandbox.contract.script import OF_TWO
from tests.sandbox.contract.stage import simulated

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("debian", [11, 12, 13], ids=lambda debian: f"debian{debian}"),
]


async def test_the_life_of_a_cluster_of_two(debian: int) -> None:
    async with simulated("n1", "n2", debian=debian) as stage:
        assert await play(stage, OF_TWO) == []


async def test_a_majority_goes_on_and_one_that_is_none_stops(debian: int) -> None:
    async with simulated("n1", "n2", "n3", debian=debian) as stage:
        assert await play(stage, OF_THREE) == []
