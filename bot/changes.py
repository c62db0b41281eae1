"""Changes: proposed, confirmed, planned again, carried out, told.

A plan waits in the store between its proposal and the click. On the click the person, the cluster and the plan are all
looked up anew; if what would be done now is not what was shown, nothing is done and the new plan is shown instead. One
change at a time per cluster: the store holds a lease that the running change keeps prolonging.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import audit, cards, host_keys, ids
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered, Place, Ref, Surface
from bot.store.rows import PlanRow, PlanState
from bot.under_way import LEASE, Time, UnderWay
from bot.understanding import only_to_show, understand
from bot.world import World
from commands.errors import HaclusterError, NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Refusal
from commands.report import Level, Report
from commands.snapshot import Snapshot, gather
from commands.verbs.verb import Change, Verb
from config.inventory import ClusterSpec
from config.policy import LOCAL, Role

CONFIRM_WITHIN = timedelta(minutes=15)
SHOWN = 200
"""How many shown plans are kept in memory, to tell what changed since."""


class Changes:
    """All that happens between "do this" and "it is done"."""

    def __init__(self, world: World, time: Time | None = None) -> None:
        self._world = world
        self._time = time or Time()
        self._shown: dict[str, Plan] = {}

    async def propose(
        self,
        actor: Actor,
        place: Place,
        text: str,
        verb: Verb,
        request: Any,
        surface: Surface,
        before: Plan | None = None,
    ) -> None:
        """Read the cluster, decide, and show the plan with its buttons; or say why there is none.

        `before` is the plan that was confirmed and no longer holds.
        """
        store = self._world.needed_store()
        snapshot = await self._look(verb, request)
        decision = _change(verb).decide(request, snapshot)
        kind, told = audit.of_decision(decision)
        await self._world.audit(actor, verb.name, request.cluster.name, kind, told, place=place.channel)
        if not isinstance(decision, Plan):
            await surface.post(await self._declined(decision, request.cluster, snapshot))
            return
        if only_to_show(verb, text):
            await surface.post(cards.dry_run(decision, text))
            return
        now = self._world.now()
        row = PlanRow(
            id=ids.fresh(),
            verb=verb.name,
            text=text,
            cluster=decision.cluster.name,
            team=actor.team,
            user=actor.user,
            channel=place.channel,
            thread_ts=place.thread,
            fingerprint=decision.fingerprint,
            created=now,
            expires=now + CONFIRM_WITHIN,
        )
        await store.add_plan(row)
        self._remember(row.id, decision)
        ref = await surface.post(
            cards.proposal(decision, row.id, changed=differences(before, decision) if before else ())
        )
        await store.set_message(row.id, ref.channel, ref.ts)

    async def confirm(self, actor: Actor, plan_id: str, message: Ref, surface: Surface) -> None:
        """Carry a waiting plan out, if the person who asked for it says so and it still is what was shown."""
        store, now = self._world.needed_store(), self._world.now()
        row = await self._waiting(plan_id)
        if (row.team, row.user) != (actor.team, actor.user):
            remedy = f"Type `/hacluster {row.text}` yourself."
            raise NotAllowed("only the person who asked for this plan can confirm it", remedy=remedy)
        if row.expires <= now:
            await store.claim(row.id, "waiting", "expired", actor.key, now)
            await surface.edit(message, cards.ended(row.cluster, row.verb, "was not confirmed in time"), final=True)
            raise UsageError("that plan is older than 15 minutes", remedy=f"Ask again: `/hacluster {row.text}`")
        place = Place(row.channel, row.thread_ts)
        verb, request, _ = await understand(self._world, actor, place, row.text)
        await self.recover(lambda _: surface)  # what a dead bot left running must not bar the way
        if not await store.claim(row.id, "waiting", "running", actor.key, now, lease=now + LEASE):
            raise UsageError("somebody was faster", remedy="The message shows what became of the plan.")
        going = UnderWay(self._world, actor, row, message, surface, self._time)
        state: PlanState = "stale"
        try:
            async with going.holding():
                await self._world.audit(
                    actor, verb.name, row.cluster, Kind.CONFIRMED, {"plan": row.id}, place=row.channel
                )
                snapshot = await self._look(verb, request)
                decision = _change(verb).decide(request, snapshot)
                if isinstance(decision, Plan) and decision.fingerprint == row.fingerprint:
                    await going.carry_out(decision)
                    state = going.outcome
        except asyncio.CancelledError:
            # the bot stops: the lease ends now, and the next start says on the card that the plan was interrupted
            await asyncio.shield(store.extend(row.id, self._world.now()))
            raise
        except Exception:
            await store.claim(row.id, "running", "failed", actor.key, self._world.now())
            how = "was cut short by a fault of mine. Ask again to resume: what is done stays done"
            with suppress(NotDelivered):
                await surface.edit(message, cards.ended(row.cluster, row.verb, how, Level.CRITICAL), final=True)
            raise
        await store.claim(row.id, "running", state, actor.key, self._world.now())
        if state == "stale":
            await self._world.audit(actor, verb.name, row.cluster, Kind.VOID, {"plan": row.id}, place=row.channel)
        if isinstance(decision, Plan) and state != "stale":
            await going.tell_end(decision)
            return
        how = "was not carried out: the cluster is no longer what it was when this was shown"
        await surface.edit(message, cards.ended(row.cluster, row.verb, how, Level.WARNING), final=True)
        if isinstance(decision, Plan):
            await self.propose(actor, place, row.text, verb, request, surface, self._shown.get(row.id))
        else:
            await surface.post(await self._declined(decision, request.cluster, snapshot))

    async def cancel(self, actor: Actor, plan_id: str, message: Ref, surface: Surface) -> None:
        """Take a waiting plan back: who asked for it may, and whoever could have asked."""
        row = await self._waiting(plan_id)
        verb = next((verb for verb in self._world.verbs if verb.name == row.verb), None)
        asked = (row.team, row.user) == (actor.team, actor.user)
        policy = self._world.policy
        if not asked and not (verb and policy.allows(verb.role, actor.team, actor.user, actor.groups, row.cluster)):
            raise NotAllowed("only who asked for this plan, or who could have, can cancel it")
        if not await self._world.needed_store().claim(row.id, "waiting", "cancelled", actor.key, self._world.now()):
            raise UsageError("somebody was faster", remedy="The message shows what became of the plan.")
        await self._world.audit(actor, row.verb, row.cluster, Kind.CANCELLED, {"plan": row.id}, place=row.channel)
        await surface.edit(message, cards.ended(row.cluster, row.verb, "was cancelled; nothing was run"), final=True)

    async def copy(self, actor: Actor, plan_id: str, surface: Surface) -> None:
        """Give one person who may look at the cluster the commands of a waiting plan, to be copied."""
        row = await self._waiting(plan_id)
        if not self._world.policy.allows(Role.VIEWER, actor.team, actor.user, actor.groups, row.cluster):
            raise NotAllowed(f"looking at `{row.cluster}` takes the role viewer")
        plan = self._shown.get(row.id)
        if plan is None:
            raise PlanStale(
                "the bot was restarted since this plan was shown", remedy=f"Ask again: `/hacluster {row.text}`"
            )
        await surface.whisper(cards.copied(plan))

    async def recover(self, surface_of: Callable[[Place], Surface]) -> None:
        """Say of each plan whose bot died that it was interrupted. It is never rerun by itself."""
        for row in await self._world.needed_store().interrupt_lapsed(self._world.now()):
            await self._world.audit(None, row.verb, row.cluster, Kind.INTERRUPTED, {"plan": row.id}, place=row.channel)
            if row.message_ts is None or row.team == LOCAL:
                continue
            how = "was interrupted: the bot stopped while it ran. Ask again to resume: what is done stays done"
            report = replace(cards.ended(row.cluster, row.verb, how, Level.WARNING), next_step=row.text)
            with suppress(HaclusterError):
                surface = surface_of(Place(row.channel, row.thread_ts))
                await surface.edit(Ref(row.channel, row.message_ts), report, final=True)

    # ------------------------------------------------------------------ common ground

    async def _look(self, verb: Verb, request: Any) -> Snapshot:
        return await gather(request.cluster, self._world.runner, _change(verb).reads)

    async def _declined(self, decision: Refusal | NothingToDo, cluster: ClusterSpec, snapshot: Snapshot) -> Report:
        if isinstance(decision, NothingToDo):
            return cards.nothing(decision)
        return cards.refused(decision, cluster.name, await host_keys.offers(self._world, snapshot))

    async def _waiting(self, plan_id: str) -> PlanRow:
        row = await self._world.needed_store().plan(plan_id) if ids.is_id(plan_id) else None
        if row is None:
            raise UsageError("that plan is not known", remedy="Ask again.")
        if row.state != "waiting":
            raise UsageError(f"that plan is {row.state} already", remedy="Ask again for a new one.")
        return row

    def _remember(self, plan_id: str, plan: Plan) -> None:
        self._shown[plan_id] = plan
        while len(self._shown) > SHOWN:
            del self._shown[next(iter(self._shown))]


def differences(before: Plan, after: Plan) -> tuple[str, ...]:
    """Say what is different between the plan that was confirmed and the one that would be carried out now."""
    lines = ["The cluster is no longer what the plan you confirmed was made for. This is a new plan."]
    for words, old, new in (
        ("No longer so", before.guards, after.guards),
        ("Now so", after.guards, before.guards),
        ("No longer needed", _titles(before), _titles(after)),
        ("New", _titles(after), _titles(before)),
    ):
        gone = [line for line in old if line not in new]
        if gone:
            lines.append(f"{words}: {'; '.join(gone)}.")
    return tuple(lines)


def _titles(plan: Plan) -> tuple[str, ...]:
    return tuple(step.title for step in plan.steps)


def _change(verb: Verb) -> Change:
    if verb.change is None:
        raise UsageError(f"`{verb.name}` changes nothing")
    return verb.change
