"""Who may let a plan go that waits for other people. Pure: the rights come in as they are at the moment of the click."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.conversation import Actor
from bot.store.rows import PlanRow
from commands.errors import NotAllowed, UsageError
from commands.verbs.words import nearest
from config.approvals import ApprovalRule
from config.policy import LOCAL, Policy


def check(
    policy: Policy, rule: ApprovalRule, row: PlanRow, actor: Actor, *, alone: bool, reason: str, caveat: str = ""
) -> None:
    """Let a person approve a plan, or raise `NotAllowed` or `UsageError` with what it takes.

    `alone` says that they want to go ahead without anybody else, for which there must be a reason; `caveat` is what is
    not known of their rights.
    """
    if not policy.approves(actor.team, actor.user, actor.groups, row.cluster, rule):
        ask = f"Ask for a grant for the id `{actor.key}`; `/hacluster whoami` shows what you may do."
        raise NotAllowed(f"you may not approve changes of `{row.cluster}`", remedy=caveat or ask)
    if alone:
        if not rule.break_glass:
            raise NotAllowed(
                f"nobody may go ahead alone with `{row.verb}` on `{row.cluster}`", remedy="The policy says so."
            )
        if not reason.strip():
            raise UsageError(
                "going ahead alone takes a reason", remedy=f'`/hacluster approve {row.id} --break-glass --reason "…"`'
            )
    elif could_be(row.team, row.user, actor) and not rule.own:
        way_out = f'; if nobody is there: `/hacluster approve {row.id} --break-glass --reason "…"`'
        raise NotAllowed(
            "what you asked for yourself takes somebody else's approval",
            remedy=f"Ask a colleague{way_out if rule.break_glass else ''}.",
        )


def asked_by(row: PlanRow, actor: Actor) -> bool:
    """Whether the plan is this person's own."""
    return (row.team, row.user) == (actor.team, actor.user)


def could_be(team: str, user: str, actor: Actor) -> bool:
    """Whether they could be one person: in one organisation of Slack the same user speaks from several teams."""
    return user == actor.user and (team == LOCAL) is (actor.team == LOCAL)


def needed(row: PlanRow, rule: ApprovalRule) -> int:
    """Return how many people must approve: what was said when it was asked for, and not less than is said now."""
    return max(row.approvals, rule.approvals)


def rules_that_never_fit(policy: Policy, changing: Collection[str]) -> Iterator[UsageError]:
    """Yield a mistake for each verb of a rule that there is not, or that changes nothing: the rule would protect nothing."""
    for number, rule in enumerate(policy.approvals):
        for verb in rule.verbs:
            if verb not in changing:
                near = nearest(verb, changing)
                remedy = (
                    f"Did you mean `{near}`?"
                    if near
                    else f"Verbs that change something: {', '.join(sorted(changing))}."
                )
                yield UsageError(f"policy.approvals[{number}].verbs: `{verb[:40]}` changes nothing", remedy=remedy)
