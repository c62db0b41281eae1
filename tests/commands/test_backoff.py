"""Waiting grows, has a ceiling, and is spread."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from commands.backoff import delays


def test_it_doubles_up_to_its_ceiling() -> None:
    assert list(islice(delays(0.5, 5, spread=lambda _, high: high), 6)) == [0.5, 1, 2, 4, 5, 5]


@given(first=st.floats(0.01, 10), longest=st.floats(10, 100))
def test_each_wait_is_between_half_and_the_whole(first: float, longest: float) -> None:
    whole = islice(delays(first, longest, spread=lambda _, high: high), 12)
    for real, most in zip(islice(delays(first, longest), 12), whole, strict=True):
        assert most / 2 <= real <= most <= longest
