"""`fence NODE`: its power is cut, by the cluster's fencing device, whatever it is doing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks import fencing
from commands.checks.phrases import does, listed
from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import parse_node_and_cluster
from commands.verbs.guards import READS, View, alone_after, last_in_service, loses_quorum, no, view
from commands.verbs.serving import holders
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

FENCING = 120
"""Seconds that a device may take: one that reboots waits until the machine is off and on again."""


@dataclass(frozen=True, slots=True)
class FenceRequest:
    """Cut a node's power: off and on again, or `off` for good."""

    cluster: ClusterSpec
    node: str
    off: bool = False

    @property
    def action(self) -> str:
        """The word of fence agents."""
        return "off" if self.off else "reboot"


def parse(words: Words, desk: Desk) -> FenceRequest:
    """Read `NODE [CLUSTER] [--off]`. Raises `UsageError`."""
    named = parse_node_and_cluster(words, desk)
    return FenceRequest(named.cluster, named.node, words.flag("off"))


def decide(request: FenceRequest, snapshot: Snapshot) -> Decision:
    """Plan the fencing, or return every reason not to."""
    seen = view("fence", snapshot, not_from=request.node)
    if isinstance(seen, Refusal):
        return seen
    if (done := _done(request, seen)) is not None:
        return NothingToDo("fence", done)
    reasons = tuple(_reasons(request, snapshot, seen))
    if reasons:
        return Refusal("fence", reasons)
    words = ("pcs", "stonith", "fence", request.node, *(("--off",) if request.off else ()))
    step = Step(
        "fence",
        f"Cut the power of {request.node}{'' if request.off else ', and give it back'}",
        (Lane(seen.at, (Command(words, timeout=FENCING + 30, changes=True),)),),
        proof=_fenced(request, seen),
    )
    return Plan(
        "fence",
        request.cluster,
        f"Fence {request.node} ({request.action}) by {listed(f'`{one.id}`' for one in _devices(seen.cib, request.node))}.",
        (step,),
        risks=tuple(_risks(request, snapshot, seen)),
        guards=(*seen.guards, f"devices {[one.id for one in _devices(seen.cib, request.node)]}"),
        risk="dangerous",
    )


def _devices(cib: Cib, node: str) -> tuple[Primitive, ...]:
    """Return the devices that may fence a node: by their list or map, or by asking the device itself."""
    return tuple(one for one in cib.primitives if one.cls == "stonith" and fencing.reaches(one, node))


def _fencings(status: ClusterStatus, request: FenceRequest) -> tuple[str, ...]:
    return tuple(
        sorted(
            event.completed
            for event in status.fence_events
            if event.target == request.node and event.status == "success" and event.completed
        )
    )


def _done(request: FenceRequest, seen: View) -> str | None:
    """Return that it was fenced and has not come back, or None."""
    state, fenced = seen.status.node(request.node), _fencings(seen.status, request)
    if state is None or state.online or state.unclean or not fenced:
        return None
    return f"{request.node} was fenced ({fenced[-1]}) and has not come back: there is nothing to cut off."


def _reasons(request: FenceRequest, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    node = request.node
    if seen.at.name == node:
        yield no(f"only {node} itself could order it", "Another node has to run the cluster: `start`.")
    if seen.status.node(node) is None:
        yield no(f"Pacemaker knows no node {node}", "Look at `members`.")
    if not any(one.cls == "stonith" for one in seen.cib.primitives):
        yield no(
            "the cluster has no fencing device: nothing here can cut a machine's power",
            f"Switch {node} off by hand, see that it is off, then `confirm-down {node} --reason …`: with it a person "
            f"vouches for that, and its resources may start elsewhere. `setup` can add a device.",
        )
    elif not _devices(seen.cib, node):
        yield no(f"no fencing device is for {node}", f"Add one, or switch it off by hand and `confirm-down {node}`.")
    yield from loses_quorum(seen, snapshot, [node])
    yield from last_in_service(seen, node)


def _risks(request: FenceRequest, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    node = request.node
    yield Finding(
        Level.CRITICAL, f"{node} loses its power in the midst of what it does: what it has not written is lost"
    )
    if not seen.status.fencing_enabled:
        yield Finding(
            Level.WARNING,
            "fencing is off in the configuration (stonith-enabled=false): the device may not be ready",
            "`setup` with fencing turns it on.",
        )
    for vip in snapshot.cluster.vips:
        address = str(vip.address)
        if node not in holders(snapshot, address):
            continue
        resource = next((one.id for one in seen.cib.primitives if one.attributes.get("ip") == address), address)
        if gate_state(seen.cib, resource) is not None:
            yield Finding(
                Level.CRITICAL,
                f"`{resource}` ({address}) is on it and waits at its gate then: it answers nowhere until `failover "
                f"{resource}`",
                f"`standby {node}` first, if it still listens.",
            )
        else:
            yield Finding(Level.WARNING, f"`{resource}` ({address}) is on it, and starts on another node")
    only = sorted(
        {
            one.id
            for one in seen.on(node)
            if seen.status.holders(one.id) == (node,) and not one.clone and "IPaddr" not in one.agent
        }
    )
    if only:
        yield Finding(
            Level.WARNING, f"{does([f'`{name}`' for name in only], 'runs', 'run')} nowhere else, and starts anew"
        )
    yield from alone_after(seen, node)


def _fenced(request: FenceRequest, seen: View) -> Proof:
    """Prove that the device said so since."""
    before = _fencings(seen.status, request)

    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        fresh = [when for when in _fencings(reading.value, request) if when not in before]
        return () if fresh else (f"no fencing of {request.node} is known to have succeeded",)

    return Proof(("status",), missing, FENCING, (seen.at.name,))


VERB = Verb(
    name="fence",
    summary="Cut a node's power with the cluster's fencing device",
    usage="fence NODE [CLUSTER] [--off] --reason TEXT",
    role=Role.ADMIN,
    options=(Option("off", "leave it off; without it, it is switched on again"),),
    example='fence n2 --reason "it hangs and holds vip2"',
    parse=parse,
    change=Change((*READS, "addresses", "quorum"), decide),
    needs_reason=True,
)
