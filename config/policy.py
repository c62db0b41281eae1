"""Who may do what: roles, by immutable Slack ids, per cluster.

Changes are denied unless a grant says otherwise; looking is open to `everyone_views`. Names and e-mail addresses
play no part: their owner can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from config.approvals import OWN_CONFIRM, ApprovalRule, Risk
from config.scope import Scope
from config.slack_ids import ChannelId, GroupId, UserId

LOCAL = "local"
"""The team of whoever uses the terminal: it is not a Slack id, so no grant can name it."""


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

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


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Grant(_Declared):
    """A role for some people on some clusters. `clusters` has no default: "all of them" is to be said, as `*`."""

    role: RoleName
    users: tuple[UserId, ...] = ()
    groups: tuple[GroupId, ...] = ()
    clusters: Annotated[tuple[Scope, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.users and not self.groups:
            raise ValueError("a grant needs `users` or `groups`, else it grants nobody anything")
        return self

    def includes(self, team: str, user: str, groups: frozenset[str]) -> bool:
        """Whether the person is meant, by id or through a user group."""
        return user in self.users or f"{team}:{user}" in self.users or not groups.isdisjoint(self.groups)

    def covers(self, cluster: str | None) -> bool:
        """Whether the cluster is meant. None, for what concerns no single cluster, takes a grant for all of them."""
        return "*" in self.clusters or (cluster is not None and cluster in self.clusters)


class Policy(_Declared):
    """The whole of who may do what. A pure function of ids: it looks nothing up."""

    grants: tuple[Grant, ...] = ()
    everyone_views: bool = True
    """Whether anybody in the workspace may look at any cluster."""
    terminal: RoleName = Role.ADMIN
    """The role of whoever has a shell where the bot runs: they hold its keys already."""
    channels: tuple[ChannelId, ...] = ()
    """Where the bot may be used from Slack; empty for everywhere."""
    approvals: tuple[ApprovalRule, ...] = ()
    """How many people a change takes: the first rule that fits counts."""

    def approval_rule(self, verb: str, cluster: str, risk: Risk) -> ApprovalRule:
        """Return what it takes to carry out such a plan."""
        return next((rule for rule in self.approvals if rule.fits(verb, cluster, risk)), OWN_CONFIRM)

    def role(self, team: str, user: str, groups: frozenset[str], cluster: str | None) -> Role | None:
        """Return the highest role that any grant gives the person on the cluster; None when they may not even look."""
        return max(self._roles(team, user, groups, cluster), default=None)

    def allows(self, needed: Role, team: str, user: str, groups: frozenset[str], cluster: str | None) -> bool:
        """Whether the person may do on the cluster what needs this role."""
        role = self.role(team, user, groups, cluster)
        return role is not None and role >= needed

    def allows_channel(self, channel: str) -> bool:
        """Whether the bot may be used in the Slack channel."""
        return not self.channels or channel in self.channels

    def _roles(self, team: str, user: str, groups: frozenset[str], cluster: str | None) -> Iterator[Role]:
        if team == LOCAL:
            yield self.terminal
            return
        if self.everyone_views:
            yield Role.VIEWER
        for grant in self.grants:
            if grant.covers(cluster) and grant.includes(team, user, groups):
                yield grant.role
