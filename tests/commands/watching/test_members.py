"""Who is lost, who was stopped, who is only out of sight, and who says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from commands.condition import Topic, unsettled
from commands.events import Kind, diff
from commands.facts.crm_mon import FenceEvent
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.troubles import ALL_NODES, Severity, What, causes, troubles
from tests.commands.watching.altering import (
    STOPPED,
    Alter,
    KnownAfter,
    SituationOf,
    counted_out,
    kinds_of,
    with_pacemaker,
)


def test_a_loss_names_the_member_that_saw_it(known: KnownAfter) -> None:
    (left,) = [one for one in diff(known("healthy"), known("healthy", "n2-lost")) if one.kind is Kind.MEMBER_LEFT]
    assert (left.subject, left.witnesses, left.nodes) == ("n2", ("n1",), ("n2",))
    assert left.text == "n2 left the membership without being stopped, as n1 sees it"


def test_out_of_the_bots_sight_is_no_loss(situation: SituationOf, known: KnownAfter, unseen: Alter) -> None:
    healthy = situation("healthy")
    before, after = known(healthy), known(healthy, unseen(healthy, "n2"))
    assert kinds_of(diff(before, after)) == [Kind.SIGHT_LOST]
    (trouble,) = troubles(after)
    assert (trouble.what, trouble.severity) == (What.SIGHT_LOST, Severity.WARNING)
    assert "the bot cannot reach n2" in trouble.text
    assert after.states[Topic.MEMBER, "n2"].known, "its peer still sees it"
    assert not after.states[Topic.QUORUM, "n2"].known


def test_blind_to_all_nodes_is_one_trouble_of_the_bot(situation: SituationOf, known: KnownAfter, unseen: Alter) -> None:
    healthy = situation("healthy")
    after = known(healthy, unseen(healthy, "n1", "n2"))
    ((root, group),) = causes(troubles(after))
    assert (root.what, root.subject) == (What.SIGHT_LOST, ALL_NODES)
    assert "cannot reach any node of `web`" in root.text
    assert {one.what for one in group} == {What.SIGHT_LOST}
    assert {state.word for state in after.of(Topic.MEMBER).values()} == {"joined"}


def test_blind_to_all_nodes_the_bot_keeps_what_was_wrong(
    situation: SituationOf, known: KnownAfter, unseen: Alter
) -> None:
    lost = known("healthy", "n2-lost", unseen(situation("n2-lost"), "n1", "n2"))
    roots = [root.key for root, _ in causes(troubles(lost))]
    assert roots == ["NodeLost:n2", f"SightLost:{ALL_NODES}"]


def test_the_first_look_ever_tells_what_is_wrong_but_no_news(known: KnownAfter) -> None:
    assert "NodeLost:n2" in {one.key for one in troubles(known("n2-lost"))}
    assert troubles(known("fresh")) == ()


def test_a_node_that_powers_off_cleanly_was_stopped_though_it_is_silent(
    situation: SituationOf, known: KnownAfter, unseen: Alter
) -> None:
    off = unseen(situation("n2-stopped"), "n2")
    events = diff(known("healthy"), known("healthy", off))
    assert Kind.MEMBER_STOPPED in kinds_of(events)
    assert Kind.MEMBER_LEFT not in kinds_of(events)
    root = causes(troubles(known("healthy", off)))[0][0]
    assert (root.key, root.severity, root.remedy) == ("NodeStopped:n2", Severity.WARNING, "start web")


def test_a_dc_that_shuts_down_was_stopped_even_if_its_peer_has_not_written_it_down(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    leaving = with_pacemaker(situation("healthy"), altered, "n2", shutdown=True)
    gone = unseen(situation("n2-lost"), "n2")  # not expected to be down, as far as n1 has written
    after = known("healthy", leaving, gone)
    assert after.word(Topic.MEMBER, "n2") == "stopped"


def test_one_look_is_waited_where_pacemaker_could_not_be_asked(
    situation: SituationOf, known: KnownAfter, unseen: Alter, reading: Alter
) -> None:
    mute = reading(unseen(situation("n2-stopped"), "n2"), "n1", status=Unknown("timed out"))
    first = known("healthy", mute)
    assert kinds_of(diff(known("healthy"), first)) == [Kind.SIGHT_LOST]
    assert unsettled(known("healthy"), first)
    assert known("healthy", mute, situation("n2-stopped")).word(Topic.MEMBER, "n2") == "stopped"
    assert known("healthy", mute, mute).word(Topic.MEMBER, "n2") == "left", "a loss is told, whoever is mute"


def test_corosync_that_ended_by_itself_is_a_loss(situation: SituationOf, known: KnownAfter, reading: Alter) -> None:
    crashed = reading(situation("n2-lost"), "n2", **STOPPED)
    (left,) = [one for one in diff(known("healthy"), known("healthy", crashed)) if one.kind is Kind.MEMBER_LEFT]
    assert left.witnesses == ("n1", "n2")
    assert "corosync ended there, and nobody stopped it" in left.text


def test_a_lost_node_that_boots_without_the_cluster_stays_lost(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    booted = reading(situation("n2-lost"), "n2", **STOPPED)
    assert known("healthy", "n2-lost", booted).word(Topic.MEMBER, "n2") == "left"


def test_a_fenced_node_is_lost_though_pacemaker_expects_it_down(known: KnownAfter) -> None:
    after = known("healthy", "n2-fenced")
    assert (after.word(Topic.MEMBER, "n2"), after.states[Topic.MEMBER, "n2"].detail) == ("left", "it was fenced")
    assert known("n2-fenced").word(Topic.MEMBER, "n2") == "left", "at the first look as well"


def test_a_node_fenced_long_ago_and_stopped_now_was_stopped(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    old = (FenceEvent("reboot", "n2", "success", "2026-01-01 00:00:00Z"),)
    before = altered(situation("healthy"), None, "status", fence_events=old)
    after = altered(situation("n2-stopped"), None, "status", fence_events=old)
    assert known(before, after).word(Topic.MEMBER, "n2") == "stopped"
    assert Kind.NODE_FENCED not in kinds_of(diff(known(before), known(before, after)))


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_a_member_cut_off_alone_does_not_make_the_others_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, debian: int
) -> None:
    """The bot sees only the node that lost quorum: what it said of its peers is no news when they fall silent."""
    cut = situation("n3-without-quorum", debian)
    before = known("three-nodes", cut, cut, debian=debian)
    after = known("three-nodes", cut, cut, unseen(cut, "n1", "n2"), debian=debian)
    assert [after.word(Topic.MEMBER, name) for name in ("n1", "n2", "n3")] == ["joined", "joined", "disputed"]
    assert set(kinds_of(diff(before, after))) == {Kind.SIGHT_LOST}


def test_two_lost_at_once_were_not_stopped_though_one_is_expected_down(
    situation: SituationOf, known: KnownAfter, unseen: Alter
) -> None:
    """Pacemaker 2.1.5 calls a member stopped that it lost together with the DC."""
    alone = unseen(situation("n3-without-quorum"), "n1", "n2")
    first = known("three-nodes", alone)
    assert not any(one.what is What.NODE_LOST for one in troubles(first)), "n3 may be what is cut off: one more look"
    after = known("three-nodes", alone, alone)
    assert [after.word(Topic.MEMBER, name) for name in ("n1", "n2")] == ["left", "left"]
    assert "n3 has no quorum and may be what is cut off" in after.states[Topic.MEMBER, "n1"].detail
    roots = {root.key: {one.what for one in group} for root, group in causes(troubles(after))}
    assert set(roots) == {"NodeLost:n1", "NodeLost:n2"}
    assert What.QUORUM_LOST in roots["NodeLost:n1"]
    assert after.word(Topic.VIP, "vip1") == "served", "what silent nodes hold, one without quorum cannot know"


def test_a_bare_server_is_no_stopped_node(situation: SituationOf, known: KnownAfter, reading: Alter) -> None:
    bare: Known[Any] = Known(NotRunning("corosync-cmapctl is not installed"))
    snapshot = situation("stopped")
    for name in ("n1", "n2"):
        snapshot = reading(snapshot, name, cmap=bare)
    assert troubles(known(snapshot)) == ()


def test_the_whole_cluster_stopped_is_one_cause(known: KnownAfter) -> None:
    ((root, group),) = causes(troubles(known("healthy", "stopped")))
    assert (root.subject, root.severity, root.remedy) == (ALL_NODES, Severity.WARNING, "start web")
    assert {one.key for one in group} >= {"NodeStopped:n1", "VipNowhere:vip1"}


def test_what_runs_on_a_stopped_node_is_no_trouble_of_its_own(known: KnownAfter) -> None:
    after = known("healthy", "n2-stopped")
    assert "haproxy@n2" not in after.of(Topic.RESOURCE)
    assert "n2" not in after.of(Topic.PROXY)
    assert not [name for name in after.of(Topic.LINK) if "n2" in name]


def test_corosync_that_ended_is_no_stop_before_its_peers_were_heard(
    situation: SituationOf, known: KnownAfter, unseen: Alter, reading: Alter
) -> None:
    alone = unseen(situation("n2-stopped"), "n1")
    assert known("healthy", alone).word(Topic.MEMBER, "n2") == "joined"
    assert known("healthy", alone, alone).word(Topic.MEMBER, "n2") == "stopped"
    still_asked = reading(alone, "n1", **dict.fromkeys(STOPPED, NOT_ASKED))
    assert known("healthy", still_asked, still_asked).word(Topic.MEMBER, "n2") == "joined"
    assert known("healthy", alone, "n2-lost").word(Topic.MEMBER, "n2") == "left"


def test_a_node_that_is_no_longer_declared_is_forgotten(situation: SituationOf, known: KnownAfter) -> None:
    three = situation("three-nodes")
    two = replace(
        three, cluster=three.cluster.model_copy(update={"nodes": three.cluster.nodes[:2]}), nodes=three.nodes[:2]
    )
    after = known(three, two)
    assert not [name for topic in (Topic.MEMBER, Topic.SIGHT, Topic.QUORUM) for name in after.of(topic) if name == "n3"]
    assert troubles(after) == ()


def test_a_node_that_answered_and_falls_silent_is_not_stopped_by_that(
    situation: SituationOf, known: KnownAfter, altered: Alter, unseen: Alter
) -> None:
    """Its peer counts it out; that it answered itself was all that spoke against it."""
    met = altered(situation("healthy"), "n1", "status", nodes=counted_out(situation("healthy"), "n2"))
    assert troubles(known("healthy", met, met, met)) == ()
    assert "NodeStopped:n2" not in {one.key for one in troubles(known("healthy", met, met, met, unseen(met, "n2")))}
