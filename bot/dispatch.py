"""The one door: parse, authorise, plan, confirm, lock, apply, report, audit.

Every surface comes through here, with the same rules. Reading downward is the life of a request; a change waits in the
store between its proposal and the click, and on the click everything is looked up, read and planned again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import cards
from bot.conversation import Actor, Place, Ref, Surface
from bot.store.rows import PlanRow
from bot.store.store import Store
from commands.command import Runner
from commands.errors import HaclusterError, HostKeyUnknown, NotAllowed, PlanStale, UsageError
from commands.plan import NothingToDo, Plan, Progress, Refusal, apply
from commands.report import Level, Part, Report
from commands.snapshot import Snapshot, gather
from commands.verbs.form import Form
from commands.verbs.verb import Change, Declared, Desk, Verb
from commands.verbs.words import nearest, parse, tokens
from config.inventory import ClusterSpec
from config.policy import LOCAL, Policy, Role

CONFIRM_WITHIN = timedelta(minutes=15)
LEASE = timedelta(seconds=15)
"""How long a running plan holds its cluster without a sign of life."""
TICK = 2.5
"""Seconds between two edits of a progress message: Slack takes some 50 a minute, and the lease is prolonged with it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """What the dispatcher works with; made once, in `bot.app`."""

    verbs: tuple[Verb, ...]
    policy: Policy
    declared: Mapping[str, ClusterSpec]
    """The clusters of the configuration file; they win over those made from chat."""
    runner: Runner
    store: Store | None
    now: Callable[[], datetime]
    start: Callable[[Coroutine[Any, Any, None]], object]
    """Runs work that outlives the request, in a task group that shutdown drains."""
    secret: Callable[[str], str]
    file: Callable[[str], str]
    last_seen: Callable[[Any], datetime | None] = lambda _: None
    results: Callable[[ClusterSpec, Runner], Awaitable[tuple[Part, ...]]] | None = None
    """What is shown when a change is done: the membership, as the recipe's last step has it."""
    surface_name: str = "slack"


@dataclass(slots=True)
class _Run:
    """A plan under way: what its message shows."""

    plan: Plan
    states: dict[str, cards.StepState] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    problems: list[Progress] = field(default_factory=list)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun


class Dispatcher:
    """Implements `bot.conversation.Dispatch`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._verbs = {verb.name: verb for verb in world.verbs}

    # ------------------------------------------------------------------ a request

    async def request(self, actor: Actor, place: Place, text: str, surface: Surface, *, key: str) -> None:
        """Answer what somebody typed."""
        if not await self._first_time(key):
            return
        async with self._answering(surface):
            verb, request, desk = await self._understand(actor, place, text)
            await self._audit(actor, verb.name, request.cluster, "asked", {"text": text[:500]})
            if verb.answer is not None:
                report = await verb.answer(request, desk)
                await (surface.whisper(report) if report.private else surface.post(report))
            elif verb.change is not None:
                await self._propose(actor, place, text, verb, request, surface)

    async def _understand(self, actor: Actor, place: Place, text: str) -> tuple[Verb, Any, Desk]:
        """Return the verb, its typed request and the desk; raises `UsageError` or `NotAllowed`."""
        if actor.team != LOCAL and not self._world.policy.allows_channel(place.channel):
            raise NotAllowed("the bot is not to be used in this channel", remedy="Ask an admin of the bot where it is.")
        words = tokens(text)
        name, *rest = words or ("help",)
        verb = self._verbs.get(name.lower())
        if verb is None:
            near = nearest(name, self._verbs)
            raise UsageError(
                f"there is no verb {name[:40]!r}",
                remedy=f"Did you mean `/hacluster {near}`?" if near else "`/hacluster help` lists what there is.",
            )
        desk = await self._desk(actor, place)
        request = verb.parse(parse(rest, verb.options, f"/hacluster {verb.usage}"), desk)
        self._authorise(actor, verb, request.cluster)
        return verb, request, desk

    def _authorise(self, actor: Actor, verb: Verb, cluster: ClusterSpec | None) -> None:
        name = cluster.name if cluster else None
        if not self._world.policy.allows(verb.role, actor.team, actor.user, actor.groups, name):
            on = f" on `{name}`" if name else ""
            raise NotAllowed(
                f"`{verb.name}`{on} takes the role {verb.role.word}",
                remedy=f"Ask for a grant for the id `{actor.key}` in the bot's policy; `/hacluster whoami` shows what "
                "you may do.",
            )

    async def _desk(self, actor: Actor, place: Place) -> Desk:
        clusters = {name: Declared(spec, "file") for name, spec in self._world.declared.items()}
        for spec in await self._world.store.declared() if self._world.store else ():
            clusters.setdefault(spec.name, Declared(spec, "slack"))
        policy = self._world.policy
        here = [name for name, known in clusters.items() if place.channel in known.spec.channels]
        return Desk(
            clusters=clusters,
            runner=self._world.runner,
            default_cluster=here[0] if here else None,
            secret=self._world.secret,
            file=self._world.file,
            last_seen=self._world.last_seen,
            verbs=self._world.verbs,
            who=actor.key,
            role=lambda cluster: policy.role(actor.team, actor.user, actor.groups, cluster),
        )

    # ------------------------------------------------------------------ a change is shown

    async def _propose(
        self,
        actor: Actor,
        place: Place,
        text: str,
        verb: Verb,
        request: Any,
        surface: Surface,
        changed: tuple[str, ...] = (),
    ) -> None:
        store = self._store()
        snapshot = await self._gather(verb, request)
        decision = _change(verb).decide(request, snapshot)
        if isinstance(decision, Plan):
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
            ref = await surface.post(cards.proposal(decision, row.id, changed=changed))
            await store.set_message(row.id, ref.channel, ref.ts)
        else:
            await surface.post(await self._declined(decision, request.cluster, snapshot))
        await self._audit(actor, verb.name, request.cluster, type(decision).__name__.lower(), _told(decision))

    async def _gather(self, verb: Verb, request: Any) -> Snapshot:
        return await gather(request.cluster, self._world.runner, _change(verb).reads)

    async def _declined(self, decision: Refusal | NothingToDo, cluster: ClusterSpec, snapshot: Snapshot) -> Report:
        if isinstance(decision, NothingToDo):
            return cards.nothing(decision)
        offers = []
        for error in _unknown_keys(snapshot) if self._world.store else ():
            offer_id = secrets.token_urlsafe(12)
            await self._store().offer(
                offer_id, error.node or "", error.address, error.port, error.key, error.fingerprint, self._world.now()
            )
            offers.append((error, offer_id))
        return cards.refused(decision, cluster.name, offers)

    # ------------------------------------------------------------------ a button is pressed

    async def press(
        self, actor: Actor, place: Place, action: str, value: str, message: Ref, surface: Surface, *, key: str
    ) -> None:
        """Do what a pressed choice asks for. The value is an opaque id from outside: all else is looked up."""
        if not await self._first_time(key):
            return
        presses = {
            cards.CONFIRM: self._confirm,
            cards.CANCEL: self._cancel,
            cards.COMMANDS: self._commands,
            cards.TRUST: self._trust,
        }
        async with self._answering(surface):
            press = presses.get(action)
            if press is None:
                raise UsageError("that button is of an older version of the bot", remedy="Ask again.")
            await press(actor, place, value, message, surface)

    async def _waiting(self, plan_id: str) -> PlanRow:
        row = await self._store().plan(plan_id) if plan_id.isascii() and len(plan_id) < 64 else None  # noqa: PLR2004
        if row is None:
            raise UsageError("that plan is not known", remedy="Ask again.")
        if row.state != "waiting":
            by = f" by {row.decided_by}" if row.decided_by else ""
            raise UsageError(f"that plan is {row.state} already{by}", remedy="Ask again for a new one.")
        return row

    async def _confirm(self, actor: Actor, place: Place, plan_id: str, message: Ref, surface: Surface) -> None:
        store, now = self._store(), self._world.now()
        row = await self._waiting(plan_id)
        if (row.team, row.user) != (actor.team, actor.user):
            raise NotAllowed(
                "only the person who asked for this plan can confirm it",
                remedy=f"Type `/hacluster {row.text}` yourself.",
            )
        await self._expire(row, now, message, surface)
        verb, request, _ = await self._understand(actor, Place(row.channel, row.thread_ts), row.text)
        await store.interrupt_lapsed(now)
        if not await store.claim(row.id, "waiting", "running", actor.key, now, lease=now + LEASE):
            raise UsageError("somebody was faster", remedy="The message shows what became of the plan.")
        await self._audit(actor, verb.name, request.cluster, "confirmed", {"plan": row.id})
        await self._carry_out(actor, place, row, verb, request, message, surface)

    async def _expire(self, row: PlanRow, now: datetime, message: Ref, surface: Surface) -> None:
        if row.expires > now:
            return
        await self._store().claim(row.id, "waiting", "expired", row.team, now)
        await surface.edit(message, cards.ended(row.cluster, row.verb, "was not confirmed in time"), final=True)
        raise UsageError("that plan is older than 15 minutes", remedy=f"Ask again: `/hacluster {row.text}`")

    async def _carry_out(
        self, actor: Actor, place: Place, row: PlanRow, verb: Verb, request: Any, message: Ref, surface: Surface
    ) -> None:
        """Plan again, compare with what was confirmed, and do it. Ends with the plan's row in an ended state."""
        outcome = "failed"
        try:
            async with self._answering(surface):
                snapshot = await self._gather(verb, request)
                decision = _change(verb).decide(request, snapshot)
                if isinstance(decision, Plan) and decision.fingerprint == row.fingerprint:
                    outcome = await self._apply(actor, row, decision, message, surface)
                    return
                outcome = "stale"
                how = "was not carried out: the cluster changed since the plan was shown"
                await surface.edit(message, cards.ended(row.cluster, row.verb, how, Level.WARNING), final=True)
                if isinstance(decision, Plan):
                    # the cluster is free again before the new plan is shown
                    await self._end(row, "stale", "the cluster changed")
                    why = "This is a new plan: the cluster is no longer what the one you confirmed was made for."
                    await self._propose(actor, place, row.text, verb, request, surface, (why,))
                else:
                    await surface.post(await self._declined(decision, request.cluster, snapshot), under=message)
        finally:
            await asyncio.shield(self._end(row, outcome, ""))

    async def _end(self, row: PlanRow, outcome: Any, summary: str) -> None:
        await self._store().claim(row.id, "running", outcome, row.user, self._world.now(), summary=summary)

    async def _apply(self, actor: Actor, row: PlanRow, plan: Plan, message: Ref, surface: Surface) -> str:
        run = _Run(plan)
        if plan.declares is not None:
            # a cluster made from a channel is that channel's own, and its alerts go there
            here = (row.channel,) if actor.team != LOCAL else ()
            spec = plan.declares.model_copy(update={"channels": plan.declares.channels or here})
            await self._store().declare(spec, actor.key, self._world.now())
        ticking = asyncio.create_task(self._tick(row, run, message, surface))
        try:
            async for event in apply(plan, self._world.runner):
                run.states[event.step.id] = cards.StepState(event.state, event.seconds)
                if event.state == "failed":
                    run.problems.append(event)
                await self._note(actor, run, event, message, surface)
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
        await self._conclude(row, run, message, surface)
        return "failed" if run.problems else "done"

    async def _tick(self, row: PlanRow, run: _Run, message: Ref, surface: Surface) -> None:
        while True:
            await self._store().extend(row.id, self._world.now() + LEASE)
            await surface.edit(message, cards.progress(run.plan, run.states, run.elapsed))
            await asyncio.sleep(TICK)

    async def _note(self, actor: Actor, run: _Run, event: Progress, message: Ref, surface: Surface) -> None:
        if event.state in {"started", "not done"}:
            return
        detail: dict[str, Any] = {
            "step": event.step.id,
            "state": event.state,
            "ran": [[done.node, list(done.command.argv), done.status, round(done.seconds, 3)] for done in event.ran],
        }
        if event.problem is not None:
            detail["problem"] = str(event.problem)
        await self._audit(actor, run.plan.verb, run.plan.cluster, "step", detail)

    async def _conclude(self, row: PlanRow, run: _Run, message: Ref, surface: Surface) -> None:
        if run.problems:
            report = cards.failed(run.plan, run.states, run.elapsed, run.problems, row.text)
        else:
            elapsed = run.elapsed
            results = await self._world.results(run.plan.cluster, self._world.runner) if self._world.results else ()
            report = cards.succeeded(run.plan, run.states, elapsed, results)
        await surface.edit(message, report, final=True)

    async def _cancel(self, actor: Actor, _: Place, plan_id: str, message: Ref, surface: Surface) -> None:
        row = await self._waiting(plan_id)
        verb = self._verbs.get(row.verb)
        role = self._world.policy.role(actor.team, actor.user, actor.groups, row.cluster)
        if (row.team, row.user) != (actor.team, actor.user) and (verb is None or role is None or role < verb.role):
            raise NotAllowed("only who asked for this plan, or who could have, can cancel it")
        if not await self._store().claim(row.id, "waiting", "cancelled", actor.key, self._world.now()):
            raise UsageError("somebody was faster", remedy="The message shows what became of the plan.")
        await self._audit_row(actor, row, "cancelled")
        await surface.edit(message, cards.ended(row.cluster, row.verb, "was cancelled; nothing was run"), final=True)

    async def _commands(self, actor: Actor, _: Place, plan_id: str, __: Ref, surface: Surface) -> None:
        row = await self._waiting(plan_id)
        verb, request, _desk = await self._understand(actor, Place(row.channel, row.thread_ts), row.text)
        decision = _change(verb).decide(request, await self._gather(verb, request))
        if not isinstance(decision, Plan) or decision.fingerprint != row.fingerprint:
            raise PlanStale(
                "the cluster changed since this plan was shown", remedy=f"Ask again: `/hacluster {row.text}`"
            )
        await surface.whisper(cards.copied(decision))

    async def _trust(self, actor: Actor, _: Place, offer_id: str, __: Ref, surface: Surface) -> None:
        if not self._world.policy.allows(Role.ADMIN, actor.team, actor.user, actor.groups, None):
            raise NotAllowed("trusting a host key takes the role admin for all clusters")
        offer = await self._store().offered(offer_id) if offer_id.isascii() and len(offer_id) < 64 else None  # noqa: PLR2004
        if offer is None:
            raise UsageError("that host key is not known", remedy="Ask again.")
        now = self._world.now()
        await self._store().trust(offer.address, offer.port, offer.key, offer.fingerprint, actor.key, now)
        await self._audit(actor, "trust", None, "trusted", {"address": offer.address, "fingerprint": offer.fingerprint})
        await surface.post(
            Report(
                f"The host key {offer.fingerprint} of {offer.node} ({offer.address}) is trusted now; ask again.",
                Level.OK,
            )
        )

    # ------------------------------------------------------------------ a form

    async def form(self, actor: Actor, place: Place, verb: str) -> Form | None:
        """Return the form of a verb typed bare; None where there is none, or where they may not use it at all."""
        found = self._verbs.get(verb)
        if found is None or found.form is None or not self._world.policy.allows_channel(place.channel):
            return None
        names = [None, *self._world.declared]
        may = any(self._world.policy.allows(found.role, actor.team, actor.user, actor.groups, name) for name in names)
        return found.form if may else None

    async def submit(
        self, actor: Actor, place: Place, verb: str, values: Mapping[str, str], surface: Surface, *, key: str
    ) -> Mapping[str, str]:
        """Check a filled-in form, by field; if all is well, go on as if its words had been typed."""
        found = self._verbs.get(verb)
        if found is None or found.form is None or found.from_form is None:
            return {}
        first = found.form.fields[0].id
        try:
            text, wrong = found.from_form(values)
            if not wrong:
                await self._understand(actor, place, text)
        except HaclusterError as error:
            return {first: " ".join(filter(None, (f"{error}.", error.remedy)))[:300]}
        if not wrong:
            self._world.start(self.request(actor, place, text, surface, key=key))
        return wrong

    # ------------------------------------------------------------------ after a restart

    async def recover(self, surface_of: Callable[[Place], Surface]) -> None:
        """Say of each plan that a dead bot left behind that it was interrupted. It is never rerun by itself."""
        for row in await self._store().interrupt_lapsed(self._world.now()):
            await self._store().record(
                self._world.now(), "bot", "bot", row.verb, row.cluster, "interrupted", {"plan": row.id}
            )
            if row.message_ts is None or row.team == LOCAL:
                continue
            how = "was interrupted: the bot stopped while it ran. Ask again to resume: what is done stays done"
            with suppress(HaclusterError):
                report = replace(
                    cards.ended(row.cluster, row.verb, how, Level.WARNING), next_step=f"/hacluster {row.text}"
                )
                await surface_of(Place(row.channel, row.thread_ts)).edit(
                    Ref(row.channel, row.message_ts), report, final=True
                )

    # ------------------------------------------------------------------ common ground

    @asynccontextmanager
    async def _answering(self, surface: Surface) -> AsyncIterator[None]:
        """Turn every error into words, in this one place."""
        try:
            yield
        except HaclusterError as error:
            await surface.whisper(cards.problem(error))
        except Exception:  # the door's last resort: a defect of ours gets a reference, never a traceback
            reference = secrets.token_hex(4)
            log.exception("unexpected", reference=reference)
            await surface.whisper(cards.unexpected(reference))

    async def _first_time(self, key: str) -> bool:
        return not key or self._world.store is None or await self._world.store.first_time(key, self._world.now())

    def _store(self) -> Store:
        if self._world.store is None:
            raise HaclusterError(
                "the bot's store cannot be opened, so nothing can be changed", remedy="Reading still works."
            )
        return self._world.store

    async def _audit(
        self, actor: Actor, verb: str, cluster: ClusterSpec | None, event: str, detail: Mapping[str, Any]
    ) -> None:
        name = cluster.name if cluster else None
        if self._world.store is None:
            log.info("audit", actor=actor.key, verb=verb, cluster=name, event_name=event)
            return
        surface = "terminal" if actor.team == LOCAL else self._world.surface_name
        await self._world.store.record(self._world.now(), actor.key, surface, verb, name, event, detail)

    async def _audit_row(self, actor: Actor, row: PlanRow, event: str) -> None:
        surface = "terminal" if actor.team == LOCAL else self._world.surface_name
        await self._store().record(
            self._world.now(), actor.key, surface, row.verb, row.cluster, event, {"plan": row.id}
        )


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


def _unknown_keys(snapshot: Snapshot) -> list[HostKeyUnknown]:
    found: dict[str, HostKeyUnknown] = {}
    for node in snapshot.nodes:
        for name in node.__slots__:
            error = getattr(getattr(node, name), "error", None)
            if isinstance(error, HostKeyUnknown):
                found.setdefault(node.node.name, error)
    return list(found.values())
