"""corosync.conf: what pcs writes and corosync reads of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfNode:
    """A node of the node list."""

    name: str
    id: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conf:
    """A cluster as configured. `uuid` is "" where pcs did not make it: each such file is a cluster of its own."""

    name: str
    uuid: str
    nodes: tuple[ConfNode, ...]
    two_node: bool

    def node(self, name: str) -> ConfNode:
        """Return the node of that name. Raises KeyError."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


def new(name: str, nodes: Iterable[tuple[str, tuple[str, ...]]]) -> Conf:
    """Make a configuration as `pcs cluster setup` does: nodes numbered in their order."""
    listed = tuple(ConfNode(node, number, addresses) for number, (node, addresses) in enumerate(nodes, 1))
    return Conf(name, uuid.uuid4().hex, listed, two_node=len(listed) == 2)  # noqa: PLR2004 - the rule's own number


def render(conf: Conf) -> str:
    """Write it as pcs 0.11 does."""
    nodes = "\n".join(
        "    node {\n"
        + "".join(f"        ring{link}_addr: {address}\n" for link, address in enumerate(node.addresses))
        + f"        name: {node.name}\n        nodeid: {node.id}\n    }}\n"
        for node in conf.nodes
    )
    two_node = "    two_node: 1\n" if conf.two_node else ""
    return (
        f"totem {{\n    version: 2\n    cluster_name: {conf.name}\n    transport: knet\n    crypto_cipher: aes256\n"
        f"    crypto_hash: sha256\n    cluster_uuid: {conf.uuid}\n}}\n\n"
        f"nodelist {{\n{nodes}}}\n\n"
        f"quorum {{\n    provider: corosync_votequorum\n{two_node}}}\n\n"
        "logging {\n    to_logfile: yes\n    logfile: /var/log/corosync/corosync.log\n    to_syslog: yes\n"
        "    timestamp: on\n}\n"
    )


def parse(text: str) -> Conf:
    """Read it. Raises ValueError for what corosync would not start with."""
    values: dict[str, str] = {}
    nodes: list[dict[str, str]] = []
    opened: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.endswith("{"):
            opened.append(line[:-1].strip())
            if opened == ["nodelist", "node"]:
                nodes.append({})
        elif line == "}" and opened:
            opened.pop()
        elif ":" in line and not line.startswith("#"):
            key, _, value = line.partition(":")
            (nodes[-1] if opened == ["nodelist", "node"] else values)[key.strip()] = value.strip()
    if opened or not nodes or "cluster_name" not in values:
        raise ValueError("not a corosync.conf")
    return Conf(
        values["cluster_name"],
        values.get("cluster_uuid", ""),
        tuple(
            ConfNode(
                node["name"], int(node["nodeid"]), tuple(node[key] for key in sorted(node) if key.startswith("ring"))
            )
            for node in nodes
        ),
        two_node=values.get("two_node") == "1",
    )
