"""Progress comes faster than Slack takes edits: what is overtaken is skipped, the last is always shown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.conversation import NotDelivered, Ref
from bot.slack.edits import INTERVAL, Edits
from commands.report import Report

REF = Ref("C1", "1.0")


class Screen:
    """Where edits are shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.broken = False
        self.gate: asyncio.Event | None = None

    async def show(self, ref: Ref, report: Report, final: bool) -> None:  # noqa: ARG002, FBT001 - the shape of `Show`
        if self.gate:
            await self.gate.wait()
        if self.broken:
            raise NotDelivered("gone")
        self.shown.append(report.headline)


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def test_the_first_edit_is_shown_at_once_and_then_the_newest_of_each_interval(
    screen: Screen, hand_clock: Any
) -> None:
    edits = Edits(screen.show, hand_clock.clock())
    for step in range(1, 6):
        await edits.put(REF, Report(f"step {step}"))
        await _settled()
    assert screen.shown == ["step 1"]

    await hand_clock.forward(INTERVAL)
    assert screen.shown == ["step 1", "step 5"]


async def test_a_final_edit_does_not_wait(screen: Screen, hand_clock: Any) -> None:
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("step 1"))
    await _settled()
    await edits.put(REF, Report("step 2"))
    await edits.put(REF, Report("done"), final=True)

    assert screen.shown == ["step 1", "done"]


async def test_an_edit_never_overtakes_an_earlier_one_under_way(screen: Screen, hand_clock: Any) -> None:
    screen.gate = asyncio.Event()
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("slow"))
    await _settled()
    final = asyncio.ensure_future(edits.put(REF, Report("done"), final=True))
    await _settled()
    assert screen.shown == []

    screen.gate.set()
    await final
    assert screen.shown == ["slow", "done"]


async def test_two_messages_do_not_wait_for_each_other(screen: Screen, hand_clock: Any) -> None:
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("one"))
    await edits.put(Ref("C1", "2.0"), Report("two"))
    await _settled()

    assert screen.shown == ["one", "two"]


async def test_an_edit_long_after_the_last_is_shown_at_once(screen: Screen, hand_clock: Any) -> None:
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("one"))
    await _settled()
    await hand_clock.forward(INTERVAL)
    await edits.put(REF, Report("two"))
    await _settled()

    assert screen.shown == ["one", "two"]


async def test_only_a_final_edit_tells_that_it_was_not_shown(
    screen: Screen, hand_clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.broken = True
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("step"))
    await _settled()
    assert "edit not shown" in capsys.readouterr().out

    with pytest.raises(NotDelivered):
        await edits.put(REF, Report("done"), final=True)


async def test_a_flush_shows_what_waits(screen: Screen, hand_clock: Any) -> None:
    edits = Edits(screen.show, hand_clock.clock())
    await edits.put(REF, Report("one"))
    await _settled()
    await edits.put(REF, Report("two"))
    await edits.flush()

    assert screen.shown == ["one", "two"]
