"""The limits, held against two sources we did not write: slackblocks' table and slack_sdk's models."""

from __future__ import annotations

import pytest
from slack_sdk.models import blocks as sdk
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.views import View
from slackblocks import _limits as table

from sandbox.slack import limits

SAME_IN_SLACKBLOCKS = {
    "MESSAGE_BLOCKS": "MESSAGE_BLOCKS_MAX_ITEMS",
    "MESSAGE_ATTACHMENTS": "MESSAGE_ATTACHMENTS_MAX_ITEMS",
    "VIEW_BLOCKS": "VIEW_BLOCKS_MAX_ITEMS",
    "VIEW_TITLE": "VIEW_TITLE_MAX_LENGTH",
    "VIEW_SUBMIT": "VIEW_SUBMIT_MAX_LENGTH",
    "VIEW_CLOSE": "VIEW_CLOSE_MAX_LENGTH",
    "VIEW_PRIVATE_METADATA": "VIEW_PRIVATE_METADATA_MAX_LENGTH",
    "VIEW_CALLBACK_ID": "VIEW_CALLBACK_ID_MAX_LENGTH",
    "VIEW_EXTERNAL_ID": "VIEW_EXTERNAL_ID_MAX_LENGTH",
    "BLOCK_ID": "BLOCK_ID_MAX_LENGTH",
    "ACTION_ID": "ACTION_ID_MAX_LENGTH",
    "TEXT": "TEXT_MAX_LENGTH",
    "SECTION_TEXT": "SECTION_TEXT_MAX_LENGTH",
    "SECTION_FIELDS": "SECTION_FIELDS_MAX_ITEMS",
    "SECTION_FIELD": "SECTION_FIELDS_ITEM_MAX_LENGTH",
    "HEADER_TEXT": "HEADER_TEXT_MAX_LENGTH",
    "CONTEXT_ELEMENTS": "CONTEXT_ELEMENTS_MAX_ITEMS",
    "ACTIONS_ELEMENTS": "ACTIONS_ELEMENTS_MAX_ITEMS",
    "INPUT_LABEL": "INPUT_LABEL_MAX_LENGTH",
    "INPUT_HINT": "INPUT_HINT_MAX_LENGTH",
    "MARKDOWN_TEXT": "MARKDOWN_TEXT_MAX_LENGTH",
    "IMAGE_URL": "IMAGE_IMAGE_URL_MAX_LENGTH",
    "IMAGE_ALT_TEXT": "IMAGE_ALT_TEXT_MAX_LENGTH",
    "IMAGE_TITLE": "IMAGE_TITLE_MAX_LENGTH",
    "TABLE_ROWS": "TABLE_ROWS_MAX_ITEMS",
    "TABLE_COLUMNS": "TABLE_COLUMNS_MAX_ITEMS",
    "BUTTON_TEXT": "BUTTON_TEXT_MAX_LENGTH",
    "BUTTON_VALUE": "BUTTON_VALUE_MAX_LENGTH",
    "BUTTON_URL": "BUTTON_URL_MAX_LENGTH",
    "BUTTON_ACCESSIBILITY_LABEL": "BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH",
    "CONFIRM_TITLE": "CONFIRMATION_TITLE_MAX_LENGTH",
    "CONFIRM_TEXT": "CONFIRMATION_TEXT_MAX_LENGTH",
    "CONFIRM_CONFIRM": "CONFIRMATION_CONFIRM_MAX_LENGTH",
    "CONFIRM_DENY": "CONFIRMATION_DENY_MAX_LENGTH",
    "OPTION_TEXT": "OPTION_TEXT_MAX_LENGTH",
    "OPTION_VALUE": "OPTION_VALUE_MAX_LENGTH",
    "OPTION_DESCRIPTION": "OPTION_DESCRIPTION_MAX_LENGTH",
    "OPTION_URL": "OPTION_URL_MAX_LENGTH",
    "OPTION_GROUP_LABEL": "OPTION_GROUP_LABEL_MAX_LENGTH",
    "SELECT_OPTIONS": "SELECT_OPTIONS_MAX_ITEMS",
    "SELECT_OPTION_GROUPS": "SELECT_OPTION_GROUPS_MAX_ITEMS",
    "OVERFLOW_OPTIONS": "OVERFLOW_OPTIONS_MAX_ITEMS",
    "CHECKBOX_OPTIONS": "CHECKBOXES_OPTIONS_MAX_ITEMS",
    "RADIO_OPTIONS": "RADIO_BUTTONS_OPTIONS_MAX_ITEMS",
    "PLACEHOLDER": "SELECT_PLACEHOLDER_MAX_LENGTH",
    "INPUT_TEXT": "PLAIN_TEXT_INPUT_MAX_LENGTH_MAX",
    "FILE_INPUT_FILES": "FILE_INPUT_MAX_FILES_MAX",
}

ONLY_SLACK_SAYS = {
    "MESSAGE_TEXT",  # chat.postMessage's reference
    "MESSAGE_BLOCKS_TEXT",  # observed, undocumented
    "METADATA_BYTES",  # message metadata's reference
    "VIEW_BYTES",  # views.open's view_too_large
    "TABLE_TEXT",  # the table block's reference
}


@pytest.mark.parametrize(("ours", "theirs"), SAME_IN_SLACKBLOCKS.items())
def test_number_agrees_with_slackblocks(ours: str, theirs: str) -> None:
    assert getattr(limits, ours) == getattr(table, theirs)


def test_every_limit_has_a_source() -> None:
    declared = {name for name in vars(limits) if name.isupper()}
    assert declared == set(SAME_IN_SLACKBLOCKS) | ONLY_SLACK_SAYS


@pytest.mark.parametrize(
    ("ours", "model", "attribute"),
    [
        (limits.SECTION_FIELDS, sdk.SectionBlock, "fields_max_length"),
        (limits.SECTION_TEXT, sdk.SectionBlock, "text_max_length"),
        (limits.HEADER_TEXT, sdk.HeaderBlock, "text_max_length"),
        (limits.CONTEXT_ELEMENTS, sdk.ContextBlock, "elements_max_length"),
        (limits.ACTIONS_ELEMENTS, sdk.ActionsBlock, "elements_max_length"),
        (limits.INPUT_LABEL, sdk.InputBlock, "label_max_length"),
        (limits.INPUT_HINT, sdk.InputBlock, "hint_max_length"),
        (limits.IMAGE_URL, sdk.ImageBlock, "image_url_max_length"),
        (limits.IMAGE_ALT_TEXT, sdk.ImageBlock, "alt_text_max_length"),
        (limits.BLOCK_ID, sdk.SectionBlock, "block_id_max_length"),
        (limits.BUTTON_TEXT, sdk.ButtonElement, "text_max_length"),
        (limits.BUTTON_VALUE, sdk.ButtonElement, "value_max_length"),
        (limits.BUTTON_URL, sdk.ButtonElement, "url_max_length"),
        (limits.ACTION_ID, sdk.ButtonElement, "action_id_max_length"),
        (limits.CONFIRM_TITLE, sdk.ConfirmObject, "title_max_length"),
        (limits.CONFIRM_TEXT, sdk.ConfirmObject, "text_max_length"),
        (limits.CONFIRM_CONFIRM, sdk.ConfirmObject, "confirm_max_length"),
        (limits.OPTION_TEXT, sdk.Option, "label_max_length"),
        (limits.OPTION_GROUP_LABEL, sdk.OptionGroup, "label_max_length"),
        (limits.SELECT_OPTIONS, sdk.StaticSelectElement, "options_max_length"),
        (limits.OVERFLOW_OPTIONS, sdk.OverflowMenuElement, "options_max_length"),
        (limits.VIEW_TITLE, View, "title_max_length"),
        (limits.VIEW_SUBMIT, View, "submit_max_length"),
        (limits.VIEW_BLOCKS, View, "blocks_max_length"),
        (limits.VIEW_PRIVATE_METADATA, View, "private_metadata_max_length"),
        (limits.VIEW_CALLBACK_ID, View, "callback_id_max_length"),
    ],
)
def test_number_agrees_with_the_sdk(ours: int, model: type[JsonObject], attribute: str) -> None:
    assert getattr(model, attribute) == ours
