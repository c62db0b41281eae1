"""Early words: what one line of a node's streams hints at, before anything is known.

A signal is a trigger and an early word, never the truth: it says that a look is worth its while, and in which direction.
Everything here is pure. What is not understood gives no signal and no exception: corosync and pacemaker word their lines
as they like, and the next look finds what a line did not tell. The wordings are those of corosync 3.1.2, 3.1.7 and 3.1.9
and of pacemaker 2.0.5, 2.1.5 and 3.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from commands.facts.journal import Entry

Source = Literal["cmap", "log", "journal"]

LONGEST = 500
"""Characters kept of a line."""


class SignalKind(StrEnum):
    """What a line hints at."""

    LINK_DOWN = "link down"
    LINK_UP = "link up"
    TOKEN_LATE = "token late"  # noqa: S105 - corosync's token
    """Corosync's token is overdue: somebody does not answer, nobody knows yet who."""
    TOKEN_LOST = "token lost"  # noqa: S105 - corosync's token
    """The token is given up; who does not answer until the consensus timeout is out."""
    MEMBER_LEFT = "member left"
    MEMBER_JOINED = "member joined"
    """It joined, or its join count grew: it was away in between, however short."""
    QUORUM_LOST = "quorum lost"
    QUORUM_REGAINED = "quorum regained"
    COROSYNC_STOPPING = "corosync stopping"
    """The witness's own, or where a node is told that node's: members are told when one leaves in good order."""
    COROSYNC_STARTING = "corosync starting"
    PACEMAKER = "pacemaker"
    """Pacemaker decides, fences, found a resource failed, or noticed an attribute."""
    CIB_CHANGED = "configuration changed"


@dataclass(frozen=True, slots=True)
class Signal:
    """One hint. `witness` is the node whose stream said so; `node_id` and `link` are corosync's numbers, where told.

    `at` is the witness's own time in seconds since 1970 (None but for the journal). A journal that is resumed tells
    what happened while nobody followed: such a signal is as old as `at` says.
    """

    witness: str
    source: Source
    kind: SignalKind
    node_id: int | None
    link: int | None
    text: str
    at: float | None = None


_Table = Sequence[tuple[re.Pattern[str], SignalKind]]


def _table(rows: Sequence[tuple[str, SignalKind]]) -> _Table:
    return tuple((re.compile(pattern, re.ASCII), kind) for pattern, kind in rows)


# Numbers of nodes and links stand in the groups `node` and `link`; `nodes` is a list of which one alone is told.
_COROSYNC = _table((
    (r"\[KNET *\].* host: (?P<node>\d+) link: (?P<link>\d+) is down", SignalKind.LINK_DOWN),
    (r"\[KNET *\].* host: (?P<node>\d+) link: (?P<link>\d+) is up", SignalKind.LINK_UP),
    (r"\[TOTEM *\] Token has not been received in", SignalKind.TOKEN_LATE),
    (r"\[TOTEM *\] A processor failed, forming new configuration", SignalKind.TOKEN_LOST),
    (r"\[TOTEM *\] Failed to receive the leave message\. failed:(?P<nodes>[\d ]+)", SignalKind.MEMBER_LEFT),
    (r"\[TOTEM *\] A new membership .* was formed\. Members(?: joined:[\d ]+)? left:(?P<nodes>[\d ]+)", SignalKind.MEMBER_LEFT),
    (r"\[TOTEM *\] A new membership .* was formed\. Members joined:(?P<nodes>[\d ]+)", SignalKind.MEMBER_JOINED),
    (r"\[QUORUM *\] Sync left\[\d+\]:(?P<nodes>[\d ]+)", SignalKind.MEMBER_LEFT),
    (r"\[QUORUM *\] Sync joined\[\d+\]:(?P<nodes>[\d ]+)", SignalKind.MEMBER_JOINED),
    (r"\[QUORUM *\] This node is within the non-primary component", SignalKind.QUORUM_LOST),
    (r"\[QUORUM *\] This node is within the primary component", SignalKind.QUORUM_REGAINED),
    (r"\[CFG *\] Node (?P<node>\d+) was shut down by", SignalKind.COROSYNC_STOPPING),
    (r"\[(?:MAIN|SERV) *\] (?:Node was shut down|Unloading all Corosync service engines|Corosync Cluster Engine exiting)",
     SignalKind.COROSYNC_STOPPING),
    (r"\[MAIN *\] Corosync Cluster Engine .*starting up", SignalKind.COROSYNC_STARTING),
))  # fmt: skip

_SYSTEMD = _table((
    (r"Start(?:ing|ed) .*Corosync Cluster Engine", SignalKind.COROSYNC_STARTING),
    (r"Stopp(?:ing|ed) .*Corosync Cluster Engine", SignalKind.COROSYNC_STOPPING),
    (r"corosync\.service: (?:Main process exited|Failed with result)", SignalKind.COROSYNC_STOPPING),
    (r"pacemaker\.service: (?:Main process exited|Failed with result)", SignalKind.PACEMAKER),
    (r"(?:Started|Stopping) .*Pacemaker", SignalKind.PACEMAKER),
))  # fmt: skip

# What several of Pacemaker's daemons say of the same thing is taken from one of them.
_PACEMAKER = _table((
    (r"Quorum lost", SignalKind.QUORUM_LOST),
    (r"Quorum acquired", SignalKind.QUORUM_REGAINED),
    (r"Transition \d+ aborted by .*: Configuration change", SignalKind.CIB_CHANGED),
    (r"Transition \d+ aborted by ", SignalKind.PACEMAKER),
    # the scheduler: what it will do, and why
    (r"^pacemaker-schedulerd: .*(?:Actions: | \* [A-Z])", SignalKind.PACEMAKER),
    (r"^pacemaker-schedulerd: .*(?: will be fenced| is unclean|Scheduling [Nn]ode | active on \d+ nodes)", SignalKind.PACEMAKER),
    # fencing: asked for, and its end
    (r"Requesting fencing|^pacemaker-fenced: .*Operation '?\w+'? |was (?:not )?terminated |[Ss]tonith operation ", SignalKind.PACEMAKER),
    # operations: their ends, except for checks that found what was expected
    (r"Result of (?:start|stop|promote|demote|migrate_to|migrate_from) operation ", SignalKind.PACEMAKER),
    (r"Result of monitor operation for \S+ on \S+: (?!ok\b|OK\b)", SignalKind.PACEMAKER),
    (r"Transition \d+ action \d+ \(\S+ on \S+\): expected '[^']*' but got ", SignalKind.PACEMAKER),
    # nodes and attributes as Pacemaker sees them; its own attributes begin with #
    (r"^pacemaker-controld: .*(?:Node \S+ state is now |DC node \(\S+\) left|-> S_(?:IDLE|POLICY_ENGINE|NOT_DC|ELECTION)\b)", SignalKind.PACEMAKER),
    (r"^pacemaker-attrd: .*Setting [^#\s]\S*\[\S+\]", SignalKind.PACEMAKER),
    (r"^pacemakerd: .*(?:Shutting down|exited|terminated|[Rr]espawning)", SignalKind.PACEMAKER),
))  # fmt: skip

# Anywhere in the line: what another source of the same stream wrote may stand before it.
_MAP = re.compile(
    r"(?:create|modify|delete)> runtime\.members\.(\d{1,10})\.(status|join_count) \(\w+\)(?: = (.*))?$", re.ASCII
)
_DIGITS = 10
"""The most that a number of a node or a link has."""


def of_membership_line(witness: str, line: str) -> Signal | None:
    """Read a line of the membership stream: a change in corosync's map, or a line of its log file."""
    return _of_map(witness, line) or _of_log(witness, line)


def of_entry(witness: str, entry: Entry) -> Signal | None:
    """Read an entry of the journal."""
    if not entry.message:
        return None
    if entry.identifier == "corosync":
        found = _find(_COROSYNC, entry.message)
    elif entry.identifier == "systemd":
        found = _find(_SYSTEMD, entry.message)
    elif entry.identifier.startswith("pacemaker"):
        found = _find(_PACEMAKER, f"{entry.identifier}: {entry.message}")
    else:
        return None  # a resource agent's own words
    return _signal(witness, "journal", entry.message, found, entry.at)


def _of_map(witness: str, line: str) -> Signal | None:
    found = _MAP.search(line)
    if found is None:
        return None
    node, key, value = int(found[1]), found[2], (found[3] or "").strip()
    # another word than `joined`, or none: the key is gone with all that was known of the node
    left = key == "status" and value != "joined"
    kind = SignalKind.MEMBER_LEFT if left else SignalKind.MEMBER_JOINED
    return Signal(witness, "cmap", kind, node, None, line[found.start() :][:LONGEST])


def _of_log(witness: str, line: str) -> Signal | None:
    return _signal(witness, "log", line, _find(_COROSYNC, line), None)


_Found = tuple[SignalKind, int | None, int | None]


def _find(table: _Table, text: str) -> _Found | None:
    for pattern, kind in table:
        if (found := pattern.search(text)) is not None:
            groups = found.groupdict()
            return kind, _one(groups.get("node") or groups.get("nodes")), _one(groups.get("link"))
    return None


def _one(numbers: str | None) -> int | None:
    """Return the number, if it is one alone."""
    words = (numbers or "").split()
    return int(words[0]) if len(words) == 1 and len(words[0]) <= _DIGITS else None


def _signal(witness: str, source: Source, text: str, found: _Found | None, at: float | None) -> Signal | None:
    if found is None:
        return None
    kind, node, link = found
    return Signal(witness, source, kind, node, link, " ".join(text.split())[:LONGEST], at)
