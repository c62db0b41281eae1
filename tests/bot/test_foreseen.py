"""What is foreseen of a change, beside what came of it; and what a card says where Pacemaker cannot be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.deciding import Decided
from bot.store import Store
from bot.under_way import UnderWay
from commands.errors import Unreachable
from commands.facts.fact import Known, NotRunning, Unknown
from commands.plan import NothingToDo, Plan
from commands.report import Finding, Level, Report, Text
from commands.snapshot import NodeSnapshot, Snapshot
from tests.bot.changing import left_running
from tests.bot.conftest import OPERATOR, WEB, Door, HandTime, Nodes, flip_plan, words


@dataclass
class Foreseen:
    """What Pacemaker had said; reality differs by what the test says."""

    otherwise: tuple[Finding, ...] = ()
    looks: int = 0

    def words(self) -> tuple[str, ...]:
        return ("vip1 moves n1 -> n2",)

    def compared(self, reality: Snapshot) -> tuple[Finding, ...]:
        del reality
        self.looks += 1
        return self.otherwise


OTHERWISE = (Finding(Level.WARNING, "vip1 is on n1, not on n2"),)


async def ended(door: Door, store: Store, foreseen: Any) -> str:
    """Carry the plan out with what was foreseen, and return what its card says at its end."""
    row = await left_running(store, 15)
    message = await door.surface.post(Report("card"))
    going = UnderWay(door.world, OPERATOR, row, message, door.surface, door.time.of_changes(), foresight=foreseen)
    await going.carry_out(flip_plan())
    assert await going.tell_end(flip_plan())
    return words(door.surface.of("edit")[-1])


async def test_a_change_that_failed_is_held_against_its_prediction_too(door: Door, store: Store, nodes: Nodes) -> None:
    nodes.answers["flop"] = 1
    foreseen = Foreseen(OTHERWISE)
    told = await ended(door, store, foreseen)
    assert "prediction was for the whole change" in told
    assert "vip1 is on n1, not on n2" in told
    assert foreseen.looks == 1, "a failure is not kept waiting"
    (entry,) = [detail for kind, _, detail in await door.audited() if kind == "prediction"]
    assert entry["otherwise"] == ["vip1 is on n1, not on n2"]


async def test_a_failure_that_left_everything_as_predicted_says_so(door: Door, store: Store, nodes: Nodes) -> None:
    nodes.answers["flop"] = 1
    assert "All the same, everything is where Pacemaker had predicted" in await ended(door, store, Foreseen())


async def test_a_change_that_came_as_predicted_says_so(door: Door, store: Store) -> None:
    assert "It came as Pacemaker had predicted." in await ended(door, store, Foreseen())


async def test_what_was_not_foreseen_is_compared_with_nothing(door: Door, store: Store, time: HandTime) -> None:
    del time
    assert "predict" not in await ended(door, store, None)


def seen(*nodes: NodeSnapshot) -> Snapshot:
    return Snapshot(WEB, nodes)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (Known(NotRunning("pacemaker is not running")), "there is no node on which it runs"),
        (Unknown("n1 does not answer", Unreachable("no answer", node="n1")), "does not decide on this"),
    ],
)
def test_a_plan_that_pacemaker_cannot_be_asked_about_says_so_and_why(status: Any, why: str) -> None:
    snapshot = seen(*(NodeSnapshot(node, status=status) for node in WEB.nodes))
    (told,) = Decided(flip_plan(), snapshot, None).foreseen
    assert isinstance(told, Text)
    assert why in told.text


def test_where_nothing_is_run_there_is_nothing_to_foresee() -> None:
    snapshot = seen(*(NodeSnapshot(node) for node in WEB.nodes))
    assert Decided(Plan("adopt", WEB, "Adopt it.", ()), snapshot, None).foreseen == ()
    assert Decided(NothingToDo("flip", "It is flipped."), snapshot, None).foreseen == ()
