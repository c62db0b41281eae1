"""`start`, `stop`, `enable`, `disable`: the cluster as a whole, on all its nodes that answer.

A node that is off is no reason to leave the others alone: it is named, with what that means.
"""

from __future__ import annotations

from dataclasses import dataclass

from commands.checks.phrases import does, listed
from commands.command import Command
from commands.errors import HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.facts.fact import Known, NotRunning
from commands.plan import Decision, Lane, NothingToDo, Plan, Proof, Refusal, Step, on_each
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


def silent(snapshot: Snapshot, *fields: str) -> tuple[str, ...]:
    """Return the nodes that nothing was heard of: off, or cut off from the bot.

    A key that nobody trusts, or an answer that cannot be read, is something else: that node is there.
    """
    return tuple(
        node.node.name
        for node, why in snapshot.unknown(*fields)
        if isinstance(why.error, Unreachable) and not isinstance(why.error, HostKeyUnknown | HostKeyMismatch)
    )


@dataclass(frozen=True, slots=True)
class Here:
    """The nodes that a change reaches, and those that it does not."""

    nodes: tuple[NodeSnapshot, ...]
    silent: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes that answer."""
        return tuple(node.node.name for node in self.nodes)

    @property
    def which(self) -> tuple[str, ...]:
        """The nodes as pcs takes them: with `--all` it would stumble over those that do not answer."""
        return self.names if self.silent else ("--all",)

    def where(self, everywhere: str = "on all nodes") -> str:
        """Say where it is done."""
        return f"on {listed(self.names)}" if self.silent else everywhere

    def without(self, not_done: str) -> str:
        """Say of the silent nodes what is not done there, as a sentence behind others; nothing if there are none."""
        return f" {self.missing(not_done)}." if self.silent else ""

    def missing(self, not_done: str) -> str:
        """Say of the silent nodes what is not done there."""
        return f"{does(self.silent, 'does', 'do')} not answer and {'is' if len(self.silent) == 1 else 'are'} {not_done}"


def reached(verb: str, snapshot: Snapshot, *fields: str) -> Here | Refusal:
    """Return whom a change reaches: all but nodes that are off. Anything else that is in the way is a reason not to."""
    off = silent(snapshot, *fields)
    reasons = tuple(reason for reason in unreachable(snapshot, *fields) if reason.node not in off)
    here = Here(tuple(node for node in snapshot.nodes if node.node.name not in off), off)
    return Refusal(verb, reasons or unreachable(snapshot, *fields)) if reasons or not here.nodes else here


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
    here = reached("start", snapshot, "status", "cmap", "conf")
    if isinstance(here, Refusal):
        return here
    stopped = tuple(node.node.name for node in here.nodes if _stopped(node))
    waiting = {node.node.name: why for node in here.nodes if (why := lacks_peers(here.names, node))}
    if not stopped:
        if not waiting:
            return NothingToDo(
                "start", f"`{cluster.name}` runs {here.where('on all its nodes')} already.{here.without('not started')}"
            )
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
    summary = f"Start `{cluster.name}` on {', '.join(stopped)}.{here.without('not started')}"
    fresh = len(stopped) == len(here.names)
    return Plan("start", cluster, summary, tuple(steps), _risks_of_starting(here, fresh=fresh) if here.silent else ())


def _stopped(node: NodeSnapshot) -> bool:
    return isinstance(node.status, Known) and isinstance(node.status.value, NotRunning)


def _lies_still(node: NodeSnapshot) -> bool:
    return _stopped(node) and isinstance(node.cmap, Known) and isinstance(node.cmap.value, NotRunning)


def _risks_of_starting(here: Here, *, fresh: bool) -> tuple[Finding, ...]:
    """Say what a start without some nodes means. `fresh` is one after which no node has run for longer."""
    total = len(here.names) + len(here.silent)
    told = [Finding(Level.WARNING, here.missing("not started"), "Switch it on, and look at `status`.")]
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
    here = reached("stop", snapshot, "status", "cmap")
    if isinstance(here, Refusal):
        return here
    if all(_lies_still(node) for node in here.nodes):
        return NothingToDo(
            "stop",
            f"`{cluster.name}` is stopped {here.where('on all its nodes')} already.{here.without('not stopped')}",
        )
    carried = ", ".join(str(vip.address) for vip in cluster.vips)
    risks = [Finding(Level.CRITICAL, f"the service goes down: {carried or 'everything it carries'} will not answer")]
    if here.silent:
        risks.append(_risk_of_stopping(here))
    still = on_each(
        here.names, ("status", "cmap"), lambda node: None if _lies_still(node) else "it still runs", patience=60
    )
    return Plan(
        "stop",
        cluster,
        f"Stop `{cluster.name}` {here.where()}.{here.without('not stopped')}",
        _some(here, still) if here.silent else _all(here, still),
        risks=tuple(risks),
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


def _risk_of_stopping(here: Here) -> Finding:
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
    return Finding(
        Level.CRITICAL,
        f"{here.missing('not stopped')}: if {'it is' if one else 'they are'} alive and only cut off from the bot, {then}",
        f"Look at {listed(here.silent)} first.",
    )


def _boot(word: str, title: str, not_done: str, *, wanted: bool) -> Change:
    def lacks(node: NodeSnapshot) -> str | None:
        if not isinstance(node.units, Known):
            return "unknown"
        wrong = [name for name in ("corosync", "pacemaker") if node.units.value.unit(name).enabled is not wanted]
        return f"{' and '.join(wrong)}: {'not ' if wanted else ''}started at boot" if wrong else None

    def decide(request: ClusterRequest, snapshot: Snapshot) -> Decision:
        cluster = request.cluster
        here = reached(word, snapshot, "units")
        if isinstance(here, Refusal):
            return here
        if not any(lacks(node) for node in here.nodes):
            so = f"`{cluster.name}` is {word}d {here.where()} already.{here.without(not_done)}"
            return NothingToDo(word, so)
        command = Command(("pcs", "cluster", word, *here.which), timeout=60, changes=True)
        told = f"{title}, {here.where()}"
        step = Step(word, told, (Lane(here.nodes[0].node, (command,)),), proof=on_each(here.names, ("units",), lacks))
        risk = Finding(Level.WARNING, here.missing(not_done), f"Once it is back, type `{word} {cluster.name}` again.")
        return Plan(word, cluster, f"{told}.{here.without(not_done)}", (step,), risks=(risk,) if here.silent else ())

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
    change=Change(("cmap", "status"), decide_stop),
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
