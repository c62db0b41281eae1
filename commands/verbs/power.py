"""`start`, `stop`, `enable`, `disable`: the cluster as a whole, on all its nodes that answer.

A node that is off is no reason to leave the others alone: it is named, with what that means.
"""

from __future__ import annotations

from commands.checks import quorum
from commands.checks.phrases import listed
from commands.command import Command
from commands.facts.fact import Known, NotRunning
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step, on_each
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.cluster_request import ClusterRequest, parse_cluster
from commands.verbs.reached import Here, reached
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.together import START_PATIENCE, lacks_peers
from commands.verbs.verb import Change, Verb
from config.policy import Role


def decide_start(request: ClusterRequest, snapshot: Snapshot) -> Decision:
    """Plan to start the nodes on which the cluster does not run."""
    cluster = request.cluster
    here = reached("start", snapshot, "status", "cmap", "conf", "quorum")
    if isinstance(here, Refusal):
        return here
    stopped = tuple(node.node.name for node in here.nodes if _stopped(node))
    waiting = {node.node.name: why for node in here.nodes if (why := lacks_peers(here.names, node))}
    undone = here.undone("not started", "Switch it on, and look at `status`.")
    if not stopped:
        if not waiting:
            lame = (found for found in quorum.check(snapshot) if found.level is Level.CRITICAL)
            already = f"`{cluster.name}` runs {here.where('on all its nodes')} already."
            return NothingToDo("start", already, (*lame, *undone))
        remedy = "Just started nodes need some seconds to join; if it stays so, `members` tells who sees whom."
        return Refusal("start", tuple(Finding(Level.CRITICAL, why, remedy, name) for name, why in waiting.items()))
    homeless = [vip for vip in cluster.vips if len(holders(snapshot, str(vip.address))) != 1]
    which = here.which if len(stopped) == len(here.names) else stopped
    command = Command(("pcs", "cluster", "start", *which), timeout=120, changes=True)
    proof = on_each(here.names, ("cmap", "status"), lambda node: lacks_peers(here.names, node), START_PATIENCE)
    steps = [
        Step("start", f"Start the cluster on {listed(stopped)}", (Lane(here.nodes[0].node, (command,)),), proof=proof)
    ]
    if cluster.vips and homeless and not here.silent:
        steps.append(serving_step(cluster, bound_ports(snapshot), ("start",)))
    fresh = len(stopped) == len(here.names)
    return Plan(
        "start",
        cluster,
        f"Start `{cluster.name}` on {', '.join(stopped)}.",
        tuple(steps),
        _risks_of_starting(here, fresh=fresh) if here.silent else (),
        undone=undone,
        leaves="running",
    )


def _stopped(node: NodeSnapshot) -> bool:
    return isinstance(node.status, Known) and isinstance(node.status.value, NotRunning)


def _lies_still(node: NodeSnapshot) -> bool:
    return _stopped(node) and isinstance(node.cmap, Known) and isinstance(node.cmap.value, NotRunning)


def _risks_of_starting(here: Here, *, fresh: bool) -> tuple[Finding, ...]:
    """Say what a start without some nodes means. `fresh` is one after which no node has run for longer."""
    total = len(here.names) + len(here.silent)
    told = []
    if fresh and total == 2:  # noqa: PLR2004 - pcs makes clusters of two wait for all
        told.append(
            Finding(
                Level.WARNING,
                f"{listed(here.names)} alone gets no quorum: a cluster of two that starts waits until both were there "
                "once (wait_for_all), and runs nothing until then",
                f"Bring {listed(here.silent)} back. If it is surely off and stays off, see pcs(8), `quorum unblock`.",
            )
        )
    elif 2 * len(here.names) <= total and fresh:
        told.append(
            Finding(
                Level.WARNING,
                f"{len(here.names)} of {total} nodes have no quorum: they run nothing until more are there",
                f"Bring {listed(here.silent)} back.",
            )
        )
    told.append(
        Finding(Level.INFO, "whether the floating IPs answer is not waited for: some may wait for a node that is off")
    )
    return tuple(told)


def decide_stop(request: ClusterRequest, snapshot: Snapshot) -> Decision:
    """Plan to stop the cluster: everything it carries goes down."""
    cluster = request.cluster
    here = reached("stop", snapshot, "status", "cmap", "conf")
    if isinstance(here, Refusal):
        return here
    undone = here.undone(_alive_after_stopping(here), f"Look at {listed(here.silent)} first.", Level.CRITICAL)
    if all(_lies_still(node) for node in here.nodes):
        return NothingToDo("stop", f"`{cluster.name}` is stopped {here.where('on all its nodes')} already.", undone)
    carried = ", ".join(str(vip.address) for vip in cluster.vips)
    down = Finding(Level.CRITICAL, f"the service goes down: {carried or 'everything it carries'} will not answer")
    still = on_each(
        here.names, ("status", "cmap"), lambda node: None if _lies_still(node) else "it still runs", patience=60
    )
    return Plan(
        "stop",
        cluster,
        f"Stop `{cluster.name}` {here.where()}.",
        _some(here, still) if here.silent else _all(here, still),
        risks=(down,),
        undone=undone,
        leaves="stopped",
    )


def _all(here: Here, proof: Proof) -> tuple[Step, ...]:
    command = Command(("pcs", "cluster", "stop", "--all"), timeout=180, changes=True)
    return (Step("stop", "Stop the cluster on all nodes", (Lane(here.nodes[0].node, (command,)),), proof=proof),)


def _some(here: Here, proof: Proof) -> tuple[Step, ...]:
    """Stop the nodes that answer, in the order of `pcs cluster stop`: Pacemaker everywhere, then corosync.

    pcs itself asks every node about quorum, and without the silent ones does it by force only.
    """
    running = [node.node for node in here.nodes if not _lies_still(node)]

    def lanes(unit: str) -> tuple[Lane, ...]:
        command = Command(("systemctl", "stop", unit), timeout=180, changes=True)
        return tuple(Lane(node, (command,)) for node in running)

    return (
        Step("stop", f"Stop Pacemaker {here.where()}", lanes("pacemaker")),
        Step("corosync", f"Stop corosync {here.where()}", lanes("corosync"), ("stop",), proof),
    )


def _alive_after_stopping(here: Here) -> str:
    """Say what a node does that could not be told to stop, should it be alive."""
    alive, total = len(here.silent), len(here.names) + len(here.silent)
    one = alive == 1
    left = f"{'it has' if one else 'they have'} quorum"
    # a cluster of two lets either side go on alone (two_node)
    goes_on = 2 * alive > total or total == 2  # noqa: PLR2004
    then = (
        f"{left} without the others and may take over what they carried, where no gate holds it"
        if goes_on
        else f"{'it has' if one else 'they have'} no quorum without the others, and by default what runs there is stopped"
    )
    return f"not stopped: if {'it is' if one else 'they are'} alive and only cut off from the bot, {then}"


def _boot(word: str, title: str, not_done: str, *, wanted: bool) -> Change:
    def lacks(node: NodeSnapshot) -> str | None:
        if not isinstance(node.units, Known):
            return "unknown"
        wrong = [name for name in ("corosync", "pacemaker") if node.units.value.unit(name).enabled is not wanted]
        return f"{' and '.join(wrong)}: {'not ' if wanted else ''}started at boot" if wrong else None

    def decide(request: ClusterRequest, snapshot: Snapshot) -> Decision:
        cluster = request.cluster
        here = reached(word, snapshot, "conf", "units")
        if isinstance(here, Refusal):
            return here
        undone = here.undone(not_done, f"Once it is back, type `{word} {cluster.name}` again.")
        if not any(lacks(node) for node in here.nodes):
            return NothingToDo(word, f"`{cluster.name}` is {word}d {here.where()} already.", undone)
        command = Command(("pcs", "cluster", word, *here.which), timeout=60, changes=True)
        told = f"{title}, {here.where()}"
        step = Step(word, told, (Lane(here.nodes[0].node, (command,)),), proof=on_each(here.names, ("units",), lacks))
        return Plan(word, cluster, f"{told}.", (step,), undone=undone)

    return Change(("conf", "units"), decide)


START = Verb(
    name="start",
    summary="Start a cluster on all its nodes",
    usage="start [CLUSTER]",
    role=Role.OPERATOR,
    example="start web",
    parse=parse_cluster,
    change=Change(("addresses", "cmap", "conf", "haproxy_config", "quorum", "status"), decide_start),
)
STOP = Verb(
    name="stop",
    summary="Stop a cluster on all its nodes: the service goes down",
    usage="stop [CLUSTER]",
    role=Role.OPERATOR,
    example="stop web",
    parse=parse_cluster,
    change=Change(("cmap", "conf", "status"), decide_stop),
)
ENABLE = Verb(
    name="enable",
    summary="Let the cluster start by itself when its nodes boot",
    usage="enable [CLUSTER]",
    role=Role.OPERATOR,
    example="enable web",
    parse=parse_cluster,
    change=_boot(
        "enable", "Start the cluster at boot", "not enabled: whether it starts at boot stays as it was", wanted=True
    ),
)
DISABLE = Verb(
    name="disable",
    summary="Do not start the cluster by itself when its nodes boot",
    usage="disable [CLUSTER]",
    role=Role.OPERATOR,
    example="disable web",
    parse=parse_cluster,
    change=_boot(
        "disable",
        "Do not start the cluster at boot",
        "not disabled: when it boots, the cluster starts there as it did",
        wanted=False,
    ),
)
