"""The bot dies at any point of any change of a running cluster: nothing runs twice, nothing is lost, the card tells.

After each kill the bot is started again. It sends nothing by itself, its card says that the change was interrupted, and
Resume leads to what was asked for, by the nodes' own word without a command of it being sent twice.

`CHAOS=all` kills at every point of every change; else a sample does. `CHAOS_SEED` repeats one, `CHAOS_ROUNDS` names the
rounds of changes to go through, `CHAOS_DEBIAN` is the nodes' release.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.chance import SEED
from tests.lab.conftest import Person
from tests.lab.deeds import ROUNDS, Deed
from tests.lab.killing_changes import MOMENTS, Audit, Point, kill_at
from tests.lab.sent import note, sent

DEBIAN = int(os.environ.get("CHAOS_DEBIAN") or 12)
ALL = os.environ.get("CHAOS") == "all"
QUICK = ("standby", "resource", "maintenance", "one")
"""Rounds whose changes take seconds."""
SETTINGS = {"policy": {"approvals": [{"verbs": ["failover", "failback"], "approvals": 1, "own": False}]}}
LATE = 0.3
"""Seconds at most from the start of a command to the kill."""
TOLD_WITHIN = 90.0
"""Seconds from the bot's new start until its card says what became of the change: its lease has to end first."""
POSSIBLE_WITHIN = 120.0
"""Seconds for what was refused to be possible: what the dead bot sent ends, a node joins, HAProxy starts."""
NOT_NOW = ("is not possible", "another change of", "failed with the error")
ENDED_IN = 1.0
"""Seconds after a kill for what was on its way to a node to be there."""

pytestmark = [pytest.mark.lab, pytest.mark.timeout(7200 if ALL else 900)]


def _groups() -> tuple[tuple[str, ...], ...]:
    named = tuple(os.environ.get("CHAOS_ROUNDS", "").split())
    if named or ALL:
        return tuple((name,) for name in named or ROUNDS)
    return (("failover", random.Random(SEED).choice(QUICK)),)  # noqa: S311 - no cryptography


class Killed:
    """A cluster, the people at the workspace, and how it went so far."""

    def __init__(self, box: Box, lab: Lab, tell: Callable[[str], None]) -> None:
        self.box = box
        self.lab = lab
        self.audit = Audit(box.folder)
        self.chance = random.Random(SEED)  # noqa: S311 - no cryptography
        self._ada, self._ole = Person(box), Person(box, "ole")
        self._tell = tell
        self._left: dict[Deed, list[Point]] = {}
        self.kills = 0

    async def go_round(self, deeds: tuple[Deed, ...]) -> None:
        """Do all of it, killing the bot once in each; again and again while points are left, if all are wanted."""
        while True:
            for deed in deeds:
                await self._do(deed)
            if not ALL or not any(self._left[deed] for deed in deeds):
                return

    async def _do(self, deed: Deed) -> None:
        person = self._ole if deed.text.startswith(("failover ", "failback ")) else self._ada
        if deed.before:
            await asyncio.to_thread(self._by_hand, deed.before)
        if deed.off:
            await asyncio.to_thread(self.lab.power_off, deed.off)
            await asyncio.to_thread(
                self._by_hand, f"until crm_mon -1 | grep -q '{deed.off}: UNCLEAN'; do sleep 0.2; done"
            )
        plan = await self._possible(lambda: person.ask(f"/hacluster {deed.text}", within=120))
        if self._waits(plan):
            await self._kill_and_resume(deed, person, plan)
        else:
            self._tell(f"\n  {deed.text:<36}{plan.text.splitlines()[0]}")
        if deed.on:
            await asyncio.to_thread(self.lab.power_on, deed.on)
            await asyncio.to_thread(
                self._by_hand, f"until crm_mon -1 | grep -q 'Online:.* {deed.on} '; do sleep 0.5; done"
            )
        if deed.after:
            await asyncio.to_thread(self._by_hand, deed.after)

    async def _kill_and_resume(self, deed: Deed, person: Person, plan: Message) -> None:
        point, before, begun = self._next(deed), sent(self.lab), time.monotonic()
        killing = asyncio.create_task(kill_at(self.box, point, self.audit.last())) if point else None
        await self._let_go(plan)
        if killing is None or not await killing:
            told = await person.outcome(plan)
            assert "done and verified" in told, f"{deed.text}: {told}"
            self._tell(f"\n  {deed.text:<36}{'too quick for ' + str(point) if point else 'not killed'}")
            return
        self.kills += 1
        await asyncio.sleep(ENDED_IN)
        at_death = sent(self.lab)
        await self.box.start_bot()
        card = await person.outcome(
            plan, lambda words: any(one in words for one in ("interrupted", "done and", "stopped"))
        )
        quiet = sent(self.lab)
        assert quiet == at_death, f"{deed.text}, {point}: sent by itself after the start: {quiet - at_death}"
        became, again = "done", ""
        if "interrupted" in card:
            became, again = "interrupted", await self._resume(person, plan)
        else:
            assert "done and verified" in card, f"{deed.text}, {point}: {card}"
        await self._holds(deed, person, point)
        twice = [str(one) for one, count in (sent(self.lab) - before).items() if count > 1]
        self._tell(
            f"\n  {deed.text:<36}{point!s:<22}{became:<13}{again:<28}{time.monotonic() - begun:4.0f} s  {'; '.join(twice)}"
        )
        assert not (twice and deed.holds), f"{deed.text}, {point}: sent twice: {twice}"

    async def _resume(self, person: Person, plan: Message) -> str:
        """Press Resume and see it through; return what there was left to do."""
        card = self.box.workspace.message(person.channel, plan.ts)
        assert "Abandon" in str(card.blocks), card.text

        answer = await self._possible(lambda: person.ask_by(card, "Resume", within=120))
        if not self._waits(answer):
            return "nothing was left"
        steps = self.audit.steps()
        await self._let_go(answer)
        told = await person.outcome(answer)
        assert "done and verified" in told, told
        return f"resumed {' '.join(steps)}"

    async def _holds(self, deed: Deed, person: Person, point: Point | None) -> None:
        if deed.holds:
            answer = await self._possible(lambda: person.ask(f"/hacluster {deed.text}", within=120))
            assert not self._waits(answer), f"{deed.text}, {point}: not what was asked for: {answer.text}"

    async def _possible(self, ask: Callable[[], Awaitable[Message]]) -> Message:
        """Ask until it is not refused."""
        deadline = time.monotonic() + POSSIBLE_WITHIN
        while True:
            answer = await ask()
            if not any(words in answer.text for words in NOT_NOW):
                return answer
            assert time.monotonic() < deadline, answer.text
            await asyncio.sleep(2)

    async def _let_go(self, plan: Message) -> None:
        if "Approve" in str(plan.blocks):
            await self._ada.press(plan, "Approve")
        else:
            await self._ada.press(plan, "Confirm")

    @staticmethod
    def _waits(answer: Message) -> bool:
        return "Do it?" in answer.text or "asks for approval" in answer.text

    def _next(self, deed: Deed) -> Point | None:
        """Return where to kill this time: the next of all points of the plan that is shown, or any of them."""
        points = [
            Point(step, moment, round(self.chance.uniform(0, LATE), 3))
            for step in self.audit.steps()
            for moment in (MOMENTS if step != "serving" else ("before", "proved"))
        ]
        if not ALL:
            return self.chance.choice(points)
        left = self._left.setdefault(deed, points)
        return left.pop(0) if left else None

    def _by_hand(self, line: str) -> None:
        self.lab.exec("n1", ["bash", "-c", line], timeout=180)


@pytest.fixture(params=_groups(), ids=" ".join)
def rounds(request: pytest.FixtureRequest) -> tuple[str, ...]:
    names: tuple[str, ...] = request.param
    return names


@pytest.fixture
def lab(rounds: tuple[str, ...]) -> Iterator[Lab]:
    lab = Lab.up(f"killed{DEBIAN}{rounds[0]}", ("n1", "n2", "n3"), debian=DEBIAN)
    try:
        note(lab)
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def box(lab: Lab) -> AsyncIterator[Box]:
    async with Box(LabBacking(lab, DEBIAN), settings=SETTINGS) as running:
        yield running


async def test_a_change_that_is_killed_is_told_and_resumed_and_nothing_runs_twice(
    rounds: tuple[str, ...], box: Box, lab: Lab, request: pytest.FixtureRequest
) -> None:
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    told = await Person(box).do(setup_line(box.backing))
    assert "done and verified" in told, told + box.log()[-2000:]
    made = "pcs resource create d1 ocf:pacemaker:Dummy && crm_resource --wait --timeout=60"
    await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", made])
    ground = Killed(box, lab, terminal.write)
    terminal.write_line(
        f"\nkilled, CHAOS_SEED={SEED} CHAOS_DEBIAN={DEBIAN}: where; what the card said; then; sent twice"
    )
    for name in rounds:
        await ground.go_round(ROUNDS[name])
    terminal.write_line(f"\n  {ground.kills} kills")
    assert ground.kills
