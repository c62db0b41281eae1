"""How several nodes went at once, or one after the other: each was lost or was stopped, whoever decides afterwards.

Recordings of three generations tell what the last of three nodes says that has lost both others. What happens in any
other order is told by a model of Pacemaker's own rule, as seen on real nodes and in its source: who is DC knows who was
told to stop; that the DC itself is stopping, every peer hears; and one that becomes DC afterwards calls each peer
stopped that is gone and of which it never heard otherwise (`join_make_offer`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commands.condition import Condition, Topic, condition, from_json, to_json
from commands.condition.departures import UNTOLD
from commands.errors import Unreachable
from commands.facts.corosync_cmap import CorosyncMap
from commands.facts.corosync_quorum import QuorumStatus
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known, NotRunning, Unknown
from commands.snapshot import NodeSnapshot, Snapshot

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]

READ = ("addresses", "cib", "clock", "cmap", "haproxy", "links", "quorum", "status")
DOWN: Known[Any] = Known(NotRunning("Failed to initialize the cmap API. Error CS_ERR_LIBRARY"))
STOPPED: dict[str, Any] = {"cmap": DOWN, "status": DOWN, "quorum": DOWN, "links": DOWN, "cib": DOWN}
HEARD = "n3"
"""Whom the bot hears all the time, and who stays."""


def _words(known: Condition, *names: str) -> list[str]:
    return [known.word(Topic.MEMBER, name) for name in names]


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_two_lost_with_the_dc_stay_lost_whatever_the_next_dc_makes_of_it(
    situation: SituationOf, known: KnownAfter, unseen: Alter, debian: int
) -> None:
    alone = unseen(situation("n3-without-quorum", debian), "n1", "n2")
    for looks in range(2, 5):
        after = known("three-nodes", *[alone] * looks, debian=debian)
        assert _words(after, "n1", "n2") == ["left", "left"], looks


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_two_stopped_with_the_dc_were_stopped(
    situation: SituationOf, known: KnownAfter, unseen: Alter, altered: Alter, debian: int
) -> None:
    alone = unseen(situation("n3-without-quorum", debian), "n1", "n2")
    status = next(told for node, told in alone.running("status") if node.node.name == HEARD)
    nodes = tuple(replace(node, expected_up=node.name == HEARD) for node in status.nodes)
    alone = altered(alone, HEARD, "status", nodes=nodes)
    assert _words(known("three-nodes", alone, alone, alone, debian=debian), "n1", "n2") == ["stopped", "stopped"]


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_one_lost_before_the_bot_ever_looked_makes_no_loss_of_a_stop(known: KnownAfter, debian: int) -> None:
    assert known("n2-stopped", debian=debian).word(Topic.MEMBER, "n2") == "stopped"
    assert known("n2-lost", debian=debian).word(Topic.MEMBER, "n2") == "left"


def test_a_loss_of_which_pacemaker_could_not_be_asked_is_corrected_when_it_can(
    situation: SituationOf, known: KnownAfter, unseen: Alter, reading: Alter
) -> None:
    mute = reading(unseen(situation("n2-stopped"), "n2"), "n1", status=Unknown("timed out"))
    untold = known("healthy", mute, mute)
    assert (untold.word(Topic.MEMBER, "n2"), untold.states[Topic.MEMBER, "n2"].detail) == ("left", UNTOLD)
    assert known("healthy", mute, mute, "n2-stopped").word(Topic.MEMBER, "n2") == "stopped"
    lost = known("healthy", mute, mute, "n2-lost")
    assert (lost.word(Topic.MEMBER, "n2"), lost.states[Topic.MEMBER, "n2"].detail) == ("left", "")


# ---------------------------------------------------------------------- a model of three nodes

Going = Literal["lost", "stopped"]


@dataclass(frozen=True)
class Departure:
    """One or both of the others go within one look."""

    going: tuple[tuple[str, Going], ...]
    answers: bool
    """The bot still reaches what was stopped in order, which then says so itself."""
    looks: tuple[bool, ...]
    """The looks that follow: whether the one that is left has become DC by then, where the DC is gone."""


@dataclass
class Pacemakers:
    """What the node that is left knows of its peers, as its controller keeps it."""

    dc: str
    expected: dict[str, str]
    """Its own word for each peer, where it has any: one that is no DC knows of the DC only, and of who said it stops."""
    written: dict[str, str]
    """What stands in the CIB."""
    gone: set[str]

    def leave(self, departure: Departure) -> None:
        for name, going in departure.going:
            if going == "stopped":  # every peer hears the request, and it is written before corosync leaves
                self.expected[name] = self.written[name] = "down"
            self.gone.add(name)

    def elect(self) -> None:
        if self.dc not in self.gone:
            return
        self.dc = HEARD
        for name in self.written:
            if name in self.gone:
                self.expected.setdefault(name, "down")
            else:
                self.expected[name] = "member"
            self.written[name] = self.expected[name]


def _begin(dc: str) -> Pacemakers:
    names = ("n1", "n2", HEARD)
    knows = names if dc == HEARD else (dc, HEARD)
    return Pacemakers(dc, dict.fromkeys(knows, "member"), dict.fromkeys(names, "member"), set())


def _look(whole: Snapshot, told: Pacemakers, stopped: frozenset[str]) -> Snapshot:
    """Return what the bot reads: `stopped` are those that say themselves that corosync does not run."""

    def of_survivor(node: NodeSnapshot) -> NodeSnapshot:
        cmap, status, quorum = node.cmap, node.status, node.quorum
        assert isinstance(cmap, Known)
        assert isinstance(cmap.value, CorosyncMap)
        assert isinstance(status, Known)
        assert isinstance(status.value, ClusterStatus)
        assert isinstance(quorum, Known)
        assert isinstance(quorum.value, QuorumStatus)
        ids = {one.node_id: one.name for one in cmap.value.nodelist}
        members = tuple(replace(one, joined=ids[one.node_id] not in told.gone) for one in cmap.value.members)
        nodes = tuple(
            replace(
                one,
                online=one.name not in told.gone,
                expected_up=told.written[one.name] == "member",
                is_dc=one.name == told.dc,
            )
            for one in status.value.nodes
        )
        dc = None if told.dc in told.gone else told.dc
        return replace(
            node,
            cmap=Known(replace(cmap.value, members=members)),
            status=Known(replace(status.value, nodes=nodes, dc=dc, quorate=len(told.gone) < 2)),
            quorum=Known(replace(quorum.value, quorate=len(told.gone) < 2)),
        )

    def read(node: NodeSnapshot) -> NodeSnapshot:
        name = node.node.name
        if name == HEARD:
            return of_survivor(node)
        if name in told.gone:
            error = Unreachable("it does not answer", node=name)
            silent: dict[str, Any] = STOPPED if name in stopped else dict.fromkeys(READ, Unknown(str(error), error))
            return replace(node, **silent)
        # what the other peer sees makes no difference as long as it is there: it is asked, and has the same map
        survivor = of_survivor(whole.node(HEARD))
        return replace(node, cmap=survivor.cmap, status=survivor.status, quorum=survivor.quorum)

    return replace(whole, nodes=tuple(map(read, whole.nodes)))


GOINGS = st.sampled_from(["lost", "stopped"])
LOOKS = st.lists(st.booleans(), min_size=2, max_size=4).map(lambda flags: tuple(sorted(flags)))
TOGETHER = st.tuples(
    st.builds(
        Departure,
        going=GOINGS.map(lambda going: (("n1", going), ("n2", going))),
        answers=st.booleans(),
        looks=LOOKS,
    )
)
ONE_BY_ONE = st.tuples(GOINGS, GOINGS, st.permutations(["n1", "n2"]), st.booleans(), LOOKS, LOOKS).map(
    lambda drawn: (
        Departure(((drawn[2][0], drawn[0]),), drawn[3], (*drawn[4], True)),
        Departure(((drawn[2][1], drawn[1]),), drawn[3], drawn[5]),
    )
)


@settings(deadline=None, max_examples=200)
@given(debian=st.sampled_from([11, 12, 13]), dc=st.sampled_from(["n1", "n2", "n3"]), story=TOGETHER | ONE_BY_ONE)
def test_each_that_goes_is_told_as_it_went(
    situation: SituationOf, debian: int, dc: str, story: tuple[Departure, ...]
) -> None:
    whole, told = situation("three-nodes", debian), _begin(dc)
    known = condition(_look(whole, told, frozenset()))
    stopped: frozenset[str] = frozenset()
    went: dict[str, str] = {}
    for departure in story:
        told.leave(departure)
        went |= {name: "left" if going == "lost" else "stopped" for name, going in departure.going}
        if departure.answers:
            stopped |= {name for name, going in departure.going if going == "stopped"}
        for elected in departure.looks:
            if elected:
                told.elect()
            known = condition(_look(whole, told, stopped), known)
        assert {name: known.word(Topic.MEMBER, name) for name in went} == went


@settings(deadline=None, max_examples=60)
@given(debian=st.sampled_from([11, 12, 13]), dc=st.sampled_from(["n1", "n2", "n3"]), story=TOGETHER | ONE_BY_ONE)
def test_what_was_lost_while_the_bot_was_away_is_no_stop(
    situation: SituationOf, debian: int, dc: str, story: tuple[Departure, ...]
) -> None:
    """It begins again with what it wrote down before, and whoever decides by then may call the lost ones stopped."""
    assume(all((dc, "stopped") not in departure.going for departure in story))  # who follows it cannot know better
    whole, told = situation("three-nodes", debian), _begin(dc)
    known = from_json(to_json(condition(_look(whole, told, frozenset()))))
    stopped: frozenset[str] = frozenset()
    for departure in story:
        told.leave(departure)
        told.elect()
        if departure.answers:
            stopped |= {name for name, going in departure.going if going == "stopped"}
    for _ in range(3):
        known = condition(_look(whole, told, stopped), known)
    for departure in story:
        assert all(known.word(Topic.MEMBER, name) == "left" for name, going in departure.going if going == "lost")


@settings(deadline=None, max_examples=60)
@given(debian=st.sampled_from([11, 12, 13]), stops=st.sampled_from(["n1", "n2"]), answers=st.booleans(), looks=LOOKS)
def test_while_the_dc_stays_one_may_stop_in_the_moment_in_which_another_is_lost(
    situation: SituationOf, debian: int, stops: str, *, answers: bool, looks: tuple[bool, ...]
) -> None:
    other = "n2" if stops == "n1" else "n1"
    whole, told = situation("three-nodes", debian), _begin(HEARD)
    known = condition(_look(whole, told, frozenset()))
    told.leave(Departure(((stops, "stopped"), (other, "lost")), answers, looks))
    for _ in looks:
        known = condition(_look(whole, told, frozenset({stops} if answers else ())), known)
    assert _words(known, stops, other) == ["stopped", "left"]
