"""The roles there are."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from pydantic import BeforeValidator


class Role(IntEnum):
    """What somebody may do. In order of how much, which is for people to read; what a role contains `includes` says.

    An approver judges what others want and asks for nothing themself; whoever is to do both is given both.
    """

    VIEWER = 1
    APPROVER = 2
    OPERATOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The role as written in settings and told to people."""
        return self.name.lower()

    def includes(self, needed: Role) -> bool:
        """Whether who has this role may do what needs the other: everybody looks, and an admin may do everything."""
        return self in {needed, Role.ADMIN} or needed is Role.VIEWER


def _role(value: object) -> object:
    if isinstance(value, Role):
        return value
    for role in Role:
        if value == role.word:
            return role
    raise ValueError(f"must be one of {', '.join(role.word for role in Role)}")


RoleName = Annotated[Role, BeforeValidator(_role)]
