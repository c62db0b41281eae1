"""The network links between nodes as corosync measures them (`corosync-cfgtool -s`).

Source: `corosync-cfgtool(8)`, held against corosync 3.1.2 (`LINK ID 0`), 3.1.7 and 3.1.9 (`LINK ID 0 udp`). A stopped
peer is as disconnected as a cut one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, NotRunning, not_installed, spoken

TOOL = "corosync-cfgtool"

_DOWN = re.compile(r"Could not initialize corosync \w+ API error (2|CS_ERR_LIBRARY)\b")  # others: busy, or no access
_LINK = re.compile(r"LINK ID (\d{1,2})\b.*", re.ASCII)
_ADDRESS = re.compile(r"\s+addr\s*=\s*(\S+)\s*")
_PEER = re.compile(r"\s+nodeid:\s*(\d{1,10}):\s*(\S.*?)\s*", re.ASCII)
_UP = frozenset({"connected", "localhost"})


@dataclass(frozen=True, slots=True)
class LinkPeer:
    """A node at the other end, or this one itself: `status` is connected, disconnected or localhost."""

    node_id: int
    connected: bool
    status: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the asked node: its own address there, and every node of the cluster."""

    id: int
    address: str
    peers: tuple[LinkPeer, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """All links of the asked node."""

    links: tuple[Link, ...]


def parse(done: Completed) -> LinkStatus | NotRunning:
    """Read `corosync-cfgtool -s`. Raises `UnreadableOutput`."""
    if (absent := not_installed(done)) is not None:
        return absent
    if done.status != 0:
        if _DOWN.search(spoken(done)):
            return NotRunning(spoken(done))
        raise UnreadableOutput(TOOL, f"it ended with exit status {done.status}", spoken(done))
    lines = done.stdout.splitlines()
    if not lines or not lines[0].startswith("Local node ID "):
        raise UnreadableOutput(TOOL, "it does not begin with the local node's id", done.stdout)
    links = _links(lines[1:])
    for link in links:
        if not link.address or not link.peers:
            raise UnreadableOutput(TOOL, f"link {link.id} has no address or no peers", done.stdout)
    return LinkStatus(tuple(links))


def _links(lines: list[str]) -> list[Link]:
    links: list[Link] = []
    for line in lines:
        if (match := _LINK.fullmatch(line)) is not None:
            links.append(Link(int(match[1]), ""))
        elif links and (match := _ADDRESS.fullmatch(line)) is not None:
            links[-1] = replace(links[-1], address=match[1])
        elif links and (match := _PEER.fullmatch(line)) is not None:
            peer = LinkPeer(int(match[1]), match[2] in _UP, match[2])
            links[-1] = replace(links[-1], peers=(*links[-1].peers, peer))
    return links


FACT: Fact[LinkStatus | NotRunning] = Fact(Command((TOOL, "-s"), legal=frozenset({0, 1, 127}), joins=True), parse)
