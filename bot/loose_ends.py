"""What is left of plans when nobody presses anything: interrupted, unanswered, needed no longer, decided elsewhere.

What became of a plan is in the store; the message that shows it follows, whoever decided and whichever bot died.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import approval_cards, approvals, cards, incident_buttons
from bot.audit import Kind
from bot.conversation import Actor, Place, Ref, Surface
from bot.incidents import of_row
from bot.plan_messages import PlanMessages, place_of
from bot.store.rows import PlanRow, PlanState
from bot.world import World
from commands.errors import HaclusterError, NotAllowed, UsageError
from commands.report import Level
from config.policy import Role

ELSEWHERE = timedelta(seconds=10)
"""How long after its end a plan's message is left to whoever carried it out."""
LONGEST = timedelta(hours=6)
"""How long it is tried to tell an end on a message: then nobody waits for it any more."""


class LooseEnds:
    """Ties them up, now and then and after a start."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._messages = PlanMessages(world)

    async def tie(self, surface_of: Callable[[Place], Surface]) -> None:
        """End what nobody will end any more, and let each message say what became of its plan."""
        store, now = self._world.needed_store(), self._world.now()
        for row in await store.interrupt_lapsed(now):
            await self._audit(None, row, Kind.INTERRUPTED, {})
            await self._tell(replace(row, state="interrupted", finished=now), surface_of)
        for row in await store.waiting():
            if row.expires <= now:
                await self._end(row, "expired", Kind.EXPIRED, "", surface_of)
            elif row.incident is not None and (why := await self._needless(row)):
                await self._end(row, "withdrawn", Kind.CANCELLED, why, surface_of)
        await store.adopt_cards()
        for row in await store.plans_to_tell(now - LONGEST, now - ELSEWHERE):
            await self._tell(row, surface_of)

    async def again(self, actor: Actor, plan_id: str) -> str:
        """Return the words of a plan that was interrupted, for the person to ask anew. It is never rerun by itself."""
        return (await self._interrupted(actor, plan_id)).text

    async def abandon(self, actor: Actor, plan_id: str, message: Ref, surface: Surface) -> None:
        """Leave a plan that was interrupted as it is."""
        row = await self._interrupted(actor, plan_id)
        await self._audit(actor, row, Kind.CANCELLED, {"after": "interrupted"})
        how = "was interrupted and is left at that; what is done stays done"
        report = cards.ended(row.cluster, row.verb, how, Level.WARNING)
        await surface.edit(message, replace(report, next_step=f"status {row.cluster}"), final=True)

    async def review(self, actor: Actor, plan_id: str, message: Ref, surface: Surface) -> None:
        """Note that somebody looked at what one person did alone."""
        row = await self._world.plan(plan_id)
        team, _, user = (row.decided_by or "").rpartition(":")
        if approvals.could_be(team, user, actor):
            raise NotAllowed("somebody else is to look at what you did alone")
        if not self._world.policy.approves(actor.team, actor.user, actor.groups, row.cluster):
            raise NotAllowed(f"you may not review changes of `{row.cluster}`")
        if not row.alone:
            raise UsageError("that was not done by one person alone, so there is nothing to review")
        if not await self._world.needed_store().reviewed(row.id, actor.key):
            raise UsageError("somebody has reviewed it already", remedy="`/hacluster audit` tells who.")
        await self._audit(actor, row, Kind.REVIEWED, {})
        await surface.edit(message, approval_cards.reviewed(row, actor.key, self._world.now()), final=True)

    async def ask_for_reviews(self) -> None:
        """Ask again for somebody to look at what one person did alone, each time the policy's patience is over."""
        store, now = self._world.needed_store(), self._world.now()
        for row in await store.plans_to_review(now - self._world.policy.review_patience):
            cluster = await self._world.cluster(row.cluster)
            if cluster is not None:
                report = approval_cards.still_to_review(row, await store.votes(row.id), now)
                # all bots on a store ask, and the first of each round counts
                key = f"review:{row.id}:{row.review_asked}"
                await self._messages.also_in_slack(row, cluster, report, key=key)
            await store.review_asked(row.id, now)

    async def _needless(self, row: PlanRow) -> str:
        """Return why what an incident's card asked for is needed no longer; nothing while it is."""
        kept = await self._world.needed_store().incident(row.incident or "")
        incident = of_row(kept) if kept else None
        if incident is None or not incident.open:
            return "What it was for is over."
        if any(one.remedy == row.text for one in incident_buttons.failovers(incident)):
            return ""
        return f"The incident asks for it no longer: {incident.title}."

    async def _end(
        self, row: PlanRow, state: PlanState, kind: Kind, why: str, surface_of: Callable[[Place], Surface]
    ) -> None:
        store, now = self._world.needed_store(), self._world.now()
        if await store.claim(row.id, "waiting", state, "bot", now, summary=why):
            await self._audit(None, row, kind, {"why": why} if why else {})
            await self._tell(replace(row, state=state, finished=now, summary=why), surface_of)

    async def _tell(self, row: PlanRow, surface_of: Callable[[Place], Surface]) -> None:
        store = self._world.needed_store()
        if row.card is not None:
            with suppress(HaclusterError):
                report = approval_cards.became(row, await store.votes(row.id))
                await surface_of(place_of(row)).edit(row.card, report, final=True)
                await store.plan_told(row.id)

    async def _interrupted(self, actor: Actor, plan_id: str) -> PlanRow:
        row = await self._world.plan(plan_id)
        if row.state != "interrupted":
            raise UsageError(f"that plan is {row.state}", remedy=f"`/hacluster status {row.cluster}` tells how it is.")
        if not self._world.policy.allows(Role.OPERATOR, actor.team, actor.user, actor.groups, row.cluster):
            raise NotAllowed(f"this on `{row.cluster}` takes the role {Role.OPERATOR.word}")
        return row

    async def _audit(self, actor: Actor | None, row: PlanRow, kind: Kind, told: dict[str, Any]) -> None:
        await self._world.audit(actor, row.verb, row.cluster, kind, {"plan": row.id, **told}, place=row.channel)
