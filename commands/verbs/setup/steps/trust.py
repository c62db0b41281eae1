"""How the nodes' pcs come to command each other: nothing left of the packages' own cluster, pcsd, a password, tokens."""

from __future__ import annotations

from collections.abc import Callable

from commands.command import Stdin
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.fact import NotRunning
from commands.facts.pcs import HostAuth
from commands.plan import Lane, Step, on_each
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.preflight import leftover, same_cluster
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.making import change, on_lacking, systemctl, value
from commands.verbs.setup.steps.servers import bare
from config.inventory import ClusterSpec


def leftovers(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Debian's packages start a one-node cluster; while it is there, `pcs host auth` says yes and stores no token."""
    fresh = [name for name in bare(request, snapshot) if isinstance(value(snapshot.node(name).conf), NoConf)]

    def lacks(node: NodeSnapshot) -> str | None:
        return "the one-node cluster of the packages is still there" if leftover(node) else None

    return on_lacking(
        snapshot,
        "leftover",
        "Remove the one-node cluster that Debian's packages start",
        ("conf",),
        lacks,
        lambda _: (change("pcs", "cluster", "destroy", timeout=150),),
        after=("packages",),
        also=[name for name in fresh if value(snapshot.node(name).os).family == "apt"],
    )


def pcsd(_: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Start pcsd, both its halves: pcs 0.10's does not bring the one in Ruby back that stopped with it."""

    def lacks(node: NodeSnapshot) -> str | None:
        resting = [name for name in _halves(node) if not value(node.units).unit(name).active]
        return f"{' and '.join(resting)} does not run" if resting else None

    return on_lacking(
        snapshot, "pcsd", "Start pcsd", ("units",), lacks,
        lambda node: (change("systemctl", "start", *_halves(node), timeout=60),),
        after=("packages",),
    )  # fmt: skip


def _halves(node: NodeSnapshot) -> tuple[str, ...]:
    units = value(node.units)
    return ("pcsd", "pcsd-ruby") if units and units.unit("pcsd-ruby").loaded else ("pcsd",)


def _pcsd_at_boot(_: SetupRequest, snapshot: Snapshot) -> Step | None:
    def lacks(node: NodeSnapshot) -> str | None:
        return None if value(node.units).unit("pcsd").enabled else "pcsd will not start at boot"

    title = "Start pcsd at boot"
    return on_lacking(snapshot, "enable", title, ("units",), lacks, lambda _: (systemctl("enable", "pcsd"),))


def _authorized(cluster: ClusterSpec) -> Callable[[NodeSnapshot], str | None]:
    names = tuple(node.name for node in cluster.nodes)

    def lacks(node: NodeSnapshot) -> str | None:
        auth = value(node.host_auth)
        if isinstance(auth, NotRunning):
            return auth.why
        wrong = [f"{name} is {auth.state.get(name, 'unknown')}" for name in auth.lacking(names)]
        return ", ".join(wrong) or None

    return lacks


def _needs_auth(request: SetupRequest, snapshot: Snapshot) -> bool:
    return request.new_password or (_is_untold(request, snapshot) and not _is_silent(request, snapshot))


def _is_untold(request: SetupRequest, snapshot: Snapshot) -> bool:
    primary = snapshot.node(request.cluster.nodes[0].name)
    return bool(primary.unknown("host_auth") or _authorized(request.cluster)(primary))


def _is_silent(request: SetupRequest, snapshot: Snapshot) -> bool:
    """Return whether no token is known to be missing: the cluster was created with them, and a pcsd is just silent.

    Then the password stays, and once all pcsd can be asked, they are.
    """
    cluster = request.cluster
    auth = value(snapshot.node(cluster.nodes[0].name).host_auth)
    confs = [value(node.conf) for node in snapshot.nodes]
    if not isinstance(auth, HostAuth) or not all(
        isinstance(c, CorosyncConf) and same_cluster(cluster, c) for c in confs
    ):
        return False
    return all(auth.state.get(node.name) in {"online", "offline"} for node in cluster.nodes)


def password(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Give the login `hacluster` a password, where tokens are to be had for it."""
    if not _needs_auth(request, snapshot):
        return None
    text = Stdin(f"hacluster:{request.password}\n", "the hacluster password", secret=True)
    lanes = tuple(Lane(node, (change("chpasswd", stdin=text),)) for node in request.cluster.nodes)
    return Step("password", "Set the hacluster password", lanes, ("packages",))


def auth(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Get tokens for all nodes on the first one; `pcs cluster setup` spreads them."""
    if not _needs_auth(request, snapshot):
        return None
    primary = request.cluster.nodes[0]
    hosts = [word for node in request.cluster.nodes for word in (node.name, f"addr={node.address}")]
    text = Stdin(f"{request.password}\n", "the hacluster password", secret=True)
    command = change("pcs", "host", "auth", "-u", "hacluster", "--", *hosts, timeout=60, stdin=text)
    title, after = "Let the nodes trust each other (pcs host auth)", ("password", "pcsd", "leftover", "firewall")
    return Step("auth", title, (Lane(primary, (command,)),), after)


_BEFORE_THEY_ARE_ASKED = ("auth", "create", "pcsd", "firewall")


def trusted(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Look whether the tokens are there: pcs may say "Authorized" and store none.

    It only looks, so it does so while the cluster starts, when the nodes mostly wait. `pcs cluster setup` needs the
    tokens before, and without them refuses and changes nothing.
    """
    if not (_needs_auth(request, snapshot) or _is_untold(request, snapshot)):
        return None
    proof = on_each((request.cluster.nodes[0].name,), ("host_auth",), _authorized(request.cluster), patience=15)
    return Step("trusted", "Check that the nodes trust each other (pcs status pcsd)", (), _BEFORE_THEY_ARE_ASKED, proof)


def trust_steps(request: SetupRequest, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the part of the recipe that makes the nodes trust each other."""
    return tuple(step for part in (pcsd, _pcsd_at_boot, password, auth, trusted) if (step := part(request, snapshot)))
