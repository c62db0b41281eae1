"""Host keys nobody has trusted yet: offered with their fingerprint, trusted by an admin, exactly as shown."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from bot import cards, ids
from bot.audit import Kind
from bot.conversation import Actor, Surface
from bot.world import World
from commands.command import Command, Completed, Runner, Stream
from commands.errors import HostKeyUnknown, NotAllowed, UsageError
from commands.facts.fact import Unknown
from commands.report import Level, Report
from commands.snapshot import NodeSnapshot, Snapshot
from config.inventory import NodeSpec
from config.policy import Role


class Noting:
    """A `Runner` that notes the unknown keys that an answer comes upon, so that they can be offered with it."""

    def __init__(self, runner: Runner) -> None:
        self.met: list[HostKeyUnknown] = []
        self._runner = runner

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run it as the runner beneath does."""
        try:
            return await self._runner.run(node, command)
        except HostKeyUnknown as error:
            self.met.append(error)
            raise

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        """Start it as the runner beneath does."""
        return self._runner.stream(node, command)


def unknown_in(snapshot: Snapshot) -> tuple[HostKeyUnknown, ...]:
    """Return the unknown keys that a look came upon."""
    names = tuple(name for name in NodeSnapshot.__slots__ if name != "node")
    readings = (getattr(node, name) for node in snapshot.nodes for name in names)
    errors = (reading.error for reading in readings if isinstance(reading, Unknown))
    return tuple(error for error in errors if isinstance(error, HostKeyUnknown))


async def offered(world: World, report: Report, unknown: Iterable[HostKeyUnknown]) -> Report:
    """Return the report with the keys offered to be trusted. Each is kept as it was offered, under an opaque id.

    Every fact of a node tells of the same key: it is offered once. Without a store there is nothing to trust it in.
    """
    if world.store is None:
        return report
    offers = []
    for error in {(error.address, error.port, error.key): error for error in unknown}.values():
        key = (error.node or error.address, error.address, error.port, error.key, error.fingerprint)
        offers.append((await world.store.offer(ids.fresh(), *key, world.now()), error))
    return cards.with_keys(report, offers)


def may_trust(world: World, actor: Actor) -> bool:
    """Whether somebody is admin of everything: an address may be a node of any cluster."""
    return world.policy.allows(Role.ADMIN, actor.team, actor.user, actor.groups, None)


async def trust(world: World, actor: Actor, offer_id: str, surface: Surface) -> None:
    """Trust the key that was shown. Raises `NotAllowed` for all but admins of everything."""
    if not may_trust(world, actor):
        raise NotAllowed("trusting a host key takes the role admin on all clusters")
    store = world.needed_store()
    offer = await store.offered(offer_id) if ids.is_id(offer_id) else None
    if offer is None:
        raise UsageError("that host key is not known", remedy="Ask again.")
    await store.trust(offer.address, offer.port, offer.key, offer.fingerprint, actor.key, world.now())
    detail = {"node": offer.node, "address": offer.address, "fingerprint": offer.fingerprint}
    await world.audit(actor, "trust", None, Kind.TRUSTED, detail)
    words = f"The host key `{offer.fingerprint}` of {offer.node} ({offer.address}) is trusted now. Ask again."
    await surface.post(Report(words, Level.OK))
