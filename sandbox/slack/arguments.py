"""Arguments of a Web API call.

Slack takes them in the query string, as a form or as JSON, and the Python SDK uses all three; booleans arrive as
`true`, `1` or real ones, structures as JSON text or as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.slack.refusal import Refused, invalid_arguments
from sandbox.slack.wire import Json


class Arguments:
    """Typed reading of a call's arguments; what is missing or malformed is refused as Slack refuses it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Read from already merged values."""
        self._values = {name: value for name, value in values.items() if value is not None}

    @classmethod
    async def of(cls, request: web.Request) -> Arguments:
        """Merge what the request carries in its query string and its body."""
        values: Json = dict(request.query)
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.text() or "{}")
            except ValueError:
                raise Refused("invalid_json") from None
            if not isinstance(body, dict):
                raise Refused("json_not_object")
            values |= body
        elif request.can_read_body:
            values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return cls(values)

    def as_dict(self) -> Json:
        """All of them, without the token."""
        return {name: value for name, value in self._values.items() if name != "token"}

    def __contains__(self, name: str) -> bool:
        """Whether the argument was given at all."""
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self._values.get(name, default)
        return value if isinstance(value, str) else str(value)

    def required(self, name: str) -> str:
        """A string that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean."""
        value = self._values.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "t", "yes")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self._values.get(name, default))
        except (TypeError, ValueError):
            raise invalid_arguments(f"must be a number [json-pointer:/{name}]") from None

    def structure(self, name: str, code: str = "invalid_arguments") -> Any:
        """A JSON value, given as such or as text; None if absent, refused with `code` if it is no JSON."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(code) from None
