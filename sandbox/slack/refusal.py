"""Slack saying no, in Slack's own words."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.slack.wire import Json


class Refused(Exception):
    """A Web API call that Slack answers with `ok: false` and one of its documented error codes."""

    def __init__(self, code: str, messages: Sequence[str] = (), **details: str) -> None:
        """`messages` become `response_metadata.messages`, as Slack words validation errors."""
        super().__init__(code)
        self.code = code
        self.messages = tuple(messages)
        self.details = details

    def payload(self) -> Json:
        """The answer's body."""
        body: Json = {"ok": False, "error": self.code, **self.details}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body


def invalid_arguments(*problems: str) -> Refused:
    """What Slack answers when an argument is missing or malformed."""
    return Refused("invalid_arguments", [f"[ERROR] {problem}" for problem in problems])
