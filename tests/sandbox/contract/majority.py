"""The contract, its other half: three nodes, of which two are a majority and one is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tests.sandbox.contract.deeds import cut, healed, off, on, set_up
from tests.sandbox.contract.observed import Seen
from tests.sandbox.contract.playing import Situation

_ANY = Seen(
    members="n1 n2 n3",
    links="n1 n2 n3",
    quorum="3 of 3: Quorate",
    nodes={"n1": "online", "n2": "online", "n3": "online"},
    runs={"haproxy": "n1 n2 n3", "vip1": "n1", "vip2": "n2"},
    barred={"vip1": "n2 n3", "vip2": "n1 n3"},
)
HEALTHY: Mapping[str, Seen] = MappingProxyType(
    {"n1": replace(_ANY, holds="vip1"), "n2": replace(_ANY, holds="vip2"), "n3": _ANY}
)
TWO_LEFT = {
    name: replace(
        HEALTHY[name],
        members="n1 n2",
        links="n1 n2",
        quorum="2 of 3: Quorate",
        nodes={"n1": "online", "n2": "online", "n3": "lost"},
        runs={"haproxy": "n1 n2", "vip1": "n1", "vip2": "n2"},
    )
    for name in ("n1", "n2")
}
"""How a majority sees it when n3 is gone without a word."""


def minority(name: str) -> Seen:
    """Say how a node sees it that is left alone: it stops everything."""
    return replace(
        _ANY,
        units="corosync pacemaker pcsd",
        members=name,
        links=name,
        quorum="1 of 3: ",
        pacemaker="no quorum",
        nodes={each: "online" if each == name else "lost" for each in ("n1", "n2", "n3")},
        runs={"haproxy": "", "vip1": "", "vip2": ""},
        holds="",
        proxy="",
    )


def left(node: str, *more: str, by: Sequence[str]) -> dict[str, Sequence[str]]:
    """Say what is heard when one node is lost; that the token is lost says whoever finds it first."""
    words = (f"link down {node}", f"member left {node}", *more)
    heard: dict[str, Sequence[str]] = {}
    for name in by:
        heard |= {f"{name} cmap": (f"member left {node}",), f"{name} log": words, f"{name} journal": words}
    return heard


def joined(node: str, *more: str, by: Sequence[str]) -> dict[str, Sequence[str]]:
    """Say what is heard when one comes back."""
    words = (f"link up {node}", f"member joined {node}", *more)
    heard: dict[str, Sequence[str]] = {}
    for name in by:
        heard |= {f"{name} cmap": (f"member joined {node}",), f"{name} log": words, f"{name} journal": words}
    return heard


_N3 = frozenset({"n3 cmap", "n3 log", "n3 journal"})
"""What it says of two nodes at once is in any order, and at times in two steps."""

OF_THREE: Sequence[Situation] = (
    Situation("set up", set_up, HEALTHY, heard=None),
    Situation(
        "n3 is cut off, and stops everything",
        cut(("n3", "n1"), ("n3", "n2")),
        {**TWO_LEFT, "n3": minority("n3")},
        left("n3", by=("n1", "n2")),
        _N3,
    ),
    Situation("the network is whole", healed, HEALTHY, joined("n3", by=("n1", "n2")), _N3),
    Situation("n3 loses its power", off("n3"), TWO_LEFT, left("n3", by=("n1", "n2"))),
    Situation(
        "n2 as well, and n1 stops everything", off("n2"), {"n1": minority("n1")}, left("n2", "quorum lost", by=("n1",))
    ),
    Situation(
        "n2 is back, and with it a majority",
        on("n2"),
        TWO_LEFT,
        {
            **joined("n2", "quorum regained", by=("n1",)),
            "n2 journal": (
                "corosync starting",
                "member joined n2",
                "member joined n1",
                "quorum regained",
            ),
        },
        frozenset({"n2 cmap", "n2 log"}),
        frozenset({"quorum lost"}),
    ),
)
