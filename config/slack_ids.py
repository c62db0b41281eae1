"""Slack's immutable ids, as settings hold them. A name or an e-mail address is refused: its owner can change it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

WHERE_TO_FIND = "type `/hacluster whoami` in Slack, or use Copy ID in Slack's own menus"


def _slack_id(pattern: str, what: str, example: str) -> AfterValidator:
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if form.fullmatch(value):
            return value
        raise ValueError(f"{value[:40]!r} is not {what}: write its id, as in {example} ({WHERE_TO_FIND})")

    return AfterValidator(check)


UserId = Annotated[
    str,
    _slack_id(r"([TE][A-Z0-9]{2,}:)?[UW][A-Z0-9]{2,}", "a person", "U024BE7LH, or T0G9PQBBK:U024BE7LH with the team"),
]
"""A person, in whichever team (`U…`, `W…`) or in one team only (`T…:U…`)."""

GroupId = Annotated[str, _slack_id(r"S[A-Z0-9]{2,}", "a user group", "S0604QSJC")]
ChannelId = Annotated[str, _slack_id(r"[CG][A-Z0-9]{2,}", "a channel", "C024BE91L")]
