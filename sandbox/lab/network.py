"""A lab's cables and switches: bridges, network namespaces, and cuts between them.

A cut drops frames on the bridge and leaves the carrier up, as a failed switch does; so it needs nothing inside the
nodes and outlives their restarts. The cuts of a lab are the rules of one nftables table: healing deletes it.
"""

import json
from collections.abc import Iterator

from sandbox.lab.host import run
from sandbox.lab.plan import NETWORKS, PREFIX, LabPlan, NodePlan


def numbers_in_use() -> set[int]:
    """Numbers of labs whose networks already have an address on this machine."""
    interfaces = json.loads(run(["ip", "-j", "-4", "address"]))
    addresses = [info["local"].split(".") for interface in interfaces for info in interface["addr_info"]]
    return {int(octets[2]) for octets in addresses if octets[0] == "10" and int(octets[1]) in NETWORKS}


def lay_bridges(plan: LabPlan) -> None:
    """Make one bridge per link, with the carrying machine's own address on it.

    Its hardware address is given: else it is one of its cables', and when that one goes with its node, the others
    send to an address that is no more until they have asked for the new one, up to 2 s later.
    """
    for link in range(plan.links):
        bridge = plan.bridge(link)
        _ip(
            f"link add {bridge} address {plan.bridge_address(link)} type bridge forward_delay 0 mcast_snooping 0",
            f"address add {plan.gateway(link)}/{PREFIX} dev {bridge}",
            f"link set {bridge} up",
        )


def connect(plan: LabPlan, node: NodePlan) -> None:
    """Make a node's namespace with a network card per link (eth0, eth1), addressed and cabled to the bridges."""
    namespace = plan.namespace(node)
    run(["ip", "netns", "add", namespace])
    inside = ["link set lo up"]
    for link, address in enumerate(node.addresses):
        cable = plan.cable(node, link)
        card = f"eth{link}"
        _ip(
            f"link add {cable} type veth peer name {card} address {plan.hardware_address(node, link)} netns {namespace}",
            f"link set {cable} master {plan.bridge(link)} up",
        )
        inside += [f"address add {address}/{PREFIX} broadcast + dev {card}", f"link set {card} up"]
    _ip(*inside, namespace=namespace)


def disconnect(plan: LabPlan, node: NodePlan) -> None:
    """Take a node's cables and namespace away, whatever of them exists.

    With the namespace go its addresses and sysctls: else its kernel would go on answering ARP for a dead node, and
    floating addresses of before would still be there at the next boot.
    """
    for link in range(plan.links):
        run(["ip", "link", "delete", plan.cable(node, link)], check=False)
    run(["ip", "netns", "delete", plan.namespace(node)], check=False)


def go_silent(plan: LabPlan, node: NodePlan) -> None:
    """Take a node's cables down at once: from now on nobody hears of it."""
    for link in range(plan.links):
        run(["ip", "link", "set", plan.cable(node, link), "down"], check=False)


def remove_bridges(plan: LabPlan) -> None:
    """Remove the lab's bridges and cuts, whatever of them exists."""
    heal(plan)
    for link in range(plan.links):
        run(["ip", "link", "delete", plan.bridge(link)], check=False)


def cut(plan: LabPlan, first: NodePlan, second: NodePlan | None = None, *, link: int | None = None) -> None:
    """Cut two nodes off each other, or one node off all others and the host; on one link, or on all."""
    links = range(plan.links) if link is None else (link,)
    if second is None:
        _drop(plan, *(rule for each in links for rule in _off_everything(plan.cable(first, each))))
        return
    for each in links:
        one, other = plan.cable(first, each), plan.cable(second, each)
        _drop(plan, f"forward iifname {one} oifname {other}", f"forward iifname {other} oifname {one}")


def cut_host(plan: LabPlan, node: NodePlan) -> None:
    """Cut a node off the carrying machine only: its peers still reach it, whoever asks from outside does not."""
    cables = [plan.cable(node, link) for link in range(plan.links)]
    _drop(plan, *(rule for cable in cables for rule in _off_host(cable)))


def heal(plan: LabPlan) -> None:
    """Undo every cut."""
    run(["nft", "delete", "table", "bridge", plan.filter_table], check=False)


def _off_host(cable: str) -> Iterator[str]:
    yield f"input iifname {cable}"
    yield f"output oifname {cable}"


def _off_everything(cable: str) -> Iterator[str]:
    yield from _off_host(cable)
    yield f"forward iifname {cable}"
    yield f"forward oifname {cable}"


def _drop(plan: LabPlan, *rules: str) -> None:
    table = f"bridge {plan.filter_table}"
    chains = [
        f"add chain {table} {hook} {{ type filter hook {hook} priority 0; }}" for hook in ("input", "forward", "output")
    ]
    drops = [f"add rule {table} {rule} drop" for rule in rules]
    run(["nft", "-f", "-"], text="\n".join([f"add table {table}", *chains, *drops, ""]))


def _ip(*lines: str, namespace: str | None = None) -> None:
    """Several `ip` commands in one process."""
    where = ["-n", namespace] if namespace else []
    run(["ip", *where, "-batch", "-"], text="\n".join(lines) + "\n")
