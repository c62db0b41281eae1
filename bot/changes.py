"""Changes: proposed, confirmed or approved, planned again, carried out, told.

A plan waits in the store between its proposal and the click. On the click the person, the cluster and the plan are all
looked up anew; if what would be done now is not what was shown, nothing is done and the new plan is shown instead. One
change at a time per cluster: the store holds a lease that the running change keeps prolonging.

Who must click is the policy's to say: the one who asked (Confirm), or so many others (Approve).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bot import approval_cards, approvals, audit, cards, host_keys, ids
from bot.approval_cards import Count
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered, Place, Ref, Surface
from bot.deciding import decide
from bot.differences import differences
from bot.last_click import Click, LastClick
from bot.plan_messages import PlanMessages, typed_in
from bot.rights import Rights, rights_now
from bot.store.rows import PlanRow, PlanState, VoteRow
from bot.under_way import LEASE, Time, meanwhile
from bot.understanding import only_to_show, reason_of, understand
from bot.world import World
from commands.errors import NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Refusal
from commands.report import Report
from commands.snapshot import Snapshot
from commands.verbs.verb import Verb
from config.inventory import ClusterSpec
from config.policy import Role

SHOWN = 200
"""How many shown plans are kept in memory, to tell what changed since."""


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
    """All that happens between "do this" and "it is done"."""

    def __init__(self, world: World, time: Time | None = None) -> None:
        self._world = world
        self._shown: dict[str, Plan] = {}
        self._messages = PlanMessages(world)
        self._last_click = LastClick(world, time or Time(), self._messages, self._ask_anew)

    def reaches(self, surface_of: Callable[[Place], Surface]) -> None:
        """Let what is decided in one place be shown in another: a process in a terminal reaches none."""
        self._messages.surface_of = surface_of

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
            silent=tuple(sorted(decided.silent)),
        )
        await store.add_plan(row)
        self._remember(row.id, decision)
        changed = differences(before, decision) if before else ()
        if rule.alone:
            ref = await surface.post(cards.proposal(decision, row.id, changed=changed, more=decided.foreseen))
        else:
            await self._audit(actor, row, Kind.REQUESTED, {"approvals": row.approvals, "reason": row.reason})
            card = approval_cards.request(
                decision, row, Count((), row.approvals), changed=changed, more=decided.foreseen
            )
            ref = await surface.post(await self._messages.announced(row, decision.cluster, card))
        await self._messages.shown(row, ref)
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
        rights = await rights_now(self._world.policy, self._world.groups_anew)
        actor = rights.of(actor)
        verb, request = await self._understood(actor, row, rights)
        await self.recover()  # what a dead bot left running must not bar the way
        if not await store.claim(row.id, "waiting", "running", actor.key, now, lease=now + LEASE):
            raise PlanStale("somebody was faster", remedy="The message shows what became of the plan.")
        await self._last_click.carry_out(Click(actor, actor, row, verb, request, message, surface))

    async def approve(
        self,
        actor: Actor,
        plan_id: str,
        surface: Surface,
        *,
        message: Ref | None = None,
        place: Place | None = None,
        reason: str = "",
        alone: bool = False,
    ) -> None:
        """Take a person's approval; with the last one that it needs, carry the plan out.

        `message` is the card if that is where they pressed; without it they typed, in `place`. `alone` is break-glass.
        """
        store, policy = self._world.needed_store(), self._world.policy
        row = await self._waiting(plan_id)
        rule = policy.approval_rule(row.verb, row.cluster, row.risk)
        rights = await rights_now(policy, self._world.groups_anew)
        actor = rights.of(actor)
        if row.approvals or not rule.alone:
            approvals.check(policy, rule, row, actor, alone=alone, reason=reason, caveat=rights.caveat)
        own_surface, (surface, card) = surface, await self._messages.of(row, message, surface)
        if not row.approvals and rule.alone:
            await self.confirm(actor, plan_id, card, surface)
            return
        await self._in_time(actor, row, card, surface)
        asker = rights.of(Actor(row.team, row.user, frozenset(row.groups)))
        verb, request = await self._still_asked_for(asker, row, rights)
        await self.recover()
        now, needed = self._world.now(), 1 if alone else approvals.needed(row, rule)
        where = typed_in(row, actor, message, place)
        reason = audit.masked(reason)
        vote = VoteRow(row.id, actor.key, now, reason, tuple(sorted(actor.groups)), where)
        lapsed = rights.lapsed(row, rule, await store.votes(row.id))
        state, votes, new = await store.approve(row.id, vote, needed, now + LEASE, lapsed=lapsed, alone=alone)
        count = Count(votes, needed, lapsed, rights.caveat)
        if not new:
            raise UsageError(
                "you have approved it already" if state == "waiting" else f"that plan is {state} already",
                remedy=f"It takes {count.missing} more." if state == "waiting" else "The message shows the rest.",
            )
        told: dict[str, Any] = {"reason": reason, "approvals": count.given, "needed": needed}
        if lapsed:
            told["lapsed"] = sorted(lapsed)
        await self._audit(actor, row, Kind.BROKE_GLASS if alone else Kind.APPROVED, told)
        asides = [self._told_where_it_goes_on(row, own_surface)] if where and surface is not own_surface else []
        if alone:
            asides.append(self._told_of_one_alone(actor, row, reason, surface, request.cluster))
        click = Click(actor, asker, row, verb, request, card, surface)
        async with meanwhile(asides):
            if state == "running":
                await self._last_click.carry_out(click)
            else:
                await self._take_note(click, count)

    async def deny(
        self,
        actor: Actor,
        plan_id: str,
        surface: Surface,
        *,
        message: Ref | None = None,
        place: Place | None = None,
        reason: str = "",
    ) -> None:
        """Take a person's no: the plan is over."""
        row = await self._waiting(plan_id)
        policy = self._world.policy
        rule = policy.approval_rule(row.verb, row.cluster, row.risk)
        if not policy.approves(actor.team, actor.user, actor.groups, row.cluster, rule):
            raise NotAllowed(f"you may not decide on changes of `{row.cluster}`")
        await self._drop(actor, row, "denied", Kind.DENIED, surface, message, place, reason)

    async def cancel(
        self, actor: Actor, plan_id: str, surface: Surface, *, message: Ref | None = None, place: Place | None = None
    ) -> None:
        """Take a waiting plan back: who asked for it may, and whoever could have asked."""
        row = await self._waiting(plan_id)
        verb = next((verb for verb in self._world.verbs if verb.name == row.verb), None)
        policy = self._world.policy
        could_ask = verb and policy.allows(verb.role, actor.team, actor.user, actor.groups, row.cluster)
        if not approvals.asked_by(row, actor) and not could_ask:
            raise NotAllowed("only who asked for this plan, or who could have, can cancel it")
        await self._drop(actor, row, "cancelled", Kind.CANCELLED, surface, message, place)

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
        await surface.whisper(cards.copied(shown))

    async def recover(self) -> None:
        """Note of each plan whose bot died that it was interrupted. It is never rerun by itself."""
        for row in await self._world.needed_store().interrupt_lapsed(self._world.now()):
            await self._audit(None, row, Kind.INTERRUPTED, {})

    async def _drop(
        self,
        actor: Actor,
        row: PlanRow,
        state: PlanState,
        kind: Kind,
        surface: Surface,
        message: Ref | None,
        place: Place | None,
        reason: str = "",
    ) -> None:
        """End a waiting plan by a person's word, and say so on its card and, if that is elsewhere, where they typed."""
        store, now = self._world.needed_store(), self._world.now()
        summary = approval_cards.ended_by(state, actor.key, typed_in(row, actor, message, place), reason)
        if not await store.claim(row.id, "waiting", state, actor.key, now, summary=summary):
            raise PlanStale("somebody was faster", remedy="The message shows what became of the plan.")
        await self._audit(actor, row, kind, {"reason": reason} if reason else {})
        over = approval_cards.became(replace(row, state=state, decided_by=actor.key, finished=now, summary=summary))
        own_surface, (surface, card) = surface, await self._messages.of(row, message, surface)
        await surface.edit(card, over, final=True)
        await self._messages.told(row, card)
        if surface is not own_surface:
            await own_surface.whisper(replace(over, private=True))

    # ------------------------------------------------------------------ on the way of an approval

    async def _understood(self, person: Actor, row: PlanRow, rights: Rights) -> tuple[Verb, Any]:
        """Understand a plan's words anew. Who is refused for what nobody could look up is told that, not a lost right."""
        try:
            verb, request, _ = await understand(self._world, person, Place(row.channel, row.thread_ts), row.text)
        except NotAllowed as error:
            raise NotAllowed(error.message, remedy=rights.caveat or error.remedy) from None
        return verb, request

    async def _still_asked_for(self, asker: Actor, row: PlanRow, rights: Rights) -> tuple[Verb, Any]:
        """Understand a plan's words by the rights that who asked for it has now."""
        try:
            return await self._understood(asker, row, rights)
        except NotAllowed as error:
            who = approval_cards.name_of_asker(row)
            if rights.caveat:
                told = f"{who} asked for this, and cannot be seen to be allowed to just now"
                raise NotAllowed(f"{told}: {error.message}", remedy=rights.caveat) from None
            raise NotAllowed(
                f"{who} asked for this and may not do so any more: {error.message}",
                remedy=f"Whoever may can ask for it anew: `/hacluster {row.text}`",
            ) from None

    async def _take_note(self, click: Click, count: Count) -> None:
        """Look whether a plan still holds that has not all of its approvals yet, and show those that it has."""
        row, store = click.row, self._world.needed_store()
        decided = await decide(self._world, click.verb, click.request, frozenset(row.silent))
        if isinstance(decided.decision, Plan) and decided.fingerprint == row.fingerprint:
            shown: Count | None = None
            while (await self._world.plan(row.id)).state == "waiting":
                # of two who approve in the same instant each looks again after its edit, so the last edit is true
                count = replace(count, votes=await store.votes(row.id))
                if count == shown:
                    return
                card = approval_cards.request(decided.decision, row, count, more=decided.foreseen)
                await click.surface.edit(click.card, card)
                shown = count
            if shown is not None:  # that edit may have come over what tells the end
                await store.plan_not_told(row.id)
        elif await store.claim(row.id, "waiting", "stale", click.actor.key, self._world.now()):
            await self._last_click.void(click)

    async def _ask_anew(self, click: Click) -> None:
        """Propose again what was asked for, and say what is different."""
        row, place = click.row, Place(click.row.channel, click.row.thread_ts)
        before = self._shown.get(row.id)
        await self.propose(click.asker, place, row.text, click.verb, click.request, click.surface, before, row.incident)

    async def _told_where_it_goes_on(self, row: PlanRow, surface: Surface) -> None:
        """Tell who typed their approval elsewhere that it was taken, and where the card is."""
        with suppress(NotDelivered):
            await surface.whisper(approval_cards.taken(row))

    async def _told_of_one_alone(
        self, actor: Actor, row: PlanRow, reason: str, surface: Surface, cluster: ClusterSpec
    ) -> None:
        """Say loudly that one person goes ahead alone. That it cannot be told must not stop them: it is in the audit."""
        report = approval_cards.alone(row, actor.key, reason)
        with suppress(NotDelivered):
            if self._messages.surface_of is None:
                await self._messages.also_in_slack(row, cluster, report)
            await surface.post(report)

    # ------------------------------------------------------------------ common ground

    async def _declined(self, decision: Refusal | NothingToDo, cluster: ClusterSpec, snapshot: Snapshot) -> Report:
        if isinstance(decision, NothingToDo):
            return cards.nothing(decision)
        report = cards.refused(decision, cluster.name)
        return await host_keys.offered(self._world, report, host_keys.unknown_in(snapshot))

    async def _in_time(self, actor: Actor, row: PlanRow, card: Ref, surface: Surface) -> None:
        now = self._world.now()
        if row.expires > now:
            return
        if await self._world.needed_store().claim(row.id, "waiting", "expired", actor.key, now):
            await self._audit(None, row, Kind.EXPIRED, {})
            await surface.edit(card, cards.ended(row.cluster, row.verb, "was not confirmed in time"), final=True)
            await self._messages.told(row, card)
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

    def _remember(self, plan_id: str, plan: Plan) -> None:
        self._shown[plan_id] = plan
        while len(self._shown) > SHOWN:
            del self._shown[next(iter(self._shown))]
