"""Changes: proposed, confirmed or approved, planned again, carried out, told.

A plan waits in the store between its proposal and the click. On the click the person, the cluster and the plan are all
looked up anew; if what would be done now is not what was shown, nothing is done and the new plan is shown instead. One
change at a time per cluster: the store holds a lease that the running change keeps prolonging.

Who must click is the policy's to say: the one who asked (Confirm), or so many others (Approve).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from bot import approval_cards, approvals, audit, cards, host_keys, ids
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered, Place, Ref, Surface
from bot.deciding import decide
from bot.differences import differences
from bot.store.rows import PlanRow, PlanState, VoteRow
from bot.under_way import LEASE, Time, UnderWay
from bot.understanding import only_to_show, reason_of, understand
from bot.world import World
from commands.errors import NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Refusal
from commands.report import Level, Report
from commands.snapshot import Snapshot
from commands.verbs.verb import Verb
from config.inventory import ClusterSpec
from config.policy import LOCAL, Role

SHOWN = 200
"""How many shown plans are kept in memory, to tell what changed since."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as it was shown, and the nodes that were silent then."""

    plan: Plan
    silent: frozenset[str]


_BECAME: Mapping[PlanState, str] = {
    "running": "is under way already",
    "done": "is done already",
    "failed": "was tried already, and failed",
    "cancelled": "is cancelled already",
    "denied": "was denied",
    "withdrawn": "was withdrawn",
    "expired": "was not confirmed in time",
    "interrupted": "was interrupted: the bot stopped while it ran",
    "stale": "no longer fitted the cluster, and was not carried out",
}


class Changes:
    """All that happens between "do this" and "it is done".

    `surface_of` leads to any place in Slack; None in a terminal, which shows what it does itself.
    """

    def __init__(self, world: World, time: Time | None = None) -> None:
        self._world = world
        self._time = time or Time()
        self._shown: dict[str, Shown] = {}
        self.surface_of: Callable[[Place], Surface] | None = None

    async def propose(
        self,
        actor: Actor,
        place: Place,
        text: str,
        verb: Verb,
        request: Any,
        surface: Surface,
        before: Plan | None = None,
        incident: str | None = None,
    ) -> None:
        """Read the cluster, decide, and show the plan with its buttons; or say why there is none.

        `before` is the plan that was confirmed and no longer holds; `incident` the one from whose card it is asked for.
        """
        store, policy = self._world.needed_store(), self._world.policy
        decided = await decide(self._world, verb, request)
        decision, snapshot = decided.decision, decided.snapshot
        kind, told = audit.of_decision(decision)
        await self._world.audit(actor, verb.name, request.cluster.name, kind, told, place=place.channel)
        if not isinstance(decision, Plan):
            await surface.post(await self._declined(decision, request.cluster, snapshot))
            return
        if only_to_show(verb, text):
            await surface.post(cards.dry_run(decision, text, decided.foreseen))
            return
        rule, now = policy.approval_rule(verb.name, decision.cluster.name, decision.risk), self._world.now()
        row = PlanRow(
            id=ids.fresh(),
            verb=verb.name,
            text=text,
            cluster=decision.cluster.name,
            team=actor.team,
            user=actor.user,
            channel=place.channel,
            thread_ts=place.thread,
            fingerprint=decided.fingerprint,
            created=now,
            expires=now + rule.patience,
            reason=audit.masked(reason_of(verb, text)),
            risk=decision.risk,
            approvals=rule.approvals,
            groups=tuple(sorted(actor.groups)),
            incident=incident,
        )
        await store.add_plan(row)
        self._remember(row.id, Shown(decision, decided.silent))
        changed = differences(before, decision) if before else ()
        if rule.alone:
            ref = await surface.post(cards.proposal(decision, row.id, changed=changed, more=decided.foreseen))
        else:
            await self._audit(actor, row, Kind.REQUESTED, {"approvals": row.approvals, "reason": row.reason})
            card = approval_cards.request(decision, row, (), row.approvals, changed=changed, more=decided.foreseen)
            ref = await surface.post(card)
        # a terminal's request keeps the channel it is about: that says which cluster is meant
        await store.set_message(row.id, place.channel if actor.team == LOCAL else ref.channel, ref.ts)
        await self._audit(actor, row, Kind.SHOWN, {"message": f"{ref.channel}/{ref.ts}"})

    async def confirm(self, actor: Actor, plan_id: str, message: Ref, surface: Surface) -> None:
        """Carry a waiting plan out, if the person who asked for it says so and it still is what was shown."""
        store, now = self._world.needed_store(), self._world.now()
        row = await self._waiting(plan_id)
        rule = self._world.policy.approval_rule(row.verb, row.cluster, row.risk)
        if row.approvals or not rule.alone:
            raise UsageError("this plan takes approvals", remedy=f"`/hacluster approve {row.id}`")
        if not approvals.asked_by(row, actor):
            remedy = f"Type `/hacluster {row.text}` yourself."
            raise NotAllowed("only the person who asked for this plan can confirm it", remedy=remedy)
        await self._in_time(actor, row, message, surface)
        verb, request, _ = await understand(self._world, actor, Place(row.channel, row.thread_ts), row.text)
        await self.recover()  # what a dead bot left running must not bar the way
        if not await store.claim(row.id, "waiting", "running", actor.key, now, lease=now + LEASE):
            raise PlanStale("somebody was faster", remedy="The message shows what became of the plan.")
        await self._carry_out(actor, actor, row, verb, request, message, surface)

    async def approve(
        self,
        actor: Actor,
        plan_id: str,
        surface: Surface,
        *,
        message: Ref | None = None,
        reason: str = "",
        alone: bool = False,
    ) -> None:
        """Take a person's approval; with the last one that it needs, carry the plan out.

        `message` is the card if that is where they pressed; without it they typed. `alone` is break-glass.
        """
        store, now = self._world.needed_store(), self._world.now()
        row = await self._waiting(plan_id)
        rule = self._world.policy.approval_rule(row.verb, row.cluster, row.risk)
        if row.approvals or not rule.alone:
            approvals.check(self._world.policy, rule, row, actor, alone=alone, reason=reason)
        surface, card = await self._card(row, message, surface)
        if not row.approvals and rule.alone:
            await self.confirm(actor, plan_id, card, surface)
            return
        await self._in_time(actor, row, card, surface)
        asker = Actor(row.team, row.user, frozenset(row.groups))
        verb, request, _ = await understand(self._world, asker, Place(row.channel, row.thread_ts), row.text)
        await self.recover()
        needed = 1 if alone else approvals.needed(row, rule)
        vote = VoteRow(row.id, actor.key, now, reason)
        state, votes, new = await store.approve(row.id, vote, needed, now + LEASE)
        if not new:
            raise UsageError(
                "you have approved it already" if state == "waiting" else f"that plan is {state} already",
                remedy=f"It takes {needed - len(votes)} more." if state == "waiting" else "The message shows the rest.",
            )
        kind = Kind.BROKE_GLASS if alone else Kind.APPROVED
        await self._audit(actor, row, kind, {"reason": reason, "approvals": len(votes), "needed": needed})
        if state == "running":
            if alone:
                told = asyncio.create_task(self._tell_of_one_alone(actor, row, reason, surface))
            await self._carry_out(actor, asker, row, verb, request, card, surface)
            if alone:
                await told
            return
        decided = await decide(self._world, verb, request, self._silent(row))
        if (await self._world.plan(row.id)).state != "waiting":
            return  # somebody gave the last word meanwhile, and the card tells of that
        if isinstance(decided.decision, Plan) and decided.fingerprint == row.fingerprint:
            shown = approval_cards.request(decided.decision, row, votes, needed, more=decided.foreseen)
            await surface.edit(card, shown)
        elif await store.claim(row.id, "waiting", "stale", actor.key, self._world.now()):
            await self._void(actor, asker, row, verb, request, card, surface)

    async def _tell_of_one_alone(self, actor: Actor, row: PlanRow, reason: str, surface: Surface) -> None:
        """Say loudly that one person goes ahead alone. That it cannot be told must not stop them: it is in the audit."""
        with suppress(NotDelivered):
            await surface.post(approval_cards.alone(row, actor.key, reason))

    async def deny(
        self, actor: Actor, plan_id: str, surface: Surface, *, message: Ref | None = None, reason: str = ""
    ) -> None:
        """Take a person's no: the plan is over."""
        row = await self._waiting(plan_id)
        policy = self._world.policy
        rule = policy.approval_rule(row.verb, row.cluster, row.risk)
        if not policy.approves(actor.team, actor.user, actor.groups, row.cluster, rule):
            raise NotAllowed(f"you may not decide on changes of `{row.cluster}`")
        await self._drop(actor, row, "denied", Kind.DENIED, surface, message, reason)

    async def cancel(self, actor: Actor, plan_id: str, surface: Surface, *, message: Ref | None = None) -> None:
        """Take a waiting plan back: who asked for it may, and whoever could have asked."""
        row = await self._waiting(plan_id)
        verb = next((verb for verb in self._world.verbs if verb.name == row.verb), None)
        policy = self._world.policy
        could_ask = verb and policy.allows(verb.role, actor.team, actor.user, actor.groups, row.cluster)
        if not approvals.asked_by(row, actor) and not could_ask:
            raise NotAllowed("only who asked for this plan, or who could have, can cancel it")
        await self._drop(actor, row, "cancelled", Kind.CANCELLED, surface, message, "")

    async def copy(self, actor: Actor, plan_id: str, surface: Surface) -> None:
        """Give one person who may look at the cluster the commands of a waiting plan, to be copied."""
        row = await self._waiting(plan_id)
        if not self._world.policy.allows(Role.VIEWER, actor.team, actor.user, actor.groups, row.cluster):
            raise NotAllowed(f"looking at `{row.cluster}` takes the role viewer")
        shown = self._shown.get(row.id)
        if shown is None:
            raise PlanStale(
                "the bot was restarted since this plan was shown", remedy=f"Ask again: `/hacluster {row.text}`"
            )
        await surface.whisper(cards.copied(shown.plan))

    async def recover(self) -> None:
        """Note of each plan whose bot died that it was interrupted. It is never rerun by itself."""
        for row in await self._world.needed_store().interrupt_lapsed(self._world.now()):
            await self._audit(None, row, Kind.INTERRUPTED, {})

    # ------------------------------------------------------------------ from the last click to the end

    async def _carry_out(
        self, actor: Actor, asker: Actor, row: PlanRow, verb: Verb, request: Any, card: Ref, surface: Surface
    ) -> None:
        """Carry a claimed plan out, if it still is what was shown. `actor` gave the last word, `asker` wants it."""
        store = self._world.needed_store()
        going = UnderWay(self._world, actor, row, card, surface, self._time, silent=self._silent(row))
        state: PlanState = "stale"
        try:
            async with going.holding():
                await self._audit(actor, row, Kind.CONFIRMED, {})
                decided = await decide(self._world, verb, request, self._silent(row))
                decision = decided.decision
                if isinstance(decision, Plan) and decided.fingerprint == row.fingerprint:
                    going.foresight = decided.foresight
                    await going.carry_out(decision)
                    state = going.outcome
        except asyncio.CancelledError:
            # the bot stops: the lease ends now, and the next start says on the card that the plan was interrupted
            await asyncio.shield(store.extend(row.id, self._world.now()))
            raise
        except Exception:
            how = "was cut short by a fault of mine. Ask again to resume: what is done stays done"
            await store.claim(row.id, "running", "failed", actor.key, self._world.now(), summary=f"It {how}.")
            with suppress(NotDelivered):
                await surface.edit(card, cards.ended(row.cluster, row.verb, how, Level.CRITICAL), final=True)
                await self._told(row, card)
            raise
        await store.claim(row.id, "running", state, actor.key, self._world.now())
        if isinstance(decision, Plan) and state != "stale":
            if await going.tell_end(decision):
                await self._told(row, card)
        else:
            await self._void(actor, asker, row, verb, request, card, surface)

    async def _void(
        self, actor: Actor, asker: Actor, row: PlanRow, verb: Verb, request: Any, card: Ref, surface: Surface
    ) -> None:
        """Say that a plan no longer holds, and show what would be done now."""
        await self._audit(actor, row, Kind.VOID, {})
        how = "was not carried out: the cluster is no longer what it was when this was shown"
        await surface.edit(card, cards.ended(row.cluster, row.verb, how, Level.WARNING), final=True)
        await self._told(row, card)
        if row.team != LOCAL and (card.channel, card.ts) != (row.channel, row.message_ts):
            how = f"is to be asked for anew in Slack: `/hacluster {row.text}`"
            await surface.post(cards.ended(row.cluster, row.verb, how, Level.WARNING))
            return
        place = Place(row.channel, row.thread_ts)
        shown = self._shown.get(row.id)
        before = shown.plan if shown else None
        await self.propose(asker, place, row.text, verb, request, surface, before, row.incident)

    async def _drop(
        self,
        actor: Actor,
        row: PlanRow,
        state: PlanState,
        kind: Kind,
        surface: Surface,
        message: Ref | None,
        reason: str,
    ) -> None:
        store, now = self._world.needed_store(), self._world.now()
        summary = approval_cards.denied(actor.key, reason) if state == "denied" else ""
        if not await store.claim(row.id, "waiting", state, actor.key, now, summary=summary):
            raise PlanStale("somebody was faster", remedy="The message shows what became of the plan.")
        await self._audit(actor, row, kind, {"reason": reason} if reason else {})
        over = replace(row, state=state, decided_by=actor.key, finished=now, summary=summary)
        surface, card = await self._card(row, message, surface)
        await surface.edit(card, approval_cards.became(over), final=True)
        await self._told(row, card)

    # ------------------------------------------------------------------ common ground

    async def _declined(self, decision: Refusal | NothingToDo, cluster: ClusterSpec, snapshot: Snapshot) -> Report:
        if isinstance(decision, NothingToDo):
            return cards.nothing(decision)
        report = cards.refused(decision, cluster.name)
        return await host_keys.offered(self._world, report, host_keys.unknown_in(snapshot))

    async def _card(self, row: PlanRow, message: Ref | None, surface: Surface) -> tuple[Surface, Ref]:
        """Return where the plan's card is. Whoever typed elsewhere sees what they do on the card, or in the terminal."""
        if message is not None:
            if row.message_ts is None:  # the bot died between showing it and writing down where
                await self._world.needed_store().set_message(row.id, message.channel, message.ts)
            return surface, message
        if self.surface_of is not None and row.team != LOCAL and row.message_ts is not None:
            return self.surface_of(Place(row.channel, row.thread_ts)), Ref(row.channel, row.message_ts)
        return surface, await surface.post(cards.ended(row.cluster, row.verb, f"— `{row.text}`"))

    async def _told(self, row: PlanRow, card: Ref) -> None:
        """Note that the card says how the plan ended, unless that was told in another place than the card."""
        if (card.channel, card.ts) == (row.channel, row.message_ts) or row.team == LOCAL:
            await self._world.needed_store().plan_told(row.id)

    async def _in_time(self, actor: Actor, row: PlanRow, card: Ref, surface: Surface) -> None:
        now = self._world.now()
        if row.expires > now:
            return
        if await self._world.needed_store().claim(row.id, "waiting", "expired", actor.key, now):
            await self._audit(None, row, Kind.EXPIRED, {})
            await surface.edit(card, cards.ended(row.cluster, row.verb, "was not confirmed in time"), final=True)
            await self._told(row, card)
        minutes = (row.expires - row.created).total_seconds() / 60
        raise PlanStale(f"that plan is older than {minutes:.0f} minutes", remedy=f"Ask again: `/hacluster {row.text}`")

    async def _waiting(self, plan_id: str) -> PlanRow:
        row = await self._world.plan(plan_id)
        if row.state != "waiting":
            raise PlanStale(f"that plan {_BECAME[row.state]}", remedy="Ask again for a new one.")
        return row

    async def _audit(self, actor: Actor | None, row: PlanRow, kind: Kind, told: dict[str, Any]) -> None:
        body = {"plan": row.id, **told}
        await self._world.audit(actor, row.verb, row.cluster, kind, body, place=row.channel)

    def _silent(self, row: PlanRow) -> frozenset[str]:
        shown = self._shown.get(row.id)
        return shown.silent if shown else frozenset()

    def _remember(self, plan_id: str, shown: Shown) -> None:
        self._shown[plan_id] = shown
        while len(self._shown) > SHOWN:
            del self._shown[next(iter(self._shown))]
