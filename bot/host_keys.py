"""Host keys nobody has trusted yet: offered with their fingerprint, trusted by an admin, exactly as shown."""

from __future__ import annotations

from bot import ids
from bot.audit import Kind
from bot.conversation import Actor, Surface
from bot.world import World
from commands.errors import HostKeyUnknown, NotAllowed, UsageError
from commands.facts.fact import Unknown
from commands.report import Level, Report
from commands.snapshot import NodeSnapshot, Snapshot
from config.policy import Role


async def offers(world: World, snapshot: Snapshot) -> tuple[tuple[HostKeyUnknown, str], ...]:
    """Keep each unknown key that the nodes offered, and return it with the opaque id its button carries."""
    if world.store is None:
        return ()
    found = []
    for node in snapshot.nodes:
        error = _unknown_key(node)
        if error is not None:
            offer_id = ids.fresh()
            await world.store.offer(
                offer_id, node.node.name, error.address, error.port, error.key, error.fingerprint, world.now()
            )
            found.append((error, offer_id))
    return tuple(found)


def _unknown_key(node: NodeSnapshot) -> HostKeyUnknown | None:
    readings = (getattr(node, name) for name in NodeSnapshot.__slots__)
    errors = (reading.error for reading in readings if isinstance(reading, Unknown))
    return next((error for error in errors if isinstance(error, HostKeyUnknown)), None)


async def trust(world: World, actor: Actor, offer_id: str, surface: Surface) -> None:
    """Trust the key that was shown. Raises `NotAllowed` for all but admins of everything."""
    if not world.policy.allows(Role.ADMIN, actor.team, actor.user, actor.groups, None):
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
