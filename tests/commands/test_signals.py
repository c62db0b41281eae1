"""What lines hint at: recorded ones of three generations, and any other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import signals
from commands.facts import journal
from commands.facts.journal import Entry
from commands.signals import Signal, SignalKind

CAPTURES = Path(__file__).parents[1] / "captures" / "by-hand"
GENERATIONS = ("debian11", "debian12", "debian13")
RECORDINGS = sorted(str(path.relative_to(CAPTURES)) for path in CAPTURES.glob("*/streams/*.json"))

DOWN, UP = SignalKind.LINK_DOWN, SignalKind.LINK_UP
LATE, LOST = SignalKind.TOKEN_LATE, SignalKind.TOKEN_LOST
LEFT, JOINED = SignalKind.MEMBER_LEFT, SignalKind.MEMBER_JOINED
STOPPING, STARTING = SignalKind.COROSYNC_STOPPING, SignalKind.COROSYNC_STARTING
Hint = tuple[SignalKind, int | None]


class Hints(NamedTuple):
    """What a situation must hint at, in this order and others in between; and what it must not."""

    must: tuple[Hint, ...]
    never: frozenset[SignalKind]


LOSS = Hints(
    ((DOWN, 2), (LATE, None), (LOST, None), (LEFT, 2)),
    frozenset({UP, JOINED, STOPPING, STARTING, SignalKind.QUORUM_LOST}),
)
MEMBERSHIP: dict[str, Hints] = {
    "n2-lost.n1": LOSS,
    "corosync-killed-on-n2.n1": LOSS,
    "n2-back.n1": Hints(((UP, 2), (JOINED, 2)), frozenset({DOWN, LATE, LOST, LEFT})),
    "n2-stopped.n1": Hints(((LEFT, 2), (DOWN, 2)), frozenset({LATE, LOST, JOINED})),
    "quorum-lost-and-back.n3": Hints(
        ((DOWN, 1), (LATE, None), (LOST, None), (LEFT, None), (SignalKind.QUORUM_LOST, None), (UP, 2), (JOINED, None),
         (SignalKind.QUORUM_REGAINED, None)),
        frozenset({STOPPING, STARTING}),
    ),
    # the map ends at once: of the log file's last lines some come, or none
    "corosync-restarted.n1": Hints((), frozenset({DOWN, LATE, LOST, LEFT, STARTING})),
}  # fmt: skip
JOURNAL: dict[str, Hints] = {
    **MEMBERSHIP,
    "n2-stopped.n1": Hints(((STOPPING, 2), (LEFT, 2), (DOWN, 2)), frozenset({LATE, LOST, JOINED})),
    "corosync-restarted.n1": Hints(
        ((STOPPING, None), (STOPPING, 1), (STARTING, None), (JOINED, 1)),
        frozenset({DOWN, LATE, LOST, LEFT}),
    ),
}


def recorded(recording: str) -> tuple[list[Signal], list[Signal]]:
    """Return the signals of the membership stream and of the journal."""
    said = json.loads((CAPTURES / recording).read_text())
    node = said["node"]
    membership = [signals.of_membership_line(node, line) for line in said["membership"]]
    entries = [journal.parse(line) for line in said["journal"] if journal.begin(line) is None]
    assert journal.begin(said["journal"][0]) is not None
    return (
        [signal for signal in membership if signal is not None],
        [signal for entry in entries if (signal := signals.of_entry(node, entry)) is not None],
    )


def check(found: list[Signal], hints: Hints) -> None:
    told = [(signal.kind, signal.node_id) for signal in found]
    rest = iter(told)
    for hint in hints.must:
        assert hint in rest, f"{hint} is missing, or comes too early, in {told}"
    assert hints.never.isdisjoint(kind for kind, _ in told), told


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("situation", MEMBERSHIP)
def test_what_a_recorded_situation_hints_at(generation: str, situation: str) -> None:
    membership, entries = recorded(f"{generation}/streams/{situation}.json")
    check(membership, MEMBERSHIP[situation])
    check(entries, JOURNAL[situation])


@pytest.mark.parametrize("recording", RECORDINGS)
def test_every_signal_says_who_saw_it_where_and_when(recording: str) -> None:
    membership, entries = recorded(recording)
    assert {signal.source for signal in membership} <= {"cmap", "log"}
    assert {signal.source for signal in entries} <= {"journal"}
    assert {signal.at for signal in membership} <= {None}
    assert None not in {signal.at for signal in entries}
    for signal in (*membership, *entries):
        assert recording.endswith(f".{signal.witness}.json")
        assert (signal.link is not None) == (signal.kind in {DOWN, UP})


@pytest.mark.parametrize("generation", GENERATIONS)
def test_cmap_itself_tells_who_left_and_who_came(generation: str) -> None:
    def of_map(situation: str) -> list[Hint]:
        membership, _ = recorded(f"{generation}/streams/{situation}.n1.json")
        return [(signal.kind, signal.node_id) for signal in membership if signal.source == "cmap"]

    assert of_map("n2-lost") == [(LEFT, 2)]
    assert of_map("n2-back") == [(JOINED, 2), (JOINED, 2)], "its join count, and its status"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_pacemaker_does_is_worth_a_look_and_its_small_talk_is_not(generation: str) -> None:
    _, moved = recorded(f"{generation}/streams/approved-and-moved.n1.json")
    _, removed = recorded(f"{generation}/streams/vip-removed.n1.json")
    words = [signal.text for signal in (*moved, *removed) if signal.kind is SignalKind.PACEMAKER]
    for worth in (
        r"Setting hacluster-vip2\[n1\]\S*: |Setting hacluster-vip2\[n1\] in ",
        r"Result of start operation for vip2 on n1: (ok|OK)",
        r"Result of monitor operation for vip1 on n1: [Nn]ot running",
        r"Recover +vip1|Result of start operation for vip1 on n1",  # the one where n1 is the DC
    ):
        assert any(re.search(worth, text) for text in words), (worth, words)
    for talk in ("saving inputs", "Requesting local execution", "High CPU load", "IPaddr2", "#attrd", ": ok$"):
        assert not any(re.search(rf"monitor.*{talk}|^(?!.*Result).*{talk}", text) for text in words), (talk, words)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_journald_says_where_it_dropped_lines(generation: str) -> None:
    said = json.loads((CAPTURES / generation / "streams" / "suppressed.n1.json").read_text())
    entries = [journal.parse(line) for line in said["journal"][1:]]
    dropped = [entry.suppressed for entry in entries if entry.suppressed is not None]
    assert dropped
    assert {unit for _, unit in dropped} == {"pacemaker.service"}


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("modify> runtime.members.2.status (str) = left", (LEFT, 2)),
        ("delete> runtime.members.2.status", None),
        ("delete> runtime.members.2.status (str)", (LEFT, 2)),
        ("modify> runtime.members.3.join_count (u32) = 7", (JOINED, 3)),
        ("modify> runtime.members.2.ip (str) = r(0) ip(10.0.0.2) ", None),
        ("modify> runtime.votequorum.highest_node_id (u32) = 1", None),
        ("half a line of the log modify> runtime.members.2.status (str) = left", (LEFT, 2)),
        ("[TOTEM ] A new membership (1.3c) was formed. Members joined: 2 left: 2", (LEFT, 2)),
        ("[TOTEM ] A new membership (1.3c) was formed. Members left: 2 3", (LEFT, None)),
        ("[TOTEM ] A new membership (1.3c) was formed. Members", None),
        ("[KNET  ] link: host: 2 link: 1 is down", (DOWN, 2)),
        ("[KNET  ] host: host: 2 has no active links", None),
        (f"[KNET  ] link: host: {'9' * 5000} link: 1 is down", (DOWN, None)),
        (".", None),
    ],
)
def test_a_line_of_the_membership_stream(line: str, hint: Hint | None) -> None:
    found = signals.of_membership_line("n1", line)
    assert (found and (found.kind, found.node_id)) == hint


def said(message: str | None, who: str = "pacemaker-controld") -> Signal | None:
    return signals.of_entry("n1", Entry("s=1", "b", 1.0, "pacemaker.service", who, 1, message))


@pytest.mark.parametrize(
    ("message", "who", "kind"),
    [
        ("warning: Quorum lost", "pacemakerd", SignalKind.QUORUM_LOST),
        (" notice: Transition 3 aborted by vip1-meta doing modify: Configuration change", "pacemaker-controld", SignalKind.CIB_CHANGED),
        (" notice: Transition 20 aborted by operation haproxy_monitor_0 'modify' on n2: Event failed", "pacemaker-controld", SignalKind.PACEMAKER),
        (" notice: Operation 'reboot' targeting n2 by n1 for pacemaker-controld.849@n1: OK (Done)", "pacemaker-fenced", SignalKind.PACEMAKER),
        (" notice: Peer n2 was terminated (reboot) by n1 on behalf of pacemaker-controld.543: OK", "pacemaker-controld", SignalKind.PACEMAKER),
        (" notice: Peer n2 was not terminated (reboot) by <anyone> on behalf of x: Timer expired", "pacemaker-controld", SignalKind.PACEMAKER),
        (" warning: Cluster node n2 will be fenced: peer is no longer part of the cluster", "pacemaker-schedulerd", SignalKind.PACEMAKER),
        (" error: ocf resource vip1 might be active on 2 nodes (attempting recovery)", "pacemaker-schedulerd", SignalKind.PACEMAKER),
        ("corosync.service: Main process exited, code=killed, status=9/KILL", "systemd", STOPPING),
        ("Started Corosync Cluster Engine.", "systemd", STARTING),
        ("[KNET  ] link: host: 2 link: 0 is down", "IPaddr2(vip1)", None),
        ("Started Corosync Cluster Engine.", "somebody", None),
        ("", "corosync", None),
        (None, "corosync", None),
    ],
)  # fmt: skip
def test_an_entry_of_the_journal(message: str | None, who: str, kind: SignalKind | None) -> None:
    found = said(message, who)
    assert (found and found.kind) == kind


def _pieces() -> Iterator[str]:
    for recording in RECORDINGS:
        told = json.loads((CAPTURES / recording).read_text())
        yield from told["membership"]
        yield from (str(json.loads(line)["MESSAGE"]) for line in told["journal"][1:])


PIECES = sorted({word for line in _pieces() for word in re.findall(r"\[\w+ *\] ?|\w+[:>.]? ?|\d+|\S+", line)})
texts = st.text(max_size=200) | st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)


@given(texts)
def test_of_any_line_a_signal_or_none(line: str) -> None:
    found = signals.of_membership_line("n1", line)
    assert found is None or len(found.text) <= signals.LONGEST


@given(
    texts, st.sampled_from(["corosync", "systemd", "pacemaker-attrd", "pacemaker-schedulerd"]) | st.text(max_size=12)
)
def test_of_any_entry_a_signal_or_none(message: str, who: str) -> None:
    found = said(message, who)
    assert found is None or found.at == 1.0
