"""`members`: each node's view of the membership, disagreement first, and the recipe's own last words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from commands.command import Command, Completed
from commands.facts.fact import Unknown
from commands.report import Finding, Level, Listing, Report, Table
from commands.snapshot import Snapshot
from commands.verbs.members import PCS_STATUS_COROSYNC, VERB, membership_parts, report_of
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words
from config.inventory import NodeSpec

SituationOf = Callable[..., Snapshot]
RunnerOf = Callable[..., Any]


def table(report: Report) -> Table:
    (found,) = (part for part in report.parts if isinstance(part, Table))
    return found


async def answered(snapshot: Snapshot, runner: Any) -> Report:
    assert VERB.answer is not None
    desk = Desk({"web": Declared(snapshot.cluster, "file")}, runner)
    return await VERB.answer(VERB.parse(Words(), desk), desk)


async def test_members_that_agree_share_one_column_and_pcs_has_the_last_word(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    report = await answered(situation("healthy"), recorded_nodes("healthy"))
    assert (report.level, report.headline) == (Level.OK, "`web`: 2 of 2 nodes in the membership")
    assert table(report).columns == ("Node", "Id", "Address", "Seen by n1 and n2")
    assert [(row[0], row[-1]) for row in table(report).rows] == [("n1", "joined"), ("n2", "joined")]
    listing = report.parts[-1]
    assert isinstance(listing, Listing)
    assert listing.title == "pcs status corosync"
    assert listing.text.startswith("Membership information\n------")
    assert "n2" in listing.text


async def test_a_node_that_left_is_shown_by_the_word_of_the_others(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    report = await answered(situation("n2-lost"), recorded_nodes("n2-lost"))
    assert report.level is Level.CRITICAL
    assert table(report).columns[-1] == "Seen by n1"
    assert [row[-1] for row in table(report).rows] == ["joined", "left"]


def test_disagreement_comes_first_and_each_view_has_its_column(situation: SituationOf) -> None:
    report = report_of(situation("split"), "whatever pcs says")
    first = report.parts[0]
    assert isinstance(first, Finding)
    assert "disagree" in first.text
    assert table(report).columns[-2:] == ("Seen by n1", "Seen by n2")
    assert [row[-2:] for row in table(report).rows] == [("joined", "left"), ("left", "joined")]


def test_three_nodes_in_two_views(situation: SituationOf) -> None:
    assert table(report_of(situation("n3-without-quorum"), None)).columns[-2:] == ("Seen by n1 and n2", "Seen by n3")


def test_a_stopped_cluster_has_no_table(situation: SituationOf) -> None:
    report = report_of(situation("stopped"), None)
    assert report.level is Level.CRITICAL
    assert not any(isinstance(part, Table | Listing) for part in report.parts)


def test_nothing_known_is_unknown(situation: SituationOf) -> None:
    healthy = situation("healthy")
    silent = replace(healthy, nodes=tuple(replace(node, cmap=Unknown("timed out")) for node in healthy.nodes))
    assert report_of(silent, None).level is Level.UNKNOWN


async def test_a_setup_can_end_with_the_same_parts(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    healthy = situation("healthy")
    parts = await membership_parts(healthy.cluster, recorded_nodes("healthy"))
    assert [type(part) for part in parts] == [Table, Listing]


async def test_pcs_is_asked_without_waiting_for_a_node_that_is_dead(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    nodes = recorded_nodes("n2-lost")
    pcs_was_asked = asyncio.Event()

    class SlowToFail:
        """The same nodes, with n2 failing only once pcs was asked on n1."""

        stream = nodes.stream

        async def run(self, node: NodeSpec, command: Command) -> Completed:
            if command == PCS_STATUS_COROSYNC:
                pcs_was_asked.set()
            elif node.name == "n2":
                await pcs_was_asked.wait()
            done: Completed = await nodes.run(node, command)
            return done

    report = await answered(situation("n2-lost"), SlowToFail())
    assert isinstance(report.parts[-1], Listing)
    assert [part.node for part in report.parts if isinstance(part, Finding) and part.level is Level.UNKNOWN] == ["n2"]
    assert "connection timed out" in str(report.parts)  # its own failure, not our impatience


async def test_where_one_nodes_pcs_fails_another_is_asked(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    nodes = recorded_nodes("healthy")

    class Failing:
        """The same nodes, with a pcs that fails on n1."""

        stream = nodes.stream

        async def run(self, node: NodeSpec, command: Command) -> Completed:
            done: Completed = await nodes.run(node, command)
            return replace(done, status=1, stdout="") if node.name == "n1" and command == PCS_STATUS_COROSYNC else done

    report = await answered(situation("healthy"), Failing())
    listing = report.parts[-1]
    assert isinstance(listing, Listing)
    assert "n2 (local)" in listing.text
