"""`pending`, `approve`, `deny`, `cancel`: what waits for people, decided by words instead of buttons."""

from __future__ import annotations

from dataclasses import dataclass

from bot import approval_cards, ids
from bot.memory import memory_of
from commands.errors import UsageError
from commands.report import Report
from commands.verbs.verb import REASON, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Somebody's word on one plan. `alone` is break-glass. About which cluster it is, the plan itself says."""

    plan: str
    reason: str = ""
    alone: bool = False
    cluster: ClusterSpec | None = None


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """What waits, of one cluster or of all that the asker may see."""

    cluster: ClusterSpec | None = None


BREAK_GLASS = Option("break-glass", "go ahead alone when nobody else is there; takes a reason, and is told loudly")


def parse(words: Words, desk: Desk) -> PlanRequest:
    """Read `PLAN [--reason TEXT] [--break-glass]`. Raises `UsageError`."""
    del desk
    if len(words.positional) != 1 or not ids.is_id(words.positional[0]):
        raise UsageError("say which plan, by its id", remedy="`/hacluster pending` lists what waits, with its ids.")
    return PlanRequest(words.positional[0], (words.one(REASON.name) or "").strip(), alone=words.flag(BREAK_GLASS.name))


def parse_pending(words: Words, desk: Desk) -> PendingRequest:
    """Read `[CLUSTER]`. Raises `UsageError`."""
    if len(words.positional) > 1:
        raise UsageError(f"{words.positional[1][:40]!r} is one word too many", remedy="Name one cluster, or none.")
    return PendingRequest(desk.cluster(words.positional[0]) if words.positional else None)


async def answer(request: PendingRequest, desk: Desk) -> Report:
    """List what waits and can still be decided, of the clusters that the asker may see."""
    memory = memory_of(desk)
    rows = [
        row
        for row in await memory.store.waiting()
        if row.expires > memory.now()
        and desk.role(row.cluster) is not None
        and (request.cluster is None or request.cluster.name == row.cluster)
    ]
    return approval_cards.pending(rows, {row.id: await memory.store.votes(row.id) for row in rows})


PENDING = Verb(
    name="pending",
    summary="List the changes that wait for somebody's word",
    usage="pending [CLUSTER]",
    role=Role.VIEWER,
    example="pending",
    parse=parse_pending,
    answer=answer,
)
APPROVE = Verb(
    name="approve",
    summary="Approve a change that somebody asked for",
    usage="approve PLAN [--reason TEXT] [--break-glass]",
    role=Role.APPROVER,
    options=(REASON, BREAK_GLASS),
    example="approve Xy3kPq81_aZbNc4d",
    parse=parse,
    says="approve",
)
DENY = Verb(
    name="deny",
    summary="Say no to a change that somebody asked for",
    usage="deny PLAN [--reason TEXT]",
    role=Role.APPROVER,
    options=(REASON,),
    example='deny Xy3kPq81_aZbNc4d --reason "not before the backup"',
    parse=parse,
    says="deny",
)
CANCEL = Verb(
    name="cancel",
    summary="Take back a change that waits",
    usage="cancel PLAN",
    role=Role.OPERATOR,
    example="cancel Xy3kPq81_aZbNc4d",
    parse=parse,
    says="cancel",
)
