"""Plans that were shown and what became of them. A state changes only by compare-and-set, so each is used once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.base import Part
from bot.store.rows import ENDED, PlanRow, PlanState, VoteRow
from bot.store.tables import outgoing, plans, votes
from commands.errors import Busy
from config.policy import LOCAL


class PlanPart(Part):
    """Plans by their opaque id; at most one of a cluster runs at a time."""

    async def add_plan(self, plan: PlanRow) -> None:
        """Store a plan. Raises `Busy` if it is to be running at once and another of its cluster is."""
        if plan.state == "running":
            plan = replace(plan, started=plan.started or plan.created)
        try:
            async with self._writing() as connection:
                await connection.execute(insert(plans).values(asdict(plan)))
        except IntegrityError:
            if plan.state != "running":
                raise
            raise _busy(plan.cluster) from None

    async def plan(self, plan_id: str) -> PlanRow | None:
        """Return a plan, or None if there is none of that id."""
        async with self._reading() as connection:
            row = (await connection.execute(select(plans).where(plans.c.id == plan_id))).mappings().one_or_none()
            return None if row is None else PlanRow(**row)

    async def claim(
        self,
        plan_id: str,
        expected_state: PlanState,
        new_state: PlanState,
        by: str,
        now: datetime,
        *,
        summary: str = "",
        lease: datetime | None = None,
    ) -> bool:
        """Move a plan from one state to another if it still is in the first; return whether this call did it.

        Of any number of calls at once exactly one gets True. A plan past its expiry cannot start to run. `by`
        (`team:user`) is kept for the decision on a waiting plan. A plan that starts to run holds its cluster until
        `lease`, then `expires`, unless `extend` prolongs it. Raises `Busy` when another plan of the cluster runs.
        """
        if expected_state in ENDED:
            raise ValueError(f"a plan never leaves the state {expected_state}")
        changed: dict[str, object] = {"state": new_state}
        if expected_state == "waiting":
            changed["decided_by"] = by
        if lease is not None:
            changed["expires"] = lease
        if new_state in ENDED:
            changed |= {"finished": now, "summary": summary}
        statement = update(plans).where(plans.c.id == plan_id, plans.c.state == expected_state).values(changed)
        if new_state == "running":
            statement = statement.where(plans.c.expires > now).values(started=now)
        try:
            async with self._writing(hurry=True) as connection:
                return (await connection.execute(statement)).rowcount == 1
        except IntegrityError:
            pass
        plan = await self.plan(plan_id)
        raise _busy(plan.cluster if plan else "")

    async def approve(
        self,
        plan_id: str,
        vote: VoteRow,
        needed: int,
        lease: datetime,
        *,
        lapsed: Collection[str] = (),
        alone: bool = False,
    ) -> tuple[PlanState | None, tuple[VoteRow, ...], bool]:
        """Keep somebody's approval of a waiting plan; with the last one that it needs, the plan starts to run.

        Both happen or none, so an approval counts once, whoever dies when. Returns the plan's state, all approvals, and
        whether this one is new: it is not where that person gave it before, or the plan waits no longer (None: there is
        no such plan). `lapsed` are those whose earlier approval counts no longer; `alone` is kept with a plan that one
        person starts, for somebody to review. Raises `Busy` when another plan of the cluster runs; nothing is kept then.
        """
        mine = plans.c.id == plan_id
        try:
            async with self._writing(hurry=True) as connection:
                # the row is locked first: of two who approve at once one is the first
                waits = update(plans).where(mine, plans.c.state == "waiting", plans.c.expires > vote.at)
                waiting = (await connection.execute(waits.values(state="waiting"))).rowcount == 1
                query = select(votes).where(votes.c.plan == plan_id).order_by(votes.c.at, votes.c.by)
                before = [VoteRow(**row) for row in (await connection.execute(query)).mappings()]
                new = waiting and all(_person(one.by) != _person(vote.by) for one in before)
                if new:
                    await connection.execute(insert(votes).values(asdict(vote)))
                    before.append(vote)
                if waiting and sum(one.by not in lapsed for one in before) >= needed:
                    # also where nobody is new: who was one of two may go ahead alone, in an emergency
                    new = True
                    runs: dict[str, object] = {
                        "state": "running",
                        "started": vote.at,
                        "expires": lease,
                        "decided_by": vote.by,
                    }
                    if alone:
                        runs |= {"alone": True, "review_asked": vote.at}
                        alike = update(votes).where(votes.c.plan == plan_id, votes.c.by == vote.by)
                        await connection.execute(alike.values(reason=vote.reason))
                    await connection.execute(update(plans).where(mine).values(runs))
                state = (await connection.execute(select(plans.c.state).where(mine))).scalar_one_or_none()
                return state, tuple(before), new
        except IntegrityError:
            pass
        plan = await self.plan(plan_id)
        raise _busy(plan.cluster if plan else "")

    async def votes(self, plan_id: str) -> tuple[VoteRow, ...]:
        """Return the approvals that a plan has, in their order."""
        query = select(votes).where(votes.c.plan == plan_id).order_by(votes.c.at, votes.c.by)
        async with self._reading() as connection:
            return tuple(VoteRow(**row) for row in (await connection.execute(query)).mappings())

    async def plan_told(self, plan_id: str) -> None:
        """Note that the message of a plan says how it ended."""
        async with self._writing() as connection:
            await connection.execute(update(plans).where(plans.c.id == plan_id).values(told=True))

    async def plan_not_told(self, plan_id: str) -> None:
        """Note that the message of a plan may say something else than how it ended: it is to be told again."""
        async with self._writing() as connection:
            await connection.execute(update(plans).where(plans.c.id == plan_id).values(told=False))

    async def plans_to_review(self, asked_before: datetime) -> tuple[PlanRow, ...]:
        """Return what one person did alone, nobody has reviewed, and nobody was asked to since then.

        What turned out stale was never run: there is nothing to look at.
        """
        query = select(plans).where(
            plans.c.alone.is_(True),
            plans.c.reviewed_by.is_(None),
            plans.c.state.in_(ENDED - {"stale"}),
            plans.c.review_asked < asked_before,
        )
        async with self._reading() as connection:
            rows = await connection.execute(query.order_by(plans.c.review_asked, plans.c.id))
            return tuple(PlanRow(**row) for row in rows.mappings())

    async def review_asked(self, plan_id: str, at: datetime) -> None:
        """Note when somebody was last asked to review a plan."""
        async with self._writing() as connection:
            await connection.execute(update(plans).where(plans.c.id == plan_id).values(review_asked=at))

    async def reviewed(self, plan_id: str, by: str) -> bool:
        """Note who reviewed a plan; False where somebody has already."""
        mine = update(plans).where(plans.c.id == plan_id, plans.c.reviewed_by.is_(None)).values(reviewed_by=by)
        async with self._writing() as connection:
            return (await connection.execute(mine)).rowcount == 1

    async def adopt_cards(self) -> tuple[str, ...]:
        """Take over where the outbox posted the cards of plans; return those plans. One that is over is told of anew.

        So a request that was made in a terminal has its card in Slack like any other.
        """
        posted = (outgoing.c.card == "plan:" + plans.c.id) & outgoing.c.ts.is_not(None)
        query = select(plans.c.id, outgoing.c.channel, outgoing.c.ts).join(outgoing, posted)
        async with self._reading() as connection:
            found = (await connection.execute(query.where(plans.c.message_ts.is_(None)))).all()
        for plan_id, channel, ts in found:
            mine = update(plans).where(plans.c.id == plan_id, plans.c.message_ts.is_(None))
            async with self._writing() as connection:
                await connection.execute(mine.values(message_channel=channel, message_ts=ts, told=False))
        return tuple(plan_id for plan_id, *_ in found)

    async def plans_to_tell(self, since: datetime, before: datetime) -> tuple[PlanRow, ...]:
        """Return the plans that ended in a period and whose messages do not say so: their bot died, or was another."""
        query = (
            select(plans)
            .where(
                plans.c.told.is_(False),
                plans.c.finished >= since,
                plans.c.finished < before,
                plans.c.message_ts.is_not(None),
            )
            .order_by(plans.c.finished, plans.c.id)
        )
        async with self._reading() as connection:
            return tuple(PlanRow(**row) for row in (await connection.execute(query)).mappings())

    async def extend(self, plan_id: str, until: datetime) -> bool:
        """Prolong the lease of a running plan: whoever carries it out is alive. False where it runs no longer."""
        async with self._writing(hurry=True) as connection:
            running = update(plans).where(plans.c.id == plan_id, plans.c.state == "running")
            return (await connection.execute(running.values(expires=until))).rowcount == 1

    async def interrupt_lapsed(self, now: datetime) -> tuple[PlanRow, ...]:
        """Mark running plans whose lease ran out as interrupted, and return them: their bot died with them."""
        lapsed = (
            update(plans)
            .where(plans.c.state == "running", plans.c.expires <= now)
            .values(state="interrupted", finished=now)
            .returning(plans)
        )
        async with self._writing() as connection:
            return tuple(PlanRow(**row) for row in (await connection.execute(lapsed)).mappings())

    async def set_message(self, plan_id: str, channel: str, ts: str) -> None:
        """Remember the message that shows a plan, so that it can be edited after a restart."""
        async with self._writing() as connection:
            mine = update(plans).where(plans.c.id == plan_id)
            await connection.execute(mine.values(message_channel=channel, message_ts=ts))

    async def running(self) -> tuple[PlanRow, ...]:
        """Return the plans that run; after a start, those that the last run of the bot left behind."""
        return await self._in_state("running")

    async def waiting(self) -> tuple[PlanRow, ...]:
        """Return the plans that wait for people, expired ones included until they are claimed as such."""
        return await self._in_state("waiting")

    async def plans_between(self, cluster: str, since: datetime, until: datetime | None = None) -> tuple[PlanRow, ...]:
        """Return the plans of a cluster that ran at some moment of a period, in the order they started.

        Those that run still and those whose bot died with them are included; those that were never begun are not.
        """
        query = (
            select(plans)
            .where(
                plans.c.cluster == cluster,
                plans.c.started.is_not(None),
                or_(plans.c.finished.is_(None), plans.c.finished >= since),
            )
            .order_by(plans.c.started, plans.c.id)
        )
        if until is not None:
            query = query.where(plans.c.started <= until)
        async with self._reading() as connection:
            return tuple(PlanRow(**row) for row in (await connection.execute(query)).mappings())

    async def _in_state(self, state: PlanState) -> tuple[PlanRow, ...]:
        query = select(plans).where(plans.c.state == state).order_by(plans.c.created, plans.c.id)
        async with self._reading() as connection:
            return tuple(PlanRow(**row) for row in (await connection.execute(query)).mappings())


def _person(by: str) -> str:
    """Return who `team:user` is: in one organisation of Slack the same person speaks from several teams."""
    team, _, user = by.rpartition(":")
    return by if team == LOCAL else user


def _busy(cluster: str) -> Busy:
    return Busy(f"another change of {cluster} is running", remedy="One runs at a time: wait for it to end.")
