"""A confirmed change under way: its cluster held, its steps carried out, its message kept up to date to the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import approval_cards, audit, cards
from bot.conversation import Actor, NotDelivered, Ref, Surface
from bot.recorded import Recorded
from bot.store.rows import PlanRow, PlanState
from bot.world import World
from commands.command import Runner
from commands.errors import HaclusterError
from commands.plan import Plan, Progress, apply
from commands.prediction.foresight import Foresight
from commands.report import Finding, Part, Text
from commands.snapshot import gather
from commands.verbs.patience import Impatient
from config.inventory import ClusterSpec
from config.policy import LOCAL

LEASE = timedelta(seconds=15)
"""How long a running change holds its cluster without a sign of life."""
QUICK = 0.5
"""Seconds that a node gets to answer which did not when the plan was shown: somebody waits for their click to count."""
SETTLING = (0.0, 1.0, 2.0)
"""Seconds to wait before each look whether it came as predicted, until it did."""
TICK = 2.5
"""Seconds between two edits of a progress message: Slack takes some 50 a minute. The lease is prolonged with it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Time:
    """What a running change knows of time: seconds that only go forward, and waiting."""

    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(slots=True)
class UnderWay:
    """One confirmed plan, from the click to the last edit of its message."""

    world: World
    actor: Actor
    row: PlanRow
    message: Ref
    surface: Surface
    time: Time
    begun: float = 0.0
    ended: float = 0.0
    states: dict[str, cards.StepState] = field(default_factory=dict)
    events: list[Progress] = field(default_factory=list)
    foresight: Foresight | None = None
    """What Pacemaker said would come of it."""
    silent: frozenset[str] = frozenset()
    """The nodes that did not answer when it was shown: they are not waited for long again."""

    @property
    def problems(self) -> list[Progress]:
        """The steps that failed."""
        return [event for event in self.events if event.state == "failed"]

    @property
    def outcome(self) -> PlanState:
        """How it ended."""
        return "failed" if self.problems else "done"

    def holding(self) -> AbstractAsyncContextManager[None]:
        """Hold the cluster for as long as the block lasts: nobody else changes it meanwhile."""
        return _beside(self._hold())

    async def carry_out(self, plan: Plan) -> None:
        """Run the plan's steps, telling and auditing each. A step that fails is told, not raised."""
        self.begun = self.time.clock()
        if plan.declares is not None:
            await self._declare(plan.declares)
        runner = Recorded(self.world.runner, partial(self._write, plan), self._held)
        applying = aclosing(apply(plan, runner, self.time.clock))
        async with _beside(self._tell(plan)), applying as events:
            async for event in events:
                self.states[event.step.id] = cards.StepState(event.state, event.seconds)
                self.events.append(event)
                if event.state != "not done":
                    await self._write(plan, audit.Kind.STEP, audit.of_step(event))
        self.ended = self.time.clock()
        problems = [event.problem for event in self.problems]
        told = audit.of_outcome(self.row.id, self.outcome, self.ended - self.begun, problems)
        await self._write(plan, audit.Kind.OUTCOME, told)

    async def tell_end(self, plan: Plan) -> bool:
        """Say how it ended, and return whether that was shown. If not, what was done is done all the same."""
        elapsed = self.ended - self.begun
        if self.problems:
            compared = await self._half_way(plan)
            people = await self._people()
            report = cards.failed(plan, self.states, elapsed, self.problems, self.row.text, compared, people)
        else:
            results, compared = await asyncio.gather(self._results(plan), self._compared(plan, SETTLING))
            report = cards.succeeded(plan, elapsed, (*compared, *results), await self._people())
        try:
            await self.surface.edit(self.message, report, final=True)
            if any(event.ran or event.problem for event in self.events):
                await self.surface.post(cards.details(plan, self.events), under=self.message)
        except NotDelivered as error:
            log.warning("the end of a change could not be told", cluster=plan.cluster.name, why=str(error))
            return False
        return True

    async def _write(self, plan: Plan, kind: audit.Kind, told: Mapping[str, Any]) -> int:
        return await self.world.audit(self.actor, plan.verb, plan.cluster.name, kind, told, place=self.row.channel)

    async def _people(self) -> str:
        """Say by whose word it was done."""
        store = self.world.needed_store()
        try:
            row, votes = await store.plan(self.row.id), await store.votes(self.row.id)
        except SQLAlchemyError:
            log.exception("whose word it was cannot be told", plan=self.row.id)
            return ""
        return approval_cards.by_whom(row or self.row, votes)

    async def _compared(self, plan: Plan, looks: Sequence[float]) -> tuple[Part, ...]:
        """Hold what was predicted against what came. What is on its way still gets a moment."""
        different = await self._different(plan, looks)
        if different is None:
            return ()
        return different or (Text("It came as Pacemaker had predicted."),)

    async def _half_way(self, plan: Plan) -> tuple[Part, ...]:
        """Hold what was predicted of the whole against what came of a change that failed on its way."""
        different = await self._different(plan, SETTLING[:1])
        if different is None:
            return ()
        if not different:
            return (Text("All the same, everything is where Pacemaker had predicted it for the whole change."),)
        return (Text("Pacemaker's prediction was for the whole change. What is not as it had said:"), *different)

    async def _different(self, plan: Plan, looks: Sequence[float]) -> tuple[Finding, ...] | None:
        """Return what came otherwise than predicted; None where nothing was predicted, or nothing can be read."""
        if self.foresight is None or not self.foresight.words():
            return None
        different: tuple[Finding, ...] = ()
        for wait in looks:
            if wait:
                await self.time.pause(wait)
            try:
                reality = await gather(plan.cluster, self._reading(), ("status",))
            except HaclusterError:
                return None
            different = self.foresight.compared(reality) or ()
            if not different:
                break
        told = {"predicted": self.foresight.words(), "otherwise": [one.text for one in different]}
        try:
            await self._write(plan, audit.Kind.PREDICTION, {"plan": self.row.id, **told})
        except SQLAlchemyError:
            log.exception("what came of a prediction could not be kept", plan=self.row.id)
        return different

    async def _results(self, plan: Plan) -> tuple[Part, ...]:
        if not plan.steps or plan.leaves == "stopped":
            return ()
        try:
            return await self.world.results(plan.cluster, self._reading())
        except Exception:
            # it is a look at what is there now, on top: the steps have proved themselves
            log.exception("the results of a change could not be read", cluster=plan.cluster.name)
            return ()

    async def _declare(self, spec: ClusterSpec) -> None:
        """Remember a cluster from before its first step: a setup that stops half-way is still there to be asked about."""
        # made from a channel, it is that channel's own, and its alerts go there
        here = (self.row.channel,) if self.row.team != LOCAL else ()
        known = spec.model_copy(update={"channels": spec.channels or here})
        await self.world.needed_store().declare(known, self.actor.key, self.world.now())

    async def _tell(self, plan: Plan) -> None:
        while True:
            report = cards.progress(plan, self.states, self.time.clock() - self.begun)
            try:
                await self.surface.edit(self.message, report)
            except NotDelivered as error:
                log.warning("progress could not be told", why=str(error))
            except Exception:
                # whatever is wrong with telling, the change goes on, and its end is told all the same
                log.exception("progress could not be told")
            await self.time.pause(TICK)

    def _reading(self) -> Runner:
        return Impatient(self.world.reading, QUICK, self.silent)

    async def _held(self) -> bool:
        row = await self.world.needed_store().plan(self.row.id)
        return row is not None and row.state == "running"

    async def _hold(self) -> None:
        while True:
            await self.time.pause(TICK)
            try:
                await self.world.needed_store().extend(self.row.id, self.world.now() + LEASE)
            except Exception:
                # a store that stumbles once must not cost the lease: the next tick comes well before it ends
                log.exception("the lease of a change could not be prolonged", plan=self.row.id)


@asynccontextmanager
async def meanwhile(jobs: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Let jobs go on while the block lasts, and end before it does: what is only told must not keep a change waiting."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        await asyncio.gather(*tasks)


@asynccontextmanager
async def _beside(job: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a job for as long as the block lasts."""
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
