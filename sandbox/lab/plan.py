"""What a lab looks like before anything of it exists: names, numbers and addresses. Pure.

A lab has a number of its own (1-254) from which every address and interface name follows, so that two labs never
meet and a half-built one can be taken down from its number alone.
"""

import re
from dataclasses import dataclass

from sandbox.lab.errors import LabError

NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
NUMBERS = range(1, 255)
NETWORKS = (213, 214)
"""Second octet of the first and of the second link's network: 10.213.NUMBER.0/24, 10.214.NUMBER.0/24."""
PREFIX = 24
MOST_NODES = 32
GATEWAY_HOST, NODES_FROM, FREE_FROM = 1, 10, 100
FREE = range(1, 101)


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node: its name, its number in the lab (from 1) and its address on each link."""

    name: str
    index: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabPlan:
    """A whole lab. Raises `LabError` on names or numbers it could not build."""

    name: str
    number: int
    node_names: tuple[str, ...]
    debian: int = 12
    bare: bool = False
    links: int = 1

    def __post_init__(self) -> None:
        for name in (self.name, *self.node_names):
            if not NAME.fullmatch(name):
                raise LabError(f"{name!r} is no name for a lab or node: those match {NAME.pattern}")
        if not 1 <= len(self.node_names) <= MOST_NODES or len(set(self.node_names)) != len(self.node_names):
            raise LabError(
                f"a lab has 1 to {MOST_NODES} nodes with names of their own, not {', '.join(self.node_names)}"
            )
        if not 1 <= self.links <= len(NETWORKS):
            raise LabError(f"a lab has 1 or {len(NETWORKS)} links, not {self.links}")
        if self.number not in NUMBERS:
            raise LabError(f"a lab's number is {NUMBERS[0]} to {NUMBERS[-1]}, not {self.number}")

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """The nodes in order."""
        return tuple(
            NodePlan(name, index, tuple(self.address(NODES_FROM + index, link) for link in range(self.links)))
            for index, name in enumerate(self.node_names, start=1)
        )

    def node(self, name: str) -> NodePlan:
        """The node of that name, or `LabError`."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise LabError(f"lab {self.name} has no node {name!r}, only {', '.join(self.node_names)}")

    def address(self, host: int, link: int = 0) -> str:
        """The address with that last octet on a link's network."""
        return f"10.{NETWORKS[link]}.{self.number}.{host}"

    def network(self, link: int = 0) -> str:
        """A link's network, as `10.213.1.0/24`."""
        return f"{self.address(0, link)}/{PREFIX}"

    def gateway(self, link: int = 0) -> str:
        """The carrying machine's own address on a link."""
        return self.address(GATEWAY_HOST, link)

    def free_address(self, k: int) -> str:
        """The k-th address (from 1) on the first link that no node uses: for floating IPs."""
        if k not in FREE:
            raise LabError(f"there are free addresses {FREE[0]} to {FREE[-1]}, not {k}")
        return self.address(FREE_FROM + k)

    def bridge(self, link: int) -> str:
        """The bridge that stands for a link's switch."""
        return f"hacl{self.number}l{link}"

    def cable(self, node: NodePlan, link: int) -> str:
        """The outer end of a node's cable, as the bridge sees it (interface names end at 15 characters)."""
        return f"hacl{self.number}l{link}n{node.index}"

    def hardware_address(self, node: NodePlan, link: int) -> str:
        """The same at every boot, as a real card's."""
        return f"02:ac:{link:02x}:{self.number:02x}:00:{node.index:02x}"

    def bridge_address(self, link: int) -> str:
        """This machine's own hardware address in a lab, which no node's comes or goes with: no node is number 0."""
        return f"02:ac:{link:02x}:{self.number:02x}:00:00"

    def namespace(self, node: NodePlan) -> str:
        """The node's network namespace."""
        return f"hacl{self.number}n{node.index}"

    @property
    def filter_table(self) -> str:
        """The nftables table (family bridge) that holds this lab's cuts."""
        return f"hacluster_lab_{self.number}"

    @property
    def hosts_file(self) -> str:
        """`/etc/hosts` of every node: real addresses of all, never 127.0.1.1, which corosync would bind to."""
        names = [f"{node.addresses[0]} {node.name}" for node in self.nodes]
        return "\n".join(["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback", *names, ""])
