"""The roles there are."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from pydantic import BeforeValidator


class Role(IntEnum):
    """Each may do what the ones before it may: look, say yes or no to what others want, ask for changes, and all of it.

    Whose word counts for which plan is its `ApprovalRule`'s to say: an operator's need not.
    """

    VIEWER = 1
    APPROVER = 2
    OPERATOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as written in settings and told to people."""
        return self.name.lower()


def _role(value: object) -> object:
    if isinstance(value, Role):
        return value
    for role in Role:
        if value == role.word:
            return role
    raise ValueError(f"must be one of {', '.join(role.word for role in Role)}")


RoleName = Annotated[Role, BeforeValidator(_role)]
