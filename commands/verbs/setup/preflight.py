"""All the reasons not to set a cluster up, found at once, each with what to do about it. Pure: a snapshot in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from commands.facts.cib import Cib
from commands.facts.corosync_conf import CorosyncConf
from commands.facts.fact import NOT_ASKED, Known
from commands.report import Finding, Level
from commands.snapshot import PCSD_PORT, NodeSnapshot, Snapshot
from commands.verbs.guards import still_under_way
from commands.verbs.setup import agents, proxies
from commands.verbs.setup.contents import contradictions
from commands.verbs.setup.request import SetupRequest
from config.inventory import ClusterSpec

MAX_SKEW = 2.0
"""Seconds. Corosync does not mind, but logs, lifetimes and failure times of different nodes become unreadable."""
OLDEST_ENTERPRISE = 8
"""The first Enterprise Linux with pcs 0.10 and dnf."""
OLDEST = {"pcs": (0, 10), "pacemaker": (2, 0), "corosync": (3, 0)}
HIGH_AVAILABILITY = "high-availability"

READS = (
    "addresses", "cib", "clock", "cmap", "conf", "disk_cib", "firewall", "haproxy_config", "host_auth", "os", "packages",
    "peer_ports", "resolution", "status", "sysctl", "under_way", "units", "vips_in_use",
)  # fmt: skip


def refusals(request: SetupRequest, snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return every reason not to go on. Nodes that cannot be asked are told first; the rest is judged on what is known."""
    reasons = [
        *_unreachable(snapshot),
        *still_under_way(snapshot),
        *_systems(snapshot),
        *_releases(snapshot),
        *_clocks(snapshot),
        *_names(snapshot),
        *_versions(snapshot),
        *_other_clusters(request.cluster, snapshot),
        *_ports(snapshot),
        *_floating_ips(request.cluster, snapshot),
        *proxies.refusals(request, snapshot),
        *_contents(request.cluster, snapshot),
        *agents.unfound(request.cluster, snapshot),
    ]
    return tuple(reasons)


def _no(text: str, remedy: str, node: NodeSnapshot | None = None) -> Finding:
    return Finding(Level.CRITICAL, text, remedy, node.node.name if node else None)


def _unreachable(snapshot: Snapshot) -> Iterator[Finding]:
    asked = [field for field in ("fence_agents",) if any(getattr(n, field) is not NOT_ASKED for n in snapshot.nodes)]
    for node, why in snapshot.unknown(*READS, *asked):
        remedy = why.error.remedy if why.error else ""
        yield _no(
            why.why.removeprefix(f"{node.node.name}: "), remedy or "Check the address, sshd and the bot's key.", node
        )


def _systems(snapshot: Snapshot) -> Iterator[Finding]:
    for node, system in snapshot.known("os"):
        if system.family is None:
            yield _no(
                f"{system.pretty or 'its operating system'} is not one whose packages the bot knows",
                "Use Debian or an Enterprise Linux (Oracle, Red Hat, Alma, Rocky, CentOS Stream).",
                node,
            )
        elif system.family == "dnf" and system.major is not None and system.major < OLDEST_ENTERPRISE:
            yield _no(
                f"{system.pretty} is too old: its packages are pcs 0.9 and older",
                f"Upgrade the server: {OLDEST_ENTERPRISE} is the oldest supported release.",
                node,
            )


def _releases(snapshot: Snapshot) -> Iterator[Finding]:
    """Nodes whose packages are still to be installed get those of their release: all must be of the same one."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for node, system in snapshot.known("os"):
        if system.family is not None:
            found.setdefault((system.family, system.major), []).append(f"{system.pretty} on {node.node.name}")
    missing = any(packages.versions.keys().isdisjoint(OLDEST) for _, packages in snapshot.known("packages"))
    if missing and len(found) > 1:
        which = ", ".join(words for names in found.values() for words in names)
        yield _no(
            f"the nodes' releases differ, and so would the packages that are to be installed: {which}",
            "Bring all nodes to the same release first.",
        )


def _clocks(snapshot: Snapshot) -> Iterator[Finding]:
    clocks = sorted(snapshot.known("clock"), key=lambda pair: pair[1].ahead)
    if len(clocks) < 2:  # noqa: PLR2004 - it takes two to differ
        return
    (slow, behind), (fast, ahead) = clocks[0], clocks[-1]
    # on a busy node the answer takes its time: what may be due to that is not held against the clocks
    skew = ahead.ahead - behind.ahead - (ahead.took + behind.took) / 2
    if skew > MAX_SKEW:
        yield _no(
            f"the clocks of {slow.node.name} and {fast.node.name} are {skew:.1f} s apart ({MAX_SKEW:.0f} s are too many)",
            f"Start time synchronisation on both, as with `systemctl enable --now chronyd`, then look at `date` on "
            f"{slow.node.name}.",
        )


def _names(snapshot: Snapshot) -> Iterator[Finding]:
    for node, resolution in snapshot.known("resolution"):
        for peer in snapshot.cluster.nodes:
            loopback = resolution.loopback(peer.name) if peer.name != node.node.name else ()
            if loopback:
                yield _no(
                    f"the name {peer.name} resolves to {', '.join(loopback)} there, so it would talk to itself",
                    f"In its /etc/hosts, give {peer.name} the address {peer.address}.",
                    node,
                )


def _versions(snapshot: Snapshot) -> Iterator[Finding]:
    for package, oldest in OLDEST.items():
        found: dict[tuple[int, ...], list[str]] = {}
        for node, packages in snapshot.known("packages"):
            version = _release(packages.versions.get(package))
            if version is None:
                continue
            found.setdefault(version, []).append(node.node.name)
            if version < oldest:
                words = f"{package} {_dotted(version)} is too old; {_dotted(oldest)} is the oldest supported"
                yield _no(words, "Upgrade the server to a supported release.", node)
        if len(found) > 1:
            which = ", ".join(
                f"{_dotted(version)} on {' and '.join(names)}" for version, names in sorted(found.items())
            )
            yield _no(f"{package} differs between the nodes: {which}", "Bring all nodes to the same release first.")


def _release(version: str | None) -> tuple[int, ...] | None:
    """Return major and minor of a package's version, without the epoch and whatever follows."""
    if version is None:
        return None
    numbers = version.rpartition(":")[2].split(".")[:2]
    return tuple(int("".join(filter(str.isdigit, n)) or 0) for n in numbers)


def _dotted(version: Iterable[int]) -> str:
    return ".".join(str(n) for n in version)


def same_cluster(cluster: ClusterSpec, conf: CorosyncConf) -> bool:
    """Return whether a corosync.conf is this cluster's: same name, same nodes, same addresses."""
    here = {node.name: tuple(node.addresses) for node in conf.nodes}
    return conf.cluster_name == cluster.name and here == {n.name: tuple(map(str, n.addresses)) for n in cluster.nodes}


def leftover(node: NodeSnapshot) -> bool:
    """Return whether the node holds the one-node cluster that Debian's packages start, with no resources in it."""
    conf = node.conf
    if not (isinstance(conf, Known) and isinstance(conf.value, CorosyncConf) and conf.value.is_package_leftover):
        return False
    contents = [r.value for r in (node.cib, node.disk_cib) if isinstance(r, Known) and isinstance(r.value, Cib)]
    return not any(cib.primitives for cib in contents)


def _other_clusters(cluster: ClusterSpec, snapshot: Snapshot) -> Iterator[Finding]:
    for node, conf in snapshot.known("conf"):
        if not isinstance(conf, CorosyncConf) or same_cluster(cluster, conf) or leftover(node):
            continue
        members = ", ".join(f"{n.name}={','.join(n.addresses)}" for n in conf.nodes) or "no nodes"
        same = conf.cluster_name == cluster.name
        yield _no(
            f"it is in a cluster {'of this name with other nodes' if same else f'called `{conf.cluster_name}`'} ({members})",
            "If that cluster is real, use `adopt`. If it is to go, run `pcs cluster destroy` on that node yourself: the "
            "bot never destroys a cluster it does not know.",
            node,
        )


def _ports(snapshot: Snapshot) -> Iterator[Finding]:
    # a firewalld that keeps it out is opened by a step of the plan, one that lets it in is not what drops the packets;
    # a peer that is down drops nothing
    opened = {node.node.name for node, wall in snapshot.known("firewall") if not wall.lets_in(HIGH_AVAILABILITY)}
    opened |= {node.node.name for node, _ in snapshot.unknown("os")}
    pcsd = {node.node.name for node, units in snapshot.known("units") if units.unit("pcsd").active}
    for node, reached in snapshot.known("peer_ports"):
        for (peer, port), state in sorted(reached.ports.items()):
            if port != PCSD_PORT or peer in opened:
                continue
            if state == "filtered":
                yield _no(
                    f"it cannot reach port {port} of {peer}: something between them drops the packets",
                    "Allow tcp 2224 and udp 5404-5412 between the nodes in the firewall between them.",
                    node,
                )
            elif state == "refused" and peer in pcsd:
                yield _no(
                    f"port {port} of {peer} refuses it, though pcsd runs there: pcsd listens on another address, or a "
                    "packet filter rejects what comes from outside",
                    f"On {peer}, type `ss -ltn sport = :{port}`. If that names another address, take PCSD_BIND_ADDR out of "
                    "/etc/default/pcsd (Debian) or /etc/sysconfig/pcsd, and `systemctl restart pcsd`; else allow tcp 2224 "
                    "and udp 5404-5412 from the other nodes.",
                    node,
                )


def _floating_ips(cluster: ClusterSpec, snapshot: Snapshot) -> Iterator[Finding]:
    ours = {
        node.node.name
        for node, conf in snapshot.known("conf")
        if isinstance(conf, CorosyncConf) and same_cluster(cluster, conf)
    }
    for vip in cluster.vips:
        address = str(vip.address)
        for node, addresses in snapshot.known("addresses"):
            names = {interface.name for interface in addresses.interfaces}
            if vip.nic and vip.nic not in names:
                yield _no(
                    f"it has no interface {vip.nic} for {vip}", f"Its interfaces: {', '.join(sorted(names))}.", node
                )
            elif not vip.nic and addresses.interface_for(vip.network) is None:
                yield _no(
                    f"none of its interfaces is in {vip.network}, where the floating IP {address} would be",
                    "Choose a floating IP of a subnet that every node is in, or check the prefix.",
                    node,
                )
            nic = addresses.holds(address)
            if nic and node.node.name not in ours:
                yield _no(
                    f"it holds {address} on {nic} already, outside any cluster",
                    f"Remove it there: `ip address del {vip.address}/{vip.prefix} dev {nic}`.",
                    node,
                )
        held = any(addresses.holds(address) for _, addresses in snapshot.known("addresses"))
        asked = [address in used.addresses for _, used in snapshot.known("vips_in_use")]
        near = any(a.interface_for(vip.network) is not None for _, a in snapshot.known("addresses"))
        if asked and near and not held and not any(asked):
            yield _no(
                f"no node could ask its subnet whether anybody has {address}",
                "See what keeps its packets from leaving: the node's own packet filter, or a route.",
            )
        others = {
            who for _, used in snapshot.known("vips_in_use") if (who := used.addresses.get(address)) and who != "self"
        }
        if others and not held:
            yield _no(
                f"the floating IP {address} is in use: {', '.join(sorted(others))} answers for it",
                "Choose a free address, or switch that machine off.",
            )


def _contents(cluster: ClusterSpec, snapshot: Snapshot) -> Iterator[Finding]:
    if any(True for _ in snapshot.known("cib")):  # where nobody could be asked, that is the reason told
        yield from contradictions(cluster, _present(cluster, snapshot))


def _present(cluster: ClusterSpec, snapshot: Snapshot) -> Cib | None:
    """Return the cluster's configuration, by a node where it runs, else from disk; None if there is none yet."""
    ours = [node for node in snapshot.nodes if not leftover(node)]
    running = [cib for node, cib in snapshot.running("cib") if node in ours]
    on_disk = [
        cib
        for node, cib in snapshot.running("disk_cib")
        if node in ours
        and isinstance(node.conf, Known)
        and isinstance(node.conf.value, CorosyncConf)
        and same_cluster(cluster, node.conf.value)
    ]
    return next(iter(running or on_disk), None)
