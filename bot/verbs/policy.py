"""`policy`: what somebody may do and what gives it to them, and how many people a change takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

from bot.incidents.people import name_of
from bot.verbs.person import parse_person
from commands.checks.phrases import counted
from commands.errors import NotAllowed, UsageError
from commands.report import Level, Part, Report, Table, Text
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Option, Words
from config.approvals import ApprovalRule, Risk
from config.inventory import ClusterSpec
from config.policy import LOCAL, Role


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person as the policy sees them."""

    team: str
    user: str
    groups: frozenset[str] = field(default_factory=frozenset)

    @property
    def key(self) -> str:
        """`team:user`."""
        return f"{self.team}:{self.user}"


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """What somebody may do: on one cluster, or on each where that is None."""

    cluster: ClusterSpec | None
    who: Somebody
    own: bool


def parse(words: Words, desk: Desk) -> PolicyRequest:
    """Read `[CLUSTER] [--who PERSON]`. Raises `UsageError`, and `NotAllowed` where it is about somebody else."""
    if len(words.positional) > 1:
        raise UsageError(f"{words.positional[1][:40]!r} is one word too many", remedy="Name one cluster, or none.")
    cluster = desk.cluster(words.positional[0]) if words.positional else None
    team, _, user = desk.who.partition(":")
    typed = parse_person(words.one("who"))
    if not typed:
        return PolicyRequest(cluster, Somebody(team, user, desk.groups), own=True)
    if not _admin(desk, cluster.name if cluster else None):
        where = f" on `{cluster.name}`" if cluster else " on all clusters"
        raise NotAllowed(f"what others may do is told to who has the role admin{where}")
    their_team, _, their_id = typed.rpartition(":")
    return PolicyRequest(cluster, Somebody(their_team or team, their_id), own=False)


async def answer(request: PolicyRequest, desk: Desk) -> Report:
    """Tell it to the asker alone."""
    name = request.cluster.name if request.cluster else None
    whose = "you" if request.own else name_of(request.who.key)
    on = f" on `{name}`" if name else ""
    parts = (*(_rights(request.who, name, desk) if name else _roles(request.who, desk)), *_rest(request, name, desk))
    return Report(f"What {whose} may do{on}", Level.INFO, parts, private=True)


def _roles(who: Somebody, desk: Desk) -> Iterator[Part]:
    """Tell the role on each cluster, and on those to come."""
    rows = []
    for cluster in (*desk.visible, None):
        held = desk.policy.held(who, cluster)
        role, why = max(held, default=(None, "no grant"))
        rows.append((cluster or "all others", role.word if role else "none", why))
    yield Table(("cluster", "role", "because of"), tuple(rows))
    yield Text("`policy CLUSTER` tells verb by verb.")


def _rights(who: Somebody, cluster: str, desk: Desk) -> Iterator[Part]:
    """Tell verb by verb what is theirs on a cluster, those that take the same role together."""
    rows = []
    held = desk.policy.held(who, cluster)
    for needed in sorted({verb.role for verb in desk.verbs}):
        names = ", ".join(verb.name for verb in desk.verbs if verb.role is needed)
        why = next((why for role, why in held if role >= needed), None)
        rows.append((names, "yes" if why else "no", why or f"takes the role {needed.word}"))
    yield Table(("verbs", "allowed", "because of"), tuple(rows))
    yield Text("\n".join(f"• {line}" for line in _approvals(cluster, desk)))


def _approvals(cluster: str, desk: Desk) -> Iterator[str]:
    """Tell how many people a change takes, what takes the same together."""
    takes: dict[str, list[str]] = {}
    risks: tuple[Risk, ...] = get_args(Risk)
    for verb in (verb.name for verb in desk.verbs if verb.change):
        rules = {risk: _rule(desk.policy.approval_rule(verb, cluster, risk)) for risk in risks}
        for risk, rule in rules.items():
            alike = len(set(rules.values())) == 1
            if not alike or risk == risks[0]:
                takes.setdefault(rule, []).append(f"`{verb}`" if alike else f"`{verb}` where {risk}")
    everything = sum(1 for verb in desk.verbs if verb.change)
    for rule, verbs in takes.items():
        them = "every change" if len(takes) == 1 and len(verbs) == everything else ", ".join(verbs)
        yield f"{them}: {rule}"


def _rule(rule: ApprovalRule) -> str:
    if rule.alone:
        return f"whoever asks confirms alone, within {rule.within} minutes"
    roles = " or ".join(dict.fromkeys(role.word for role in (*rule.by, Role.ADMIN)))
    own = "who asked may be one of them" if rule.own else "not who asked"
    alone = "; one alone may go ahead with a reason" if rule.break_glass else ""
    people = "1 person" if rule.approvals == 1 else f"{rule.approvals} people"
    return f"{people} with the role {roles} must approve ({own}), within {rule.within} minutes{alone}"


def _rest(request: PolicyRequest, cluster: str | None, desk: Desk) -> Iterator[Part]:
    policy = desk.policy
    if policy.channels and request.who.team != LOCAL:
        yield Text(f"The bot may be used in {', '.join(f'<#{channel}>' for channel in policy.channels)} only.")
    if not _admin(desk, cluster):
        return
    if not request.own:
        through = {group for grant in policy.grants for group in grant.groups}
        if through:
            yield Text(
                f"Which of {counted(len(through), 'user group')} they are in is asked of Slack when they ask for something; what that gives them is not in the above."
            )
        return
    rows = tuple(
        (str(number), grant.role.word, ", ".join((*grant.users, *grant.groups)), ", ".join(grant.clusters))
        for number, grant in enumerate(policy.grants, start=1)
        if cluster is None or grant.covers(cluster, policy.cluster_groups)
    )
    if rows:
        yield Table(("grant", "role", "to", "on"), rows, "All grants" if cluster is None else f"Grants on {cluster}")


def _admin(desk: Desk, cluster: str | None) -> bool:
    role = desk.role(cluster)
    return role is not None and role >= Role.ADMIN


VERB = Verb(
    name="policy",
    summary="What you may do and what gives it to you, and how many people a change takes",
    usage="policy [CLUSTER] [--who PERSON]",
    role=Role.VIEWER,
    options=(Option("who", "somebody else, for admins: a mention or an id", "PERSON"),),
    example="policy web",
    parse=parse,
    answer=answer,
)
