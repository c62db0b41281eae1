"""`whatif`: the scheduler's answer about a node, in words, with quorum and gates, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from commands.command import Command, Completed, Stream
from commands.errors import UsageError
from commands.facts.crm_simulate import TOOL
from commands.report import Finding, Level, Report, Table
from commands.snapshot import Snapshot
from commands.verbs.verb import Declared, Desk
from commands.verbs.whatif import VERB, WhatIf
from commands.verbs.words import Words
from config.inventory import NodeSpec
from tests.commands.conftest import CAPTURES

SituationOf = Callable[..., Snapshot]
RunnerOf = Callable[..., Any]


class Foretelling:
    """A `Runner` over a recorded situation whose scheduler says what was recorded under a name."""

    def __init__(self, recorded: Any, prediction: str) -> None:
        self.asked: list[tuple[str, Command]] = []
        self._recorded = recorded
        self._prediction = prediction

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        if TOOL not in " ".join(command.argv):
            done: Completed = await self._recorded.run(node, command)
            return done
        self.asked.append((node.name, command))
        if self._prediction == "absent":
            return Completed(node.name, command, 0, "absent\nend\n", "")
        said = json.loads((CAPTURES / f"by-hand/debian12/predicted/{self._prediction}.n1.json").read_text())
        return Completed(node.name, command, said["exit"], said["stdout"], said["stderr"])

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(f"{node.name} was asked to stream `{command.shown()}`")


def desk(snapshot: Snapshot, runner: Any) -> Desk:
    return Desk({"web": Declared(snapshot.cluster, "file")}, runner)


async def told(snapshot: Snapshot, runner: Any, *words: str) -> Report:
    assert VERB.answer is not None
    at = desk(snapshot, runner)
    return await VERB.answer(VERB.parse(Words(words), at), at)


def findings(report: Report) -> list[str]:
    return [part.text for part in report.parts if isinstance(part, Finding)]


async def test_a_lost_node_is_told_with_quorum_gates_and_places(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    runner = Foretelling(recorded_nodes("healthy"), "n2-lost")
    report = await told(situation("healthy"), runner, "n2", "lost")
    assert report.headline == "`web`: if n2 were lost, vip2 would run nowhere"
    assert report.level is Level.WARNING, "it has not happened"
    assert findings(report) == [
        "n1 would be alone: quorum is kept because of `two_node`",
        "`vip2` waits at its gate: nobody serves it until a person approves",
        "`haproxy` stops on n2, and still runs on n1",
    ]
    (table,) = (part for part in report.parts if isinstance(part, Table))
    assert table.columns == ("Resource", "Now", "Then")
    assert table.rows == (("haproxy", "n1, n2", "n1"), ("vip1", "n1", "n1"), ("vip2", "n2", "nowhere"))


async def test_the_scheduler_is_asked_about_a_copy_on_a_node_that_would_be_there(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    runner = Foretelling(recorded_nodes("healthy"), "n2-lost")
    await told(situation("healthy"), runner, "n2", "lost")
    ((node, command),) = runner.asked
    assert node == "n1"
    assert command.argv[-1] == "--node-fail=n2"
    assert command.stdin is not None
    assert command.stdin.text.startswith("<cib ")
    assert not command.changes


async def test_quorum_that_would_be_lost_is_told_and_is_told_to_the_scheduler(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    snapshot = situation("three-nodes")
    runner = Foretelling(recorded_nodes("three-nodes"), "n3-and-n2-lost")
    report = await told(snapshot, runner, "n3", "lost")
    assert findings(report)[0] == "n1 and n2 would be there: quorum is kept (2 of 3 votes, 2 needed)"
    assert 'have-quorum="1"' in runner.asked[0][1].stdin.text  # type: ignore[union-attr]


async def test_a_node_in_standby_keeps_its_vote(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    report = await told(situation("healthy"), Foretelling(recorded_nodes("healthy"), "n1-standby"), "n1", "standby")
    assert report.headline == "`web`: with n1 in standby, vip1 would run nowhere"
    assert not any("quorum" in text for text in findings(report))


async def test_a_lost_node_would_come_back(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    report = await told(situation("n2-lost"), Foretelling(recorded_nodes("n2-lost"), "n2-back"), "n2", "back", "web")
    assert report.headline == "`web`: with n2 back, haproxy and vip2 would start"
    assert report.level is Level.INFO
    assert findings(report) == [
        "n1 and n2 would be there: quorum is kept (2 of 2 votes, 1 needed)",
        "`haproxy` starts on n2",
        "`vip2` starts on n2",
    ]


@pytest.mark.parametrize(
    ("name", "words", "answer"),
    [
        ("n2-lost", ("n2", "lost"), "n2 is offline as it is"),
        ("n2-lost-unclean", ("n2", "lost"), "n2 is unclean as it is"),
        ("n1-standby", ("n1", "standby"), "n1 is in standby as it is"),
        ("healthy", ("n1", "back"), "n1 is online and may run everything as it is"),
    ],
)
async def test_what_is_so_already_needs_no_scheduler(
    situation: SituationOf, recorded_nodes: RunnerOf, name: str, words: tuple[str, ...], answer: str
) -> None:
    runner = Foretelling(recorded_nodes(name), "none")
    report = await told(situation(name), runner, *words)
    assert answer in report.headline
    assert runner.asked == []


async def test_what_nobody_can_say_is_not_said(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    for name, prediction in (("healthy", "absent"), ("healthy", "refused"), ("stopped", "n2-lost")):
        report = await told(situation("healthy"), Foretelling(recorded_nodes(name), prediction), "n2", "lost")
        assert report.level is Level.UNKNOWN
        assert report.headline == "`web`: what Pacemaker would do if n2 were lost is not known"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ((), "say which node"),
        (("n1",), "say which node"),
        (("n1", "dead"), "lost, standby or back, not 'dead'"),
        (("n9", "lost"), "there is no node 'n9'"),
        (("n1", "lost", "wen"), "there is no cluster 'wen'"),
        (("n1", "lost", "web", "now"), "say which node"),
    ],
)
def test_what_is_no_question_is_told_how_to_ask(situation: SituationOf, words: tuple[str, ...], wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        VERB.parse(Words(words), desk(situation("healthy"), None))


def test_a_question_says_what_it_supposes(situation: SituationOf) -> None:
    asked = WhatIf(situation("healthy").cluster, "n1", "lost")
    assert asked.condition == "if n1 were lost"
    assert replace(asked, what="back").condition == "with n1 back"
