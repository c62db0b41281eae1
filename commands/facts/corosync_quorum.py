"""Votes and quorum as votequorum counts them (`corosync-quorumtool -s -p`).

Source: `corosync-quorumtool(8)` and `votequorum(5)`, held against corosync 3.1.2, 3.1.7 and 3.1.9. It exits with 0 when
quorate and 2 when not (since 3.0.2), and with 1 when it cannot ask; `-p` always prints the quorum device's column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, NotRunning, not_installed, spoken

TOOL = "corosync-quorumtool"
NOT_QUORATE = 2

_DOWN = re.compile(r"Cannot initiali[sz]e \w+ service")
_VOTER = re.compile(r"\s*(\d{1,10})\s+(\d{1,10})\s+(?P<rest>\S.*)", re.ASCII)
_QDEVICE_ID = 0


@dataclass(frozen=True, slots=True)
class Voter:
    """A member and its votes. The name is that of corosync's node list."""

    node_id: int
    votes: int
    name: str


@dataclass(frozen=True, slots=True)
class QuorumStatus:
    """The count as the asked node sees it: `quorum` votes are needed, `total_votes` are here of `expected_votes`.

    `flags` are corosync's words: 2Node, Quorate, WaitForAll, LastManStanding, AutoTieBreaker, AllowDownscale, Qdevice.
    `nodes` are the members only, so without those that left. `ring_id` changes with every new membership.
    """

    quorate: bool
    expected_votes: int
    total_votes: int
    quorum: int
    flags: frozenset[str]
    nodes: tuple[Voter, ...]
    ring_id: str

    @property
    def two_node(self) -> bool:
        """Whether one node of two keeps quorum alone."""
        return "2Node" in self.flags


def parse(done: Completed) -> QuorumStatus | NotRunning:
    """Read `corosync-quorumtool -s -p`. Raises `UnreadableOutput`."""
    if (absent := not_installed(done)) is not None:
        return absent
    if done.status not in {0, NOT_QUORATE}:
        if _DOWN.search(spoken(done)):
            return NotRunning(spoken(done))
        raise UnreadableOutput(TOOL, f"it ended with exit status {done.status}", spoken(done))
    lines = done.stdout.splitlines()
    told = dict(_pairs(lines))
    quorate = _needed(told, "Quorate")
    if quorate not in {"Yes", "No"}:
        raise UnreadableOutput(TOOL, f"Quorate is {quorate[:40]!r}, neither Yes nor No")
    if (quorate == "Yes") != (done.status == 0):
        raise UnreadableOutput(TOOL, f"it says Quorate: {quorate}, but ended with exit status {done.status}")
    return QuorumStatus(
        quorate=quorate == "Yes",
        expected_votes=_number(told, "Expected votes"),
        total_votes=_number(told, "Total votes"),
        quorum=_number(told, "Quorum"),
        flags=frozenset(_needed(told, "Flags").split()),
        nodes=tuple(_voters(lines)),
        ring_id=_needed(told, "Ring ID"),
    )


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _needed(told: Mapping[str, str], key: str) -> str:
    if key not in told:
        raise UnreadableOutput(TOOL, f"it does not say {key}")
    return told[key]


def _number(told: Mapping[str, str], key: str) -> int:
    # without quorum the line goes on: "Quorum:  2 Activity blocked"
    match = re.match(r"\d{1,10}(?=\s|$)", _needed(told, key), re.ASCII)
    if match is None:
        raise UnreadableOutput(TOOL, f"{key} is {told[key][:40]!r}, not a number")
    return int(match[0])


def _voters(lines: list[str]) -> list[Voter]:
    """Read the table after its header. The quorum device has a row of its own, which is no node's."""
    headers = [at for at, line in enumerate(lines) if line.split()[:2] == ["Nodeid", "Votes"]]
    if not headers:
        raise UnreadableOutput(TOOL, "it lists no members")
    columns = lines[headers[0]].split()
    voters = []
    for line in lines[headers[0] + 1 :]:
        if not line.strip():
            continue
        match = _VOTER.fullmatch(line)
        if match is None:
            raise UnreadableOutput(TOOL, f"{line[:60]!r} is not a member's row")
        if int(match[1]) != _QDEVICE_ID:
            name = match["rest"].split(maxsplit=1)[-1] if "Qdevice" in columns else match["rest"]
            voters.append(Voter(int(match[1]), int(match[2]), name.removesuffix(" (local)").strip()))
    if not voters:
        raise UnreadableOutput(TOOL, "it lists no members")
    return voters


FACT: Fact[QuorumStatus | NotRunning] = Fact(
    Command((TOOL, "-s", "-p"), legal=frozenset({0, 1, NOT_QUORATE, 127}), joins=True),
    parse,
)
