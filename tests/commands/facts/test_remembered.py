"""What was read from a text is not read from the same text again."""

from __future__ import annotations

import pytest

from commands.facts.remembered import remembered


def test_a_text_is_read_once_while_few_others_come_between() -> None:
    read: list[str] = []

    @remembered(2)
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    assert [length(text) for text in ("a", "bb", "a", "ccc", "a", "bb")] == [1, 2, 1, 3, 1, 2]
    assert read == ["a", "bb", "ccc", "bb"], "the one that was asked for longest ago is forgotten first"


def test_what_it_refuses_is_refused_each_time() -> None:
    @remembered(2)
    def number(text: str) -> int:
        return int(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="invalid"):
            number("none")
