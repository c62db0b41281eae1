"""What Slack's word for a refusal means for the message, and for others. From the reference of the methods used."""

from __future__ import annotations

from enum import Enum

from bot.conversation import NotDelivered


class Meaning(Enum):
    """What follows from a refusal."""

    PASSING = "it may work in a while"
    CHANNEL = "the channel takes nothing from us until somebody changes that"
    GONE = "the message can no longer be edited: what it is to say must be posted anew"
    MESSAGE = "this message will never be taken"


_CHANNEL = frozenset({
    "access_denied",
    "account_inactive",
    "channel_not_found",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "is_archived",
    "messages_tab_disabled",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
})  # fmt: skip
_GONE = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})
_MESSAGE = frozenset({
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "markdown_text_conflict",
    "metadata_too_large",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
})  # fmt: skip


def meaning(refused: NotDelivered) -> Meaning:
    """Say what a certain no means. A word that we do not know may pass: nothing is given up for it."""
    if refused.code in _CHANNEL:
        return Meaning.CHANNEL
    if refused.code in _GONE:
        return Meaning.GONE
    return Meaning.MESSAGE if refused.code in _MESSAGE else Meaning.PASSING
