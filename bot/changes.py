"""Changes: proposed, confirmed, planned again, carried out, told.

A plan waits in the store between its proposal and the click. On the click the person, the cluster and the plan are all
looked up anew; if what would be done now is not what was shown, nothing is done and the new plan is shown instead. One
change at a time per cluster: the store holds a lease that the running change keeps prolonging.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot import cards, host_keys
from bot.conversation import Actor, NotDelivered, Place, Ref, Surface
from bot.store.rows import PlanRow, PlanState
from bot.understanding import understand
from bot.world import World, log
from commands.errors import HaclusterError, NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Progress, Refusal, apply
from commands.report import Level, Report
from commands.snapshot import Snapshot, gather
from commands.verbs.verb import Change, Verb
from config.inventory import ClusterSpec
from config.policy import LOCAL

CONFIRM_WITHIN = timedelta(minutes=15)
LEASE = timedelta(seconds=15)
"""How long a running change holds its cluster without a sign of life."""
TICK = 2.5
"""Seconds between two edits of a progress message: Slack takes some 50 a minute. The lease is prolonged with it."""
SHOWN = 200
"""How many shown plans are kept in memory, to tell what changed since."""


@dataclass(slots=True)
class _Run:
    """A plan under way: what its message shows."""

    plan: Plan
    begun: float
    states: dict[str, cards.StepState] = field(default_factory=dict)
    events: list[Progress] = field(default_factory=list)

    @property
    def problems(self) -> list[Progress]:
        return [event for event in self.events if event.state == "failed"]


class Changes:
    """All that happens between "do this" and "it is done"."""

    def __init__(self, world: World, clock: Callable[[], float] = time.monotonic) -> None:
        self._world = world
        self._clock = clock
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
        await self._world.audit(
            actor, verb.name, request.cluster.name, type(decision).__name__.lower(), _told(decision)
        )
        if not isinstance(decision, Plan):
            await surface.post(await self._declined(decision, request.cluster, snapshot))
            return
        now = self._world.now()
        row = PlanRow(
            id=secrets.token_urlsafe(12),
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
        await store.interrupt_lapsed(now)
        if not await store.claim(row.id, "waiting", "running", actor.key, now, lease=now + LEASE):
            raise UsageError("somebody was faster", remedy="The message shows what became of the plan.")
        state: PlanState = "failed"
        holding = asyncio.create_task(self._hold(row))
        try:
            await self._world.audit(actor, verb.name, row.cluster, "confirmed", {"plan": row.id})
            snapshot = await self._look(verb, request)
            decision = _change(verb).decide(request, snapshot)
            if isinstance(decision, Plan) and decision.fingerprint == row.fingerprint:
                state = await self._carry_out(actor, row, decision, message, surface)
                return
            state = "stale"
        finally:
            holding.cancel()
            # even a shutdown must not leave the plan running in the store
            await asyncio.shield(store.claim(row.id, "running", state, actor.key, self._world.now()))
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
        await self._world.audit(actor, row.verb, row.cluster, "cancelled", {"plan": row.id})
        await surface.edit(message, cards.ended(row.cluster, row.verb, "was cancelled; nothing was run"), final=True)

    async def copy(self, plan_id: str, surface: Surface) -> None:
        """Give one person the commands of a waiting plan, to be copied."""
        row = await self._waiting(plan_id)
        plan = self._shown.get(row.id)
        if plan is None:
            raise PlanStale(
                "the bot was restarted since this plan was shown", remedy=f"Ask again: `/hacluster {row.text}`"
            )
        await surface.whisper(cards.copied(plan))

    async def recover(self, surface_of: Callable[[Place], Surface]) -> None:
        """Say of each plan whose bot died that it was interrupted. It is never rerun by itself."""
        for row in await self._world.needed_store().interrupt_lapsed(self._world.now()):
            await self._world.audit(None, row.verb, row.cluster, "interrupted", {"plan": row.id})
            if row.message_ts is None or row.team == LOCAL:
                continue
            how = "was interrupted: the bot stopped while it ran. Ask again to resume: what is done stays done"
            report = replace(cards.ended(row.cluster, row.verb, how, Level.WARNING), next_step=row.text)
            with suppress(HaclusterError):
                surface = surface_of(Place(row.channel, row.thread_ts))
                await surface.edit(Ref(row.channel, row.message_ts), report, final=True)

    # ------------------------------------------------------------------ carrying out

    async def _carry_out(self, actor: Actor, row: PlanRow, plan: Plan, message: Ref, surface: Surface) -> PlanState:
        run = _Run(plan, self._clock())
        if plan.declares is not None:
            await self._declare(actor, row, plan.declares)
        telling = asyncio.create_task(self._tell(run, message, surface))
        try:
            async for event in apply(plan, self._world.runner, self._clock):
                run.states[event.step.id] = cards.StepState(event.state, event.seconds)
                run.events.append(event)
                if event.state != "not done":
                    await self._world.audit(actor, plan.verb, plan.cluster.name, "step", _step_detail(event))
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
        elapsed = self._clock() - run.begun
        if run.problems:
            report = cards.failed(plan, run.states, elapsed, run.problems, row.text)
        else:
            results = await self._world.results(plan.cluster, self._world.runner) if plan.steps else ()
            report = cards.succeeded(plan, elapsed, results)
        try:
            await surface.edit(message, report, final=True)
            if any(event.ran or event.problem for event in run.events):
                await surface.post(cards.details(plan, run.events), under=message)
        except NotDelivered as error:
            # Slack away at the end does not make a change that was done one that failed
            log.error("the end of a change could not be told", cluster=row.cluster, verb=row.verb, why=str(error))
        return "failed" if run.problems else "done"

    async def _declare(self, actor: Actor, row: PlanRow, spec: ClusterSpec) -> None:
        """Remember a cluster from before its first step: a setup that stops half-way is still there to be asked about."""
        # made from a channel, it is that channel's own, and its alerts go there
        here = (row.channel,) if actor.team != LOCAL else ()
        known = spec.model_copy(update={"channels": spec.channels or here})
        await self._world.needed_store().declare(known, actor.key, self._world.now())

    async def _tell(self, run: _Run, message: Ref, surface: Surface) -> None:
        while True:
            with suppress(HaclusterError):  # Slack away: the change goes on, the end is told all the same
                await surface.edit(message, cards.progress(run.plan, run.states, self._clock() - run.begun))
            await asyncio.sleep(TICK)

    async def _hold(self, row: PlanRow) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._world.needed_store().extend(row.id, self._world.now() + LEASE)

    # ------------------------------------------------------------------ common ground

    async def _look(self, verb: Verb, request: Any) -> Snapshot:
        return await gather(request.cluster, self._world.runner, _change(verb).reads)

    async def _declined(self, decision: Refusal | NothingToDo, cluster: ClusterSpec, snapshot: Snapshot) -> Report:
        if isinstance(decision, NothingToDo):
            return cards.nothing(decision)
        return cards.refused(decision, cluster.name, await host_keys.offers(self._world, snapshot))

    async def _waiting(self, plan_id: str) -> PlanRow:
        row = await self._world.needed_store().plan(plan_id) if len(plan_id) < 64 else None  # noqa: PLR2004 - our ids are shorter
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


def _told(decision: Plan | Refusal | NothingToDo) -> dict[str, Any]:
    if isinstance(decision, Plan):
        return {"fingerprint": decision.fingerprint, "steps": [step.id for step in decision.steps]}
    if isinstance(decision, Refusal):
        return {"reasons": [reason.text for reason in decision.reasons]}
    return {}


def _step_detail(event: Progress) -> dict[str, Any]:
    ran: Iterable[Any] = ([d.node, list(d.command.argv), d.status, round(d.seconds, 3)] for d in event.ran)
    detail: dict[str, Any] = {"step": event.step.id, "state": event.state, "ran": list(ran)}
    return {**detail, "problem": str(event.problem)} if event.problem else detail
