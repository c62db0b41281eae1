"""The recipe as steps, from packages to answering floating IPs. Pure: a request and a snapshot in, steps out.

Every step has the fact that proves it, and where the fact holds already it is left out, node by node. Steps wait only
for what they need (`after`), so the configuration is drafted while the nodes learn to trust each other and start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from commands import configuration
from commands.command import Command, Stdin
from commands.facts import packages
from commands.facts.cib import Cib
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.fact import Known, NotRunning, Reading
from commands.facts.firewall import Firewall
from commands.facts.haproxy_config import HaproxyConfig, binds_of
from commands.plan import Lane, Step, on_each
from commands.snapshot import NONLOCAL_BIND, NodeSnapshot, Snapshot
from commands.verbs.serving import bound_ports, holders, serving_step
from commands.verbs.setup.preflight import HIGH_AVAILABILITY, leftover, same_cluster
from commands.verbs.setup.request import SetupRequest, secret_names
from config.inventory import ClusterSpec, NodeSpec

SYSCTL_FILE = "/etc/sysctl.d/60-hacluster.conf"
CIB_FILE = "/var/lib/pacemaker/cib/cib.xml"
HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"
SECRETS_DIR = "/etc/hacluster"
START_PATIENCE = 90.0
"""Seconds for all nodes to be online; an election of a DC alone may take 20 (`dc-deadtime`)."""


def steps(request: SetupRequest, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return what is left to do, in order. Empty when the cluster already is what was asked for."""
    found = [part(request, snapshot) for part in RECIPE]
    left = tuple(step for step in found if step is not None)
    homeless = [vip for vip in request.cluster.vips if len(holders(snapshot, str(vip.address))) != 1]
    if not request.cluster.vips or not (left or homeless):
        return left
    return (*left, serving_step(request.cluster, _ports(request, snapshot), ("configure", "start")))


def change(*argv: str, timeout: float = 30, stdin: Stdin | None = None) -> Command:
    """Make a command that changes a node."""
    return Command(argv, timeout=timeout, stdin=stdin, changes=True)


def write(path: str, text: Stdin, mode: str = "644", owner: str | None = None) -> Command:
    """Make a command that puts text into a file, its folder made where it is missing.

    Where the bot dies before it has sent the text, the file is there without it: what takes a file for complete writes
    it under another name first.
    """
    who = ("-o", owner.partition(":")[0], "-g", owner.partition(":")[2]) if owner else ()
    return change("install", "-D", "-m", mode, *who, "/dev/stdin", path, stdin=text)


def systemctl(*words: str) -> Command:
    """Make a systemctl command that leaves the links of the old boot scripts alone.

    Debian's would see to them too, reloading systemd twice for each service, for what systemd does not read (see
    ENVIRONMENT.md of systemd): 0.6 s of CPU instead of 0.1.
    """
    return change("env", "SYSTEMCTL_SKIP_SYSV=1", "systemctl", *words, timeout=60)


def _value(reading: Reading[Any]) -> Any:
    """Return what was read, or None where the reading failed; used only behind a check that it did not."""
    return reading.value if isinstance(reading, Known) else None


def _lacking(
    snapshot: Snapshot, reads: tuple[str, ...], lacks: Callable[[NodeSnapshot], str | None]
) -> tuple[str, ...]:
    """Return the names of the nodes where something was not read, or is lacking."""
    return tuple(node.node.name for node in snapshot.nodes if node.unknown(*reads) or lacks(node))


def _step(
    snapshot: Snapshot,
    step_id: str,
    title: str,
    reads: tuple[str, ...],
    lacks: Callable[[NodeSnapshot], str | None],
    commands: Callable[[NodeSnapshot], Iterable[Command]],
    *,
    after: tuple[str, ...] = (),
    patience: float = 10.0,
    also: Iterable[str] = (),
) -> Step | None:
    """Make a step that runs its commands on each node that lacks it (or is named in `also`), or None if none does."""
    names = set(_lacking(snapshot, reads, lacks)) | set(also)
    here = [node for node in snapshot.nodes if node.node.name in names]
    if not here:
        return None
    lanes = tuple(Lane(node.node, tuple(commands(node))) for node in here)
    return Step(step_id, title, lanes, after, on_each((n.node.name for n in here), reads, lacks, patience))


def _bare(request: SetupRequest, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the nodes where packages of the cluster are missing."""
    return _lacking(snapshot, ("packages", "os"), partial(_lacks_packages, request.cluster))


def _wanted_packages(cluster: ClusterSpec, node: NodeSnapshot) -> tuple[str, ...]:
    family = _value(node.os).family
    agents = (packages.FENCE_AGENTS[family],) if cluster.fencing else ()
    return (*packages.CLUSTER_PACKAGES[family], *agents)


def _lacks_packages(cluster: ClusterSpec, node: NodeSnapshot) -> str | None:
    gone = _value(node.packages).missing(_wanted_packages(cluster, node))
    return f"{', '.join(gone)} not installed" if gone else None


def _packages(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    def commands(node: NodeSnapshot) -> Iterable[Command]:
        return packages.install_commands(_value(node.os), _wanted_packages(request.cluster, node))

    title, lacks = "Install the cluster's packages", partial(_lacks_packages, request.cluster)
    return _step(snapshot, "packages", title, ("packages", "os"), lacks, commands, patience=5)


def _firewall(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    at = _ports(request, snapshot)
    ports = sorted({port for vip in request.cluster.vips for port in at(str(vip.address))})

    def lacks(node: NodeSnapshot) -> str | None:
        wall = _value(node.firewall)
        if not wall.active:
            return None
        closed = [] if wall.lets_in(HIGH_AVAILABILITY) else [HIGH_AVAILABILITY]
        closed += [f"{port}/tcp" for port in ports if not wall.lets_in_port(port) and not _by_service(wall, port)]
        return f"the firewall does not allow {', '.join(sorted(closed))}" if closed else None

    # firewalld takes services and ports in commands of their own only
    allow = [change("firewall-cmd", "--permanent", f"--add-service={HIGH_AVAILABILITY}")]
    if ports:
        allow.append(change("firewall-cmd", "--permanent", *(f"--add-port={port}/tcp" for port in ports)))
    allow.append(change("firewall-cmd", "--reload"))
    title = "Open the firewall for the cluster and HAProxy"
    return _step(snapshot, "firewall", title, ("firewall",), lacks, lambda _: allow)


def _by_service(wall: Firewall, port: int) -> bool:
    name = {80: "http", 443: "https"}.get(port)
    return name is not None and wall.lets_in(name)


def _sysctl(_: SetupRequest, snapshot: Snapshot) -> Step | None:
    text = Stdin(f"# HAProxy may bind a floating IP that another node holds\n{NONLOCAL_BIND} = 1\n", "one setting")

    def lacks(node: NodeSnapshot) -> str | None:
        settings = _value(node.sysctl)
        return None if settings.get(NONLOCAL_BIND) == "1" else f"{NONLOCAL_BIND} is not 1"

    title = "Let HAProxy bind floating IPs that are elsewhere"
    return _step(
        snapshot,
        "sysctl",
        title,
        ("sysctl",),
        lacks,
        lambda _: (write(SYSCTL_FILE, text), change("sysctl", "-q", "-p", SYSCTL_FILE)),
    )


def _leftover(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Debian's packages start a one-node cluster; while it is there, `pcs host auth` says yes and stores no token."""
    fresh = [name for name in _bare(request, snapshot) if isinstance(_value(snapshot.node(name).conf), NoConf)]

    def lacks(node: NodeSnapshot) -> str | None:
        return "the one-node cluster of the packages is still there" if leftover(node) else None

    return _step(
        snapshot,
        "leftover",
        "Remove the one-node cluster that Debian's packages start",
        ("conf",),
        lacks,
        lambda _: (change("pcs", "cluster", "destroy", timeout=150),),
        after=("packages",),
        also=[name for name in fresh if _value(snapshot.node(name).os).family == "apt"],
    )


def _pcsd(_: SetupRequest, snapshot: Snapshot) -> Step | None:
    def lacks(node: NodeSnapshot) -> str | None:
        unit = _value(node.units).unit("pcsd")
        return None if unit.active and unit.enabled else "pcsd does not run"

    return _step(
        snapshot, "pcsd", "Start pcsd", ("units",), lacks, lambda _: (systemctl("enable", "--now", "pcsd"),),
        after=("packages",),
    )  # fmt: skip


def _authorized(cluster: ClusterSpec) -> Callable[[NodeSnapshot], str | None]:
    names = tuple(node.name for node in cluster.nodes)

    def lacks(node: NodeSnapshot) -> str | None:
        auth = _value(node.host_auth)
        if isinstance(auth, NotRunning):
            return auth.why
        wrong = [f"{name} is {auth.state.get(name, 'unknown')}" for name in auth.lacking(names)]
        return ", ".join(wrong) or None

    return lacks


def _needs_auth(request: SetupRequest, snapshot: Snapshot) -> bool:
    primary = snapshot.nodes[0]
    return request.new_password or bool(primary.unknown("host_auth") or _authorized(request.cluster)(primary))


def _password(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    if not _needs_auth(request, snapshot):
        return None
    text = Stdin(f"hacluster:{request.password}\n", "the hacluster password", secret=True)
    lanes = tuple(Lane(node, (change("chpasswd", stdin=text),)) for node in request.cluster.nodes)
    return Step("password", "Set the hacluster password", lanes, ("packages",))


def _auth(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    if not _needs_auth(request, snapshot):
        return None
    primary = request.cluster.nodes[0]
    hosts = [word for node in request.cluster.nodes for word in (node.name, f"addr={node.address}")]
    text = Stdin(f"{request.password}\n", "the hacluster password", secret=True)
    command = change("pcs", "host", "auth", "-u", "hacluster", "--", *hosts, timeout=60, stdin=text)
    proof = on_each((primary.name,), ("host_auth",), _authorized(request.cluster), patience=15)
    return Step(
        "auth",
        "Let the nodes trust each other (pcs host auth)",
        (Lane(primary, (command,)),),
        ("password", "pcsd", "leftover", "firewall"),
        proof,
    )


def trust_steps(request: SetupRequest, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the part of the recipe that makes the nodes trust each other."""
    return tuple(step for part in (_pcsd, _password, _auth) if (step := part(request, snapshot)))


def _lacks_conf(cluster: ClusterSpec) -> Callable[[NodeSnapshot], str | None]:
    def lacks(node: NodeSnapshot) -> str | None:
        conf = _value(node.conf)
        return None if isinstance(conf, CorosyncConf) and same_cluster(cluster, conf) else "it is not in the cluster"

    return lacks


def _create(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    cluster = request.cluster
    names = [node.name for node in cluster.nodes]
    lacks = _lacks_conf(cluster)
    outside = _lacking(snapshot, ("conf",), lacks)
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


def _seed(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Only for a cluster that was never started: a CIB that exists is never touched."""
    inside = [node for node in snapshot.nodes if not _lacks_conf(request.cluster)(node)]
    seeded = [node.node for node in inside if _is_seed(_value(node.disk_cib))]
    if any(not isinstance(_value(node.disk_cib), NotRunning) for node in inside if node.node not in seeded):
        return None
    blank = [node for node in request.cluster.nodes if node not in seeded]
    if not blank:
        return None
    place = configuration.seed_command(CIB_FILE, "hacluster:haclient")
    proof = on_each(
        (node.name for node in blank),
        ("disk_cib",),
        lambda node: None if isinstance(_value(node.disk_cib), Cib) else "there is no first configuration",
    )
    lanes = tuple(Lane(node, (place,)) for node in blank)
    return Step("seed", "Shorten the first election (dc-deadtime)", lanes, ("create",), proof)


def _is_seed(cib: Any) -> bool:
    """Return whether a CIB on disk is the seed, as a run that was cut off left it: Pacemaker's first start changes it."""
    return (
        isinstance(cib, Cib) and cib.epoch <= 1 and dict(cib.properties) == {"dc-deadtime": configuration.SEED_DEADTIME}
    )


def _start(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    names = [node.name for node in request.cluster.nodes]

    def lacks(node: NodeSnapshot) -> str | None:
        conf, cmap, status = _value(node.conf), _value(node.cmap), _value(node.status)
        if not (isinstance(conf, CorosyncConf) and same_cluster(request.cluster, conf)):
            return "it is not in the cluster"
        if isinstance(cmap, NotRunning) or isinstance(status, NotRunning):
            return "the cluster does not run there"
        absent = [name for name in names if name not in cmap.joined_names()]
        if absent:
            return f"corosync there does not see {', '.join(absent)}"
        offline = [name for name in names if not ((state := status.node(name)) and state.online)]
        return f"Pacemaker there waits for {', '.join(offline)}" if offline else None

    reads = ("conf", "cmap", "status")
    if not _lacking(snapshot, reads, lacks):
        return None
    resting = [node.node for node in snapshot.nodes if _lacks_conf(request.cluster)(node) or _rests(node)]
    # each node by itself, not `--all` from one: they start at the same time, without the way through pcsd
    lanes = tuple(Lane(node, (change("pcs", "cluster", "start", timeout=120),)) for node in resting)
    return Step("start", "Start the cluster", lanes, ("create", "seed"), on_each(names, reads, lacks, START_PATIENCE))


def _rests(node: NodeSnapshot) -> bool:
    return isinstance(_value(node.status), NotRunning)


def _enable(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """What `pcs cluster enable --all` does, by each node itself: the recipe's bare `enable` is for one node only."""
    daemons = ("corosync", "pacemaker")

    def lacks(node: NodeSnapshot) -> str | None:
        off = [name for name in daemons if not _value(node.units).unit(name).enabled]
        return f"{' and '.join(off)} will not start at boot" if off else None

    # creating a cluster (and destroying the packages' one) disables what was enabled before
    creating = _create(request, snapshot) is not None
    return _step(
        snapshot, "enable", "Start the cluster at boot, on all nodes", ("units",), lacks,
        lambda _: (systemctl("enable", *daemons),),
        after=("create",), also=[node.name for node in request.cluster.nodes if creating],
    )  # fmt: skip


def _proxy(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """HAProxy is handed over running: disabled for the next boot, never stopped."""
    if not request.cluster.vips:
        return None
    text = request.haproxy_cfg

    def lacks(node: NodeSnapshot) -> str | None:
        config, unit = _value(node.haproxy_config), _value(node.units).unit("haproxy")
        if not config.present or config.package_default:
            return "HAProxy has no configuration of its own"
        if not config.valid:
            return f"haproxy.cfg is not valid: {config.problems}"
        return "HAProxy starts at boot by itself" if unit.enabled else None

    def commands(node: NodeSnapshot) -> Iterable[Command]:
        config = _value(node.haproxy_config)
        none = not config.present or config.package_default
        if text is not None and none:
            new = f"{HAPROXY_CFG}.new"
            yield write(new, Stdin(text, request.cluster.haproxy_cfg or "haproxy.cfg"))
            yield change("haproxy", "-c", "-q", "-f", new)
            yield change("mv", new, HAPROXY_CFG)
        # ours and not yet handed over: a run that was cut off may have put it there and not told HAProxy
        if text is not None and (none or is_given(config, text)):
            yield replace(
                change("systemctl", "reset-failed", "haproxy"), legal=frozenset({0, 1})
            )  # 1: it had not failed
            yield change("systemctl", "try-reload-or-restart", "haproxy", timeout=60)
        yield systemctl("disable", "haproxy")

    return _step(
        snapshot, "haproxy", "Hand HAProxy over to Pacemaker", ("haproxy_config", "units"), lacks, commands,
        after=("packages", "sysctl"), also=_bare(request, snapshot),
    )  # fmt: skip


def is_given(config: HaproxyConfig, text: str) -> bool:
    """Return whether a node's haproxy.cfg is, to the byte, the one to be put there."""
    return config.digest == hashlib.sha256(text.encode()).hexdigest()


def _present_cib(request: SetupRequest, snapshot: Snapshot) -> Cib | None:
    """Return the cluster's configuration: the running one, else the newest on disk, else None for a cluster to be."""
    ours = [node for node in snapshot.nodes if not _lacks_conf(request.cluster)(node)]
    for field in ("cib", "disk_cib"):
        found = [cib for node in ours if isinstance(cib := _value(getattr(node, field)), Cib)]
        if found:
            return max(found, key=lambda cib: (cib.admin_epoch, cib.epoch, cib.num_updates))
    return None


def _fence_scripts(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    names = secret_names(request.cluster.fencing)
    cib = _present_cib(request, snapshot)
    if not names or (cib and not configuration.missing(request.cluster, cib)):
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
    return {name: f"{SECRETS_DIR}/{name}.sh" for name in secret_names(cluster.fencing)}


def _drafter(cluster: ClusterSpec) -> NodeSpec:
    """The node that prepares the configuration: the last, since the first one runs the pcs commands."""
    return cluster.nodes[-1]


def _draft(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    cluster = request.cluster
    cib = _present_cib(request, snapshot)
    if cib is not None and not configuration.missing(cluster, cib):
        return None
    after = ("packages" if cib is None else "start", "fence-secrets")
    commands = configuration.draft_commands(cluster, cib, secret_files(cluster))
    return Step("draft", "Draft the configuration", (Lane(_drafter(cluster), commands),), after)


def _configure(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    if _draft(request, snapshot) is None:
        return None
    drafter = _drafter(request.cluster)

    def lacks(node: NodeSnapshot) -> str | None:
        cib = _value(node.cib)
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


def _ports(request: SetupRequest, snapshot: Snapshot) -> Callable[[str], tuple[int, ...]]:
    return bound_ports(snapshot, binds_of(request.haproxy_cfg or ""))


RECIPE: tuple[Callable[[SetupRequest, Snapshot], Step | None], ...] = (
    _packages,
    _firewall,
    _sysctl,
    _leftover,
    _pcsd,
    _password,
    _auth,
    _create,
    _seed,
    _start,
    _enable,
    _proxy,
    _fence_scripts,
    _draft,
    _configure,
)
"""The recipe, in the order in which it is shown."""
