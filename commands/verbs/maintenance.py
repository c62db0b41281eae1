"""`maintenance on|off`: Pacemaker takes its hands off the cluster or one node, and puts them back.

In maintenance nothing is watched, restarted or failed over, and what runs goes on running: for work on the cluster's own
software. To empty a node there is `standby`. What was started, stopped or moved by hand meanwhile Pacemaker does not
know of; so before it takes over again it is made to look at what is really there (`crm_resource --refresh`). Were it
not, it would repair an address at the place it remembers while another node has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import listed
from commands.command import Command
from commands.errors import UsageError
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import cluster_and, node_of
from commands.verbs.guards import READS, View, no, view
from commands.verbs.serving import holders
from commands.verbs.settled import settle
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role

PATIENCE = 30.0
LOOKING = 60.0
"""Seconds for Pacemaker to look at everything anew."""


@dataclass(frozen=True, slots=True)
class MaintenanceRequest:
    """Hands off (`on`) a cluster or one node of it, or back on."""

    cluster: ClusterSpec
    on: bool
    node: str | None = None

    @property
    def what(self) -> str:
        """The node or the cluster, in words."""
        return self.node or f"`{self.cluster.name}`"


def parse(words: Words, desk: Desk) -> MaintenanceRequest:
    """Read `on|off [NODE] [CLUSTER]`. Raises `UsageError`."""
    switch, *rest = words.positional or ("",)
    if switch not in {"on", "off"}:
        raise UsageError("say whether maintenance begins or ends", remedy="`maintenance on` or `maintenance off`.")
    cluster, about = cluster_and(rest, desk, at_most=1)
    return MaintenanceRequest(cluster, switch == "on", node_of(cluster, about[0]) if about else None)


def decide(request: MaintenanceRequest, snapshot: Snapshot) -> Decision:
    """Plan to begin or to end maintenance."""
    seen = view("maintenance", snapshot, quorate=False)
    if isinstance(seen, Refusal):
        return seen
    if request.node is not None and seen.status.node(request.node) is None:
        return Refusal("maintenance", (no(f"Pacemaker knows no node {request.node}", "Look at `members`."),))
    if _is(seen, request.node) is request.on:
        state = "in maintenance already" if request.on else "not in maintenance"
        return NothingToDo("maintenance", f"{request.what} is {state}.")
    return _begin(request, seen) if request.on else _end(request, snapshot, seen)


def _is(seen: View, node: str | None) -> bool:
    state = seen.status.node(node) if node is not None else None
    return seen.status.maintenance if node is None else bool(state and state.maintenance)


def _begin(request: MaintenanceRequest, seen: View) -> Plan:
    where = request.node or "the whole cluster"
    risks = (
        Finding(
            Level.WARNING,
            f"no failover: as long as it lasts Pacemaker watches and repairs nothing on {where}, also if HAProxy ends or "
            "a node dies; an approved failover waits as well",
            f"`maintenance off{f' {request.node}' if request.node else ''}` ends it.",
        ),
        Finding(
            Level.INFO,
            "what runs goes on running where it is; to empty a node, so that others carry its service, there is `standby "
            f"{request.node or 'NODE'}`",
        ),
    )
    return Plan(
        "maintenance",
        request.cluster,
        f"Let Pacemaker take its hands off {where}.",
        (_switch(request, seen, after=()),),
        risks=risks,
        guards=seen.guards,
    )


def _end(request: MaintenanceRequest, snapshot: Snapshot, seen: View) -> Plan:
    where = ("--node", request.node) if request.node else ()
    refresh = Command(("crm_resource", "--refresh", *where), timeout=60, changes=True)
    look = Step(
        "look",
        "Have Pacemaker look at what really runs, before it does anything",
        (Lane(seen.at, (refresh, settle(30))),),
        proof=Proof(("addresses", "status"), lambda later: tuple(_mistaken(later, seen)), LOOKING, _asked(snapshot)),
    )
    surprises = tuple(_surprises(request, snapshot, seen))
    calm = Finding(Level.INFO, "nothing is seen to have changed meanwhile: Pacemaker has nothing to put right")
    return Plan(
        "maintenance",
        request.cluster,
        f"Let Pacemaker look after {request.what} again.",
        (look, _switch(request, seen, after=("look",))),
        risks=(*surprises, *(() if surprises else (calm,)), *_forgets(request, seen)),
        guards=(*seen.guards, *(surprise.text for surprise in surprises)),
    )


def _switch(request: MaintenanceRequest, seen: View, after: tuple[str, ...]) -> Step:
    if request.node is None:
        words = ("pcs", "property", "set", f"maintenance-mode={'true' if request.on else 'false'}")
    else:
        words = ("pcs", "node", "maintenance" if request.on else "unmaintenance", request.node)

    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        so = _is(View(seen.at, reading.value, seen.cib), request.node)
        return () if so is request.on else (f"{request.what} is {'still' if so else 'not'} in maintenance",)

    return Step(
        "maintenance",
        f"{'Begin' if request.on else 'End'} the maintenance of {request.what}",
        (Lane(seen.at, (Command(words, timeout=60, changes=True),)),),
        after,
        Proof(("status",), missing, PATIENCE, (seen.at.name,)),
    )


def _asked(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(node.node.name for node, _ in snapshot.known("addresses"))


def _mistaken(later: Snapshot, seen: View) -> Iterator[str]:
    """Yield where Pacemaker's belief about a floating IP is not what the nodes themselves say."""
    reading = later.node(seen.at.name).status
    if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
        yield f"{seen.at.name} does not tell"
        return
    asked = set(_asked(later))
    for primitive in seen.cib.primitives:
        address = primitive.address
        if address and (real := set(holders(later, address))) != (
            known := _believed(reading.value, primitive.id) & asked
        ):
            yield f"`{primitive.id}` is on {_places(real)}, and Pacemaker believes it on {_places(known)}"


def _believed(status: ClusterStatus, resource: str) -> set[str]:
    return {node for one in status.instances(resource) if one.active for node in one.nodes}


def _places(nodes: set[str]) -> str:
    return listed(sorted(nodes)) if nodes else "no node"


def _surprises(request: MaintenanceRequest, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    """Yield what Pacemaker would do at once, as something is not where it belongs."""
    yield from _vip_surprises(snapshot, seen)
    about = {request.node} if request.node else {node.name for node in seen.status.nodes}
    if any(clone.primitives == ("haproxy",) for clone in seen.cib.clones):
        for node, _ in snapshot.known("haproxy"):
            name = node.node.name
            stopped = isinstance(node.haproxy, Known) and isinstance(node.haproxy.value, NotRunning)
            state = seen.status.node(name)
            if stopped and name in about and state and state.online and not state.standby:
                yield Finding(Level.WARNING, f"HAProxy does not run on {name}: Pacemaker starts it", node=name)
    for state in seen.status.nodes:
        if state.standby and state.name in about and seen.on(state.name):
            yield Finding(Level.WARNING, f"{state.name} is in standby: Pacemaker stops what still runs there")
        if not state.online and state.name in about:
            yield Finding(
                Level.WARNING,
                f"{state.name} is not online: what it had starts elsewhere, unless a gate holds it",
                "Look at `status` first.",
            )
    for left in seen.cib.leftover_moves:
        yield Finding(
            Level.WARNING, f"`{left.id}`, left of a move, takes effect", f"`clear {left.resource}` takes it away."
        )
    for failure in seen.status.failures:
        if failure.node in about:
            yield Finding(
                Level.WARNING,
                f"`{failure.resource}` failed on {failure.node} ({failure.reason or failure.exit_status})",
            )


def _vip_surprises(snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    silent = [node.node.name for node in snapshot.nodes if not isinstance(node.addresses, Known)]
    for primitive in seen.cib.primitives:
        address = primitive.address
        if not address:
            continue
        real, gate = holders(snapshot, address), gate_state(seen.cib, primitive.id)
        may = {*gate.opened_on, gate.home} - set(gate.sent_away_from) if gate else None
        if len(real) > 1:
            yield Finding(
                Level.CRITICAL,
                f"`{primitive.id}` ({address}) is on {listed(real)}: Pacemaker stops it on both and starts it on one",
                "Take it off one of them by hand first.",
            )
        elif not real and not silent:
            yield Finding(Level.WARNING, f"`{primitive.id}` ({address}) is on no node: Pacemaker starts it")
        elif real and may is not None and real[0] not in may:
            yield Finding(
                Level.WARNING,
                f"`{primitive.id}` ({address}) is on {real[0]}, where its gate does not let it be: Pacemaker moves it to "
                f"{listed(sorted(may))}",
            )
        elif real and set(real) != _believed(seen.status, primitive.id):
            yield Finding(Level.WARNING, f"`{primitive.id}` ({address}) was moved to {real[0]} meanwhile")


def _forgets(request: MaintenanceRequest, seen: View) -> Iterator[Finding]:
    lost = [c for c in seen.status.fail_counts if request.node in {None, c.node}]
    if lost:
        names = listed(dict.fromkeys(f"`{count.resource}` on {count.node}" for count in lost))
        yield Finding(Level.INFO, f"looking anew forgets past failures of {names}: what they kept away may start again")


VERB = Verb(
    name="maintenance",
    summary="Let Pacemaker take its hands off a cluster or a node: no failover as long as it lasts",
    usage="maintenance on|off [NODE] [CLUSTER]",
    role=Role.OPERATOR,
    example="maintenance on",
    parse=parse,
    change=Change((*READS, "addresses", "haproxy"), decide),
)
