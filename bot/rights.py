"""Whose word counts at this moment: roles are the policy's, and who is in which user group is looked up anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.conversation import Actor
from bot.store.rows import PlanRow, VoteRow
from config.approvals import ApprovalRule
from config.policy import LOCAL, Policy


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in which user group, as just looked up."""

    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The people of each group that the policy names."""
    unread: tuple[str, ...] = ()
    """The groups that could not be looked up in time: nobody counts as in them."""

    def of(self, user: str) -> frozenset[str]:
        """Return the groups that somebody is in."""
        return frozenset(group for group, people in self.members.items() if user in people)


LookUp = Callable[[], Awaitable[Membership]]
"""Asks who is in which user group now. It answers within seconds, whatever happens."""


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of people, as of now. Without a membership the groups count that they were last known to be in."""

    policy: Policy
    membership: Membership | None

    def of(self, person: Actor) -> Actor:
        """Return a person with the groups they are in now."""
        if self.membership is None or person.team == LOCAL:
            return person
        return replace(person, groups=self.membership.of(person.user))

    def lapsed(self, row: PlanRow, rule: ApprovalRule, votes: Iterable[VoteRow]) -> frozenset[str]:
        """Return those who approved a plan and whose word counts for it no longer: `team:user`."""
        return frozenset(vote.by for vote in votes if not self._counts(vote, row, rule))

    @property
    def caveat(self) -> str:
        """What could not be looked up, as a sentence for who is refused; "" if all could."""
        if self.membership is None or not self.membership.unread:
            return ""
        groups = ", ".join(self.membership.unread)
        return f"Slack did not say who is in {groups}, so for now nobody counts as in it: try again in a moment."

    def _counts(self, vote: VoteRow, row: PlanRow, rule: ApprovalRule) -> bool:
        team, _, user = vote.by.rpartition(":")
        voter = self.of(Actor(team, user, frozenset(vote.groups)))
        return self.policy.approves(voter.team, voter.user, voter.groups, row.cluster, rule)


async def rights_now(policy: Policy, look_up: LookUp | None) -> Rights:
    """Look up who is in which group, for a click that counts. Nobody is asked where no Slack is at hand."""
    return Rights(policy, await look_up() if look_up is not None else None)
