"""Each rule of Block Kit, broken one at a time; and what slackblocks and slack_sdk build, taken as it is."""

from __future__ import annotations

from typing import Any

import pytest
import slackblocks
from slack_sdk.models import blocks as sdk

from sandbox.slack.blocks import message_block_problems, text_length, view_block_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "a", **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(value: str = "v", text: str = "V") -> Json:
    return {"text": plain(text), "value": value}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", **more}


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("L"), "element": element, **more}


def confirm(**more: Any) -> Json:
    return {"title": plain("T"), "text": mrkdwn("T"), "confirm": plain("Y"), "deny": plain("N"), **more}


def table(*rows: list[str]) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}


BROKEN = [
    ("51 blocks", [section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ("no type", [{"text": mrkdwn("x")}], "missing required field: type"),
    ("unknown block", [{"type": "carousel"}], "unsupported type: carousel"),
    ("empty section", [{"type": "section"}], "missing required field: text"),
    ("empty text", [section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ("long section", [section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ("11 fields", [{"type": "section", "fields": [mrkdwn("x")] * 11}], "no more than 10 items allowed"),
    ("long field", [{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "must be less than 2001 characters"),
    ("mrkdwn header", [{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn"),
    ("long header", [{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    ("11 in context", [{"type": "context", "elements": [mrkdwn("x")] * 11}], "no more than 10 items allowed"),
    ("button in context", [{"type": "context", "elements": [button()]}], "unsupported type: button"),
    ("no actions", [actions()], "no less than 1 items allowed"),
    ("26 actions", [actions(*(button(f"a{n}") for n in range(26)))], "no more than 25 items allowed"),
    ("text input among actions", [actions({"type": "plain_text_input", "action_id": "a"})], "unsupported type"),
    ("button without text", [actions({"type": "button", "action_id": "a"})], "missing required field: text"),
    ("mrkdwn on a button", [actions(button(text=mrkdwn("x")))], "unsupported type: mrkdwn"),
    ("long button", [actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    ("long value", [actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    ("long action_id", [actions(button("x" * 256))], "must be less than 256 characters"),
    ("long label", [actions(button(accessibility_label="x" * 76))], "must be less than 76 characters"),
    ("unknown style", [actions(button(style="warning"))], "must be one of: primary, danger"),
    ("unknown property", [actions(button(colour="red"))], "invalid additional property: colour"),
    ("same action_id twice", [actions(button(), button())], "`action_id` must be unique in its block: a"),
    ("same block_id twice", [section(block_id="b"), section(block_id="b")], "`block_id` must be unique: b"),
    ("long block_id", [section(block_id="b" * 256)], "must be less than 256 characters"),
    ("confirm without deny", [actions(button(confirm=confirm(deny=None)))], "missing required field: deny"),
    ("long confirm", [actions(button(confirm=confirm(text=plain("x" * 301))))], "must be less than 301 characters"),
    ("long confirm button", [actions(button(confirm=confirm(confirm=plain("x" * 31))))], "must be less than 31"),
    ("6 in overflow", [section(accessory={"type": "overflow", "options": [option()] * 6})], "no more than 5 items"),
    ("select of nothing", [actions(select())], "exactly one of options and option_groups required"),
    ("empty select", [actions(select(options=[]))], "no less than 1 items allowed"),
    ("101 options", [actions(select(options=[option(str(n)) for n in range(101)]))], "no more than 100 items"),
    ("long option", [actions(select(options=[option(text="x" * 76)]))], "must be less than 76 characters"),
    ("long option value", [actions(select(options=[option("x" * 151)]))], "must be less than 151 characters"),
    ("foreign initial", [actions(select(options=[option()], initial_option=option("w")))], "must match one of"),
    ("image without alt", [{"type": "image", "image_url": "http://x/y.png"}], "missing required field: alt_text"),
    ("image of nothing", [{"type": "image", "alt_text": "x"}], "exactly one of image_url and slack_file required"),
    ("two tables", [table(["a"]), table(["b"])], "only_one_table_allowed"),
    ("101 rows", [table(*[["a"]] * 101)], "no more than 100 items allowed"),
    ("21 columns", [table(["a"] * 21)], "no more than 20 items allowed"),
    ("empty cell", [table([""])], "must be more than 0 characters"),
    ("large table", [table(["x" * 10_001])], "table text must be less than 10001 characters"),
    ("input without label", [{"type": "input", "element": {"type": "plain_text_input"}}], "missing required field"),
    ("a string", ["hello"], "must provide an object"),
]


@pytest.mark.parametrize(("blocks", "expected"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_slack_would_refuse(blocks: list[Any], expected: str) -> None:
    assert any(expected in problem for problem in message_block_problems(blocks))


AT_THE_LIMIT = [
    [section()] * 50,
    [section("x" * 3000)],
    [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [mrkdwn("x")] * 10}],
    [actions(*(button(f"a{n}", text=plain("x" * 75), value="x" * 2000) for n in range(25)))],
    [section(accessory={"type": "overflow", "action_id": "o", "options": [option(str(n)) for n in range(5)]})],
    [actions(select(options=[option(str(n)) for n in range(100)], initial_option=option("7")))],
    [actions(button(confirm=confirm(style="danger")))],
    [actions(button("same")), actions(button("same"))],
    [table(*[["x"] * 20] * 100)],
    [{"type": "divider"}, {"type": "image", "image_url": "http://x/y.png", "alt_text": "a picture"}],
]


@pytest.mark.parametrize("blocks", AT_THE_LIMIT)
def test_slack_would_show(blocks: list[Json]) -> None:
    assert message_block_problems(blocks) == []


def test_inputs_are_fine_in_a_modal_and_tables_are_not() -> None:
    inputs = [
        field({"type": "plain_text_input", "action_id": "t", "multiline": True}),
        field({"type": "number_input", "is_decimal_allowed": False, "action_id": "n"}),
        field({"type": "checkboxes", "action_id": "c", "options": [option()]}, optional=True),
        field({"type": "radio_buttons", "action_id": "r", "options": [option()]}),
        field({"type": "multi_users_select", "action_id": "u"}, hint=plain("who")),
    ]
    assert view_block_problems(inputs) == []
    assert "unsupported type: table" in view_block_problems([table(["a"])])[0]
    assert "no more than 100 items" in view_block_problems([{"type": "divider"}] * 101)[0]


def test_what_other_libraries_build_is_taken() -> None:
    built = [
        slackblocks.SectionBlock("Hello *world*")._resolve(),
        slackblocks.HeaderBlock("Status")._resolve(),
        slackblocks.ActionsBlock([slackblocks.Button(text="Go", action_id="go", value="1")])._resolve(),
        slackblocks.DividerBlock()._resolve(),
        sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="since 10:00")]).to_dict(),
        sdk.SectionBlock(
            text="Which?",
            accessory=sdk.StaticSelectElement(action_id="which", options=[sdk.Option(value="n1", label="n1")]),
        ).to_dict(),
        sdk.ActionsBlock(
            elements=[sdk.OverflowMenuElement(action_id="o", options=[sdk.Option(value="a", label="A")])]
        ).to_dict(),
    ]
    assert message_block_problems(built) == []


def test_all_readable_text_counts() -> None:
    assert text_length([section("four"), actions(button(text=plain("Go!")))]) == len("four") + len("Go!")
