"""The one type everything on Slack's wire has: a JSON object."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
