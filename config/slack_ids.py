"""Slack's immutable ids, as settings hold them. A name or an e-mail address is refused: its owner can change it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _slack_id(pattern: str, what: str, example: str, where_to_find: str) -> AfterValidator:
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if form.fullmatch(value):
            return value
        raise ValueError(f"{value[:40]!r} is not {what}: write its id, as in {example} ({where_to_find})")

    return AfterValidator(check)


UserId = Annotated[
    str,
    _slack_id(
        r"([TE][A-Z0-9]{2,}:)?[UW][A-Z0-9]{2,}",
        "a person",
        "U024BE7LH, or T0G9PQBBK:U024BE7LH with the team",
        "Copy member ID in the person's profile; `/hacluster whoami` in Slack tells your own",
    ),
]
"""A person, in whichever team (`U…`, `W…`) or in one team only (`T…:U…`)."""

GroupId = Annotated[str, _slack_id(r"S[A-Z0-9]{2,}", "a user group", "S0604QSJC", "Copy group ID in the group's menu")]
ChannelId = Annotated[
    str, _slack_id(r"[CG][A-Z0-9]{2,}", "a channel", "C024BE91L", "at the foot of the channel's details")
]
