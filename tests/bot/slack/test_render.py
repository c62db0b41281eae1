"""Whatever a report holds, its message is one that Slack takes, and says what it leaves out."""

from __future__ import annotations

from typing import Any

import slackblocks._limits as slackblocks_limits
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import limits
from bot.slack.limits import message_problems
from bot.slack.render import render
from commands.report import Choice, Finding, Level, Listing, Part, Report, Table, Text
from sandbox.slack.blocks import message_block_problems

_WORDS = st.text(st.characters(codec=None), max_size=400)
_SHORT = st.text(max_size=40)
_LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=60), st.integers(1, 800))
_TEXTS = st.one_of(_SHORT, _WORDS, _LONG)
_LEVELS = st.sampled_from(Level)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(0, 25))
    row = st.tuples(*[_SHORT] * width)
    rows = draw(st.lists(row, max_size=5)) * draw(st.integers(1, 40))
    return Table(draw(row), tuple(rows), draw(_SHORT))


_PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, _TEXTS),
    st.builds(Finding, _LEVELS, _TEXTS, _TEXTS, st.none() | _SHORT),
    _tables(),
    st.builds(Listing, _SHORT, _TEXTS, _SHORT),
)
_CHOICES = st.builds(
    Choice,
    label=_TEXTS,
    action=st.one_of(st.sampled_from(["confirm", "cancel", "form"]), _TEXTS),
    value=_TEXTS,
    style=st.sampled_from(["", "primary", "danger", "odd"]),
    confirm=st.one_of(st.just(""), _TEXTS),
)
_REPORTS = st.builds(
    Report,
    headline=_TEXTS,
    level=_LEVELS,
    parts=st.lists(_PARTS, max_size=8).flatmap(
        lambda parts: st.integers(1, 12).map(lambda times: tuple(parts * times))
    ),
    next_step=_TEXTS,
    choices=st.lists(_CHOICES, max_size=40).map(tuple),
)


@given(_REPORTS, st.booleans())
def test_any_report_is_a_message_that_slack_takes(report: Report, attach: bool) -> None:  # noqa: FBT001
    message = render(report, attach=attach)

    assert message_problems(message.text, message.blocks) == []
    assert message_block_problems(message.blocks) == []
    assert all(file.name and file.text for file in message.files)
    for file in message.files:
        file.text.encode()
    assert attach or not message.files


def test_our_limits_are_those_of_an_independent_table() -> None:
    theirs: Any = slackblocks_limits
    assert theirs.HEADER_TEXT_MAX_LENGTH == limits.HEADER
    assert theirs.SECTION_TEXT_MAX_LENGTH == limits.SECTION
