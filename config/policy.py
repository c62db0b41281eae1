"""Who may do what: roles, by immutable Slack ids, per cluster.

Changes are denied unless a grant says otherwise; looking is open to `everyone_views`. Names and e-mail addresses
play no part: their owner can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.approvals import OWN_CONFIRM, ApprovalRule, Risk
from config.inventory import ClusterName
from config.problems import at
from config.roles import Role, RoleName
from config.scope import NO_GROUPS, ClusterGroups, Scope, covers, named, unknown_groups
from config.slack_ids import ChannelId, GroupId, UserId

LOCAL = "local"
"""The team of whoever uses the terminal: it is not a Slack id, so no grant can name it."""


class Person(Protocol):
    """Who asks, as far as the policy is concerned: immutable ids."""

    @property
    def team(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def groups(self) -> frozenset[str]:
        """The user groups they are certainly in."""
        ...


class Asked(Protocol):
    """What is asked for, as far as the policy is concerned: a verb."""

    @property
    def name(self) -> str: ...
    @property
    def role(self) -> Role:
        """The role it takes."""
        ...

    @property
    def change(self) -> object | None:
        """What it does to a cluster; None where it only asks."""
        ...


@dataclass(frozen=True, slots=True)
class Allowed:
    """It is theirs to do. `why` names what gives it to them."""

    why: str


@dataclass(frozen=True, slots=True)
class Denied:
    """It is not."""

    why: str
    remedy: str = ""


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

    def covers(self, cluster: str | None, groups: ClusterGroups = NO_GROUPS) -> bool:
        """Whether the cluster is meant. None, for what concerns no single cluster, takes a grant for all of them."""
        return covers(self.clusters, cluster, groups)


class Policy(_Declared):
    """The whole of who may do what. A pure function of ids: it looks nothing up."""

    cluster_groups: dict[ClusterName, tuple[ClusterName, ...]] = Field(default_factory=dict)
    """Clusters that grants and rules mean together, as `@NAME`."""
    grants: tuple[Grant, ...] = ()
    everyone_views: bool = True
    """Whether anybody in the workspace may look at any cluster."""
    terminal: RoleName = Role.ADMIN
    """The role of whoever has a shell where the bot runs: they hold its keys already."""
    channels: tuple[ChannelId, ...] = ()
    """Where the bot may be used from Slack; empty for everywhere."""
    approvals: tuple[ApprovalRule, ...] = ()
    """How many people a change takes: the first rule that fits counts."""
    review_again: Annotated[int, Field(ge=1, le=24 * 14)] = 24
    """Hours until somebody is asked again to review what one person did alone, and again, until somebody has."""

    @property
    def review_patience(self) -> timedelta:
        """How long a review is waited for before it is asked for again."""
        return timedelta(hours=self.review_again)

    @model_validator(mode="after")
    def _groups_are_there(self) -> Self:
        grants = [("grants", index, grant.clusters) for index, grant in enumerate(self.grants)]
        rules = [("approvals", index, rule.clusters) for index, rule in enumerate(self.approvals)]
        for key, index, scopes in (*grants, *rules):
            for unknown in unknown_groups(scopes, self.cluster_groups):
                raise at((key, index, "clusters"), f"there is no group {unknown} in policy.cluster_groups")
        return self

    def may(self, person: Person, verb: Asked, cluster: str | None, channel: str) -> Allowed | Denied:
        """Decide, for one request: the one gate. `cluster` None is for what concerns no single one.

        An answer about no single cluster tells each person what is theirs to know, so a role anywhere is enough for it.
        """
        closed = self.closed(person, channel)
        if closed is not None:
            return closed
        scopes = self._scopes() if cluster is None and verb.change is None else (cluster,)
        for scope in scopes:
            for role, why in self._held(person.team, person.user, person.groups, scope):
                if role >= verb.role:
                    return Allowed(why)
        return takes(person, verb, cluster)

    def closed(self, person: Person, channel: str) -> Denied | None:
        """Say that the bot is not to be used where somebody is; None where it is. A terminal is in no channel."""
        if person.team == LOCAL or self.allows_channel(channel):
            return None
        return Denied("the bot is not to be used in this channel", "Ask an admin of the bot where it is.")

    def may_anywhere(self, person: Person, needed: Role) -> bool:
        """Whether there is any cluster, made yet or not, on which the person may do what needs this role."""
        return any(self.allows(needed, person.team, person.user, person.groups, scope) for scope in self._scopes())

    def approval_rule(self, verb: str, cluster: str, risk: Risk) -> ApprovalRule:
        """Return what it takes to carry out such a plan."""
        fits = (rule for rule in self.approvals if rule.fits(verb, cluster, risk, self.cluster_groups))
        return next(fits, OWN_CONFIRM)

    def approves(
        self, team: str, user: str, groups: frozenset[str], cluster: str | None, rule: ApprovalRule = OWN_CONFIRM
    ) -> bool:
        """Whether the person's word counts, by a rule, for what others want to do to the cluster."""
        return any(role in {*rule.by, Role.ADMIN} for role, _ in self._held(team, user, groups, cluster))

    def role(self, team: str, user: str, groups: frozenset[str], cluster: str | None) -> Role | None:
        """Return the highest role that any grant gives the person on the cluster; None when they may not even look."""
        return max((role for role, _ in self._held(team, user, groups, cluster)), default=None)

    def allows(self, needed: Role, team: str, user: str, groups: frozenset[str], cluster: str | None) -> bool:
        """Whether the person may do on the cluster what needs this role."""
        role = self.role(team, user, groups, cluster)
        return role is not None and role >= needed

    def allows_channel(self, channel: str) -> bool:
        """Whether the bot may be used in the Slack channel."""
        return not self.channels or channel in self.channels

    def held(self, person: Person, cluster: str | None) -> tuple[tuple[Role, str], ...]:
        """Return each role that the person has on the cluster, with what gives it to them."""
        return tuple(self._held(person.team, person.user, person.groups, cluster))

    def _held(self, team: str, user: str, groups: frozenset[str], cluster: str | None) -> Iterator[tuple[Role, str]]:
        if team == LOCAL:
            yield self.terminal, "a shell where the bot runs (policy.terminal)"
            return
        if self.everyone_views:
            yield Role.VIEWER, "everyone may look (policy.everyone_views)"
        for number, grant in enumerate(self.grants, start=1):
            if grant.covers(cluster, self.cluster_groups) and grant.includes(team, user, groups):
                by_id = user in grant.users or f"{team}:{user}" in grant.users
                through = "by id" if by_id else f"through {', '.join(sorted(groups.intersection(grant.groups)))}"
                yield grant.role, f"grant {number}, {through}"

    def _scopes(self) -> tuple[str | None, ...]:
        """Return every cluster that a grant names, and None: where a role may be had."""
        scopes = [scope for grant in self.grants for scope in grant.clusters]
        return (None, *dict.fromkeys(name for scope in scopes for name in named(scope, self.cluster_groups)))


def takes(person: Person, verb: Asked, cluster: str | None) -> Denied:
    """Say what it takes to be allowed."""
    on = f" on `{cluster}`" if cluster else ""
    key = f"{person.team}:{person.user}"
    return Denied(
        f"`{verb.name}`{on} takes the role {verb.role.word}",
        f"Ask for a grant for the id `{key}` in the bot's policy; `/hacluster whoami` shows what you may do.",
    )


__all__ = ["LOCAL", "Allowed", "Asked", "Denied", "Grant", "Person", "Policy", "Role", "takes"]
