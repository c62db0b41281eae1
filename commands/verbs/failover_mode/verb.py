"""From a request and a snapshot to the plan that changes who moves floating IPs.

To `automatic` the gates go, and the approvals in force with them; floating IPs keep apart instead. To `approved` each
floating IP gets a gate whose home is where it is now, so that nothing moves. All constraints change in one push, and
attributes only while no gate asks for them: cut short anywhere, no floating IP stands at half a gate, and asking again
goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from commands import configuration
from commands.configuration import Turn
from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.fact import Known
from commands.gates import attributes_of, clear_attribute
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import cluster_and
from commands.verbs.failover_mode import approved, automatic
from commands.verbs.failover_mode.places import Place, places, unsettled
from commands.verbs.guards import READS, View, hands_off, view
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.settled import settle
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec, Failover
from config.policy import Role

NAME = "failover-mode"
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class ModeRequest:
    """Let failover be approved or automatic. `in_file` says that the bot's configuration file declares the cluster."""

    cluster: ClusterSpec
    mode: Failover
    accepted: bool = False
    in_file: bool = False


def parse(words: Words, desk: Desk) -> ModeRequest:
    """Read `approved|automatic [CLUSTER]`. Raises `UsageError`."""
    first, *rest = words.positional or ("",)
    mode = next((one for one in get_args(Failover) if one == first), None)
    if mode is None:
        raise UsageError(
            "say who is to move floating IPs: people (`approved`) or Pacemaker (`automatic`)",
            remedy=f"`{NAME} approved` or `{NAME} automatic`.",
        )
    cluster, _ = cluster_and(rest, desk, at_most=0)
    return ModeRequest(cluster, mode, words.flag(automatic.ACCEPT), desk.clusters[cluster.name].source == "file")


def decide(request: ModeRequest, snapshot: Snapshot) -> Decision:
    """Plan the change, or what is left of it."""
    seen = view(NAME, snapshot)
    if isinstance(seen, Refusal):
        return seen
    found = places(request.cluster, snapshot, seen)
    turn = _turn(request, found, seen.cib)
    left = _left_over(request, seen.cib)
    spec = request.cluster.model_copy(update={"failover": request.mode})
    remembers = spec != request.cluster and not request.in_file
    if not (turn.words or left or remembers):
        return NothingToDo(NAME, f"Failover of `{spec.name}` is {request.mode} already.", _contradicted(request))
    reasons = tuple(_reasons(request, found, seen)) if turn.words or left else ()
    if reasons:
        return Refusal(NAME, reasons)
    unfenced = request.mode == "automatic" and not automatic.is_fenced(seen.cib)
    return Plan(
        NAME,
        spec if remembers else request.cluster,
        _summary(request, found, turn, left),
        _steps(request, snapshot, seen, found, turn) if turn.words or left else (),
        risks=tuple(
            automatic.risks(found, seen)
            if request.mode == "automatic"
            else approved.risks(request.cluster, found, seen)
        ),
        guards=(
            *seen.guards,
            *(f"{place.resource} on {place.node} home {place.home}" for place in found),
            f"fenced {automatic.is_fenced(seen.cib)}",
        ),
        declares=spec if remembers else None,
        risk="dangerous" if unfenced else "ordinary",
        undone=_contradicted(request),
    )


def _turn(request: ModeRequest, found: tuple[Place, ...], cib: Cib) -> Turn:
    homes = {place.resource: place.home for place in found}
    return configuration.turn_to(request.mode, request.cluster, cib, homes)


def _left_over(request: ModeRequest, cib: Cib) -> tuple[tuple[str, str], ...]:
    """Return each attribute that no gate may find, as resource and node.

    To `automatic` those are all there are. To `approved` it is what an earlier change left behind: once a gate is there
    it would be an approval that nobody gave.
    """
    gated = [gate.resource for gate in cib.gates]
    resources = [one.id for one in configuration.floating_ips(request.cluster, cib)]
    if request.mode == "automatic":
        resources = list(dict.fromkeys((*resources, *gated)))
    else:
        resources = [name for name in resources if name not in gated]
    return tuple((name, node) for name in resources for node in sorted(attributes_of(cib, name)))


def _reasons(request: ModeRequest, found: tuple[Place, ...], seen: View) -> Iterable[Finding]:
    yield from hands_off(seen)
    for place in found:
        yield from unsettled(place, seen)
    if request.mode == "automatic":
        yield from automatic.refusals(found, seen, accepted=request.accepted)
    else:
        yield from approved.refusals(found, seen.cib)


def _summary(request: ModeRequest, found: tuple[Place, ...], turn: Turn, left: tuple[tuple[str, str], ...]) -> str:
    name = request.cluster.name
    if not (turn.words or left):
        return f"Failover of `{name}` is {request.mode} already; the bot remembers it."
    if request.mode == "automatic":
        return f"Let Pacemaker move the floating IPs of `{name}` by itself."
    homes = ", ".join(f"`{place.resource}` at home on {place.home}" for place in found)
    return f"Let the failover of `{name}` wait for people: {homes}."


def _contradicted(request: ModeRequest) -> tuple[Finding, ...]:
    """Tell that the bot's configuration file says otherwise: that wins over what is remembered."""
    if not request.in_file or request.cluster.failover == request.mode:
        return ()
    name = request.cluster.name
    return (
        Finding(
            Level.WARNING,
            f"the bot's configuration file still declares failover {request.cluster.failover} for `{name}`, and `setup` goes "
            "by that",
            f'Write `failover = "{request.mode}"` under `[clusters.{name}]` there, then start the bot anew.',
        ),
    )


def _steps(
    request: ModeRequest, snapshot: Snapshot, seen: View, found: tuple[Place, ...], turn: Turn
) -> tuple[Step, ...]:
    configure = _configure(request, snapshot, seen, found, turn) if turn.words else None
    attributes = _attributes(request, seen)
    order = (attributes, configure) if request.mode == "approved" else (configure, attributes)
    steps: tuple[Step, ...] = ()
    for step in order:
        if step is not None:
            after = tuple(one.id for one in steps)
            steps = (*steps, Step(step.id, step.title, step.lanes, after, step.proof))
    up = {place.address for place in found if place.held}
    cluster = request.cluster.model_copy(
        update={"vips": tuple(vip for vip in request.cluster.vips if str(vip.address) in up)}
    )
    if not cluster.vips:
        return steps
    asked = [node.node.name for node, _ in snapshot.known("addresses")]
    after = tuple(step.id for step in steps)
    return (*steps, serving_step(cluster, bound_ports(snapshot), after, PATIENCE, asked=asked))


def _configure(request: ModeRequest, snapshot: Snapshot, seen: View, found: tuple[Place, ...], turn: Turn) -> Step:
    """Change the constraints; proved when they are as wanted and no floating IP has moved that need not."""
    moving = automatic.crowded(found, seen) if request.mode == "automatic" else frozenset()
    staying = {place.address: place.held for place in found if place.held and place.resource not in moving}
    asked = tuple(node.node.name for node, _ in snapshot.known("addresses"))

    def missing(later: Snapshot) -> tuple[str, ...]:
        cib = _cib(later, seen)
        if cib is None:
            return (f"{seen.at.name} does not tell",)
        moved = tuple(
            f"{address} is not on {held[0]}" for address, held in staying.items() if holders(later, address) != held
        )
        return (*_turn(request, found, cib).words, *moved)

    commands = (
        *configuration.redraft_commands(turn.surplus, turn.lacks),
        configuration.push_command(),
        settle(),
    )
    proof = Proof(("addresses", "cib"), missing, PATIENCE, tuple(dict.fromkeys((seen.at.name, *asked))))
    return Step("configure", _title(request.mode, turn), (Lane(seen.at, commands),), proof=proof)


def _title(mode: Failover, turn: Turn) -> str:
    words = {
        "automatic": ("take the gates away", "let floating IPs keep apart"),
        "approved": ("no longer keep floating IPs apart", "give each a gate where it is"),
    }
    goes, comes = words[mode]
    title = ", and ".join((*([goes] if turn.surplus else ()), *([comes] if turn.lacks else ())))
    return title[0].upper() + title[1:]


def _attributes(request: ModeRequest, seen: View) -> Step | None:
    left = _left_over(request, seen.cib)
    if not left:
        return None

    def missing(later: Snapshot) -> tuple[str, ...]:
        cib = _cib(later, seen)
        if cib is None:
            return (f"{seen.at.name} does not tell",)
        there = [(name, node) for name, node in left if node in attributes_of(cib, name)]
        return tuple(f"{node} still has an attribute for `{name}`" for name, node in there)

    commands = tuple(clear_attribute(name, node) for name, node in left)
    title = "Withdraw the approvals: no gate asks for them"
    return Step(
        "approvals", title, (Lane(seen.at, commands),), proof=Proof(("cib",), missing, PATIENCE, (seen.at.name,))
    )


def _cib(later: Snapshot, seen: View) -> Cib | None:
    reading = later.node(seen.at.name).cib
    return reading.value if isinstance(reading, Known) and isinstance(reading.value, Cib) else None


VERB = Verb(
    name=NAME,
    summary="Change who moves the floating IPs of a lost node: people, at gates, or Pacemaker alone",
    usage=f"{NAME} approved|automatic [CLUSTER] [--{automatic.ACCEPT}]",
    role=Role.ADMIN,
    options=(Option(automatic.ACCEPT, "automatic failover without fencing: both halves of a cut network may serve"),),
    example=f"{NAME} approved",
    parse=parse,
    change=Change((*READS, "addresses", "haproxy_config"), decide),
)
