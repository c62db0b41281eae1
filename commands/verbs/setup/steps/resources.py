"""What the cluster runs: its configuration drafted, pushed in one piece, and what fence agents need beside it."""

from __future__ import annotations

from commands import configuration
from commands.command import Stdin
from commands.facts.cib import Cib
from commands.plan import Lane, Step, on_each
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.cluster import lacks_conf
from commands.verbs.setup.steps.making import value, write
from config.inventory import ClusterSpec, NodeSpec

SECRETS_DIR = "/etc/hacluster"


def _present_cib(request: SetupRequest, snapshot: Snapshot) -> Cib | None:
    """Return the cluster's configuration: the running one, else the newest on disk, else None for a cluster to be."""
    ours = [node for node in snapshot.nodes if not lacks_conf(request.cluster)(node)]
    for field in ("cib", "disk_cib"):
        found = [cib for node in ours if isinstance(cib := value(getattr(node, field)), Cib)]
        if found:
            return max(found, key=lambda cib: (cib.admin_epoch, cib.epoch, cib.num_updates))
    return None


def fence_scripts(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Put the secrets of fence agents beside their devices, on every node."""
    cib = _present_cib(request, snapshot)
    if not request.cluster.secrets or (cib and not configuration.missing(request.cluster, cib)):
        return None
    commands = tuple(
        write(
            path,
            Stdin(script(request.fencing_secrets[name]), f"the script that prints {name}", secret=True),
            "700",
            "root:root",
        )
        for name, path in secret_files(request.cluster).items()
    )
    lanes = tuple(Lane(node, commands) for node in request.cluster.nodes)
    return Step("fence-secrets", "Give the fence agent its secrets", lanes, ("packages",))


def script(secret: str) -> str:
    """Return a shell script that prints the secret, for a fence agent's `…_script` option."""
    quoted = "'" + secret.replace("'", "'\\''") + "'"
    return f"#!/bin/sh\nprintf '%s\\n' {quoted}\n"


def secret_files(cluster: ClusterSpec) -> dict[str, str]:
    """Return where each secret of the fence devices lies on the nodes."""
    return {name: f"{SECRETS_DIR}/{name}.sh" for name in cluster.secrets}


def _drafter(cluster: ClusterSpec) -> NodeSpec:
    """The node that prepares the configuration: the last, since the first one runs the pcs commands."""
    return cluster.nodes[-1]


def draft(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Prepare the configuration in a file, while the cluster comes about."""
    cluster = request.cluster
    cib = _present_cib(request, snapshot)
    if cib is not None and not configuration.missing(cluster, cib):
        return None
    # while the nodes find each other, which leaves their processors idle
    after = ("packages", "create" if cib is None else "start", "fence-secrets")
    commands = configuration.draft_commands(cluster, cib, secret_files(cluster))
    return Step("draft", "Draft the configuration", (Lane(_drafter(cluster), commands),), after)


def configure(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Make the draft the running cluster's configuration."""
    if draft(request, snapshot) is None:
        return None
    drafter = _drafter(request.cluster)

    def lacks(node: NodeSnapshot) -> str | None:
        cib = value(node.cib)
        return (
            "; ".join(configuration.missing(request.cluster, cib))
            if isinstance(cib, Cib)
            else "the cluster does not run"
        )

    lane = Lane(drafter, (configuration.push_command(),))
    proof = on_each((drafter.name,), ("cib",), lambda node: lacks(node) or None, patience=15)
    return Step(
        "configure",
        "Push the configuration: fencing, HAProxy, floating IPs, gates",
        (lane,),
        ("draft", "start", "haproxy", "sysctl"),
        proof,
    )
