"""The cluster: created, started, and started again at boot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from commands import configuration
from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.corosync_conf import CorosyncConf
from commands.facts.fact import NotRunning
from commands.plan import Lane, Step, on_each
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.preflight import same_cluster
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.making import change, lacking, on_lacking, systemctl, value
from commands.verbs.setup.steps.servers import bare
from commands.verbs.together import START_PATIENCE, lacks_peers
from config.inventory import ClusterSpec

DAEMONS = ("corosync", "pacemaker")
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"


def lacks_conf(cluster: ClusterSpec) -> Callable[[NodeSnapshot], str | None]:
    """Return what tells whether a node is outside the cluster that was asked for."""

    def lacks(node: NodeSnapshot) -> str | None:
        conf = value(node.conf)
        return None if isinstance(conf, CorosyncConf) and same_cluster(cluster, conf) else "it is not in the cluster"

    return lacks


def create(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Create the cluster, or where a run that was cut off left it with some nodes, hand it to the others."""
    cluster = request.cluster
    names = [node.name for node in cluster.nodes]
    lacks = lacks_conf(cluster)
    outside = lacking(snapshot, ("conf",), lacks)
    if not outside:
        return None
    inside = [node for node in cluster.nodes if node.name not in outside]
    if inside:
        # corosync.conf is what `pcs cluster setup` sends last: where one node has it, all have the keys
        lane = Lane(inside[0], (change("pcs", "cluster", "sync", timeout=60),))
    else:
        hosts = [
            word for node in cluster.nodes for word in (node.name, *(f"addr={address}" for address in node.addresses))
        ]
        lane = Lane(cluster.nodes[0], (change("pcs", "cluster", "setup", cluster.name, *hosts, timeout=120),))
    proof = on_each(names, ("conf",), lacks)
    return Step("create", "Create the cluster (pcs cluster setup)", (lane,), ("auth", "leftover"), proof)


def seed(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Only for a cluster that was never started: a CIB that exists is never touched."""
    inside = [node for node in snapshot.nodes if not lacks_conf(request.cluster)(node)]
    seeded = [node.node for node in inside if _is_seed(value(node.disk_cib))]
    if any(not isinstance(value(node.disk_cib), NotRunning) for node in inside if node.node not in seeded):
        return None
    blank = [node for node in request.cluster.nodes if node not in seeded]
    if not blank:
        return None
    place = configuration.seed_command(CIB_FILE, "hacluster:haclient")
    proof = on_each(
        (node.name for node in blank),
        ("disk_cib",),
        lambda node: None if isinstance(value(node.disk_cib), Cib) else "there is no first configuration",
    )
    lanes = tuple(Lane(node, (place,)) for node in blank)
    return Step("seed", "Shorten the first election (dc-deadtime)", lanes, ("create",), proof)


def _is_seed(cib: Any) -> bool:
    """Return whether a CIB on disk is the seed, as a run that was cut off left it: Pacemaker's first start changes it."""
    return (
        isinstance(cib, Cib) and cib.epoch <= 1 and dict(cib.properties) == {"dc-deadtime": configuration.SEED_DEADTIME}
    )


def start(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Start each node where the cluster does not run, and wait until all are online."""
    names = tuple(node.name for node in request.cluster.nodes)

    def lacks(node: NodeSnapshot) -> str | None:
        return lacks_conf(request.cluster)(node) or lacks_peers(names, node)

    reads = ("conf", "cmap", "status")
    if not lacking(snapshot, reads, lacks):
        return None
    resting = [node.node for node in snapshot.nodes if lacks_conf(request.cluster)(node) or _rests(node)]
    # what `pcs cluster start` does on each node: all start at the same time, without the way through pcs and pcsd
    lanes = tuple(Lane(node, (change("systemctl", "start", *DAEMONS, timeout=120),)) for node in resting)
    return Step("start", "Start the cluster", lanes, ("create", "seed"), on_each(names, reads, lacks, START_PATIENCE))


def _rests(node: NodeSnapshot) -> bool:
    return isinstance(value(node.status), NotRunning)


def enable(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Let the cluster start at boot, and HAProxy with it only: it is handed over running, never stopped.

    What `pcs cluster enable --all` does, by each node itself: the recipe's bare `enable` is for one node only. After the
    start, which would wait while systemd reads its units anew.
    """
    daemons = (*DAEMONS, "pcsd")

    def lacks(node: NodeSnapshot) -> str | None:
        off = [name for name in daemons if not value(node.units).unit(name).enabled]
        if off:
            return f"{' and '.join(off)} will not start at boot"
        return "HAProxy starts at boot by itself" if _starts_itself(request.cluster, node) else None

    def commands(node: NodeSnapshot) -> Iterable[Command]:
        if request.cluster.vips and (node.node.name in fresh or _starts_itself(request.cluster, node)):
            yield systemctl("disable", "--no-reload", "haproxy")  # systemd is reloaded once, by the next one
        yield systemctl("enable", *daemons)

    fresh = bare(request, snapshot)
    # creating a cluster (and destroying the packages' one) disables what was enabled before
    creating = create(request, snapshot) is not None
    return on_lacking(
        snapshot, "enable", "Start the cluster at boot on all nodes, and HAProxy with it only", ("units",), lacks, commands,
        after=("create", "haproxy", "start"), also=[node.name for node in request.cluster.nodes if creating or fresh],
    )  # fmt: skip


def _starts_itself(cluster: ClusterSpec, node: NodeSnapshot) -> bool:
    """Return whether a boot would start HAProxy before Pacemaker says where."""
    return bool(cluster.vips) and value(node.units).unit("haproxy").enabled
