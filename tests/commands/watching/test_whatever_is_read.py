"""Whatever is read, in whatever order, and whatever falls silent: what never happens."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.condition import READS, Condition, Topic, condition, from_json, to_json
from commands.condition.meeting import MEETING
from commands.errors import UnreadableOutput
from commands.events import Event, Kind, diff
from commands.facts.fact import NOT_ASKED, Known, Unknown
from commands.facts.haproxy_stat import ProxyServer, ProxyStatus
from commands.facts.host import Clock
from commands.snapshot import NodeSnapshot, Snapshot
from commands.troubles import What, causes, momentary, troubles

SituationOf = Callable[..., Snapshot]
Looks = Callable[["Story"], list[Snapshot]]

THREE = ("three-nodes", "n3-without-quorum")
TWO = (
    "empty",
    "fence-device",
    "fencing-without-device",
    "fresh",
    "haproxy-failed-start",
    "healthy",
    "just-booted",
    "maintenance",
    "n1-standby",
    "n2-back-before-failback",
    "n2-fenced",
    "n2-lost",
    "n2-lost-failover-approved",
    "n2-lost-unclean",
    "n2-stopped",
    "split",
    "stopped",
    "vip1-banned",
)
SILENCE = (
    Unknown("connection timed out"),
    Unknown("not XML", UnreadableOutput("crm_mon", "not XML")),
    NOT_ASKED,
)
OF_THE_BOT = {Kind.SIGHT_LOST, Kind.SIGHT_REGAINED}
GAINS = {
    Kind.MEMBER_JOINED,
    Kind.LINK_UP,
    Kind.QUORUM_REGAINED,
    Kind.NODE_ACTIVE,
    Kind.PACEMAKER_UP,
    Kind.MAINTENANCE_OFF,
    Kind.RESOURCE_STARTED,
    Kind.VIP_SERVED,
    Kind.PROXY_UP,
    Kind.SERVER_UP,
    Kind.SIGHT_REGAINED,
    Kind.MEMBERSHIP_VIEWS_AGREE,
    Kind.CLOCK_RIGHT,
}
EVERY = 2 * MEETING
"""Seconds from look to look: longer than anything is left open."""
LATER = 1000.0
MANY = settings(deadline=None, max_examples=80)


def _haproxy(*down: str) -> Known[ProxyStatus]:
    servers = [
        ProxyServer("app", name, "DOWN 1/2" if name in down else "UP", name not in down, "L4CON")
        for name in ("web1", "web2")
    ]
    return Known(ProxyStatus("2.6", 1, 0, (), tuple(servers)))


@dataclass(frozen=True)
class Told:
    """A recorded situation, some of whose readings are those of another one. It names them, so a failure reads well."""

    situation: str
    swapped: frozenset[tuple[str, str, str]]
    """Node, field, and the situation whose reading it is."""
    clocks: tuple[float, ...]
    down: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """What a cluster told, look by look, and the readings that fail after that."""

    debian: int
    told: tuple[Told, ...]
    silent: frozenset[tuple[str, str]]
    how: Unknown


NODES = st.sampled_from(["n1", "n2", "n3"])
FIELDS = st.sampled_from(READS)


def _stories(names: tuple[str, ...]) -> st.SearchStrategy[Story]:
    told = st.builds(
        Told,
        situation=st.sampled_from(names),
        swapped=st.frozensets(st.tuples(NODES, FIELDS, st.sampled_from(names)), max_size=3),
        clocks=st.tuples(*[st.sampled_from([0.0, 0.0, 1.8, 2.2, 9.0])] * 3),
        down=st.sampled_from([(), ("web1",), ("web1", "web2")]),
    )
    whole = NODES.map(lambda node: frozenset((node, field) for field in READS))
    return st.builds(
        Story,
        debian=st.sampled_from([11, 12, 13]),
        told=st.lists(told, min_size=1, max_size=4).map(tuple),
        silent=whole | st.frozensets(st.tuples(NODES, FIELDS)),
        how=st.sampled_from(SILENCE),
    )


STORIES = _stories(TWO) | _stories(THREE)


@pytest.fixture(scope="session")
def looks(situation: SituationOf) -> Callable[[Story], list[Snapshot]]:
    """Return how to make the snapshots of a story."""

    def snapshot(debian: int, told: Told) -> Snapshot:
        main = situation(told.situation, debian)
        nodes = []
        for node, ahead in zip(main.nodes, told.clocks, strict=False):
            readings: dict[str, Any] = {
                field: getattr(situation(other, debian).node(name), field)
                for name, field, other in sorted(told.swapped)
                if name == node.node.name
            }
            if isinstance(node.addresses, Known):
                readings.setdefault("clock", Known(Clock(1000.0 + ahead, 0.02, 1000.0)))
            if told.down and isinstance(node.haproxy, Known):
                readings["haproxy"] = _haproxy(*told.down)
            nodes.append(replace(node, **readings))
        return replace(main, nodes=tuple(nodes))

    return lambda story: [snapshot(story.debian, told) for told in story.told]


def _told(story: list[Snapshot]) -> list[Condition]:
    known: list[Condition] = []
    for snapshot in story:
        known.append(condition(snapshot, known[-1] if known else None, len(known) * EVERY))
    return known


def _silenced(snapshot: Snapshot, story: Story) -> Snapshot:
    def less(node: NodeSnapshot) -> NodeSnapshot:
        fields = [field for name, field in story.silent if name == node.node.name]
        silent: dict[str, Any] = dict.fromkeys(fields, story.how)
        return replace(node, **silent)

    return replace(snapshot, nodes=tuple(map(less, snapshot.nodes)))


def _keys(known: Condition) -> set[str]:
    return {trouble.key for trouble in troubles(known)}


@MANY
@given(story=STORIES)
def test_silence_is_neither_loss_nor_recovery(looks: Looks, story: Story) -> None:
    seen = looks(story)
    before = _told([*seen, seen[-1]])[-1]  # some things are believed at the second look only
    silent = condition(_silenced(seen[-1], story), before, LATER)
    assert {event.kind for event in diff(before, silent)} <= OF_THE_BOT
    assert _keys(before) <= _keys(silent)
    assert all(key.startswith(What.SIGHT_LOST) for key in _keys(silent) - _keys(before))
    again = condition(seen[-1], silent, LATER + EVERY)
    assert {event.kind for event in diff(silent, again)} <= OF_THE_BOT
    assert _keys(again) == _keys(before)


@MANY
@given(story=STORIES)
def test_the_same_look_again_tells_nothing(looks: Looks, story: Story) -> None:
    seen = looks(story)
    known = _told([*seen, seen[-1]])[-1]
    assert diff(known, known) == ()
    again = condition(seen[-1], known, LATER)
    assert diff(known, again) == ()
    assert _keys(again) == _keys(known)


@MANY
@given(story=STORIES)
def test_every_loss_names_who_says_so(looks: Looks, story: Story) -> None:
    known = _told(looks(story))
    events: list[Event] = [event for one, other in pairwise(known) for event in diff(one, other)]
    for event in events:
        assert event.text
        assert event.witnesses or event.kind in GAINS | OF_THE_BOT
        assert (momentary(event) is not None) == event.over
    for one in known:
        for trouble in troubles(one):
            assert trouble.witnesses or trouble.what is What.SIGHT_LOST
            assert not trouble.remedy.startswith("/")


@MANY
@given(story=STORIES)
def test_every_trouble_has_one_cause(looks: Looks, story: Story) -> None:
    found = troubles(_told(looks(story))[-1])
    groups = causes(found)
    grouped = [trouble.key for _, group in groups for trouble in group]
    assert sorted(grouped) == sorted(trouble.key for trouble in found)
    assert len(set(grouped)) == len(grouped)
    assert all(root is group[0] for root, group in groups)
    assert causes(reversed(found)) == groups


@MANY
@given(story=STORIES)
def test_a_condition_survives_its_storage(looks: Looks, story: Story) -> None:
    for known in _told(looks(story)):
        stored = to_json(known)
        assert from_json(stored) == known
        assert to_json(from_json(stored)) == stored


@MANY
@given(story=STORIES, chance=st.randoms(use_true_random=False))
def test_the_order_of_nodes_makes_no_difference(looks: Looks, story: Story, chance: random.Random) -> None:
    seen = looks(story)
    shuffled = [replace(one, nodes=tuple(chance.sample(one.nodes, len(one.nodes)))) for one in seen]
    assert [to_json(one) for one in _told(shuffled)] == [to_json(one) for one in _told(seen)]


@MANY
@given(story=STORIES)
def test_a_node_is_lost_only_by_the_word_of_a_member_that_misses_it(looks: Looks, story: Story) -> None:
    seen = looks(story)
    known = _told(seen)
    for snapshot, (one, other) in zip(seen[1:], pairwise(known), strict=True):
        views = {node.node.name: cmap.joined_names() for node, cmap in snapshot.running("cmap")}
        for event in diff(one, other):
            if event.kind is Kind.MEMBER_LEFT:
                missed_by = [who for who in event.witnesses if event.subject not in views.get(who, {event.subject})]
                assert missed_by
                assert one.word(Topic.MEMBER, event.subject) in {"joined", "disputed"}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"cluster":"web","states":[["sight","n1",{"word":"seen","more":1}]]}']
)
def test_what_another_version_stored_is_refused_by_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a condition|Expecting value"):
        from_json(text)


def test_an_unchanged_state_is_stored_in_the_same_words(known: Callable[..., Condition]) -> None:
    assert to_json(known("healthy")) == to_json(known("healthy", "healthy"))
