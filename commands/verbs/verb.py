"""What a verb is: its words, who may use it, and either an answer or a change.

A verb that only asks has `answer`; one that changes has `change`, whose `decide` is pure: a request and a snapshot in,
a plan, a refusal or "nothing to do" out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from commands.command import Runner
from commands.errors import NotGiven, UsageError
from commands.facts.fact import Fact
from commands.plan import Decision
from commands.report import Report
from commands.snapshot import Snapshot, gather
from commands.verbs.form import Form
from commands.verbs.words import Option, Words, nearest
from config.inventory import ClusterSpec, NodeSpec
from config.policy import Policy, Role


@dataclass(frozen=True, slots=True)
class Declared:
    """A cluster the bot knows, and where it comes from: `file` or `slack`."""

    spec: ClusterSpec
    source: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand when a request is understood and answered.

    `secret` returns the text of a secret by name, `file` that of a file in the configuration folder; both raise
    `NotGiven` when there is none, any other `UsageError` when it cannot be read.
    """

    clusters: Mapping[str, Declared]
    runner: Runner
    default_cluster: str | None = None
    channel: str = ""
    """Where it was asked; empty where that is no channel."""
    verbs: tuple[Verb, ...] = ()
    """All verbs there are, for help."""
    who: str = ""
    """Who asks, as `team:user`."""
    role: Callable[[str | None], Role | None] = lambda _: Role.ADMIN
    """The asker's role on a cluster, or on all of them for None."""
    groups: frozenset[str] = frozenset()
    """The user groups that the asker is in."""
    policy: Policy = field(default_factory=Policy)
    """For what tells of it; what it allows is decided before a verb is asked."""
    under_way: Mapping[str, str] = field(default_factory=dict)
    """What the bot is changing at this moment, by cluster: `setup`, for one that is just being made."""
    last_seen: Callable[[NodeSpec], datetime | None] = lambda _: None
    """When a node last answered, for readings that are unknown now."""
    secret: Callable[[str], str] = field(default=lambda name: _none("secret", name))
    file: Callable[[str], str] = field(default=lambda name: _none("file", name))
    memory: Any = None
    """What the bot remembers and watches, for verbs of the conversation; those about clusters never look at it."""

    def cluster(self, name: str | None) -> ClusterSpec:
        """Return the named cluster, or the channel's default, or the only one. Raises `UsageError` with the nearest."""
        mine = self.visible
        wanted = name or self.default_cluster or (mine[0] if len(mine) == 1 else None)
        listed = f"Clusters: {', '.join(mine) or 'none yet'}."
        if wanted is None:
            raise UsageError("say which cluster", remedy=listed)
        if wanted in self.clusters:
            return self.clusters[wanted].spec
        near = nearest(wanted, mine)
        raise UsageError(f"there is no cluster {wanted[:40]!r}", remedy=f"Did you mean `{near}`?" if near else listed)

    @property
    def visible(self) -> tuple[str, ...]:
        """The names of the clusters that the asker may look at: of others not even the name is theirs to know."""
        return tuple(sorted(name for name in self.clusters if self.role(name) is not None))


def _none(kind: str, name: str) -> str:
    raise NotGiven(f"there is no {kind} called {name[:60]!r}")


class Request(Protocol):
    """What a parsed request has in common: the cluster it is about, or None for all of them."""

    @property
    def cluster(self) -> ClusterSpec | None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """How a verb changes a cluster: the facts it reads on every node, and the pure function that decides."""

    reads: tuple[str, ...]
    decide: Callable[[Any, Snapshot], Decision]
    asks: Callable[[Any, Snapshot], Mapping[str, Fact[Any]]] = lambda *_: {}
    """Further fields that the decision wants, each with how to read it, once it is known what `reads` gave."""

    async def look(self, request: Any, runner: Runner, also: Iterable[str] = ()) -> Snapshot:
        """Read what is to be decided on, and the fields named in `also`."""
        reads = tuple(dict.fromkeys((*self.reads, *also)))
        snapshot = await gather(request.cluster, runner, reads)
        asked = self.asks(request, snapshot)
        return (
            snapshot.with_fields(await gather(request.cluster, runner, (), facts=asked), asked) if asked else snapshot
        )


REASON = Option("reason", "why, in your own words: kept with the request", "TEXT")
DRY_RUN = Option("dry-run", "show what would be done, and leave it at that")


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb. Help, the policy table and the documentation are made from these."""

    name: str
    summary: str
    usage: str
    """Without the slash command: `failover VIP [--to NODE] [CLUSTER]`."""
    role: Role
    parse: Callable[[Words, Desk], Any]
    """Words to a request; raises `UsageError`."""
    options: tuple[Option, ...] = ()
    example: str = ""
    answer: Callable[[Any, Desk], Awaitable[Report]] | None = None
    change: Change | None = None
    form: Form | None = None
    from_form: Callable[[Mapping[str, str]], tuple[str, Mapping[str, str]]] | None = None
    """Turn a filled-in form into the words one would have typed, and what is wrong by field."""
    says: Literal["approve", "deny", "cancel", "trust"] | None = None
    """What it says to something that was shown and waits, a plan or a host key, instead of an answer or a change."""
    needs_reason: bool = False
    """Whether it is asked for with `--reason` only."""

    @property
    def accepts(self) -> tuple[Option, ...]:
        """The options that may be given: its own, and those of every change."""
        return (*self.options, REASON, DRY_RUN) if self.change else self.options
