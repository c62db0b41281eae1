"""What the door and the changes behind it work with; made once, in `bot.app`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from bot import ids
from bot.audit import Kind, kept
from bot.conversation import Actor
from bot.recorded import ReadOnly
from bot.rights import LookUp
from bot.store import PlanRow, Store
from commands.command import Runner
from commands.errors import HaclusterError, UsageError
from commands.report import Part
from commands.verbs.verb import Verb
from config.inventory import ClusterSpec, NodeSpec
from config.policy import LOCAL, Policy

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """Everything from outside that deciding and doing need, handed in."""

    verbs: tuple[Verb, ...]
    policy: Policy
    declared: Mapping[str, ClusterSpec]
    """The clusters of the configuration file; they win over those made from chat."""
    runner: Runner
    """Takes everything; only a change under way uses it, and has each command written down."""
    store: Store | None
    """None only for the terminal, where reading works without it."""
    now: Callable[[], datetime]
    start: Callable[[Coroutine[Any, Any, None]], object]
    """Runs work that outlives the call, where shutdown waits for it."""
    secret: Callable[[str], str]
    file: Callable[[str], str]
    results: Callable[[ClusterSpec, Runner], Awaitable[tuple[Part, ...]]]
    """What is shown when a change is done: the membership, as the recipe's last step has it."""
    last_seen: Callable[[NodeSpec], datetime | None] = lambda _: None
    groups_anew: LookUp | None = None
    """Asks Slack who is in which user group, for the clicks that count; None where Slack is not at hand."""
    fallback_channel: str = ""
    """Where clusters that have no channel of their own are told of; "" for nowhere."""
    memory: Any = None
    """What the bot remembers and watches; None where nothing is watched, as in a terminal without the store."""

    @property
    def reading(self) -> Runner:
        """What everything else reads the nodes with: it takes no command that changes one."""
        return ReadOnly(self.runner)

    def needed_store(self) -> Store:
        """Return the store. Raises `HaclusterError` where it could not be opened: nothing is changed without it."""
        if self.store is None:
            raise HaclusterError(
                "the bot's store cannot be opened, so nothing is changed", remedy="Reading still works."
            )
        return self.store

    async def cluster(self, name: str) -> ClusterSpec | None:
        """Return a cluster by its name, of the file or made from chat; None if there is none any more."""
        made = {spec.name: spec for spec in await self.store.declared()} if self.store is not None else {}
        return self.declared.get(name) or made.get(name)

    async def plan(self, plan_id: str) -> PlanRow:
        """Return a plan by the id that came from outside. Raises `UsageError` where there is none."""
        row = await self.needed_store().plan(plan_id) if ids.is_id(plan_id) else None
        if row is None:
            raise UsageError("that plan is not known", remedy="`/hacluster pending` lists what waits.")
        return row

    async def audit(
        self,
        actor: Actor | None,
        verb: str,
        cluster: str | None,
        kind: Kind,
        body: Mapping[str, Any],
        *,
        place: str = "",
    ) -> int:
        """Write down what happened, and return the entry's number; 0 where there is no store to keep it.

        Actor None is the bot itself; `place` is the channel. `body` holds no secret: they are in no argv,
        and what people typed is masked here.
        """
        surface = "bot" if actor is None else "terminal" if actor.team == LOCAL else "slack"
        who, name = (actor.key, actor.name) if actor else ("bot", "")
        if self.store is None:
            log.info("audit", who=who, verb=verb, cluster=cluster, kind=kind)
            return 0
        return await self.store.record(
            self.now(),
            who,
            surface,
            verb,
            cluster,
            kind,
            kept(body),
            name=name,
            place=place if surface != "terminal" else "",
        )
