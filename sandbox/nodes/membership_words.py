"""How corosync 3.1.7 words what happens to its membership: in its log, and as changes of its map."""

from __future__ import annotations

from sandbox.nodes.agenda import Agenda
from sandbox.nodes.corosync_conf import ConfNode
from sandbox.nodes.machine import Machine
from sandbox.nodes.voice import corosync, corosync_map

TOKEN_MS, CONSENSUS_MS = 3000, 3600


def starting(agenda: Agenda, machine: Machine) -> None:
    """Say that the daemon starts."""
    corosync(agenda, machine, "MAIN", "Corosync Cluster Engine  starting up")


def stopping(agenda: Agenda, machine: Machine, own: int) -> None:
    """Say that the daemon ends because it was told to."""
    corosync(agenda, machine, "CFG", f"Node {own} was shut down by sysadmin")
    corosync(agenda, machine, "SERV", "Unloading all Corosync service engines.")
    corosync(agenda, machine, "MAIN", "Corosync Cluster Engine exiting normally")


def goodbye(agenda: Agenda, machine: Machine, node: int) -> None:
    """Say that another node said it ends."""
    corosync(agenda, machine, "CFG", f"Node {node} was shut down by sysadmin")


def link_down(agenda: Agenda, machine: Machine, links: list[tuple[int, int]]) -> None:
    """Say that links, as (node, link), are down: all that lead to the node."""
    for node, link in links:
        corosync(agenda, machine, "KNET", f"link: host: {node} link: {link} is down", "info")
    for node in {node for node, _ in links}:
        corosync(agenda, machine, "KNET", f"host: host: {node} (passive) best link: 0 (pri: 1)", "info")
        corosync(agenda, machine, "KNET", f"host: host: {node} has no active links", "warning")


def link_up(agenda: Agenda, machine: Machine, links: list[tuple[int, int]]) -> None:
    """Say that links, as (node, link), are up."""
    for node, link in links:
        corosync(agenda, machine, "KNET", f"rx: host: {node} link: {link} is up", "info")
        words = f"link: Resetting MTU for link {link} because host {node} joined"
        corosync(agenda, machine, "KNET", words, "info")
    for node in {node for node, _ in links}:
        corosync(agenda, machine, "KNET", f"host: host: {node} (passive) best link: 0 (pri: 1)", "info")


def measured(agenda: Agenda, machine: Machine) -> None:
    """Say how large packets may be."""
    corosync(agenda, machine, "KNET", "pmtud: Global data MTU changed to: 1397", "info")


def token_late(agenda: Agenda, machine: Machine) -> None:
    """Say that the token is late, with the blank at the end that the real line has."""
    corosync(agenda, machine, "TOTEM", f"Token has not been received in {TOKEN_MS * 3 // 4} ms ")


def token_lost(agenda: Agenda, machine: Machine) -> None:
    """Say that the token is given up."""
    words = f"token timed out ({TOKEN_MS}ms), waiting {CONSENSUS_MS}ms for consensus."
    corosync(agenda, machine, "TOTEM", f"A processor failed, forming new configuration: {words}")


def membership(
    agenda: Agenda,
    machine: Machine,
    ring: int,
    members: list[int],
    joined: list[int],
    left: list[int],
    silent: list[int],
) -> None:
    """Say that a membership was formed; `silent` are those of `left` that did not say goodbye."""

    def listed(nodes: list[int]) -> str:
        return " ".join(map(str, nodes))

    corosync(agenda, machine, "QUORUM", f"Sync members[{len(members)}]: {listed(members)}")
    for what, nodes in (("joined", joined), ("left", left)):
        if nodes:
            corosync(agenda, machine, "QUORUM", f"Sync {what}[{len(nodes)}]: {listed(nodes)}")
    changes = " ".join(f"{what}: {listed(nodes)}" for what, nodes in (("joined", joined), ("left", left)) if nodes)
    corosync(agenda, machine, "TOTEM", f"A new membership ({members[0]}.{ring:x}) was formed. Members {changes}")
    if silent:
        corosync(agenda, machine, "TOTEM", f"Failed to receive the leave message. failed: {listed(silent)}")


def quorum(agenda: Agenda, machine: Machine, *, regained: bool) -> None:
    """Say that quorum came or went."""
    words = (
        "primary component and will provide service."
        if regained
        else ("non-primary component and will NOT provide any service.")
    )
    corosync(agenda, machine, "QUORUM", f"This node is within the {words}")


def formed(agenda: Agenda, machine: Machine, members: list[int]) -> None:
    """Say that all is done."""
    corosync(agenda, machine, "QUORUM", f"Members[{len(members)}]: {' '.join(map(str, members))}")
    corosync(agenda, machine, "MAIN", "Completed service synchronization, ready to provide service.")


def left_map(machine: Machine, node: int) -> None:
    """Change the map where a node left."""
    corosync_map(machine, "modify", f"runtime.members.{node}.status", "str", "left")


def joined_map(machine: Machine, node: ConfNode, count: int) -> None:
    """Change the map where a node joined, for the `count`th time."""
    key = f"runtime.members.{node.id}"
    change = "create" if count == 1 else "modify"
    if count == 1:
        address = "".join(f"r({link}) ip({address}) " for link, address in enumerate(node.addresses))
        corosync_map(machine, change, f"{key}.config_version", "u64", 0)
        corosync_map(machine, change, f"{key}.ip", "str", address)
    corosync_map(machine, change, f"{key}.join_count", "u32", count)
    corosync_map(machine, change, f"{key}.status", "str", "joined")


def highest_map(machine: Machine, node: int) -> None:
    """Change the map where another node has the highest number."""
    corosync_map(machine, "modify", "runtime.votequorum.highest_node_id", "u32", node)
