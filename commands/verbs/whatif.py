"""`whatif`: what Pacemaker would do if a node were lost, in standby, or back. Nothing of the cluster is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from commands.checks import witness
from commands.checks.phrases import listed
from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus, NodeState
from commands.facts.fact import Known, Unknown
from commands.prediction import (
    NodeBack,
    NodeLost,
    NodeStandby,
    Prediction,
    Simulated,
    headline,
    in_words,
    predict,
    votes_after,
    with_votes,
)
from commands.prediction.words import OF_QUORUM
from commands.report import Finding, Level, Part, Report, Table
from commands.snapshot import NodeSnapshot, gather
from commands.verbs.patience import Impatient
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

READS = ("cib", "cmap", "quorum", "status")
_USAGE = "whatif NODE lost|standby|back [CLUSTER]"
_KINDS: Mapping[str, type[NodeLost | NodeStandby | NodeBack]] = {
    "lost": NodeLost,
    "standby": NodeStandby,
    "back": NodeBack,
}
_IF = {"lost": "if {} were lost", "standby": "with {} in standby", "back": "with {} back"}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A question about one node: what if it were `lost`, in `standby` or `back`."""

    cluster: ClusterSpec
    node: str
    what: str

    @property
    def change(self) -> Simulated:
        """What is asked about."""
        return _KINDS[self.what](self.node)

    @property
    def condition(self) -> str:
        """The first half of the answer's sentence."""
        return _IF[self.what].format(self.node)


def parse(words: Words, desk: Desk) -> WhatIf:
    """Read `NODE lost|standby|back [CLUSTER]`. Raises `UsageError`."""
    if not 2 <= len(words.positional) <= 3:  # noqa: PLR2004 - NODE WHAT [CLUSTER]
        raise UsageError("say which node, and what of it", remedy=f"Usage: `{_USAGE}`")
    node, what, *name = words.positional
    if what not in _KINDS:
        raise UsageError(
            f"a node is {listed(_KINDS).replace(' and ', ' or ')}, not {what[:40]!r}", remedy=f"Usage: `{_USAGE}`"
        )
    cluster = desk.cluster(name[0] if name else None)
    names = [spec.name for spec in cluster.nodes]
    if node not in names:
        raise UsageError(
            f"there is no node {node[:40]!r} in `{cluster.name}`", remedy=f"Its nodes: {', '.join(names)}."
        )
    return WhatIf(cluster, node, what)


async def answer(request: WhatIf, desk: Desk) -> Report:
    """Look, ask the scheduler of a node that speaks for the cluster, and tell."""
    snapshot = await gather(request.cluster, Impatient(desk.runner), READS)
    views = witness.pacemakers(snapshot)
    if not views:
        why = "; ".join(f"{node.node.name}: {unread.why}" for node, unread in snapshot.unknown("status"))
        return _cannot_say(request, Finding(Level.UNKNOWN, why or "the cluster does not run", "Look at `status`."))
    # of two views that are worth the same, one that would be there to act
    node, status = next((view for view in views if view[1].quorate and view[0].node.name != request.node), views[0])
    already = _already(request, status.node(request.node))
    if already:
        return Report(f"`{request.cluster.name}`: {already}", Level.INFO)
    quorum = node.quorum.value if isinstance(node.quorum, Known) else None
    counted = quorum if isinstance(quorum, QuorumStatus) else None
    changes: tuple[Simulated, ...] = (request.change,)
    predicted = await predict(desk.runner, node.node, with_votes(counted, changes) if counted else changes)
    if isinstance(predicted, Unknown):
        remedy = predicted.error.remedy if predicted.error else ""
        return _cannot_say(request, Finding(Level.UNKNOWN, predicted.why, remedy))
    return report_of(request, node, status, counted, predicted.value)


def _cannot_say(request: WhatIf, why: Finding) -> Report:
    headline_ = f"`{request.cluster.name}`: what Pacemaker would do {request.condition} is not known"
    return Report(headline_, Level.UNKNOWN, (why,))


def _already(request: WhatIf, state: NodeState | None) -> str | None:
    """Return why there is nothing to ask, or None."""
    if state is None:
        return f"Pacemaker knows no node {request.node} yet" if request.what != "back" else None
    if request.what == "lost" and not state.online:
        return (
            f"{request.node} is {'unclean' if state.unclean else 'offline'} as it is; `status` tells what became of it"
        )
    if request.what == "standby" and state.standby:
        return f"{request.node} is in standby as it is"
    if request.what == "back" and state.online and not state.standby:
        return f"{request.node} is online and may run everything as it is"
    return None


def report_of(
    request: WhatIf, node: NodeSnapshot, status: ClusterStatus, quorum: QuorumStatus | None, predicted: Prediction
) -> Report:
    """Tell what was predicted. Pure."""
    cib = node.cib.value if isinstance(node.cib, Known) else None
    gated = frozenset(gate.resource for gate in cib.gates) if isinstance(cib, Cib) else frozenset()
    told = in_words(predicted, (request.change,), gated)
    said = headline(predicted)
    besides = tuple(one for one in told if quorum is None or one.text not in OF_QUORUM)
    parts: tuple[Part, ...] = (*_quorum(request, status, quorum), *besides, *_table(predicted))
    level = Level.WARNING if any(one.level is Level.CRITICAL for one in told) else Level.INFO
    return Report(f"`{request.cluster.name}`: {request.condition}, {said}", level, parts)


def _quorum(request: WhatIf, status: ClusterStatus, quorum: QuorumStatus | None) -> Iterator[Finding]:
    """Say what becomes of the votes. Standby takes none away."""
    if request.what == "standby":
        return
    if quorum is None:
        yield Finding(Level.UNKNOWN, "whether there would be quorum is not known: the votes could not be read")
        return
    votes = votes_after(quorum, (request.change,))
    lost = quorum.quorate and not votes.quorate
    rest = f". Pacemaker's no-quorum-policy is `{status.no_quorum_policy}`" if lost else ""
    yield Finding(Level.CRITICAL if lost else Level.INFO, f"{votes.text}{rest}")


def _table(predicted: Prediction) -> Iterator[Table]:
    rows = tuple(
        (resource, _where(predicted.before.get(resource, ())), _where(nodes))
        for resource, nodes in predicted.after.items()
    )
    if rows:
        yield Table(("Resource", "Now", "Then"), rows, title="Where everything would run")


def _where(nodes: tuple[str, ...]) -> str:
    return ", ".join(nodes) or "nowhere"


VERB = Verb(
    name="whatif",
    summary="What Pacemaker would do if a node were lost, in standby or back; changes nothing",
    usage=_USAGE,
    role=Role.VIEWER,
    example="whatif n2 lost",
    parse=parse,
    answer=answer,
)
