"""The one door: whatever people ask, on any surface, comes through here, by the same rules.

Reading downward is the life of a request: once only, understood, allowed, audited, then answered or proposed as a change.
This is also the one place that turns errors into words.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import approval_cards, audit, cards, host_keys, incident_buttons
from bot.audit import Kind
from bot.changes import Changes
from bot.conversation import Actor, NotDelivered, Place, Ref, Surface
from bot.loose_ends import LooseEnds
from bot.store.engine import why
from bot.understanding import admit, could_use, understand
from bot.world import World
from commands.errors import HaclusterError, NotAllowed, UsageError
from commands.report import Report
from commands.verbs.form import Form
from commands.verbs.verb import Desk, Verb

log = structlog.get_logger(__name__)


class Dispatcher:
    """Implements `bot.conversation.Dispatch`."""

    def __init__(self, world: World, changes: Changes | None = None) -> None:
        self._world = world
        self._changes = changes or Changes(world)
        self._loose_ends = LooseEnds(world)
        self._surface_of: Callable[[Place], Surface] | None = None
        self._verbs = {verb.name: verb for verb in world.verbs}

    async def request(self, actor: Actor, place: Place, text: str, surface: Surface, *, key: str) -> None:
        """Answer what somebody typed."""
        async with self._answering(surface):
            if await self._first_time(key):
                await self._answer(actor, place, text, surface)

    async def _answer(
        self, actor: Actor, place: Place, text: str, surface: Surface, incident: str | None = None
    ) -> None:
        verb, request, desk = await self._understood(actor, place, text)
        name = request.cluster.name if request.cluster else None
        told = {"text": audit.masked(text)}
        # who only looks is answered though it cannot be kept that they did: it is most needed when things are broken
        with _store_or_not("question") if verb.answer is not None else nullcontext():
            await self._world.audit(actor, verb.name, name, Kind.ASKED, told, place=place.channel)
        try:
            if verb.answer is not None:
                noting = host_keys.Noting(desk.runner)
                report = await verb.answer(request, replace(desk, runner=noting))
                if host_keys.may_trust(self._world, actor):
                    report = await host_keys.offered(self._world, report, noting.met)
                await (surface.whisper(report) if report.private else surface.post(report))
            elif verb.says is not None:
                await self._decided(actor, place, verb.says, request, surface)
            else:
                await self._changes.propose(actor, place, text, verb, request, surface, incident=incident)
        except NotDelivered:
            raise
        except HaclusterError as error:
            await self._refused(actor, place, {**told, "why": str(error)}, verb.name, name)
            raise

    async def press(
        self, actor: Actor, place: Place, action: str, value: str, message: Ref, surface: Surface, *, key: str
    ) -> None:
        """Do what a pressed choice asks for. The value is an opaque id from outside: everything else is looked up."""
        async with self._answering(surface):
            if not await self._first_time(key):
                return
            try:
                admit(self._world, actor, place)
                text = await self._pressed(actor, action, value, message, surface)
            except NotDelivered:
                raise
            except HaclusterError as error:
                await self._refused(actor, place, {"pressed": action[:40], "value": value[:64], "why": str(error)})
                raise
            if text is not None:
                incident = value.partition(":")[0] if action in incident_buttons.ACTIONS else None
                await self._answer(actor, place, text, surface, incident)

    async def _pressed(self, actor: Actor, action: str, value: str, message: Ref, surface: Surface) -> str | None:
        """Do it, or return the words that the button stands for."""
        match action:
            case cards.CONFIRM:
                await self._changes.confirm(actor, value, message, surface)
            case cards.CANCEL:
                await self._changes.cancel(actor, value, surface, message=message)
            case cards.COMMANDS:
                await self._changes.copy(actor, value, surface)
            case cards.TRUST:
                await host_keys.trust(self._world, actor, value, surface)
            case _ if action in approval_cards.ACTIONS:
                return await self._judged(actor, action, value, message, surface)
            case _ if action in incident_buttons.ACTIONS:
                return await incident_buttons.words(self._world, actor, action, value)
            case _:
                raise UsageError("that button is of another version of the bot", remedy="Ask again.")
        return None

    async def _judged(self, actor: Actor, action: str, value: str, message: Ref, surface: Surface) -> str | None:
        """Take a word on somebody's plan, or return the words that the button stands for."""
        match action:
            case approval_cards.APPROVE:
                await self._changes.approve(actor, value, surface, message=message)
            case approval_cards.DENY:
                await self._changes.deny(actor, value, surface, message=message)
            case approval_cards.ABANDON:
                await self._loose_ends.abandon(actor, value, message, surface)
            case approval_cards.REVIEWED:
                await self._loose_ends.review(actor, value, message, surface)
            case _:
                return await self._loose_ends.again(actor, value)
        return None

    async def _decided(self, actor: Actor, place: Place, word: str, request: Any, surface: Surface) -> None:
        """Take somebody's typed word on a plan that waits, or on a host key that was shown."""
        match word:
            case "trust":
                await host_keys.trust(self._world, actor, request.offer, surface)
            case "approve":
                await self._changes.approve(
                    actor, request.plan, surface, place=place, reason=request.reason, alone=request.alone
                )
            case "deny":
                await self._changes.deny(actor, request.plan, surface, place=place, reason=request.reason)
            case _:
                await self._changes.cancel(actor, request.plan, surface, place=place)

    async def form(self, actor: Actor, place: Place, verb: str) -> Form | None:
        """Return the form of a verb typed bare; None where there is none, or where they may not use it at all."""
        found = self._verbs.get(verb)
        try:
            admit(self._world, actor, place)
        except NotAllowed:
            return None
        return found.form if found and could_use(self._world, actor, found) else None

    async def submit(
        self, actor: Actor, place: Place, verb: str, values: Mapping[str, str], surface: Surface, *, key: str
    ) -> Mapping[str, str]:
        """Check a filled-in form, by field; if all is well, go on as if its words had been typed."""
        found = self._verbs.get(verb)
        if found is None or found.form is None or found.from_form is None:
            await self._tell(
                surface, cards.problem(UsageError("that form is not known", remedy="Type the request again."))
            )
            return {}
        try:
            text, wrong = found.from_form(values)
            if wrong:
                return wrong
            await self._understood(actor, place, text)
        except HaclusterError as error:
            placed = error.fields if isinstance(error, UsageError) else {}
            words = " ".join(filter(None, (cards.sentence(str(error)), error.remedy)))
            # about no field in particular: at the first one, which says what it is all about
            return {field: told[:300] for field, told in (placed or {found.form.fields[0].id: words}).items()}
        self._world.start(self.request(actor, place, text, surface, key=key))
        return {}

    def reaches(self, surface_of: Callable[[Place], Surface]) -> None:
        """Let what is decided in one place be shown in another."""
        self._surface_of = surface_of
        self._changes.reaches(surface_of)

    async def tie_loose_ends(self) -> None:
        """Tell of the plans that a dead bot left behind, that nobody answered, or that somebody decided elsewhere."""
        if self._surface_of is not None:
            await self._loose_ends.tie(self._surface_of)

    async def ask_for_reviews(self) -> None:
        """Ask again for a review of what one person did alone, where nobody gave one."""
        await self._loose_ends.ask_for_reviews()

    async def _understood(self, actor: Actor, place: Place, text: str) -> tuple[Verb, Any, Desk]:
        """Understand, and keep what was not: who tried what is worth knowing too."""
        try:
            return await understand(self._world, actor, place, text)
        except HaclusterError as error:
            await self._refused(actor, place, {"text": audit.masked(text), "why": str(error)})
            raise

    async def _refused(
        self, actor: Actor, place: Place, told: Mapping[str, Any], verb: str = "", cluster: str | None = None
    ) -> None:
        with _store_or_not("refusal"):
            await self._world.audit(actor, verb, cluster, Kind.REFUSED, told, place=place.channel)

    async def _first_time(self, key: str) -> bool:
        """Whether a delivery is new. If that cannot be told it is taken for new: a plan starts by its own row only."""
        store = self._world.store
        try:
            return not key or store is None or await store.first_time(key, self._world.now())
        except SQLAlchemyError as error:
            log.warning("delivery not kept", why=why(error))
            return True

    @asynccontextmanager
    async def _answering(self, surface: Surface) -> AsyncIterator[None]:
        try:
            yield
        except HaclusterError as error:
            await self._tell(surface, cards.problem(error))
        except SQLAlchemyError as error:
            log.exception("store failed")
            await self._tell(surface, cards.store_failed(why(error)))
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("unexpected", reference=reference)
            await self._tell(surface, cards.unexpected(reference))

    async def _tell(self, surface: Surface, report: Report) -> None:
        try:
            await surface.whisper(report)
        except NotDelivered as error:
            log.warning("answer not delivered", headline=report.headline, why=str(error))


@contextmanager
def _store_or_not(what: str) -> Iterator[None]:
    """Go on though something cannot be kept."""
    try:
        yield
    except SQLAlchemyError as error:
        log.warning("not kept", what=what, why=why(error))
