"""The servers themselves: packages, firewall, and a setting of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from commands.command import Command, Stdin
from commands.facts import packages
from commands.facts.fence_agents import package_of
from commands.facts.firewall import Firewall
from commands.facts.haproxy_config import binds_of
from commands.plan import Step
from commands.snapshot import NodeSnapshot, Snapshot, nonlocal_binds
from commands.verbs.serving import bound_ports
from commands.verbs.setup.preflight import HIGH_AVAILABILITY
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.making import change, lacking, on_lacking, value, write
from config.inventory import ClusterSpec

SYSCTL_FILE = "/etc/sysctl.d/60-hacluster.conf"


def bare(request: SetupRequest, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the nodes where packages of the cluster are missing."""
    return lacking(snapshot, ("packages", "os"), partial(_lacks_packages, request.cluster))


def _wanted_packages(cluster: ClusterSpec, node: NodeSnapshot) -> tuple[str, ...]:
    system, fencing = value(node.os), cluster.fencing
    # who made the devices that are kept has their agent there
    agents = (package_of(fencing.agent, system),) if fencing is not None and not fencing.kept else ()
    return (*packages.CLUSTER_PACKAGES[system.family], *agents)


def _lacks_packages(cluster: ClusterSpec, node: NodeSnapshot) -> str | None:
    gone = _missing(cluster, node)
    return f"{', '.join(gone)} not installed" if gone else None


def _missing(cluster: ClusterSpec, node: NodeSnapshot) -> tuple[str, ...]:
    installed: packages.Packages = value(node.packages)
    return installed.missing(_wanted_packages(cluster, node))


def install(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Install what is missing, and only that: to install what is there would upgrade it, and restart its service."""

    def commands(node: NodeSnapshot) -> Iterable[Command]:
        return packages.install_commands(value(node.os), _missing(request.cluster, node))

    title, lacks = "Install the cluster's packages", partial(_lacks_packages, request.cluster)
    return on_lacking(snapshot, "packages", title, ("packages", "os"), lacks, commands, patience=5)


def firewall(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Let the cluster's and HAProxy's ports in, where a firewall runs."""
    at = answering_ports(request, snapshot)
    ports = sorted({port for vip in request.cluster.vips for port in at(str(vip.address))})

    def lacks(node: NodeSnapshot) -> str | None:
        wall = value(node.firewall)
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
    return on_lacking(snapshot, "firewall", title, ("firewall",), lacks, lambda _: allow)


def _by_service(wall: Firewall, port: int) -> bool:
    name = {80: "http", 443: "https"}.get(port)
    return name is not None and wall.lets_in(name)


def answering_ports(request: SetupRequest, snapshot: Snapshot) -> Callable[[str], tuple[int, ...]]:
    """Return how to tell the ports that are to answer at an address."""
    return bound_ports(snapshot, binds_of(request.haproxy_cfg or ""))


def sysctl(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Let HAProxy bind the floating IPs of other nodes, now and after a reboot."""
    names = nonlocal_binds(request.cluster)
    lines = "".join(f"{name} = 1\n" for name in names)
    text = Stdin(f"# HAProxy may bind a floating IP that another node holds\n{lines}", ", ".join(names))

    def lacks(node: NodeSnapshot) -> str | None:
        wrong = [name for name in names if value(node.sysctl).get(name) != "1"]
        return f"{' and '.join(wrong)} is not 1" if wrong else None

    title = "Let HAProxy bind floating IPs that are elsewhere"
    return on_lacking(
        snapshot,
        "sysctl",
        title,
        ("sysctl",),
        lacks,
        lambda _: (write(SYSCTL_FILE, text), change("sysctl", "-q", "-p", SYSCTL_FILE)),
    )
