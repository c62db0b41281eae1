"""Corosync's configuration file on a node, which may differ from what is in force and from the other nodes'.

Source: `corosync.conf(5)`, and for the syntax corosync's own reader (`exec/coroparse.c`, 3.1): one thing a line, which
is a section's opening `NAME {`, its closing `}`, a `KEY: VALUE`, or a comment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, spoken

PATH = "/etc/corosync/corosync.conf"

_PACKAGE_CLUSTER = "debian"
_TRUE = frozenset({"yes", "on", "1"})
_DEEPEST = 8
"""Corosync nests sections three deep."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its keys as often and in the order they are written, and the sections inside. The file is one too."""

    name: str
    pairs: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()

    def get(self, key: str, default: str = "") -> str:
        """Return a key's value; corosync takes the last one written."""
        return next((value for name, value in reversed(self.pairs) if name == key), default)

    def all(self, name: str) -> Iterator[Section]:
        """Yield the sections of that name."""
        return (section for section in self.sections if section.name == name)


@dataclass(frozen=True, slots=True)
class ConfNode:
    """A node of the node list, `addresses` in the order of its links."""

    name: str
    node_id: int | None
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CorosyncConf:
    """What the file says. `digest` is the SHA-256 of its text: nodes of one cluster must have the same.

    `logfile` is None where corosync logs to no file.
    """

    cluster_name: str
    nodes: tuple[ConfNode, ...]
    two_node: bool
    transport: str
    logfile: str | None
    digest: str

    @property
    def is_package_leftover(self) -> bool:
        """Whether this is the one-node cluster that Debian's package configures, and up to Debian 12 also starts."""
        return self.cluster_name == _PACKAGE_CLUSTER and len(self.nodes) == 1


@dataclass(frozen=True, slots=True)
class NoConf:
    """The node has no corosync.conf: it belongs to no cluster."""


def parse(done: Completed) -> CorosyncConf | NoConf:
    """Read the file's text. Raises `UnreadableOutput`."""
    if done.status != 0:
        if "No such file or directory" in done.stderr:
            return NoConf()
        raise UnreadableOutput(PATH, f"reading it ended with exit status {done.status}", spoken(done))
    conf = sections(done.stdout)
    totem = _merged(conf, "totem")
    quorum = _merged(conf, "quorum")
    logging = _merged(conf, "logging")
    return CorosyncConf(
        cluster_name=totem.get("cluster_name"),
        nodes=tuple(_node(node) for listed in conf.all("nodelist") for node in listed.all("node")),
        two_node=quorum.get("two_node") in _TRUE,
        transport=totem.get("transport", "knet"),
        logfile=(logging.get("logfile") or None) if logging.get("to_logfile") in _TRUE else None,
        digest=hashlib.sha256(done.stdout.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def sections(text: str) -> Section:
    """Read the nested sections of a corosync.conf. Raises `UnreadableOutput`."""
    opened: list[tuple[str, list[tuple[str, str]], list[Section]]] = [("", [], [])]
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if "{" in line:
            name, _, rest = line.partition("{")
            if not name.strip() or rest.strip() or len(opened) > _DEEPEST:
                raise UnreadableOutput(PATH, f"line {number} does not open a section", line)
            opened.append((name.strip(), [], []))
        elif ":" in line:
            key, _, value = line.partition(":")
            opened[-1][1].append((key.strip(), value.strip()))
        elif line == "}" and len(opened) > 1:
            name, pairs, inner = opened.pop()
            opened[-1][2].append(Section(name, tuple(pairs), tuple(inner)))
        else:
            raise UnreadableOutput(PATH, f"line {number} is neither a section nor a key with a value", line)
    if len(opened) > 1:
        raise UnreadableOutput(PATH, f"section {opened[-1][0][:40]!r} is not closed")
    return Section("", tuple(opened[0][1]), tuple(opened[0][2]))


def _merged(conf: Section, name: str) -> Section:
    """Return the keys of all top sections of that name as one: corosync reads a repeated section as going on."""
    return Section(name, tuple(pair for section in conf.all(name) for pair in section.pairs))


def _node(node: Section) -> ConfNode:
    addresses = tuple(node.get(f"ring{link}_addr") for link in range(8) if node.get(f"ring{link}_addr"))
    name = node.get("name") or next(iter(addresses), "")
    if not name:
        raise UnreadableOutput(PATH, "a node of the node list has neither name nor address")
    number = node.get("nodeid")
    if number and not re.fullmatch(r"\d{1,10}", number, re.ASCII):
        raise UnreadableOutput(PATH, f"nodeid is {number[:40]!r}, not a number")
    return ConfNode(name, int(number) if number else None, addresses)


FACT: Fact[CorosyncConf | NoConf] = Fact(Command(("cat", PATH), legal=frozenset({0, 1})), parse)
