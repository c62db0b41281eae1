"""The one way out for commands that change a node: written down before and after, and nothing else gets by."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.audit import Kind
from bot.recorded import ReadOnly, Recorded
from commands.command import Command, Completed, Runner, Stdin
from commands.errors import HaclusterError, OutcomeUnknown
from tests.bot.conftest import CANARY, WEB, Door, Nodes

NODE = WEB.nodes[0]
READ = Command(("crm_mon",))
CHANGE = Command(("pcs", "host", "auth", "n1"), stdin=Stdin(CANARY, "the password", secret=True), changes=True)


class Diary:
    """What is written down, and beside it what was run by then."""

    def __init__(self, nodes: Nodes) -> None:
        self.entries: list[tuple[Kind, Mapping[str, Any], int]] = []
        self.full = False
        self.lost = False
        self._nodes = nodes

    async def write(self, kind: Kind, told: Mapping[str, Any]) -> int:
        if self.full:
            raise OSError("the disk is full")
        self.entries.append((kind, told, len(self._nodes.ran)))
        return len(self.entries)

    async def held(self) -> bool:
        return not self.lost


@pytest.fixture
def diary(nodes: Nodes) -> Diary:
    return Diary(nodes)


async def test_a_change_is_written_down_before_it_is_sent_and_when_it_has_ended(nodes: Nodes, diary: Diary) -> None:
    nodes.answers["pcs"] = 3
    done = await Recorded(nodes, diary.write, diary.held).run(NODE, CHANGE)
    assert done.status == 3, "whatever its exit status"
    assert diary.entries == [
        (Kind.COMMAND, {"node": "n1", "argv": ["pcs", "host", "auth", "n1"], "stdin": "the password"}, 0),
        (Kind.COMMAND_ENDED, {"command": 1, "node": "n1", "status": 3, "seconds": 0.1}, 1),
    ]


async def test_one_whose_end_nobody_saw_says_so(nodes: Nodes, diary: Diary) -> None:
    nodes.answers["pcs"] = OutcomeUnknown("the connection was lost", node="n1")
    with pytest.raises(OutcomeUnknown):
        await Recorded(nodes, diary.write, diary.held).run(NODE, CHANGE)
    assert diary.entries[1][:2] == (
        Kind.COMMAND_ENDED,
        {"command": 1, "node": "n1", "problem": "n1: the connection was lost"},
    )


async def test_what_cannot_be_written_down_is_not_run(nodes: Nodes, diary: Diary) -> None:
    diary.full = True
    with pytest.raises(OSError, match="full"):
        await Recorded(nodes, diary.write, diary.held).run(NODE, CHANGE)
    assert nodes.ran == []


async def test_a_change_that_lost_its_cluster_sends_nothing_more(nodes: Nodes, diary: Diary) -> None:
    diary.lost = True
    with pytest.raises(HaclusterError, match="no longer holds its cluster"):
        await Recorded(nodes, diary.write, diary.held).run(NODE, CHANGE)
    assert nodes.ran == []
    assert diary.entries == []


async def test_reading_is_not_written_down(nodes: Nodes, diary: Diary) -> None:
    await Recorded(nodes, diary.write, diary.held).run(NODE, READ)
    assert nodes.ran == [("n1", READ)]
    assert diary.entries == []


def test_who_only_reads_can_run_nothing_that_changes(nodes: Nodes) -> None:
    async def through(runner: Runner) -> Completed:
        return await runner.run(NODE, CHANGE)

    def stream(runner: Runner) -> AbstractAsyncContextManager[Any]:
        return runner.stream(NODE, CHANGE)

    with pytest.raises(ValueError, match="for a plan that was confirmed"):
        through(ReadOnly(nodes)).send(None)
    with pytest.raises(ValueError, match="for a plan that was confirmed"):
        stream(ReadOnly(nodes))
    assert nodes.ran == []


async def test_nothing_but_a_change_under_way_has_a_runner_that_changes(door: Door, nodes: Nodes) -> None:
    with pytest.raises(ValueError, match="for a plan that was confirmed"):
        await door.world.reading.run(NODE, CHANGE)
    await door.world.reading.run(NODE, READ)
    assert nodes.ran == [("n1", READ)]


async def test_what_people_typed_is_masked_wherever_it_is_kept(door: Door) -> None:
    told = {"text": f"x --fence-option password={CANARY}", "reason": f"token={CANARY}", "why": "no", "plan": "a=b"}
    await door.world.audit(None, "x", None, Kind.ASKED, told)
    (entry,) = await door.store.recorded()
    assert CANARY not in entry.body
    assert entry.detail["plan"] == "a=b"
