"""A node gives up what it runs: gated floating IPs by their gates first, everything else by Pacemaker's own choice.

In standby a node keeps its vote and its place; it runs nothing. A floating IP whose gate holds it at home there would be
left nowhere, so opening its gate on another node is part of the same plan, and comes before. `standby`, `failover NODE`
and `stop --node` all begin so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import does, listed
from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.gates import clear_attribute, gate_state
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.failover.move import Move, MoveRequest, seen_from, understood, unheard
from commands.verbs.failover.reasons import best_target, nobody_takes, reasons_not_to, target_problems
from commands.verbs.failover.steps import PATIENCE, gate_steps
from commands.verbs.guards import View, alone_after, hands_off, last_in_service, no, view
from commands.verbs.serving import bound_ports, holders, serving_step
from config.inventory import ClusterSpec

READS = ("addresses", "cib", "cmap", "haproxy_config", "status", "vips_in_use")
STOPPING = 120.0
"""Seconds until a node has stopped what it ran: systemd alone gives a unit 90 to end."""


@dataclass(frozen=True, slots=True)
class DrainRequest:
    """Let a node give up what it runs. `to` is who gets its gated floating IPs, or None for whoever has the fewest."""

    cluster: ClusterSpec
    node: str
    to: str | None = None
    reason: str = ""
    """Why, in the asker's words: with one it goes on where nobody can find out whether a lost node is down."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A gated floating IP that leaves the node, and where it goes."""

    move: Move
    target: str

    @property
    def suffix(self) -> str:
        """What tells its steps from those of the others."""
        return f"-{self.move.resource}"


def leaving(verb: str, request: DrainRequest, snapshot: Snapshot, seen: View) -> tuple[Leaving, ...] | Refusal:
    """Return the gated floating IPs that the node has, or that wait because of it; or why one cannot go anywhere.

    One that nothing lets run anywhere waits whoever had it: a drain that was cut short has let a guest go and in nowhere.
    """
    found: list[Leaving] = []
    reasons: list[Finding] = []
    for primitive in seen.cib.primitives:
        gate = gate_state(seen.cib, primitive.id)
        address = primitive.address
        switched_off = primitive.meta.get("target-role", "").lower() == "stopped"
        if gate is None or not address or switched_off:
            continue
        where = holders(snapshot, address)
        let_in_nowhere = not where and gate.home in gate.sent_away_from and not gate.opened_on
        waits = not where and (gate.home == request.node or let_in_nowhere)
        if request.node not in where and not waits:
            continue
        move = understood(verb, MoveRequest(request.cluster, primitive.id, request.to, request.reason), snapshot)
        if isinstance(move, Refusal):
            return move
        target = request.to or _goes_to(move, snapshot, request.node, tuple(one.target for one in found))
        if target is None:
            reasons.append(
                no(
                    f"`{primitive.id}` ({address}) would stay at its gate, and answer nowhere",
                    "Make another node fit to take it: `status` tells what is wrong there.",
                )
            )
            reasons.extend(nobody_takes(move, snapshot, request.node)[1:])
            continue
        move = seen_from(move, target, snapshot)
        reasons.extend(reasons_not_to(move, target, snapshot))
        found.append(Leaving(move, target))
    return Refusal(verb, tuple(dict.fromkeys(reasons))) if reasons else tuple(found)


def _goes_to(move: Move, snapshot: Snapshot, leaves: str, promised: tuple[str, ...]) -> str | None:
    """Return its home, if it is a guest where it is, or else the fit node with the fewest floating IPs."""
    home = move.gate.home if move.gate else leaves
    known = move.members & {node.node.name for node in snapshot.nodes}
    if home not in {leaves, *move.sources} and home in known and not target_problems(move, snapshot.node(home)):
        return home
    return best_target(move, snapshot, promised, leaves)


def decide(verb: str, request: DrainRequest, snapshot: Snapshot) -> Decision:
    """Plan to empty a node and leave it in standby, or return every reason not to."""
    seen = view(verb, snapshot, not_from=request.node)
    if isinstance(seen, Refusal):
        return seen
    state = seen.status.node(request.node)
    reasons = [*hands_off(seen, request.node)]
    if state is None:
        reasons.append(no(f"Pacemaker knows no node {request.node}", "Look at `members`."))
    if request.to == request.node:
        reasons.append(no(f"{request.node} is the node that is to be emptied", "Name another one after `--to`."))
    if reasons or state is None:
        return Refusal(verb, tuple(reasons))
    if not state.online:
        return _absent(verb, request, snapshot, seen)
    going = leaving(verb, request, snapshot, seen)
    left = _still_there(seen, request.node)
    if state.standby and not left and not (isinstance(going, tuple) and going):
        told = f"`unstandby {request.node}` brings it back into service."
        return NothingToDo(verb, f"{request.node} is in standby already, and runs nothing. {told}")
    reasons = [*(going.reasons if isinstance(going, Refusal) else ()), *stranded(request, snapshot, seen)]
    if not state.standby:
        reasons = [*last_in_service(seen, request.node), *reasons]
    if reasons or isinstance(going, Refusal):
        return Refusal(verb, tuple(dict.fromkeys(reasons)))
    steps = moves(going, snapshot)
    if not state.standby or left:
        steps = (*steps, standby_step(request.node, seen, tuple(step.id for step in steps)))
    return Plan(
        verb,
        request.cluster,
        f"Empty {request.node} and leave it in standby: it runs nothing until `unstandby {request.node}`.",
        (*steps, *_serve_again(request, snapshot, steps)),
        risks=(*risks(request.node, going, snapshot, seen), _keeps_its_vote(request.node)),
        guards=(*seen.guards, *placed(seen, going)),
    )


def _absent(verb: str, request: DrainRequest, snapshot: Snapshot, seen: View) -> Decision:
    """Decide about a node that is not there: its floating IPs can go all the same; nothing has to be emptied."""
    node = request.node
    going = leaving(verb, request, snapshot, seen)
    if isinstance(going, Refusal):
        return going
    if not going:
        return NothingToDo(verb, f"{node} is not online, and no floating IP waits because of it.")
    told = Finding(
        Level.WARNING,
        f"{node} is not online: it is taken to be down, as nothing answers for what it had",
        f"If {node} could be alive and only cut off, look at it first.",
    )
    steps = moves(going, snapshot)
    unknown = tuple(reason for one in going for reason in unheard(one.move, snapshot))
    return Plan(
        verb,
        request.cluster,
        f"Move what waits for {node}: {listed(f'`{one.move.resource}` to {one.target}' for one in going)}.",
        (*steps, *_serve_again(request, snapshot, steps, only=going)),
        risks=(*unknown, *(() if unknown else (told,))),
        guards=(*seen.guards, *placed(seen, going)),
        risk="dangerous" if unknown else "ordinary",
    )


def moves(going: tuple[Leaving, ...], snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the steps that move gated floating IPs; they do not wait for each other."""
    return tuple(step for one in going for step in gate_steps(one.move, one.target, snapshot, one.suffix))


def placed(seen: View, going: tuple[Leaving, ...]) -> tuple[str, ...]:
    """Return where things are and go, for the fingerprint."""
    where = (f"{one.id} on {' '.join(one.nodes)}" for one in seen.status.resources if one.active)
    return (*sorted(where), *(f"{one.move.resource} to {one.target}" for one in going))


def standby_step(node: str, seen: View, after: tuple[str, ...]) -> Step:
    """Return the step that puts a node into standby; it is done when nothing of Pacemaker's runs there any more."""

    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        state = reading.value.node(node)
        if state is None or not state.standby:
            return (f"{node} is not in standby",)
        left = _still_there(View(seen.at, reading.value, seen.cib), node)
        return (f"{listed(left)} still run{'s' * (len(left) == 1)} on {node}",) if left else ()

    command = Command(("pcs", "node", "standby", node), timeout=60, changes=True)
    return Step(
        "standby",
        f"Put {node} into standby",
        (Lane(seen.at, (command,)),),
        after,
        Proof(("status",), missing, STOPPING, (seen.at.name,)),
    )


def _still_there(seen: View, node: str) -> tuple[str, ...]:
    """Return what runs on a node and would be stopped in standby: what is not managed stays."""
    return tuple(dict.fromkeys(one.id for one in seen.on(node) if one.managed and not one.orphaned))


def stranded(request: DrainRequest, snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    """Yield that a floating IP without a gate would be left nowhere."""
    for primitive in seen.cib.primitives:
        address = primitive.address
        if not address or gate_state(seen.cib, primitive.id) or request.node not in holders(snapshot, address):
            continue
        move = understood("", MoveRequest(request.cluster, primitive.id), snapshot)
        if isinstance(move, Move) and best_target(move, snapshot, (), request.node) is None:
            yield no(f"`{primitive.id}` ({address}) would be left nowhere", "Make another node fit to take it.")
            yield from nobody_takes(move, snapshot, request.node)[1:]


def _serve_again(
    request: DrainRequest, snapshot: Snapshot, steps: tuple[Step, ...], only: tuple[Leaving, ...] | None = None
) -> tuple[Step, ...]:
    """Return the look whether the floating IPs serve that did before, and those that are moved."""
    moved = {step.id.removeprefix("gate-") for step in steps}
    cluster = request.cluster
    primitives = {p.address: p.id for _, cib in snapshot.running("cib") for p in cib.primitives}
    wanted = tuple(
        vip
        for vip in cluster.vips
        if (only is None and len(holders(snapshot, str(vip.address))) == 1) or primitives.get(str(vip.address)) in moved
    )
    if not wanted or not steps:
        return ()
    asked = [node.node.name for node, _ in snapshot.known("addresses")]
    some = cluster.model_copy(update={"vips": wanted})
    return (serving_step(some, bound_ports(snapshot), tuple(step.id for step in steps), PATIENCE, asked=asked),)


def risks(node: str, going: tuple[Leaving, ...], snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    """Say what moves and what stops, what is left to take over, and what stays as it is."""
    for one in going:
        back = f"; it stays there until `failback {one.move.resource}`" if _home(one) == node else ""
        first = "by its gate, before anything else"
        yield Finding(Level.INFO, f"`{one.move.resource}` ({one.move.address}) moves to {one.target} {first}{back}")
    gated = {one.move.resource for one in going}
    clones = {one.id for one in seen.on(node) if one.clone}
    others = [name for name in _still_there(seen, node) if name not in gated | clones]
    if others:
        yield Finding(
            Level.INFO,
            f"{does([f'`{name}`' for name in others], 'moves', 'move')} to where Pacemaker puts "
            f"{'it' if len(others) == 1 else 'them'}",
        )
    if clones:
        rest = [name for name in seen.in_service if name != node]
        yield Finding(
            Level.INFO,
            f"{listed(f'`{name}`' for name in sorted(clones))} stops on {node}, and still runs on {listed(rest)}",
        )
    unmanaged = sorted({one.id for one in seen.on(node) if not one.managed})
    if unmanaged:
        yield Finding(Level.WARNING, f"{listed(unmanaged)} is not managed by Pacemaker and goes on running on {node}")
    vips = [str(vip.address) for vip in snapshot.cluster.vips if node in holders(snapshot, str(vip.address))]
    if vips:
        yield Finding(Level.INFO, f"connections through {listed(vips)} end; new ones are served elsewhere")
    yield from alone_after(seen, node)


def _keeps_its_vote(node: str) -> Finding:
    return Finding(Level.INFO, f"quorum stays as it is: in standby {node} is a member and keeps its vote")


def _home(one: Leaving) -> str:
    return one.move.gate.home if one.move.gate else ""


def end_standby(node: str, seen: View) -> tuple[Command, ...]:
    """Return the commands that end a node's standby, the one until its next reboot included."""
    commands = [Command(("pcs", "node", "unstandby", node), timeout=60, changes=True)]
    if "standby" in seen.cib.transient_attributes.get(node, {}):
        forget = ("crm_attribute", "-l", "reboot", "-N", node, "-n", "standby", "-D")
        commands.append(Command(forget, timeout=20, legal=clear_attribute("", node).legal, changes=True))
    return tuple(commands)
