"""Corosync's own map: who is a member, who should be, and the timeouts in force (`corosync-cmapctl`).

Source: `corosync-cmapctl(8)` and `cmap_keys(7)`, held against corosync 3.1.2, 3.1.7 and 3.1.9. Given several prefixes
it prints the keys under each, one `KEY (TYPE) = VALUE` a line. Members are known by number only; their names stand in
the node list. A node never seen since corosync started has no member key at all: absence means missing, not unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, NotRunning, not_installed, spoken

TOOL = "corosync-cmapctl"

_DOWN = "Failed to initialize the cmap API. Error CS_ERR_LIBRARY"  # other errors: busy, or no access to it
_LINE = re.compile(r"(\S+) \((\w+)\)(?: = (.*))?")  # binary values are named, not printed
_MEMBER = re.compile(r"runtime\.members\.(\d{1,10})\.status")
_LISTED = re.compile(r"nodelist\.node\.(\d{1,10})\.nodeid")
_ADDRESS = re.compile(r"r\(\d+\) ip\(([^)]*)\)")
_LINKS = 8
"""The most links corosync allows between two nodes."""


@dataclass(frozen=True, slots=True)
class Member:
    """A node that is, or has been, in the membership of the asked node since its corosync started.

    `status` is corosync's word (joined, left). A `join_count` that grew means it was away in between, even if both
    readings say joined: corosync killed and restarted by systemd is back within the same second.
    """

    node_id: int
    joined: bool
    status: str
    join_count: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedNode:
    """A node that the configuration in force lists, whether it has ever been seen or not."""

    node_id: int
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CorosyncMap:
    """The membership as one node sees it.

    `token_ms` and `consensus_ms` are the timeouts in force: a lost node is noticed after the first, out after both.
    `two_node` is votequorum's special rule that one node of two keeps quorum alone.
    """

    cluster_name: str
    this_node: int | None
    members: tuple[Member, ...]
    nodelist: tuple[ListedNode, ...]
    token_ms: int | None
    consensus_ms: int | None
    two_node: bool

    def joined_names(self) -> frozenset[str]:
        """Return the names of the nodes that are members now."""
        joined = {member.node_id for member in self.members if member.joined}
        return frozenset(node.name for node in self.nodelist if node.node_id in joined)

    def member(self, name: str) -> Member | None:
        """Return the named node's membership, or None if it is not listed or was never seen."""
        ids = {node.node_id for node in self.nodelist if node.name == name}
        return next((member for member in self.members if member.node_id in ids), None)


def parse(done: Completed) -> CorosyncMap | NotRunning:
    """Read `corosync-cmapctl`. Raises `UnreadableOutput`."""
    if (absent := not_installed(done)) is not None:
        return absent
    if done.status != 0:
        if _DOWN in spoken(done):
            return NotRunning(spoken(done))
        raise UnreadableOutput(TOOL, f"it ended with exit status {done.status}", spoken(done))
    keys = _keys(done.stdout)
    nodelist = tuple(_listed(keys, position) for position in _numbers(keys, _LISTED))
    if not nodelist:
        raise UnreadableOutput(TOOL, "it lists no nodes", done.stdout)
    return CorosyncMap(
        cluster_name=keys.get("totem.cluster_name", ""),
        this_node=_optional(keys, "runtime.votequorum.this_node_id"),
        members=tuple(_member(keys, node_id) for node_id in _numbers(keys, _MEMBER)),
        nodelist=nodelist,
        token_ms=_optional(keys, "runtime.config.totem.token"),
        consensus_ms=_optional(keys, "runtime.config.totem.consensus"),
        # what votequorum does now goes before what the configuration asks for
        two_node=keys.get("runtime.votequorum.two_node", keys.get("quorum.two_node", "0")) == "1",
    )


def _keys(text: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UnreadableOutput(TOOL, f"{line[:60]!r} is not a key with its type and value")
        keys[match[1]] = (match[3] or "").strip()
    return keys


def _numbers(keys: Mapping[str, str], pattern: re.Pattern[str]) -> list[int]:
    return sorted(int(match[1]) for key in keys if (match := pattern.fullmatch(key)) is not None)


def _listed(keys: Mapping[str, str], position: int) -> ListedNode:
    prefix = f"nodelist.node.{position}."
    addresses = tuple(keys[key] for link in range(_LINKS) if (key := f"{prefix}ring{link}_addr") in keys)
    name = keys.get(f"{prefix}name") or next(iter(addresses), "")
    if not name:
        raise UnreadableOutput(TOOL, f"node {position} of the node list has neither name nor address")
    return ListedNode(_number(keys, f"{prefix}nodeid"), name, addresses)


def _member(keys: Mapping[str, str], node_id: int) -> Member:
    prefix = f"runtime.members.{node_id}."
    status = keys[f"{prefix}status"]
    return Member(
        node_id=node_id,
        joined=status == "joined",
        status=status,
        join_count=_number(keys, f"{prefix}join_count"),
        addresses=tuple(_ADDRESS.findall(keys.get(f"{prefix}ip", ""))),
    )


def _number(keys: Mapping[str, str], key: str) -> int:
    value = keys.get(key, "")
    if not re.fullmatch(r"\d{1,20}", value, re.ASCII):
        raise UnreadableOutput(TOOL, f"{key} is {value[:40]!r}, not a number")
    return int(value)


def _optional(keys: Mapping[str, str], key: str) -> int | None:
    return _number(keys, key) if key in keys else None


FACT: Fact[CorosyncMap | NotRunning] = Fact(
    Command(
        (
            TOOL,
            "runtime.members.",
            "nodelist.",
            "totem.cluster_name",
            "runtime.config.totem.token",
            "runtime.config.totem.consensus",
            "runtime.votequorum.",
            "quorum.two_node",
        ),
        legal=frozenset({0, 1, 127}),
        joins=True,
    ),
    parse,
)
