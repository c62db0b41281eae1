"""Who is lost, who was stopped, who is only out of sight, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from commands.condition import Condition, Topic, condition, unsettled
from commands.events import Event, Kind, diff
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_link import LinkStatus
from commands.facts.crm_mon import FenceEvent, NodeState
from commands.facts.fact import NOT_ASKED, Known, NotRunning, Unknown
from commands.snapshot import Snapshot
from commands.troubles import ALL_NODES, Severity, What, causes, momentary, troubles

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]

DOWN: Known[Any] = Known(NotRunning("Failed to initialize the cmap API. Error CS_ERR_LIBRARY"))
STOPPED: dict[str, Known[Any]] = {"cmap": DOWN, "status": DOWN, "quorum": DOWN, "links": DOWN, "cib": DOWN}


def _map(snapshot: Snapshot, name: str) -> CorosyncMap:
    (cmap,) = (told for node, told in snapshot.known("cmap") if node.node.name == name)
    assert isinstance(cmap, CorosyncMap)
    return cmap


def _without(snapshot: Snapshot, alter: Alter, missing: str, *witnesses: str) -> Snapshot:
    """Return the snapshot with a node out of the membership of the witnesses."""
    for name in witnesses:
        cmap = _map(snapshot, name)
        ids = {node.node_id for node in cmap.nodelist if node.name == missing}
        members = tuple(replace(one, joined=one.node_id not in ids and one.joined) for one in cmap.members)
        snapshot = alter(snapshot, name, "cmap", members=members)
    return snapshot


def _pacemaker(snapshot: Snapshot, alter: Alter, name: str, **values: Any) -> Snapshot:
    """Return the snapshot with other values of a node in every view of Pacemaker."""
    for node, status in list(snapshot.running("status")):
        states = tuple(replace(one, **values) if one.name == name else one for one in status.nodes)
        snapshot = alter(snapshot, node.node.name, "status", nodes=states)
    return snapshot


def _kinds(events: tuple[Event, ...]) -> list[Kind]:
    return [event.kind for event in events]


def test_a_loss_names_the_member_that_saw_it(known: KnownAfter) -> None:
    (left,) = [one for one in diff(known("healthy"), known("healthy", "n2-lost")) if one.kind is Kind.MEMBER_LEFT]
    assert (left.subject, left.witnesses, left.nodes) == ("n2", ("n1",), ("n2",))
    assert left.text == "n2 left the membership without being stopped, as n1 sees it"


def test_out_of_the_bots_sight_is_no_loss(situation: SituationOf, known: KnownAfter, unseen: Alter) -> None:
    healthy = situation("healthy")
    before, after = known(healthy), known(healthy, unseen(healthy, "n2"))
    assert _kinds(diff(before, after)) == [Kind.SIGHT_LOST]
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
    assert Kind.MEMBER_STOPPED in _kinds(events)
    assert Kind.MEMBER_LEFT not in _kinds(events)
    root = causes(troubles(known("healthy", off)))[0][0]
    assert (root.key, root.severity, root.remedy) == ("NodeStopped:n2", Severity.WARNING, "start web")


def test_a_dc_that_shuts_down_was_stopped_even_if_its_peer_has_not_written_it_down(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    leaving = _pacemaker(situation("healthy"), altered, "n2", shutdown=True)
    gone = unseen(situation("n2-lost"), "n2")  # not expected to be down, as far as n1 has written
    after = known("healthy", leaving, gone)
    assert after.word(Topic.MEMBER, "n2") == "stopped"


def test_one_look_is_waited_where_pacemaker_could_not_be_asked(
    situation: SituationOf, known: KnownAfter, unseen: Alter, reading: Alter
) -> None:
    mute = reading(unseen(situation("n2-stopped"), "n2"), "n1", status=Unknown("timed out"))
    first = known("healthy", mute)
    assert _kinds(diff(known("healthy"), first)) == [Kind.SIGHT_LOST]
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
    assert Kind.NODE_FENCED not in _kinds(diff(known(before), known(before, after)))


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_a_member_cut_off_alone_does_not_make_the_others_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, debian: int
) -> None:
    """The bot sees only the node that lost quorum: what it said of its peers is no news when they fall silent."""
    cut = situation("n3-without-quorum", debian)
    before = known("three-nodes", cut, cut, debian=debian)
    after = known("three-nodes", cut, cut, unseen(cut, "n1", "n2"), debian=debian)
    assert [after.word(Topic.MEMBER, name) for name in ("n1", "n2", "n3")] == ["joined", "joined", "disputed"]
    assert set(_kinds(diff(before, after))) == {Kind.SIGHT_LOST}


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


def test_members_disagree_only_at_the_second_look(known: KnownAfter) -> None:
    first = known("healthy", "split")
    assert diff(known("healthy"), first) == ()
    assert unsettled(known("healthy"), first)
    events = diff(first, known("healthy", "split", "split"))
    (differ,) = [one for one in events if one.kind is Kind.MEMBERSHIP_VIEWS_DIFFER]
    assert (differ.subject, differ.nodes, differ.witnesses) == ("web", ("n1", "n2"), ("n1", "n2"))
    assert "n2 is seen by nobody else" in differ.text


def test_a_membership_read_while_it_changes_is_no_split(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    """n1 was asked before n3 was out, n2 after."""
    before = situation("three-nodes")
    half = _without(before, altered, "n3", "n2")
    after = _without(half, altered, "n3", "n1")
    looks = [known(before), known(before, half), known(before, half, after), known(before, half, after, after)]
    assert diff(looks[0], looks[1]) == ()
    assert looks[3].word(Topic.MEMBER, "n3") == "disputed", "it still says itself that it runs, and has quorum"


def test_a_split_whose_one_side_falls_silent_is_still_a_split(
    situation: SituationOf, known: KnownAfter, unseen: Alter
) -> None:
    split = situation("split")
    after = known("healthy", split, split, unseen(split, "n2"))
    assert after.word(Topic.MEMBER, "n2") == "disputed"
    assert after.states[Topic.VIP, "vip2"].nodes == ("n2",)
    assert not after.states[Topic.VIP, "vip2"].known
    ((root, group),) = causes(troubles(after))
    assert root.key == "ViewsDiffer:web"
    assert "SightLost:n2" in {one.key for one in group}


def test_a_disputed_node_that_was_fenced_is_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    split = situation("split")
    fenced = altered(
        unseen(split, "n2"), "n1", "status", fence_events=(FenceEvent("off", "n2", "success", "2026-11-23 10:00:00Z"),)
    )
    events = diff(known("healthy", split, split), known("healthy", split, split, fenced))
    assert {Kind.MEMBER_LEFT, Kind.NODE_FENCED} <= set(_kinds(events))


def test_members_that_agree_again_say_so_once(known: KnownAfter) -> None:
    kinds = _kinds(diff(known("healthy", "split", "split"), known("healthy", "split", "split", "healthy")))
    assert kinds.count(Kind.MEMBERSHIP_VIEWS_AGREE) == 1
    assert Kind.MEMBER_JOINED not in kinds


def test_a_node_that_just_starts_is_not_a_split(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    """For a moment a starting corosync sees itself alone, without quorum."""
    starting = situation("split")
    quorum = next(told for node, told in starting.known("quorum") if node.node.name == "n2")
    starting = altered(starting, "n2", "quorum", quorate=False, total_votes=1, flags=frozenset(quorum.flags))
    after = known("healthy", "n2-stopped", starting)
    assert after.word(Topic.MEMBER, "n2") == "stopped"
    assert Kind.MEMBER_JOINED in _kinds(diff(after, known("healthy", "n2-stopped", starting, "healthy")))


def test_a_node_joining_for_the_first_time_has_joined(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    three = situation("three-nodes")
    maps = {name: _map(three, name) for name in ("n1", "n2")}
    before = reading(three, "n3", **STOPPED)
    for name, cmap in maps.items():
        before = altered(before, name, "cmap", nodelist=cmap.nodelist[:2], members=cmap.members[:2])
    assert known(before).word(Topic.MEMBER, "n3") == "unlisted"
    assert {one.what for one in troubles(known(before))} == set(), "a declared node that the cluster lacks is no loss"
    (joined,) = [one for one in diff(known(before), known(before, three)) if one.kind is Kind.MEMBER_JOINED]
    assert joined.subject == "n3"


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


def _joins(snapshot: Snapshot, alter: Alter, witness: str, member: str, count: int) -> Snapshot:
    cmap = _map(snapshot, witness)
    ids = {node.node_id for node in cmap.nodelist if node.name == member}
    members = tuple(replace(one, join_count=count) if one.node_id in ids else one for one in cmap.members)
    return alter(snapshot, witness, "cmap", members=members)


def test_a_restart_within_an_instant_is_told_by_the_count_of_joins(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    three = situation("three-nodes")
    killed = _joins(_joins(three, altered, "n1", "n2", 2), altered, "n3", "n2", 2)
    (event,) = diff(known(three), known(three, killed))
    assert (event.kind, event.subject, event.witnesses, event.over) == (
        Kind.MEMBER_RESTARTED,
        "n2",
        ("n1", "n3"),
        True,
    )
    over = momentary(event)
    assert over is not None
    assert (over.key, over.severity) == ("Restarted:n2", Severity.WARNING)
    assert troubles(known(three, killed)) == ()


def test_members_that_lost_each_other_for_a_moment_were_not_restarted(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    parted = _joins(_joins(healthy, altered, "n1", "n2", 2), altered, "n2", "n1", 2)
    (event,) = diff(known(healthy), known(healthy, parted))
    assert event.nodes == ("n1", "n2")
    assert "lost each other for a moment" in event.text


def test_a_node_that_left_and_came_back_was_no_restart(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    back = _joins(situation("healthy"), altered, "n1", "n2", 9)
    kinds = _kinds(diff(known("healthy", "n2-lost"), known("healthy", "n2-lost", back)))
    assert Kind.MEMBER_JOINED in kinds
    assert Kind.MEMBER_RESTARTED not in kinds


def _cut(snapshot: Snapshot, alter: Alter) -> Snapshot:
    """Return the snapshot with link 0 down at both ends: before corosync has drawn its conclusion."""
    for node, status in list(snapshot.running("links")):
        assert isinstance(status, LinkStatus)
        down = tuple(
            replace(
                link,
                peers=tuple(
                    one if one.status == "localhost" else replace(one, connected=False, status="disconnected")
                    for one in link.peers
                ),
            )
            for link in status.links
        )
        snapshot = alter(snapshot, node.node.name, "links", links=down)
    return snapshot


def test_a_link_is_told_once_for_both_ends(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    healthy = situation("healthy")
    after = known(healthy, _cut(healthy, altered))
    (event,) = diff(known(healthy), after)
    assert (event.kind, event.subject, event.witnesses) == (Kind.LINK_DOWN, "n1/n2/0", ("n1", "n2"))
    (trouble,) = troubles(after)
    assert trouble.key == "LinkDown:n1/n2/0"
    (up,) = diff(after, known(healthy, _cut(healthy, altered), healthy))
    assert up.kind is Kind.LINK_UP


def test_links_over_one_network_have_one_cause(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    three = situation("three-nodes")
    groups = causes(troubles(known(three, _cut(three, altered))))
    assert [len(group) for _, group in groups] == [3]


def test_a_link_that_went_before_the_node_stays_with_the_loss(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    cut = known(healthy, _cut(healthy, altered))
    lost = condition(situation("n2-lost"), cut)
    ((_, group),) = causes(troubles(lost))
    assert {one.key for one in troubles(cut)} <= {one.key for one in group}


def test_quorum_lost_everywhere_costs_the_service(situation: SituationOf, known: KnownAfter, altered: Alter) -> None:
    healthy = situation("healthy")
    without = altered(healthy, None, "quorum", quorate=False)
    (event,) = diff(known(healthy), known(healthy, without))
    assert (event.kind, event.nodes, event.witnesses) == (Kind.QUORUM_LOST, ("n1", "n2"), ("n1", "n2"))
    (trouble,) = troubles(known(healthy, without))
    assert trouble.severity is Severity.SERVICE
    (back,) = diff(known(healthy, without), known(healthy, without, healthy))
    assert back.kind is Kind.QUORUM_REGAINED


def test_pacemaker_that_died_on_a_member_is_told(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    offline = _pacemaker(situation("healthy"), altered, "n2", online=False)
    dead = reading(offline, "n2", status=DOWN)
    after = known("healthy", dead)
    assert Kind.PACEMAKER_DOWN in _kinds(diff(known("healthy"), after))
    assert "PacemakerDown:n2" in {one.key for one in troubles(after)}
    assert Kind.PACEMAKER_UP in _kinds(diff(after, known("healthy", dead, "healthy")))


def test_a_node_that_says_nothing_may_have_gone_as_a_whole(
    situation: SituationOf, known: KnownAfter, altered: Alter, unseen: Alter
) -> None:
    """Its peer's Pacemaker was asked a moment after its corosync."""
    going = unseen(_pacemaker(situation("healthy"), altered, "n2", online=False), "n2")
    first = known("healthy", going)
    assert "PacemakerDown:n2" not in {one.key for one in troubles(first)}
    assert unsettled(known("healthy"), first)
    assert "PacemakerDown:n2" in {one.key for one in troubles(known("healthy", going, going))}
    assert "PacemakerDown:n2" not in {one.key for one in troubles(known("healthy", going, "n2-lost"))}


def test_sides_of_a_split_that_meet_again_are_down_on_none(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    """Pacemaker runs on n2, as it says itself; n1 has not counted it in yet, as seen with 2.1.5."""
    met = _pacemaker(situation("healthy"), altered, "n2", online=False, expected_up=False)
    assert troubles(known("healthy", met)) == ()
    met = _pacemaker(situation("healthy"), altered, "n2", online=False)
    assert troubles(known("healthy", met)) == ()


def test_one_that_was_cut_off_and_has_quorum_again_does_not_make_the_others_lost(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter
) -> None:
    """Its map was read before the others were back in it, its quorum after that; they have not answered yet."""
    whole = situation("three-nodes")
    others = _without(unseen(whole, "n3"), altered, "n3", "n1", "n2")
    alone = _without(_without(unseen(whole, "n1", "n2"), altered, "n1", "n3"), altered, "n2", "n3")
    before = known(whole, others)
    assert before.word(Topic.MEMBER, "n3") == "left"
    after = condition(alone, before)
    assert [after.word(Topic.MEMBER, name) for name in ("n1", "n2")] == ["joined", "joined"]
    assert unsettled(before, after)
    assert not any(event.kind is Kind.MEMBER_LEFT for event in diff(before, condition(whole, after)))


def test_corosync_that_ended_is_no_stop_before_its_peers_were_heard(
    situation: SituationOf, known: KnownAfter, unseen: Alter, reading: Alter
) -> None:
    alone = unseen(situation("n2-stopped"), "n1")
    assert known("healthy", alone).word(Topic.MEMBER, "n2") == "joined"
    assert known("healthy", alone, alone).word(Topic.MEMBER, "n2") == "stopped"
    still_asked = reading(alone, "n1", **dict.fromkeys(STOPPED, NOT_ASKED))
    assert known("healthy", still_asked, still_asked).word(Topic.MEMBER, "n2") == "joined"
    assert known("healthy", alone, "n2-lost").word(Topic.MEMBER, "n2") == "left"


def test_a_node_that_comes_back_joins_corosync_before_pacemaker(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    coming = _pacemaker(situation("healthy"), altered, "n2", online=False)
    after = known("healthy", "n2-lost", coming)
    assert "PacemakerDown:n2" not in {one.key for one in troubles(after)}


def test_pacemaker_stopped_by_somebody_on_a_member_is_no_loss(
    situation: SituationOf, known: KnownAfter, altered: Alter, reading: Alter
) -> None:
    offline = _pacemaker(situation("healthy"), altered, "n2", online=False, expected_up=False)
    halted = reading(offline, "n2", status=DOWN)
    assert [one.key for one in troubles(known("healthy", halted))] == ["NodeStopped:n2"]


def test_fencing_that_failed_is_told_while_the_node_is_unclean(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    failed = (FenceEvent("reboot", "n2", "failed", "2026-11-23 10:00:00Z"),)
    unclean = altered(situation("n2-lost-unclean"), "n1", "status", fence_events=failed)
    ((root, group),) = causes(troubles(known("healthy", unclean)))
    assert root.key == "NodeLost:n2"
    assert "FencingFailed:n2" in {one.key for one in group}
    old = altered(situation("healthy"), None, "status", fence_events=failed)
    assert troubles(known("healthy", old)) == (), "the node is well by now"


def test_standby_and_maintenance_of_a_node_are_told_as_what_somebody_did(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    resting = _pacemaker(situation("healthy"), altered, "n2", maintenance=True)
    (event,) = diff(known("healthy"), known("healthy", resting))
    assert event.kind is Kind.NODE_MAINTENANCE
    (trouble,) = troubles(known("healthy", resting))
    assert (trouble.what, trouble.severity) == (What.MAINTENANCE, Severity.WARNING)
    (back,) = diff(known("healthy", resting), known("healthy", resting, "healthy"))
    assert back.kind is Kind.NODE_ACTIVE


def test_a_node_that_is_no_longer_declared_is_forgotten(situation: SituationOf, known: KnownAfter) -> None:
    three = situation("three-nodes")
    two = replace(
        three, cluster=three.cluster.model_copy(update={"nodes": three.cluster.nodes[:2]}), nodes=three.nodes[:2]
    )
    after = known(three, two)
    assert not [name for topic in (Topic.MEMBER, Topic.SIGHT, Topic.QUORUM) for name in after.of(topic) if name == "n3"]
    assert troubles(after) == ()


def test_what_pacemaker_makes_of_a_membership_that_corosync_had_not_told_yet_waits_for_one_more_look(
    situation: SituationOf, known: KnownAfter, reading: Alter
) -> None:
    """Of a split n1's corosync was asked before it, and its Pacemaker after."""
    healthy, split = situation("healthy"), situation("split")
    torn = reading(healthy, "n1", status=split.node("n1").status, cib=split.node("n1").cib)
    first = known(healthy, torn)
    assert diff(known(healthy), first) == ()
    assert unsettled(known(healthy), first)
    assert diff(first, known(healthy, torn, healthy)) == (), "it was nothing"
    assert "ViewsDiffer:web" in {one.key for one in troubles(known(healthy, torn, split, split))}


def test_a_node_that_answered_and_falls_silent_is_not_stopped_by_that(
    situation: SituationOf, known: KnownAfter, altered: Alter, unseen: Alter
) -> None:
    """Its peer counts it out; that it answered itself was all that spoke against it."""
    met = altered(situation("healthy"), "n1", "status", nodes=_out(situation("healthy"), "n2"))
    assert troubles(known("healthy", met, met, met)) == ()
    assert "NodeStopped:n2" not in {one.key for one in troubles(known("healthy", met, met, met, unseen(met, "n2")))}


def _out(snapshot: Snapshot, name: str) -> tuple[NodeState, ...]:
    """Return the nodes as one Pacemaker counts them that has one of them out, told to stop."""
    status = next(told for node, told in snapshot.running("status") if node.node.name != name)
    return tuple(replace(one, online=False, expected_up=False) if one.name == name else one for one in status.nodes)
