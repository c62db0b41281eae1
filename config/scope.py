"""What a grant or a rule is for: clusters by name, or all of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, TypeAdapter

from config.inventory import ClusterName

_NAME = TypeAdapter[str](ClusterName)


def _scope(value: str) -> str:
    return value if value == "*" else _NAME.validate_python(value)


Scope = Annotated[str, AfterValidator(_scope)]
"""A cluster's name, or `*` for every cluster."""
