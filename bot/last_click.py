"""From the last click to the end: the cluster looked at once more, the plan carried out if it still holds, its end told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import cards
from bot.audit import Kind
from bot.conversation import Actor, NotDelivered, Ref, Surface
from bot.deciding import decide
from bot.plan_messages import PlanMessages
from bot.store.engine import why
from bot.store.rows import PlanRow, PlanState
from bot.under_way import Time, UnderWay
from bot.world import World
from commands.errors import HaclusterError
from commands.plan import Plan
from commands.report import Level
from commands.verbs.verb import Verb
from config.policy import LOCAL

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Click:
    """The last word on a plan: who gave it, who wants it, what is asked for, and where that is shown."""

    actor: Actor
    asker: Actor
    row: PlanRow
    verb: Verb
    request: Any
    card: Ref
    surface: Surface


class LastClick:
    """Carries claimed plans out. `ask_anew` proposes again what no longer is what was shown."""

    def __init__(
        self, world: World, time: Time, messages: PlanMessages, ask_anew: Callable[[Click], Awaitable[None]]
    ) -> None:
        self._world = world
        self._time = time
        self._messages = messages
        self._ask_anew = ask_anew

    async def carry_out(self, click: Click) -> None:
        """Carry a claimed plan out, if it still is what was shown."""
        actor, row, card, surface = click.actor, click.row, click.card, click.surface
        store, silent = self._world.needed_store(), frozenset(row.silent)
        going = UnderWay(self._world, actor, row, card, surface, self._time, silent=silent)
        state: PlanState = "stale"
        try:
            async with going.holding():
                await self._audit(actor, row, Kind.CONFIRMED)
                decided = await decide(self._world, click.verb, click.request, silent)
                decision = decided.decision
                if isinstance(decision, Plan) and decided.fingerprint == row.fingerprint:
                    going.foresight = decided.foresight
                    await going.carry_out(decision)
                    state = going.outcome
        except asyncio.CancelledError:
            # the bot stops: the lease ends now, and the next start says on the card that the plan was interrupted
            await asyncio.shield(store.extend(row.id, self._world.now()))
            raise
        except Exception as error:
            await self._cut_short(click, error, started=bool(going.events))
            if isinstance(error, SQLAlchemyError):
                _log.exception("a change was cut short by the store", plan=row.id)
                told = f"the bot's own store failed while this was under way: {why(error)}"
                raise HaclusterError(told, remedy="The card tells how far it came.") from None
            raise
        unkept: Exception | None = None
        try:
            await store.claim(row.id, "running", state, actor.key, self._world.now())
        except SQLAlchemyError as error:  # what is done is done, and told all the same
            unkept = error
        if isinstance(decision, Plan) and state != "stale":
            if await going.tell_end(decision) and unkept is None:
                await self._messages.told(row, card)
        elif unkept is None:
            await self.void(click)
        if unkept is not None:
            told = f"what became of it could not be kept: the bot's own store failed: {why(unkept)}"
            raise HaclusterError(told, remedy="The card tells it; later it will be listed as interrupted.")

    async def void(self, click: Click) -> None:
        """Say that a plan no longer holds, and show what would be done now."""
        row, card, surface = click.row, click.card, click.surface
        await self._audit(click.actor, row, Kind.VOID)
        how = "was not carried out: the cluster is no longer what it was when this was shown"
        await surface.edit(card, cards.ended(row.cluster, row.verb, how, Level.WARNING), final=True)
        await self._messages.told(row, card)
        if row.team != LOCAL and self._messages.is_elsewhere(row, card):
            how = f"is to be asked for anew in Slack: `/hacluster {row.text}`"
            await surface.post(cards.ended(row.cluster, row.verb, how, Level.WARNING))
            return
        await self._ask_anew(click)

    async def _cut_short(self, click: Click, error: Exception, *, started: bool) -> None:
        """Say that a change ended before its end, and why where it was the store: then nothing can be noted either."""
        row = click.row
        if isinstance(error, SQLAlchemyError):
            report = cards.store_failed_under_way(row.cluster, row.verb, why(error), row.text, started=started)
        else:
            how = "was cut short by a fault of mine. Ask again to resume: what is done stays done"
            report = cards.ended(row.cluster, row.verb, how, Level.CRITICAL)
        try:
            summary = f"{report.headline.partition(': ')[2]}."
            await self._world.needed_store().claim(
                row.id, "running", "failed", click.actor.key, self._world.now(), summary=summary
            )
        except SQLAlchemyError as unwritten:
            # its lease runs out, and once the store works again it is told as interrupted
            _log.warning("the end of a change could not be kept", plan=row.id, why=why(unwritten))
        with suppress(NotDelivered):
            await click.surface.edit(click.card, report, final=True)
            with suppress(SQLAlchemyError):
                await self._messages.told(row, click.card)

    async def _audit(self, actor: Actor, row: PlanRow, kind: Kind) -> None:
        await self._world.audit(actor, row.verb, row.cluster, kind, {"plan": row.id}, place=row.channel)
