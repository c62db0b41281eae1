"""The one door: whatever people ask, on any surface, comes through here, by the same rules.

Reading downward is the life of a request: once only, understood, allowed, audited, then answered or proposed as a change.
This is also the one place that turns errors into words.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from bot import cards, host_keys
from bot.changes import Changes
from bot.conversation import Actor, Place, Ref, Surface
from bot.understanding import understand
from bot.world import World
from commands.errors import HaclusterError, UsageError
from commands.verbs.form import Form

log = structlog.get_logger(__name__)


_TYPED_SECRET = re.compile(r"(\w*(?:pass|secret|token)\w*)=(?!secret:)\S+", re.IGNORECASE)


def masked(text: str) -> str:
    """Return a request for the audit: short, and without a secret that somebody typed against all advice."""
    return _TYPED_SECRET.sub(r"\1=…", text)[:500]


class Dispatcher:
    """Implements `bot.conversation.Dispatch`."""

    def __init__(self, world: World, changes: Changes | None = None) -> None:
        self._world = world
        self._changes = changes or Changes(world)
        self._verbs = {verb.name: verb for verb in world.verbs}

    async def request(self, actor: Actor, place: Place, text: str, surface: Surface, *, key: str) -> None:
        """Answer what somebody typed."""
        async with self._answering(surface):
            if not await self._first_time(key):
                return
            try:
                verb, request, desk = await understand(self._world, actor, place, text)
            except HaclusterError as error:
                await self._world.audit(actor, "", None, "refused", {"text": masked(text), "why": str(error)})
                raise
            name = request.cluster.name if request.cluster else None
            await self._world.audit(actor, verb.name, name, "asked", {"text": masked(text)})
            if verb.answer is not None:
                report = await verb.answer(request, desk)
                await (surface.whisper(report) if report.private else surface.post(report))
            else:
                await self._changes.propose(actor, place, text, verb, request, surface)

    async def press(
        self, actor: Actor, place: Place, action: str, value: str, message: Ref, surface: Surface, *, key: str
    ) -> None:
        """Do what a pressed choice asks for. The value is an opaque id from outside: everything else is looked up."""
        del place  # where a plan was asked for is in the store
        async with self._answering(surface):
            if not await self._first_time(key):
                return
            match action:
                case cards.CONFIRM:
                    await self._changes.confirm(actor, value, message, surface)
                case cards.CANCEL:
                    await self._changes.cancel(actor, value, message, surface)
                case cards.COMMANDS:
                    await self._changes.copy(value, surface)
                case cards.TRUST:
                    await host_keys.trust(self._world, actor, value, surface)
                case _:
                    raise UsageError("that button is of another version of the bot", remedy="Ask again.")

    async def form(self, actor: Actor, place: Place, verb: str) -> Form | None:
        """Return the form of a verb typed bare; None where there is none, or where they may not use it at all."""
        found, policy = self._verbs.get(verb), self._world.policy
        if found is None or found.form is None or not policy.allows_channel(place.channel):
            return None
        names = (None, *self._world.declared)
        may = any(policy.allows(found.role, actor.team, actor.user, actor.groups, name) for name in names)
        return found.form if may else None

    async def submit(
        self, actor: Actor, place: Place, verb: str, values: Mapping[str, str], surface: Surface, *, key: str
    ) -> Mapping[str, str]:
        """Check a filled-in form, by field; if all is well, go on as if its words had been typed."""
        found = self._verbs.get(verb)
        if found is None or found.form is None or found.from_form is None:
            return {}
        text, wrong = found.from_form(values)
        if wrong:
            return wrong
        try:
            await understand(self._world, actor, place, text)
        except HaclusterError as error:
            words = " ".join(filter(None, (f"{error}.", error.remedy)))
            return {found.form.fields[0].id: words[:300]}
        self._world.start(self.request(actor, place, text, surface, key=key))
        return {}

    async def recover(self, surface_of: Callable[[Place], Surface]) -> None:
        """Tell of the plans that a dead bot left behind."""
        await self._changes.recover(surface_of)

    async def _first_time(self, key: str) -> bool:
        store = self._world.store
        return not key or store is None or await store.first_time(key, self._world.now())

    @asynccontextmanager
    async def _answering(self, surface: Surface) -> AsyncIterator[None]:
        try:
            yield
        except HaclusterError as error:
            await surface.whisper(cards.problem(error))
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("unexpected", reference=reference)
            await surface.whisper(cards.unexpected(reference))
