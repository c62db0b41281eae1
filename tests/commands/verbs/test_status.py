"""`status` over situations that were recorded from real clusters: what it must say, not how."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from commands.command import Runner
from commands.errors import UsageError
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.fact import Known, Unknown
from commands.report import Finding, Level, Report, Table, Text
from commands.snapshot import Snapshot
from commands.verbs.status import VERB, overview_of, report_of
from commands.verbs.status.verb import READS
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words
from config.policy import Role

GENERATIONS = (11, 13)
"""Debian releases whose tools' words are compared with those of 12."""
SituationOf = Callable[..., Snapshot]
RunnerOf = Callable[..., Any]


def table(report: Report, title: str) -> dict[str, dict[str, str]]:
    """Return a table's rows by their first cell, each cell by its column."""
    (found,) = (part for part in report.parts if isinstance(part, Table) and part.title == title)
    return {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}


def findings(report: Report, level: Level | None = None) -> list[Finding]:
    return [part for part in report.parts if isinstance(part, Finding) and level in {None, part.level}]


def last_line(report: Report) -> str:
    (text,) = (part.text for part in report.parts if isinstance(part, Text))
    return text


def blind(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot as it would be, were no node to answer."""
    nodes = []
    for node in snapshot.nodes:
        failed: dict[str, Any] = dict.fromkeys(READS, Unknown(f"{node.node.name}: connection timed out"))
        nodes.append(replace(node, **failed))
    return replace(snapshot, nodes=tuple(nodes))


def test_a_healthy_cluster(situation: SituationOf) -> None:
    report = report_of(situation("healthy"))
    assert report.level is Level.OK
    assert report.headline == "`web`: healthy — 2 of 2 nodes online, quorate, 2 floating IPs served"
    assert (findings(report), report.next_step) == ([], "")
    nodes = table(report, "Nodes")
    assert nodes["n1"]["Holds"] == "vip1"
    assert [nodes[name]["HAProxy servers"] for name in ("n1", "n2")] == ["2 of 2 up", "2 of 2 up"]
    assert sum("DC" in row["Pacemaker"] for row in nodes.values()) == 1
    vip2 = table(report, "Floating IPs")["vip2"]
    assert (vip2["On"], vip2["Home"], vip2["Gate"]) == ("n2 (eth0)", "n2", "closed")
    assert "Fencing: off. Failover: waits for a person's approval. DC: n" in last_line(report)
    assert not any(isinstance(part, Table) and part.title == "Resources" for part in report.parts)


def test_a_lost_node_whose_floating_ip_waits(situation: SituationOf) -> None:
    report = report_of(situation("n2-lost"))
    assert report.level is Level.CRITICAL
    assert report.headline.startswith("`web`: failing")
    assert "1 of 2 nodes online" in report.headline
    assert "1 of 2 floating IPs served" in report.headline
    assert report.next_step == "failover vip2 --to n1 web"
    n2 = table(report, "Nodes")["n2"]
    assert (n2["Membership"], n2["Pacemaker"]) == ("not a member, n1 says", "lost, n1 says")
    assert {n2[column] for column in ("Quorum", "HAProxy servers", "Holds")} == {"unknown"}
    vip2 = table(report, "Floating IPs")["vip2"]
    assert "waits for approval" in vip2["Gate"]
    assert "n2 unknown" in vip2["On"]


@pytest.mark.parametrize("debian", GENERATIONS)
def test_every_generation_of_the_stack_reads_the_same(situation: SituationOf, debian: int) -> None:
    assert report_of(situation("healthy", debian)).headline == report_of(situation("healthy")).headline
    for name in ("n1-standby", "n2-stopped", "n2-lost", "n2-lost-unclean", "split", "stopped", "n3-without-quorum"):
        here, there = report_of(situation(name, debian)), report_of(situation(name))
        assert (here.headline, here.next_step) == (there.headline, there.next_step), name
        assert [alike(finding.text) for finding in findings(here)] == [alike(f.text) for f in findings(there)], name


def alike(text: str) -> str:
    """Return the text without what differs from one recording to the next: the lab's own network."""
    return re.sub(r"10\.213\.\d+\.", "10.213.x.", text)


def test_after_the_approved_failover(situation: SituationOf) -> None:
    report = report_of(situation("n2-lost-failover-approved"))
    assert "2 floating IPs served" in report.headline
    vip2 = table(report, "Floating IPs")["vip2"]
    assert (vip2["On"], vip2["Gate"]) == ("n1 (eth0)", "open on n1 (approval in force)")
    assert report.next_step == ""


def test_failback_is_the_next_step_once_the_home_is_back(situation: SituationOf) -> None:
    assert report_of(situation("n2-back-before-failback")).next_step == "failback vip2 web"


def test_a_node_in_standby(situation: SituationOf) -> None:
    report = report_of(situation("n1-standby"))
    assert "standby" in table(report, "Nodes")["n1"]["Pacemaker"]
    assert report.next_step == "failover vip1 --to n2 web"


def test_a_stopped_cluster_is_down(situation: SituationOf) -> None:
    report = report_of(situation("stopped"))
    assert report.level is Level.CRITICAL
    assert report.headline.startswith("`web`: down — 0 of 2 nodes online")
    assert report.next_step == "start web"
    assert {row["Membership"] for row in table(report, "Nodes").values()} == {"stopped"}


def test_servers_with_another_cluster_on_them(situation: SituationOf) -> None:
    report = report_of(situation("fresh"))
    assert report.headline.startswith("`web`: down — 0 of 2 nodes online")
    assert report.next_step == "setup web"
    assert {row["Membership"] for row in table(report, "Nodes").values()} == {"of another cluster, debian"}


def test_a_node_that_was_stopped_leaves_a_degraded_cluster(situation: SituationOf) -> None:
    n2 = table(report_of(situation("n2-stopped")), "Nodes")["n2"]
    assert (n2["Membership"], n2["Pacemaker"], n2["Quorum"]) == ("stopped", "offline", "stopped")


def test_an_unclean_node(situation: SituationOf) -> None:
    report = report_of(situation("n2-lost-unclean"))
    assert table(report, "Nodes")["n2"]["Pacemaker"] == "unclean, n1 says"
    assert table(report, "Floating IPs")["vip2"]["On"] == "n2 (last known)"
    assert "failover" not in report.next_step


def test_a_split_shows_what_each_side_says(situation: SituationOf) -> None:
    report = report_of(situation("split"))
    nodes = table(report, "Nodes")
    assert [nodes[name]["Membership"] for name in nodes] == ["member for n1 only", "member for n2 only"]
    assert "by its own word online" in nodes["n2"]["Pacemaker"]


def test_maintenance_is_degraded_and_shows_the_resources_it_leaves_alone(situation: SituationOf) -> None:
    report = report_of(situation("maintenance"))
    assert report.headline.startswith("`web`: degraded")
    assert all("unmanaged" in row["State"] for row in table(report, "Resources").values())


def test_resources_of_other_kinds_have_a_row(situation: SituationOf) -> None:
    resources = table(report_of(situation("fence-device")), "Resources")
    assert list(resources) == ["fence-n2"]
    assert resources["fence-n2"]["State"] == "started"


def test_nothing_known_is_unknown_with_why_and_since_when(situation: SituationOf) -> None:
    seen = datetime(2026, 11, 23, 9, 30, 5, tzinfo=timezone(timedelta(hours=1)))
    report = report_of(blind(situation("healthy")), lambda node: seen if node.name == "n2" else None)
    assert report.level is Level.UNKNOWN
    assert report.headline.startswith("`web`: unknown — no node could be asked")
    one, two = findings(report)
    assert "connection timed out" in one.text
    assert "last answered" not in one.text
    assert two.text.endswith("it last answered at 2026-11-23 08:30:05 UTC")
    assert set(table(report, "Nodes")["n1"].values()) == {"n1", "unknown"}
    assert table(report, "Floating IPs")["vip1"]["Gate"] == "unknown"
    assert report.next_step == ""


def test_one_node_the_bot_cannot_ask_is_no_loss(situation: SituationOf) -> None:
    healthy = situation("healthy")
    half = replace(healthy, nodes=(healthy.nodes[0], blind(healthy).nodes[1]))
    report = report_of(half)
    assert report.level is Level.UNKNOWN
    assert "partly unknown — 2 of 2 nodes online by n1's word" in report.headline
    assert "1 of 2 floating IPs served, 1 unknown" in report.headline
    n2 = table(report, "Nodes")["n2"]
    assert n2["Membership"] == "member, n1 says"
    assert re.fullmatch(r"online(, DC)?, n1 says", n2["Pacemaker"])
    assert "n2 by Pacemaker's word" in table(report, "Floating IPs")["vip2"]["On"]


def renamed(snapshot: Snapshot, name: str) -> Snapshot:
    """Return the snapshot of a cluster that is called so, also by its own corosync."""
    nodes = tuple(
        replace(node, cmap=Known(replace(node.cmap.value, cluster_name=name)))
        if isinstance(node.cmap, Known) and isinstance(node.cmap.value, CorosyncMap)
        else node
        for node in snapshot.nodes
    )
    return replace(snapshot, cluster=snapshot.cluster.model_copy(update={"name": name}), nodes=nodes)


def test_all_clusters_come_worst_first(situation: SituationOf) -> None:
    healthy = situation("healthy")
    report = overview_of(
        [
            renamed(healthy, "good"),
            renamed(blind(healthy), "dark"),
            renamed(situation("n2-lost"), "bad"),
            renamed(situation("maintenance"), "paused"),
        ]
    )
    (overview,) = (part for part in report.parts if isinstance(part, Table))
    assert [row[:2] for row in overview.rows] == [
        ("bad", "failing"),
        ("paused", "degraded"),
        ("dark", "unknown"),
        ("good", "healthy"),
    ]
    assert report.level is Level.CRITICAL
    assert report.headline == "4 clusters: 1 failing, 1 degraded, 1 unknown, 1 healthy"
    assert report.next_step == "status bad"


def desk(runner: Runner, *snapshots: Snapshot, default: str | None = None) -> Desk:
    declared = {snapshot.cluster.name: Declared(snapshot.cluster, "file") for snapshot in snapshots}
    return Desk(declared, runner, default)


async def answered(words: tuple[str, ...], at: Desk) -> Report:
    assert VERB.answer is not None
    return await VERB.answer(VERB.parse(Words(words), at), at)


async def test_everything_is_asked_at_once_in_one_round_trip(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    healthy = situation("healthy")
    everything = len(READS) * len(healthy.nodes)
    runner = recorded_nodes("healthy", together=everything)  # would wait for ever, were anything asked one by one
    report = await answered(("web",), desk(runner, healthy))
    assert report == report_of(healthy)
    assert len(runner.sent) == everything


async def test_of_a_stopped_cluster_the_disks_tell_its_gates(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    report = await answered((), desk(recorded_nodes("stopped"), situation("stopped")))
    assert report.headline.startswith("`web`: down")
    assert report.next_step == "start web"
    vip2 = table(report, "Floating IPs")["vip2"]
    assert (vip2["On"], vip2["Home"], vip2["Gate"]) == ("no node", "n2", "closed")
    assert last_line(report).startswith("Fencing: off. Failover: waits for a person's approval.")


async def test_servers_on_which_setup_was_cut_short_have_nothing_to_start(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    runner = recorded_nodes("stopped")
    runner.without_conf = True
    report = await answered((), desk(runner, situation("stopped")))
    assert report.next_step == "setup web"
    assert "n1 and n2 are in no cluster: there is no corosync.conf" in [found.text for found in findings(report)]
    assert not any("start web" in found.remedy for found in findings(report))


async def test_what_another_cluster_left_on_the_disks_is_not_taken_for_this_ones(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    report = await answered((), desk(recorded_nodes("stopped"), renamed(situation("stopped"), "mail")))
    assert table(report, "Floating IPs")["vip2"]["Gate"] == "unknown"


async def test_a_node_that_cannot_be_asked_is_part_of_the_answer(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    lost = situation("n2-lost")
    report = await answered((), desk(recorded_nodes("n2-lost"), lost))
    assert [finding.node for finding in findings(report, Level.UNKNOWN)] == ["n2"]
    assert report.next_step == "failover vip2 --to n1 web"


async def test_what_the_bot_is_changing_is_told_before_what_may_come_of_it(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    at = replace(desk(recorded_nodes("stopped"), situation("stopped")), under_way={"web": "start", "db": "setup"})
    first, *others = findings(await answered((), at))
    assert (first.level, first.text.startswith("`start` is under way")) == (Level.INFO, True)
    assert Level.CRITICAL in {finding.level for finding in others}
    assert not any("under way" in finding.text for finding in others)


async def test_without_a_cluster_all_are_asked_at_once(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    healthy = situation("healthy")
    other = renamed(healthy, "mail")  # declared on nodes that really run `web`
    runner = recorded_nodes("healthy", together=2 * len(READS) * len(healthy.nodes))
    report = await answered((), desk(runner, healthy, other))
    assert report.headline == "2 clusters: 1 down, 1 healthy"
    assert report.next_step == "status mail"


async def test_the_channels_cluster_goes_before_all_of_them(situation: SituationOf, recorded_nodes: RunnerOf) -> None:
    healthy = situation("healthy")
    at = desk(recorded_nodes("healthy"), healthy, renamed(healthy, "mail"), default="web")
    assert (await answered((), at)).headline.startswith("`web`: healthy")


async def test_without_any_cluster_it_says_how_to_begin(recorded_nodes: RunnerOf) -> None:
    report = await answered((), desk(recorded_nodes("healthy")))
    assert report.next_step == "help setup"


def test_a_name_that_is_not_known_is_answered_with_the_nearest(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    at = desk(recorded_nodes("healthy"), situation("healthy"))
    with pytest.raises(UsageError, match="no cluster 'wbe'") as raised:
        VERB.parse(Words(("wbe",)), at)
    assert "`web`" in raised.value.remedy
    with pytest.raises(UsageError):
        VERB.parse(Words(("web", "now")), at)


def test_of_clusters_that_are_not_theirs_to_see_people_learn_no_name(
    situation: SituationOf, recorded_nodes: RunnerOf
) -> None:
    healthy = situation("healthy")
    known = desk(recorded_nodes("healthy"), healthy, renamed(healthy, "mail"))
    theirs = replace(known, role=lambda name: Role.VIEWER if name == "web" else None)
    for typed in ("mial", "nothing"):
        with pytest.raises(UsageError) as raised:
            VERB.parse(Words((typed,)), theirs)
        assert "mail" not in raised.value.remedy
    assert "Clusters: web." in raised.value.remedy
    assert VERB.parse(Words(), theirs).cluster == healthy.cluster, "the only one of theirs is meant"


def test_everybody_who_may_look_may_ask() -> None:
    assert VERB.role is Role.VIEWER
    assert VERB.change is None
