"""What happens to a cluster is told once, rightly, and its end too: one card for each situation, on two real nodes.

What takes three is in `test_watch_chaos.py`, whose nodes are there anyway.
`CHAOS_DEBIAN` is the nodes' release, 12 if left out.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.conftest import Person

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="module")]

DEBIAN = int(os.environ.get("CHAOS_DEBIAN") or 12)
SETTINGS = {"watch": {"hold_down": 3.0, "sweep": 5.0, "flap_window": 1.0, "flap_quiet": 5.0}}
"""As in production but for what would only be waited for; what comes back is another incident at once."""
TOLD_WITHIN = 40.0
SETTLED_WITHIN = 90.0
QUIET = 6.0
"""Seconds in which nothing more must be said after a card is resolved: longer than hold-down and a sweep."""

Doing = Callable[[Lab], object]


def _nothing(_: Lab) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Situation:
    """What is done to the cluster, what its one card must say meanwhile, and how it ends."""

    name: str
    cause: Doing
    says: str
    """A pattern that the card's text matches while it lasts."""
    heal: Doing
    resolved: str
    never: str = r"\bn\d is lost"
    """A pattern that no card matches from beginning to end."""
    button: str = ""
    passes: bool = False
    """It is over before anybody can heal it."""
    well: str = "healthy"
    """What `status` says when all is over."""
    tidy: Doing = _nothing
    """What clears away what Pacemaker remembers of it."""


def _pcs(*words: str) -> Doing:
    return lambda lab: lab.exec("n1", ["pcs", *words])


def _on(node: str, *argv: str) -> Doing:
    return lambda lab: lab.exec(node, argv)


def _blind(lab: Lab) -> None:
    for node in lab.nodes:
        lab.cut_host(node)


_ONE_SIDE_FIRST = r"stopped on|restarted"
"""On a busy machine one side may answer long before the other: that its peer is lost is then told by its word."""

_TAKE_AWAY = "ip -o -4 addr show | awk '/scope global secondary/ {print $4, $2; exit}' | while read address nic; do ip addr del $address dev $nic; done"

SITUATIONS = (
    Situation(
        "a node's power goes",
        lambda lab: lab.power_off("n2"),
        r"Critical · web: n2 is lost, vip2 waits at its gate[\s\S]*seen by n1",
        lambda lab: lab.power_on("n2"),
        r"resolved: n2 was lost",
        never="nothing is wrong",
        button="Fail over vip2 to n1",
    ),
    Situation(
        "a node is stopped in order",
        _on("n2", "pcs", "cluster", "stop"),
        r"web: the cluster is stopped on n2, vip2 waits at its gate",
        _on("n2", "pcs", "cluster", "start"),
        r"resolved: the cluster was stopped on n2",
    ),
    Situation(
        "a node is put into standby",
        _pcs("node", "standby", "n2"),
        r"web: n2 is in standby, vip2 waits at its gate",
        _pcs("node", "unstandby", "n2"),
        r"resolved: n2 was in standby",
    ),
    Situation(
        "maintenance mode",
        _pcs("property", "set", "maintenance-mode=true"),
        r"Warning · web: .*maintenance",
        _pcs("property", "set", "maintenance-mode=false"),
        r"resolved: .*maintenance",
    ),
    Situation(
        "the network between the nodes is cut",
        lambda lab: lab.cut("n1", "n2"),
        r"web: members disagree on who is a member",
        lambda lab: lab.heal(),
        r"resolved: members disagreed on who is a member",
        never=_ONE_SIDE_FIRST,
    ),
    Situation(
        "the bot is cut off one node",
        lambda lab: lab.cut_host("n2"),
        r"Unknown · web: I cannot see n2",
        lambda lab: lab.heal(),
        r"resolved: I could not see n2",
    ),
    Situation(
        "the bot is cut off all nodes",
        _blind,
        r"Unknown · web: I cannot see",
        lambda lab: lab.heal(),
        r"resolved: I could not see",
    ),
    Situation(
        "corosync is killed",
        _on("n2", "pkill", "-9", "corosync"),
        # Debian's corosync is not started again by systemd, and what Pacemaker ran stays there
        r"web: n2 is lost[\s\S]*corosync ended there, and nobody stopped it",
        _on("n2", "pcs", "cluster", "start"),
        r"resolved: n2 was lost",
        never="disagree",
    ),
    Situation(
        "HAProxy is killed and cannot start",
        _on("n1", "sh", "-c", "mv /etc/haproxy/haproxy.cfg /etc/haproxy/kept; pkill -9 haproxy"),
        r"web: .*(HAProxy|haproxy|vip1)",
        _on("n1", "sh", "-c", "mv /etc/haproxy/kept /etc/haproxy/haproxy.cfg; pcs resource cleanup"),
        r"resolved: .*(HAProxy|haproxy|vip1)",
    ),
    Situation(
        "a floating IP is taken away by hand",
        _on("n1", "sh", "-c", _TAKE_AWAY),
        r"web: vip1 (is down|failed)",
        _nothing,
        r"resolved: vip1 (was down|failed)",
        passes=True,
        tidy=_pcs("resource", "cleanup"),
    ),
)


@pytest.fixture(scope="module")
def watched_lab() -> Iterator[Lab]:
    with Lab.up(f"watched{DEBIAN}", ("n1", "n2"), debian=DEBIAN) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(watched_lab: Lab) -> AsyncIterator[Person]:
    async with Box(LabBacking(watched_lab, DEBIAN), settings=SETTINGS) as box:
        person = Person(box)
        ended = await person.do(setup_line(box.backing))
        assert "done and verified" in ended, ended
        yield person


PATIENT = {"watch": SETTINGS["watch"] | {"hold_down": 20.0}}
"""Held down as long as in production: Pacemaker moves things back for some seconds after a split is healed."""
_AT_RISK = "2 of 2 nodes online, quorate, 2 floating IPs served"
"""Without fencing and gates a cluster is never called healthy."""
SPLIT = Situation(
    "the network between the nodes is cut, without fencing and gates",
    lambda lab: lab.cut("n1", "n2"),
    r"Critical · web: members disagree on who is a member, vip[12] is on two nodes at once",
    lambda lab: lab.heal(),
    r"resolved: members disagreed on who is a member",
    never=_ONE_SIDE_FIRST,
    well=_AT_RISK,
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_each_situation_gives_one_card_and_its_end(ada: Person, watched_lab: Lab, situation: Situation) -> None:
    await _one_card(ada, watched_lab, situation)


async def test_without_fencing_and_gates_a_split_is_one_card_that_tells_of_both_holders() -> None:
    with Lab.up(f"split{DEBIAN}", ("n1", "n2"), debian=DEBIAN) as lab:
        async with Box(LabBacking(lab, DEBIAN), settings=PATIENT) as box:
            person = Person(box)
            ended = await person.do(f"{setup_line(box.backing)} --failover automatic --accept-split-brain")
            assert "done and verified" in ended, ended
            await _one_card(person, lab, SPLIT)


async def _one_card(ada: Person, lab: Lab, situation: Situation) -> None:
    """Let it happen, and see that one card tells it rightly from beginning to end."""
    workspace, before = ada.box.workspace, len(ada.alerts())
    told: list[str] = []

    def card(pattern: str) -> Callable[[], Message | None]:
        def found() -> Message | None:
            new = ada.alerts()[before:]
            told.extend(message.text for message in new if message.text not in told)
            return next((message for message in new if re.search(pattern, message.text)), None)

        return found

    def story() -> str:
        return "\n----\n".join([*told, ada.box.log()[-3000:]])

    try:
        await asyncio.to_thread(situation.cause, lab)
        if not situation.passes:
            shown = await workspace.wait_for(card(situation.says), timeout=TOLD_WITHIN)
            assert situation.button in str(shown.blocks)
        await asyncio.to_thread(situation.heal, lab)
        await workspace.wait_for(card(situation.resolved), timeout=SETTLED_WITHIN)
    except TimeoutError:
        pytest.fail(story())
    await asyncio.sleep(QUIET)  # what must not come has no event to wait for
    card("")()
    assert len(ada.alerts()) == before + 1, story()
    assert any(re.search(situation.says, text) for text in told), story()
    assert not any(re.search(situation.never, text) for text in told), story()
    thread = ada.thread(ada.alerts()[-1])
    assert any("resolved" in line for line in thread), thread
    await asyncio.to_thread(situation.tidy, lab)
    async with asyncio.timeout(SETTLED_WITHIN):
        # Pacemaker looks at everything anew after a cleanup, and for a moment knows of nothing
        while situation.well not in (await ada.ask("/hacluster status")).text:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(1)
