"""`restart RESOURCE`: stop and start it, a clone on one node after the other, so that somebody always serves.

`crm_resource --restart` holds a resource down by its target role, a clone on one node by a ban. Killed in between it
leaves that behind: the next `restart` finds it, says so, and takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commands.checks.phrases import does, listed
from commands.command import Command
from commands.errors import UsageError
from commands.facts.fact import Known, NotRunning
from commands.gates import gate_state
from commands.plan import Decision, Lane, Plan, Proof, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import cluster_and, node_of
from commands.verbs.guards import READS, View, hands_off, members, no, not_serving, view
from commands.verbs.serving import holders
from commands.verbs.settled import settle
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.inventory import ClusterSpec
from config.policy import Role

RESTARTING = 120
"""Seconds that a stop and a start may take together: systemd alone gives a unit 90 for each."""
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """Start a resource anew; of a clone the instance on one node, or all of them (None)."""

    cluster: ClusterSpec
    resource: str
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What is restarted: a primitive, a group or a clone, and where it runs."""

    id: str
    primitives: tuple[str, ...]
    clone: bool
    nodes: tuple[str, ...]
    bans: tuple[tuple[str, str], ...]
    """Bans left of moves or of restarts that were cut short, as (id, node)."""
    held_down: bool
    """Its target role is Stopped."""


def parse(words: Words, desk: Desk) -> RestartRequest:
    """Read `RESOURCE [CLUSTER] [--node NODE]`. Raises `UsageError`."""
    cluster, about = cluster_and(words.positional, desk, at_least=1, at_most=1)
    if not about:
        raise UsageError("say which resource", remedy="For example: `/hacluster restart haproxy`")
    node = words.one("node")
    return RestartRequest(cluster, about[0], None if node is None else node_of(cluster, node))


def decide(request: RestartRequest, snapshot: Snapshot) -> Decision:
    """Plan the restart, or return every reason not to."""
    seen = view("restart", snapshot)
    if isinstance(seen, Refusal):
        return seen
    target = _found(request, seen)
    if target is None:
        listing = listed(sorted(one.clone or one.group or one.id for one in seen.cib.primitives)) or "none"
        reason = no(
            f"there is no resource {request.resource[:60]!r} in `{request.cluster.name}`", f"Its own: {listing}."
        )
        return Refusal("restart", (reason,))
    reasons = (*hands_off(seen), *_problems(request, target, seen))
    if reasons:
        return Refusal("restart", reasons)
    nodes = (request.node,) if request.node and target.clone else _order(target, snapshot)
    steps = tuple(_steps(target, nodes, snapshot, seen))
    where = f" on {', then '.join(nodes)}" if target.clone and not target.held_down else ""
    return Plan(
        "restart",
        request.cluster,
        f"Start `{target.id}` again." if target.held_down else f"Restart `{target.id}`{where}.",
        steps,
        risks=tuple(_risks(target, nodes, snapshot, seen)),
        guards=(*seen.guards, f"{target.id} on {list(target.nodes)}", f"bans {list(target.bans)}"),
    )


def _found(request: RestartRequest, seen: View) -> Target | None:
    named = next((one for one in seen.cib.primitives if request.resource in {one.id, one.group, one.clone}), None)
    if named is None:
        return None
    resource = named.clone or named.group or named.id
    primitives = members(seen.cib, resource)
    on = [n.name for n in seen.status.nodes if any(n.name in seen.status.holders(one) for one in primitives)]
    layers = [one.meta for one in seen.cib.primitives if one.id in primitives]
    layers += [one.meta for one in seen.cib.clones if one.id == resource]
    left = (one for one in seen.cib.leftover_moves if one.resource == resource and one.id.startswith("cli-ban-"))
    return Target(
        resource,
        primitives,
        named.clone is not None,
        tuple(on),
        tuple((one.id, _banned(one.node, one.id)) for one in left),
        any(meta.get("target-role", "").lower() == "stopped" for meta in layers),
    )


def _banned(node: str, constraint: str) -> str:
    return node or constraint.rpartition("-on-")[2]


def _problems(request: RestartRequest, target: Target, seen: View) -> Iterator[Finding]:
    if target.held_down or target.bans:
        return
    if request.node is not None:
        yield from not_serving(seen, request.node)
        if request.node not in target.nodes:
            where = listed(target.nodes) if target.nodes else "no node"
            yield no(f"`{target.id}` does not run there: it runs on {where}", "Leave `--node` out.", request.node)
        elif not target.clone and target.nodes != (request.node,):
            yield no(f"`{target.id}` runs on {listed(target.nodes)} at once", "Leave `--node` out.")
    elif not target.nodes:
        yield no(
            f"`{target.id}` runs nowhere: there is nothing to restart",
            f"`status` tells why; see `cleanup {target.id}`.",
        )
    for name in target.primitives:
        for one in seen.status.instances(name):
            if one.blocked:
                yield no(f"`{name}` is blocked: it could not be stopped", f"Stop it by hand, then `cleanup {name}`.")
            elif one.active and not one.managed:
                yield no(f"Pacemaker does not manage `{name}`", f"`pcs resource manage {name}` ends that.")


def _order(target: Target, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the nodes, those without a floating IP first: what is wrong shows where it costs least."""
    vips = [str(vip.address) for vip in snapshot.cluster.vips]

    def carries(node: str) -> int:
        return sum(node in holders(snapshot, vip) for vip in vips)

    return tuple(sorted(target.nodes, key=lambda node: (carries(node), node)))


def _steps(target: Target, nodes: tuple[str, ...], snapshot: Snapshot, seen: View) -> Iterator[Step]:
    after: tuple[str, ...] = ()
    if target.bans:
        clear = Command(("crm_resource", "--resource", target.id, "--clear"), timeout=30, changes=True)
        names = listed(f"`{one}`" for one, _ in target.bans)
        yield Step("clear", f"Take away {names}", (Lane(seen.at, (clear, settle())),))
        after = ("clear",)
    if target.held_down:
        enable = Command(("pcs", "resource", "enable", target.id), timeout=60, changes=True)
        started = _started(target, None, snapshot, seen)
        yield Step("enable", f"Let `{target.id}` start", (Lane(seen.at, (enable, settle())),), after, started)
        return
    for node in nodes if target.clone else (None,):
        where = ("--node", node) if node else ()
        words = ("crm_resource", "--restart", "--resource", target.id, *where, f"--timeout={RESTARTING}s")
        command = Command(words, timeout=RESTARTING + 10, changes=True)
        title = f"Restart `{target.id}`{f' on {node}' if node else ''}"
        step = f"restart-{node}" if node else "restart"
        yield Step(step, title, (Lane(seen.at, (command,)),), after, _started(target, node, snapshot, seen))
        after = (step,)


def _started(target: Target, node: str | None, snapshot: Snapshot, seen: View) -> Proof:
    """Prove that it was started anew, and that the floating IPs that were there are there again."""
    before = seen.status.starts
    vips = [str(vip.address) for vip in snapshot.cluster.vips]
    served = [vip for vip in vips if len(holders(snapshot, vip)) == 1]
    asked = tuple(one.node.name for one, _ in snapshot.known("addresses"))

    def missing(later: Snapshot) -> tuple[str, ...]:
        reading = later.node(seen.at.name).status
        if not isinstance(reading, Known) or isinstance(reading.value, NotRunning):
            return (f"{seen.at.name} does not tell",)
        status, lacks = reading.value, []
        for name in target.primitives:
            where = [one for one in status.holders(name) if node in {None, one}]
            fresh = [one for one in where if status.starts.get((name, one)) != before.get((name, one))]
            wanted = 1 if node or target.held_down else len(seen.status.holders(name))
            if len(fresh) < wanted:
                lacks.append(f"`{name}` was not started anew{f' on {node}' if node else ''}")
        lacks += [f"{vip} is on no node" for vip in served if not holders(later, vip)]
        return tuple(lacks)

    return Proof(("addresses", "status"), missing, PATIENCE, asked)


def _risks(target: Target, nodes: tuple[str, ...], snapshot: Snapshot, seen: View) -> Iterator[Finding]:
    for ban, node in target.bans:
        yield Finding(
            Level.WARNING,
            f"`{ban}` keeps it off {node}: left by a restart that was cut short, or set by somebody; it is taken away first",
        )
    if target.held_down:
        yield Finding(
            Level.WARNING,
            f"`{target.id}` is switched off (target-role Stopped): by somebody, or by a restart that was cut short",
            "Make sure that nobody wants it down.",
        )
        return
    after = {
        one.resource
        for one in seen.cib.colocations
        if one.with_resource in {target.id, *target.primitives} and one.score > 0
    }
    yield from _gap(target, nodes, snapshot, seen, after)
    others = sorted(name for name in after if not _address(seen, name))
    if others:
        yield Finding(
            Level.WARNING, f"{does([f'`{name}`' for name in others], 'stops', 'stop')} with it, and starts again"
        )
    if target.clone and len(nodes) > 1:
        yield Finding(Level.INFO, "one node after the other: the next one only when the one before serves again")
    elif target.clone and not [name for name in target.nodes if name not in nodes]:
        yield Finding(Level.CRITICAL, f"it runs on {listed(nodes)} only: nobody serves until it has started again")


def _gap(target: Target, nodes: tuple[str, ...], snapshot: Snapshot, seen: View, after: set[str]) -> Iterator[Finding]:
    """Say which floating IPs do not answer meanwhile, and which go elsewhere."""
    for name in sorted({*after, *target.primitives}):
        address = _address(seen, name)
        where = holders(snapshot, address) if address else ()
        if not address or not set(where) & set(nodes or target.nodes):
            continue
        if target.clone and gate_state(seen.cib, name) is None and len(target.nodes) > 1:
            yield Finding(
                Level.WARNING, f"`{name}` ({address}) leaves {listed(where)} for another node, and stays there"
            )
        else:
            yield Finding(
                Level.WARNING,
                f"`{name}` ({address}) does not answer while it restarts{f' on {listed(where)}' if target.clone else ''}: "
                "a few seconds, as long as stop and start take",
            )


def _address(seen: View, resource: str) -> str:
    primitive = seen.cib.primitive(resource)
    return (primitive.address or "") if primitive else ""


VERB = Verb(
    name="restart",
    summary="Stop and start a resource, one that runs everywhere on one node after the other",
    usage="restart RESOURCE [CLUSTER] [--node NODE]",
    role=Role.OPERATOR,
    options=(Option("node", "only there, of a resource that runs on every node", "NODE"),),
    example="restart haproxy --node n2",
    parse=parse,
    change=Change((*READS, "addresses"), decide),
)
