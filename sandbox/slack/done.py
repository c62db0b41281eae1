"""How something a person did went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.records import Reply
from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Done:
    """How something a person did went: acknowledged in time or not, with what, and what Slack showed the person.

    `delivered` is False where Slack's client never sent it (a confirm dialog dismissed, a form incomplete).
    `errors` are a form's field errors by block_id. `notice` is Slack's own word to the person.
    """

    acked: bool = False
    seconds: float = 0.0
    body: Json | None = None
    delivered: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None


def done(reply: Reply, **more: Any) -> Done:
    """The outcome of a payload that was sent; `more` are Done's other fields."""
    return Done(acked=reply.acked, seconds=reply.seconds, body=reply.body, **more)
