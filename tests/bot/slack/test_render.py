"""Whatever a report holds, its message is one that Slack takes, and says what it leaves out."""

from __future__ import annotations

import re
from typing import Any

import pytest
import slackblocks._limits as slackblocks_limits
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import limits
from bot.slack.buttons import Pressed, pressed
from bot.slack.limits import message_problems
from bot.slack.render import Attachment, Rendered, render, render_simply
from commands.report import Choice, Finding, Level, Listing, Part, Picture, Report, Table, Text
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
    st.builds(Picture, st.binary(max_size=8), _SHORT, _TEXTS, _TEXTS),
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
    more=st.lists(_CHOICES, max_size=20).map(tuple),
    mentions=st.lists(st.one_of(_TEXTS, st.sampled_from(["here", "U0000000ADA", "S0000000OPS"])), max_size=60).map(
        tuple
    ),
)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # a report that fails is shown whole
@settings(deadline=None, max_examples=60)
@given(_REPORTS, st.booleans())
def test_any_report_is_a_message_that_slack_takes(report: Report, attach: bool) -> None:  # noqa: FBT001
    message = render(report, attach=attach)

    assert message_problems(message.text, message.blocks) == []
    assert message_block_problems(message.blocks) == []
    assert all(file.name and file.content for file in message.files)
    for file in message.files:
        assert isinstance(file.content, bytes) or file.content.encode()
    assert attach or not message.files


_THEIRS: dict[str, int] = {
    "TEXT_MAX_LENGTH": limits.SECTION,
    "ACTION_ID_MAX_LENGTH": limits.ID,
    "BLOCK_ID_MAX_LENGTH": limits.ID,
    "BUTTON_TEXT_MAX_LENGTH": limits.BUTTON_TEXT,
    "BUTTON_VALUE_MAX_LENGTH": limits.BUTTON_VALUE,
    "BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH": limits.ACCESSIBILITY_LABEL,
    "CONFIRMATION_TITLE_MAX_LENGTH": limits.CONFIRM_TITLE,
    "CONFIRMATION_TEXT_MAX_LENGTH": limits.CONFIRM_TEXT,
    "CONFIRMATION_CONFIRM_MAX_LENGTH": limits.CONFIRM_BUTTON,
    "CONFIRMATION_DENY_MAX_LENGTH": limits.CONFIRM_BUTTON,
    "OPTION_TEXT_MAX_LENGTH": limits.OPTION_TEXT,
    "OPTION_VALUE_MAX_LENGTH": limits.OPTION_VALUE,
    "OPTION_DESCRIPTION_MAX_LENGTH": limits.OPTION_DESCRIPTION,
    "OVERFLOW_OPTIONS_MIN_ITEMS": 1,  # so that a menu of one is one that Slack takes
    "OVERFLOW_OPTIONS_MAX_ITEMS": limits.OVERFLOW_OPTIONS,
    "SELECT_OPTIONS_MAX_ITEMS": limits.SELECT_OPTIONS,
    "ACTIONS_ELEMENTS_MAX_ITEMS": limits.ACTIONS_ELEMENTS,
    "CONTEXT_ELEMENTS_MAX_ITEMS": limits.CONTEXT_ELEMENTS,
    "HEADER_TEXT_MAX_LENGTH": limits.HEADER,
    "SECTION_TEXT_MAX_LENGTH": limits.SECTION,
    "INPUT_LABEL_MAX_LENGTH": limits.INPUT_LABEL,
    "INPUT_HINT_MAX_LENGTH": limits.INPUT_HINT,
    "PLAIN_TEXT_INPUT_MAX_LENGTH_MAX": limits.INPUT_TEXT,
    "PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH": limits.PLACEHOLDER,
    "TABLE_ROWS_MAX_ITEMS": limits.TABLE_ROWS,
    "TABLE_COLUMNS_MAX_ITEMS": limits.TABLE_COLUMNS,
    "MESSAGE_BLOCKS_MAX_ITEMS": limits.BLOCKS,
    "VIEW_BLOCKS_MAX_ITEMS": limits.VIEW_BLOCKS,
    "VIEW_TITLE_MAX_LENGTH": limits.VIEW_TITLE,
    "VIEW_SUBMIT_MAX_LENGTH": limits.VIEW_BUTTON,
    "VIEW_PRIVATE_METADATA_MAX_LENGTH": limits.PRIVATE_METADATA,
    "VIEW_CALLBACK_ID_MAX_LENGTH": limits.ID,
}


@pytest.mark.parametrize("name", _THEIRS)
def test_our_limits_are_those_of_an_independent_table(name: str) -> None:
    assert getattr(slackblocks_limits, name) == _THEIRS[name]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(deadline=None, max_examples=60)
@given(_REPORTS)
def test_the_simple_drawing_keeps_within_the_limits_too(report: Report) -> None:
    message = render_simply(report)

    assert message_problems(message.text, message.blocks) == []
    assert message_block_problems(message.blocks) == []


def _shown(message: Rendered) -> str:
    """All that a reader sees of the blocks, in order."""

    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["text"]] if isinstance(value.get("text"), str) else []
            return own + [text for part in value.values() if isinstance(part, dict | list) for text in texts(part)]
        return [text for part in value for text in texts(part)] if isinstance(value, list) else []

    return "\n".join(texts(message.blocks))


def test_a_sentence_is_one_line_without_a_header() -> None:
    (block,) = render(Report("web has stopped", Level.OK)).blocks

    assert block == {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "emoji", "name": "white_check_mark"},
                    {"type": "text", "text": " OK", "style": {"bold": True}},
                    {"type": "text", "text": " · "},
                    {"type": "text", "text": "web has stopped"},
                ],
            }
        ],
    }


def test_what_looks_like_markup_is_shown_as_it_is_and_only_backticks_and_people_count() -> None:
    message = render(Report("done", parts=(Text("run `pcs status` on <!channel> *now*, <@U0000000ADA>"),)))
    (section,) = message.blocks[1]["elements"]

    assert section["elements"] == [
        {"type": "text", "text": "run "},
        {"type": "text", "text": "pcs status", "style": {"code": True}},
        {"type": "text", "text": " on <!channel> *now*, "},
        {"type": "user", "user_id": "U0000000ADA"},
    ]
    assert "&lt;!channel&gt;" in message.text


def test_a_level_is_told_in_a_word_wherever_it_is_shown_by_a_sign() -> None:
    for level in (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL):
        message = render(Report("web", level, (Finding(level, "n1 is so", "do this", node="n1"),)))
        word = level.value.upper() if level is Level.OK else level.value.capitalize()
        assert _shown(message).count(word) == 2
        assert message.text.count(word) == 2


def test_one_table_is_slacks_own_and_several_are_of_fixed_width() -> None:
    table = Table(("node", "state"), (("n1", "online"), ("n2", "")), "Nodes")
    own, fixed = render(Report("web", parts=(table,))), render(Report("web", parts=(table, table)))

    assert [block["type"] for block in own.blocks] == ["header", "rich_text", "table"]
    assert own.blocks[2]["rows"][2] == [{"type": "raw_text", "text": "n2"}, {"type": "raw_text", "text": "\u2013"}]
    assert "node  state\n────  ──────\nn1    online\nn2    \u2013" in _shown(fixed)


def test_a_table_that_is_too_long_says_how_many_rows_are_missing_and_is_whole_in_the_file() -> None:
    rows = tuple((f"resource-{number}", "started") for number in range(300))
    message = render(Report("web", parts=(Table(("resource", "state"), rows),)))

    shown = len(message.blocks[1]["rows"]) - 1
    assert f"({300 - shown} more rows in report.txt)" in _shown(message)
    assert "resource-299" in str(message.files[0].content)


def test_what_cannot_be_attached_is_not_promised() -> None:
    listing = Listing("output", "line\n" * 5000, "output.txt")
    message = render(Report("web", parts=(listing,)), attach=False)

    missing = re.search(r"\((\d+) more lines\)", _shown(message))
    assert missing is not None
    assert _shown(message).count("line\n") == pytest.approx(5000 - int(missing[1]), abs=1)
    assert message.files == ()


def test_what_cannot_be_attached_is_shown_as_far_as_it_fits() -> None:
    commands = "\n".join(f"n1: pcs resource enable vip{number}" for number in range(100))
    message = render(Report("web", parts=(Listing("", commands),)), attach=False)

    assert commands in _shown(message)


def test_findings_in_a_row_are_one_list() -> None:
    findings = tuple(Finding(Level.WARNING, f"finding {number}") for number in range(5))
    message = render(Report("web", parts=findings))

    assert [block["type"] for block in message.blocks] == ["header", "rich_text"]


def test_the_next_step_is_what_to_type() -> None:
    message = render(Report("web", parts=(Text("It has stopped."),), next_step="start web"), command="/hac-staging")

    assert "Next: `/hac-staging start web`" in _shown(message)


def test_up_to_three_buttons_stand_side_by_side_and_the_rest_is_a_menu() -> None:
    choices = tuple(Choice(f"Choice {number}", "pick", f"id-{number}") for number in range(6))
    elements = render(Report("Which?", choices=choices)).blocks[-1]["elements"]

    assert [element["type"] for element in elements] == ["button", "button", "button", "overflow"]
    options = elements[3]["options"]
    assert [option["text"]["text"] for option in options] == ["Choice 3", "Choice 4", "Choice 5"]
    menu = {"action_id": elements[3]["action_id"], "selected_option": options[1]}
    assert pressed(menu) == Pressed("pick", "id-4")


def test_what_is_asked_for_less_often_is_a_menu_beside_the_buttons() -> None:
    choices = (Choice("Acknowledge", "ack", "7", "primary"), Choice("Silence", "silence", "7"))
    more = (Choice("Show the plan", "plan", "7"), Choice("Who was it", "audit", "7"))
    elements = render(Report("n2 is lost", Level.CRITICAL, choices=choices, more=more)).blocks[-1]["elements"]

    assert [element["type"] for element in elements] == ["button", "button", "overflow"]
    menu = {"action_id": elements[2]["action_id"], "selected_option": elements[2]["options"][1]}
    assert pressed(menu) == Pressed("audit", "7")


def test_what_would_be_a_menu_of_one_is_a_button_where_there_is_room_for_one() -> None:
    more = (Choice("Show the plan", "plan", "7"),)
    two, three = (tuple(Choice(f"Choice {number}", "pick", str(number)) for number in range(count)) for count in (2, 3))

    with_room, without = (
        render(Report("Which?", choices=some, more=more)).blocks[-1]["elements"] for some in (two, three)
    )
    assert [element["type"] for element in with_room] == ["button"] * 3
    assert [element["type"] for element in without] == ["button"] * 3 + ["overflow"]


def test_more_lines_than_a_menu_takes_make_a_second_menu() -> None:
    more = tuple(Choice(f"Choice {number}", "pick", str(number)) for number in range(8))
    elements = render(Report("Which?", more=more)).blocks[-1]["elements"]

    assert [len(element["options"]) for element in elements] == [limits.OVERFLOW_OPTIONS, 3]


def test_those_who_are_called_stand_first_in_the_message_and_in_the_notification() -> None:
    report = Report("n2 is lost", Level.CRITICAL, mentions=("here", "U0000000ADA", "S0000000OPS"))
    called = "<!here> <@U0000000ADA> <!subteam^S0000000OPS>"

    for message in (render(report), render_simply(report)):
        assert message.blocks[0] == {"type": "section", "text": {"type": "mrkdwn", "text": called}}
        assert message.text == f"{called} Critical · n2 is lost"


def test_nobody_is_called_by_what_is_no_id() -> None:
    message = render(Report("n2 is lost", mentions=("everyone", "<!channel>", "ops")))

    assert message.blocks[0]["text"]["text"] == "@everyone @&lt;!channel&gt; @ops"


def test_a_picture_is_a_file_whose_words_are_in_the_text_for_those_who_do_not_see_it() -> None:
    picture = Picture(b"PNG", "web.png", "n1 was online all week, n2 was away on Monday", "The week of web")
    message = render(Report("web this week", Level.OK, (picture,)))

    assert message.files == (Attachment("web.png", "The week of web", b"PNG", picture.alt),)
    assert "The week of web: picture in the thread" in _shown(message)
    assert picture.alt in message.text


def test_a_picture_that_cannot_be_attached_is_told_in_words() -> None:
    picture = Picture(b"PNG", "web.png", "n2 was away on Monday", "The week of web")
    message = render(Report("web this week", Level.OK, (picture,)), attach=False)

    assert message.files == ()
    assert "The week of web: n2 was away on Monday" in _shown(message)


def test_what_destroys_asks_again_and_never_hides_in_a_menu() -> None:
    safe = tuple(Choice(f"Choice {number}", "pick", f"id-{number}") for number in range(6))
    danger = Choice("Destroy", "destroy", "id-9", "danger", confirm="All of n1 goes.")
    elements = render(Report("Which?", choices=(*safe, danger))).blocks[-1]["elements"]

    button = next(element for element in elements if element["action_id"].startswith("choice:destroy"))
    assert button["style"] == button["confirm"]["style"] == "danger"
    assert button["confirm"]["text"]["text"] == "All of n1 goes."


def test_a_button_says_what_it_is_about_to_those_who_do_not_see_the_message() -> None:
    (button,) = render(Report("Stop `web`", choices=(Choice("Confirm", "confirm", "1"),))).blocks[-1]["elements"]

    assert button["accessibility_label"] == "Confirm: Stop web"


@given(_CHOICES)
def test_a_button_brings_back_what_it_was_made_with_or_is_not_made(choice: Choice) -> None:
    message = render(Report("Which?", choices=(choice,)))
    block = message.blocks[-1]

    if block["type"] == "actions":
        assert pressed(block["elements"][0]) == Pressed(choice.action, choice.value)
    else:
        assert "1 more choice" in _shown(message)


@given(st.dictionaries(st.sampled_from(["action_id", "value", "selected_option"]), st.text() | st.none()))
def test_no_foreign_button_is_taken_for_ours(element: dict[str, Any]) -> None:
    read = pressed(element)

    assert read is None or str(element["action_id"]).startswith("choice:")
