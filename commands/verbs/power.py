"""`start`, `stop`, `enable`, `disable`: the cluster as a whole, on all its nodes."""

from __future__ import annotations

from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.plan import Decision, Lane, NothingToDo, Plan, Refusal, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.verb import Change, Verb
from config.policy import Role

START_PATIENCE = 90.0
"""Seconds; an election of a DC alone may take 20 (pacemaker-controld(7), `dc-deadtime`)."""


def unreachable(snapshot: Snapshot, *fields: str) -> tuple[Finding, ...]:
    """Return a reason not to go on for each node that could not be asked."""
    return tuple(
        Finding(
            Level.CRITICAL,
            why.why.removeprefix(f"{node.node.name}: "),
            (why.error.remedy if why.error else "") or "The bot must reach every node for this.",
            node.node.name,
        )
        for node, why in snapshot.unknown(*fields)
    )


def primary(snapshot: Snapshot, *fields: str) -> NodeSnapshot:
    """Return the first node that could be asked: pcs commands for the whole cluster run there."""
    return next((node for node in snapshot.nodes if not node.unknown(*fields)), snapshot.nodes[0])


def lacks_peers(names: tuple[str, ...], node: NodeSnapshot) -> str | None:
    """Return what a node misses to be running with all the named nodes online, or None."""
    if not (isinstance(node.cmap, Known) and isinstance(node.status, Known)):
        return "unknown"
    cmap, status = node.cmap.value, node.status.value
    if isinstance(cmap, NotRunning) or isinstance(status, NotRunning):
        return "the cluster does not run there"
    absent = [name for name in names if name not in cmap.joined_names()]
    if absent:
        return f"corosync there does not see {', '.join(absent)}"
    offline = [name for name in names if not ((state := status.node(name)) and state.online)]
    return f"Pacemaker there waits for {', '.join(offline)}" if offline else None


def decide_start(request: ClusterRequest, snapshot: Snapshot) -> Decision:
    """Plan to start the nodes on which the cluster does not run."""
    cluster = request.cluster
    names = tuple(node.name for node in cluster.nodes)
    reasons = unreachable(snapshot, "status", "cmap", "conf")
    if reasons:
        return Refusal("start", reasons)
    stopped = tuple(
        node.node.name
        for node in snapshot.nodes
        if isinstance(node.status, Known) and isinstance(node.status.value, NotRunning)
    )
    waiting = {node.node.name: why for node in snapshot.nodes if (why := lacks_peers(names, node))}
    if not stopped:
        if not waiting:
            return NothingToDo("start", f"`{cluster.name}` runs on all its nodes already.")
        remedy = "Just started nodes need some seconds to join; if it stays so, `members` tells who sees whom."
        return Refusal("start", tuple(Finding(Level.CRITICAL, why, remedy, name) for name, why in waiting.items()))
    homeless = [vip for vip in cluster.vips if len(holders(snapshot, str(vip.address))) != 1]
    which = ("--all",) if len(stopped) == len(names) else stopped
    command = Command(("pcs", "cluster", "start", *which), timeout=120, changes=True)
    proof = on_each(names, ("cmap", "status"), lambda node: lacks_peers(names, node), START_PATIENCE)
    steps = [Step("start", "Start the cluster", (Lane(cluster.nodes[0], (command,)),), proof=proof)]
    if cluster.vips and homeless:
        steps.append(serving_step(cluster, bound_ports(snapshot), ("start",)))
    return Plan("start", cluster, f"Start `{cluster.name}` on {', '.join(stopped)}.", tuple(steps))


def decide_stop(request: ClusterRequest, snapshot: Snapshot) -> Decision:
    """Plan to stop the cluster on all nodes: everything it carries goes down."""
    cluster = request.cluster
    reasons = unreachable(snapshot, "status")
    if reasons:
        return Refusal("stop", reasons)
    if all(isinstance(node.status, Known) and isinstance(node.status.value, NotRunning) for node in snapshot.nodes):
        return NothingToDo("stop", f"`{cluster.name}` is stopped on all its nodes already.")
    carried = ", ".join(str(vip.address) for vip in cluster.vips)
    risk = Finding(Level.CRITICAL, f"the service goes down: {carried or 'everything it carries'} will not answer")
    proof = on_each(
        (node.name for node in cluster.nodes),
        ("status",),
        lambda node: (
            None if isinstance(node.status, Known) and isinstance(node.status.value, NotRunning) else "it still runs"
        ),
        patience=60,
    )
    command = Command(("pcs", "cluster", "stop", "--all"), timeout=180, changes=True)
    step = Step(
        "stop", "Stop the cluster on all nodes", (Lane(primary(snapshot, "status").node, (command,)),), proof=proof
    )
    return Plan("stop", cluster, f"Stop `{cluster.name}` on all nodes.", (step,), risks=(risk,))


def _boot(word: str, title: str, *, wanted: bool) -> Change:
    def lacks(node: NodeSnapshot) -> str | None:
        if not isinstance(node.units, Known):
            return "unknown"
        wrong = [name for name in ("corosync", "pacemaker") if node.units.value.unit(name).enabled is not wanted]
        return f"{' and '.join(wrong)}: {'not ' if wanted else ''}started at boot" if wrong else None

    def decide(request: ClusterRequest, snapshot: Snapshot) -> Decision:
        cluster = request.cluster
        reasons = unreachable(snapshot, "units")
        if reasons:
            return Refusal(word, reasons)
        if not any(lacks(node) for node in snapshot.nodes):
            return NothingToDo(word, f"`{cluster.name}`: that is so on all nodes already ({word}d).")
        proof = on_each((node.name for node in cluster.nodes), ("units",), lacks)
        command = Command(("pcs", "cluster", word, "--all"), timeout=60, changes=True)
        return Plan(
            word, cluster, f"{title}.", (Step(word, title, (Lane(cluster.nodes[0], (command,)),), proof=proof),)
        )

    return Change(("units",), decide)


START = Verb(
    name="start",
    summary="Start a cluster on all its nodes",
    usage="start [CLUSTER]",
    role=Role.OPERATOR,
    example="start web",
    parse=parse_cluster,
    change=Change(("addresses", "cmap", "conf", "haproxy_config", "status"), decide_start),
)
STOP = Verb(
    name="stop",
    summary="Stop a cluster on all its nodes: the service goes down",
    usage="stop [CLUSTER]",
    role=Role.OPERATOR,
    example="stop web",
    parse=parse_cluster,
    change=Change(("status",), decide_stop),
)
ENABLE = Verb(
    name="enable",
    summary="Let the cluster start by itself when its nodes boot",
    usage="enable [CLUSTER]",
    role=Role.OPERATOR,
    example="enable web",
    parse=parse_cluster,
    change=_boot("enable", "Start the cluster at boot, on all nodes", wanted=True),
)
DISABLE = Verb(
    name="disable",
    summary="Do not start the cluster by itself when its nodes boot",
    usage="disable [CLUSTER]",
    role=Role.OPERATOR,
    example="disable web",
    parse=parse_cluster,
    change=_boot("disable", "Do not start the cluster at boot, on any node", wanted=False),
)
