"""The channel knows first, whatever happens: faults drawn from a seed, until the time is up, and then the accounts.

`CHAOS_MINUTES` is how long, 5 if left out; `CHAOS_SEED` repeats a run, as far as time itself can be repeated, and is the
day if left out, so that each day tries another course and all of a day the same one; `CHAOS_DEBIAN` is the nodes' release. One fault of the cluster follows the other, each beginning when all is well and
all is told of the one before; beside half of them something happens to the bot, or between it and Slack.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.accounts import Found, Ledger, close, judge, now, told
from tests.lab.chance import SEED
from tests.lab.conftest import Person
from tests.lab.faults import Episode, course
from tests.lab.leftovers import orphans, ours

MINUTES = float(os.environ.get("CHAOS_MINUTES") or 5)
DEBIAN = int(os.environ.get("CHAOS_DEBIAN") or 12)
NODES = ("n1", "n2", "n3")
"""With one of them gone the others still have a quorum."""
SETTINGS = {"watch": {"hold_down": 3.0, "sweep": 5.0, "flap_window": 1.0, "flap_quiet": 5.0}}
"""As in production but for what would only be waited for; what comes back is another incident at once."""
TOLD_WITHIN = 90.0
"""Seconds for a fault that lasts to be told, the bot's own mishaps included."""
SETTLED_WITHIN = 240.0
"""Seconds for the cluster to be well again, and for all of that to be told."""
QUIET = 8.0
"""Seconds in which all stays well before it counts: longer than hold-down and a sweep."""
LEFT_FOR = 20.0
"""Seconds after which nothing is left of what a dead bot ran on a node."""

pytestmark = [pytest.mark.lab, pytest.mark.timeout(MINUTES * 60 + 1200), pytest.mark.asyncio(loop_scope="module")]

# Says what is not well, by this node's word; nothing if all is.
_WELL = r"""
crm_mon -1 --output-as=xml >/tmp/well.xml || exit 1
[ "$(grep -c '<node name=.* online="true" standby="false".* maintenance="false" pending="false" unclean="false"' /tmp/well.xml)" = "$1" ] || echo nodes
grep -q 'maintenance-mode="false"' /tmp/well.xml || echo maintenance
grep '<resource ' /tmp/well.xml | grep -v 'role="Started"' | grep -o '^ *<resource id="[^"]*"'
grep -q 'failed="true"' /tmp/well.xml && echo failed
exit 0
"""

Say = Callable[[str], None]


class Run:
    """The lab, the bot and what was found so far."""

    def __init__(self, lab: Lab, person: Person, say: Say) -> None:
        self.lab = lab
        self.person = person
        self.box = person.box
        self.ledger = Ledger(person.box.folder / "hacluster.db")
        self.found = Found()
        self._say = say

    async def go_through(self, episode: Episode) -> None:
        """Let one fault happen, and what is beside it; wait until it is over and told; then judge."""
        since, before, begun = now(), len(self.person.alerts()), time.monotonic()
        fault = episode.fault
        await asyncio.to_thread(fault.cause, self.lab)
        beside = asyncio.create_task(self._mishap(episode))
        try:
            heard = await self._heard(fault.says, before, begun)
            await asyncio.sleep(episode.lasts)
        finally:
            await asyncio.to_thread(fault.heal, self.lab)
            await beside
        self.box.workspace.faults.clear()
        healed = time.monotonic()
        wrong = await self._unsettled()
        if wrong:
            self.found.lost.append(f"{fault.name}: not over after {SETTLED_WITHIN:.0f} s: {wrong}")
        cards = self._new(before)
        judge(fault, cards, told(cards, self._messages()), self.ledger.events(since), self.found)
        await self._count_orphans(str(episode))
        self._tell(episode, heard, time.monotonic() - healed, len(cards))

    async def _mishap(self, episode: Episode) -> None:
        if episode.mishap is not None:
            await asyncio.sleep(episode.after)
            await episode.mishap.happen(self.box, episode.mishap_lasts)

    async def _heard(self, says: str, before: int, begun: float) -> float | None:
        """Wait until something was told; return after how many seconds, None for never or where nothing must be."""
        if not says:
            return None

        def said() -> bool:
            return re.search(says, told(self._new(before), self._messages())) is not None

        try:
            await self.box.workspace.wait_for(said, timeout=TOLD_WITHIN)
        except TimeoutError:
            return None
        return time.monotonic() - begun

    async def _unsettled(self) -> str:
        """Wait until all is well and told, for a while; return what is not after a long time, else nothing."""
        deadline, well_since = time.monotonic() + SETTLED_WITHIN, None
        while (wrong := await self._wrong()) or well_since is None or time.monotonic() - well_since < QUIET:
            if time.monotonic() > deadline:
                return wrong or "it does not stay so"
            well_since = None if wrong else well_since or time.monotonic()
            await asyncio.sleep(1)
        return ""

    async def _wrong(self) -> str:
        """Return what is not well, or not told, at the moment."""
        unresolved = [head for card in self.person.alerts() if "resolved: " not in (head := _head(card))]
        words = [*unresolved, *self.ledger.unsent()]
        if self.ledger.open_incidents():
            words.append("incidents are open")
        for node in self.lab.nodes:
            done = await asyncio.to_thread(
                self.lab.exec, node, ["sh", "-c", _WELL, "sh", str(len(self.lab.nodes))], check=False
            )
            words += [f"{node}: {word}" for word in done.stdout.split("\n") if word]
            if done.returncode:
                words.append(f"{node}: Pacemaker does not answer")
        return "; ".join(words)

    async def _count_orphans(self, when: str) -> None:
        deadline = time.monotonic() + LEFT_FOR
        while left := {node: count for node in self.lab.nodes if (count := await self._orphans(node))}:
            if time.monotonic() > deadline:
                self.found.orphans.append(f"{when}: {left}")
                return
            await asyncio.sleep(1)

    async def _orphans(self, node: str) -> int:
        return await asyncio.to_thread(orphans, self.lab, node)

    async def close(self) -> int:
        """Stop the bot, look what it leaves, balance the accounts; return how many repeats were marked as such."""
        await self.box.stop_bot()
        deadline = time.monotonic() + LEFT_FOR
        while left := {node: one for node in self.lab.nodes if (one := await asyncio.to_thread(ours, self.lab, node))}:
            if time.monotonic() > deadline:
                self.found.orphans.append(f"after the bot was stopped: {left}")
                break
            await asyncio.sleep(0.5)
        return close(self.ledger, self._messages(), self.found)

    def _new(self, before: int) -> list[Message]:
        return self.person.alerts()[before:]

    def _messages(self) -> list[Message]:
        return self.box.workspace.messages(self.person.channel)

    def _tell(self, episode: Episode, heard: float | None, over: float, cards: int) -> None:
        when = "" if heard is None else f"told after {heard:.1f} s, "
        self._say(f"  {now():%H:%M:%S} {episode}: {when}over {over:.0f} s after its end, {cards} card(s); {self.found}")


def _head(card: Message) -> str:
    return card.text.split("\n", 1)[0]


@pytest.fixture(scope="module")
def chaos_lab() -> Iterator[Lab]:
    with Lab.up(f"chaos{DEBIAN}", NODES, debian=DEBIAN) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(chaos_lab: Lab) -> AsyncIterator[Person]:
    async with Box(LabBacking(chaos_lab, DEBIAN), settings=SETTINGS, history=True) as box:
        person = Person(box)
        ended = await person.do(setup_line(box.backing))
        assert "done and verified" in ended, ended
        yield person


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Write a line past pytest's capture: how it goes is worth reading while it goes, and after a success, too."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    return write


async def test_quorum_lost_with_two_nodes_of_three_stands_on_their_cards_and_ends_with_them(
    chaos_lab: Lab, ada: Person
) -> None:
    before = len(ada.alerts())

    def cards() -> list[str]:
        return [message.text for message in ada.alerts()[before:]]

    def both_told() -> bool:
        said = "\n".join(cards())
        return all(re.search(pattern, said) for pattern in (r"Critical · web: n[23]", "no quorum"))

    def all_over() -> bool:
        return bool(cards()) and all("resolved: " in card for card in cards())

    gone = NODES[1:]
    try:
        await asyncio.gather(*(asyncio.to_thread(chaos_lab.power_off, node) for node in gone))
        await ada.box.workspace.wait_for(both_told, timeout=TOLD_WITHIN)
        assert "n1 is lost" not in "\n".join(cards())
        await asyncio.gather(*(asyncio.to_thread(chaos_lab.power_on, node) for node in gone))
        await ada.box.workspace.wait_for(all_over, timeout=SETTLED_WITHIN)
    except TimeoutError:
        pytest.fail("\n----\n".join([*cards(), ada.box.log()[-3000:]]))
    await asyncio.sleep(QUIET)  # what must not come has no event to wait for
    assert all_over(), cards()
    assert len(cards()) == len(gone), cards()  # one of each node
    assert "healthy" in (await ada.ask("/hacluster status")).text


async def test_nothing_is_lost_called_lost_told_twice_or_left_behind(chaos_lab: Lab, ada: Person, say: Say) -> None:
    how = f"CHAOS_SEED={SEED} CHAOS_MINUTES={MINUTES:g} CHAOS_DEBIAN={DEBIAN}"
    say(f"\nwatching, in chaos: {how}")
    run, until = Run(chaos_lab, ada, say), time.monotonic() + MINUTES * 60
    assert await run._unsettled() == ""
    episodes = course(SEED, NODES)
    faults = mishaps = 0
    while time.monotonic() < until:
        episode = next(episodes)
        await run.go_through(episode)
        faults, mishaps = faults + 1, mishaps + (episode.mishap is not None)
    assert "healthy" in (await ada.ask("/hacluster status")).text
    repeats = await run.close()
    wrong = list(run.found.sentences())
    for sentence in wrong:
        say(f"  {sentence}")
    say(f"  {faults} faults, {mishaps} mishaps of the bot: {run.found} ({repeats} repeats marked as such); {how}")
    assert not wrong, ada.box.log()[-5000:]
