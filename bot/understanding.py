"""From what somebody typed to a verb, its typed request and the right to ask for it."""

from __future__ import annotations

from typing import Any

from bot.conversation import Actor, Place
from bot.world import World
from commands.errors import NotAllowed, UsageError
from commands.verbs.verb import DRY_RUN, REASON, Declared, Desk, Verb
from commands.verbs.words import nearest, parse, tokens
from config.policy import LOCAL, Denied, takes


def admit(world: World, actor: Actor, place: Place) -> None:
    """Raise `NotAllowed` where the bot is not to be used. Whoever has the terminal is in no channel."""
    closed = world.policy.closed(actor, place.channel)
    if closed is not None:
        raise _denied(closed)


async def understand(world: World, actor: Actor, place: Place, text: str) -> tuple[Verb, Any, Desk]:
    """Return the verb, its request and the desk it was understood at. Raises `UsageError` or `NotAllowed`.

    Whether the person may use the verb at all is asked before their words are looked at, whether they may on this
    cluster right after.
    """
    admit(world, actor, place)
    name, *rest = tokens(text) or ("help",)
    verbs = {verb.name: verb for verb in world.verbs}
    verb = verbs.get(name.lower())
    if verb is None:
        near = nearest(name, verbs)
        remedy = f"Did you mean `/hacluster {near}`?" if near else "`/hacluster help` lists what there is."
        raise UsageError(f"there is no verb {name[:40]!r}", remedy=remedy)
    if not could_use(world, actor, verb):
        raise _denied(takes(actor, verb, None))
    desk = await _desk(world, actor, place)
    words = parse(rest, verb.accepts, f"/hacluster {verb.usage}")
    request = verb.parse(words, desk)
    may = world.policy.may(actor, verb, request.cluster.name if request.cluster else None, place.channel)
    if isinstance(may, Denied):
        raise _denied(may)
    if verb.needs_reason and not (words.flag(DRY_RUN.name) or (words.one(REASON.name) or "").strip()):
        raise UsageError(f"`{verb.name}` takes a reason", remedy=f'Add `--reason "{REASON.help.split(":")[0]}"`.')
    return verb, request, desk


def only_to_show(verb: Verb, text: str) -> bool:
    """Whether what was typed, and understood, asks for a plan that nobody is to carry out."""
    _, *rest = tokens(text)
    return parse(rest, verb.accepts, verb.usage).flag(DRY_RUN.name)


def reason_of(verb: Verb, text: str) -> str:
    """Return why somebody wants it, in their own words; empty where they did not say."""
    _, *rest = tokens(text)
    return (parse(rest, verb.accepts, verb.usage).one(REASON.name) or "").strip()


def could_use(world: World, actor: Actor, verb: Verb) -> bool:
    """Whether there is any cluster, made yet or not, on which the person may use the verb."""
    return world.policy.may_anywhere(actor, verb.role)


def _denied(denied: Denied) -> NotAllowed:
    return NotAllowed(denied.why, remedy=denied.remedy)


async def _desk(world: World, actor: Actor, place: Place) -> Desk:
    clusters = {name: Declared(spec, "file") for name, spec in world.declared.items()}
    for spec in await world.store.declared() if world.store else ():
        clusters.setdefault(spec.name, Declared(spec, "slack"))
    running = await world.store.running() if world.store else ()
    here = [name for name, known in clusters.items() if place.channel in known.spec.channels]
    return Desk(
        clusters=clusters,
        runner=world.reading,
        default_cluster=here[0] if here else None,
        channel="" if actor.team == LOCAL else place.channel,
        verbs=world.verbs,
        who=actor.key,
        role=lambda cluster: world.policy.role(actor.team, actor.user, actor.groups, cluster),
        groups=actor.groups,
        policy=world.policy,
        under_way={row.cluster: row.verb for row in running if row.expires > world.now()},
        last_seen=world.last_seen,
        secret=world.secret,
        file=world.file,
        memory=world.memory,
    )
