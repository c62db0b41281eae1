"""What people type, and what Slack makes of it, becomes words; what cannot be a request is refused with the right form."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.verbs.words import MAX_LENGTH, Option, nearest, parse, tokens

OPTIONS = (
    Option("to", "a node", "NODE"),
    Option("vip", "an address", "ADDRESS", repeats=True),
    Option("mode", "a mode", "a|b", choices=("a", "b")),
    Option("force", "a flag"),
)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("failover vip1 —to n2", ("failover", "vip1", "--to", "n2")),
        ("failover vip1 –to n2", ("failover", "vip1", "--to", "n2")),
        ("setup “web”  n1=10.0.0.1", ("setup", "web", "n1=10.0.0.1")),
        ("ack ‘two words’", ("ack", "two words")),
        ("status\u00a0web\u200b", ("status", "web")),
        ("status\n web", ("status", "web")),
    ],
)
def test_what_slack_does_to_text_is_undone(typed: str, words: tuple[str, ...]) -> None:
    assert tokens(typed) == words


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("x" * (MAX_LENGTH + 1), "4001 characters"),
        ("status 'web", "not closed"),
        ("status \x1b[31m", "cannot be printed"),
    ],
)
def test_what_is_no_request_is_said_to_be_none(typed: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        tokens(typed)


def test_a_hundred_kilobytes_get_a_short_answer() -> None:
    with pytest.raises(UsageError) as refused:
        tokens("setup " + "A" * 100_000)
    assert len(str(refused.value)) < 200


@given(st.text())
def test_any_text_gives_words_or_a_usage_error(text: str) -> None:
    try:
        words = tokens(text)
    except UsageError:
        return
    assert all(isinstance(word, str) for word in words)


@given(st.lists(st.text(st.characters(categories=("L", "N"), max_codepoint=0x2000), min_size=1), max_size=5))
def test_words_survive_being_typed(words: list[str]) -> None:
    assert tokens(shlex.join(words)) == tuple(words)


def test_options_are_found_wherever_they_stand() -> None:
    words = parse(["a", "--vip", "1", "--to=n2", "b", "--vip", "2", "--force"], OPTIONS, "x")
    assert words.positional == ("a", "b")
    assert (words.one("to"), words.all("vip"), words.flag("force")) == ("n2", ("1", "2"), True)
    assert (words.one("mode"), words.all("none"), words.flag("to")) == (None, (), True)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("--tto n1", "did you mean `--to`"),
        ("--to", "needs a value"),
        ("--to --force", "needs a value"),
        ("--to a --to b", "given twice"),
        ("--force=yes", "takes no value"),
        ("--mode c", "one of a, b"),
        ("vip1 -to n2", "no option `-to` here; did you mean `--to`"),
        ("-x=1", "no option `-x` here$"),
        ("--foo", "no option `--foo` here$"),
    ],
)
def test_a_wrong_option_is_named(typed: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(typed.split(), OPTIONS, "verb [--to NODE]")


def test_the_nearest_name_is_found_for_a_slip_and_not_for_something_else() -> None:
    assert nearest("stauts", ("status", "start")) == "status"
    assert nearest("xyzzy", ("status", "start")) is None
