"""Whatever is seen and heard, in whatever order: what holds of incidents always."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents import OwnChange, Phase, Seen, acknowledge, from_json, to_json
from commands.signals import SignalKind
from commands.troubles import ALL_NODES, Severity, Trouble, What
from tests.bot.incidents.course import NAMES, NOW, Course, condition_of, link_signal, trouble

NODES = ("n1", "n2", "n3")
_OF_NODES = (
    What.NODE_LOST,
    What.NODE_STOPPED,
    What.NODE_UNCLEAN,
    What.PACEMAKER_DOWN,
    What.FENCING_FAILED,
    What.PROXY_DOWN,
    What.SIGHT_LOST,
    What.STANDBY,
    What.RESTARTED,
)
TROUBLES: tuple[Trouble, ...] = (
    *(trouble(what, node) for what in _OF_NODES for node in NODES),
    *(trouble(What.LINK_DOWN, f"{one}/{other}/{n}") for one, other in (("n1", "n2"), ("n1", "n3")) for n in (0, 1)),
    *(trouble(what, "vip1", node) for what in (What.VIP_WAITING, What.VIP_NOWHERE) for node in ("n1", "n2")),
    trouble(What.VIP_DOUBLED, "vip2", "n1", "n2"),
    trouble(What.VIEWS_DIFFER, "web", *NODES),
    trouble(What.QUORUM_LOST, "web", "n1", "n2"),
    Trouble(What.SIGHT_LOST, ALL_NODES, Severity.WARNING, "blind", NODES),
    Trouble(What.NODE_STOPPED, ALL_NODES, Severity.WARNING, "all stopped", NODES),
)
_SIGNALS = st.builds(
    link_signal,
    st.sampled_from(
        [
            SignalKind.LINK_DOWN,
            SignalKind.LINK_UP,
            SignalKind.TOKEN_LATE,
            SignalKind.TOKEN_LOST,
            SignalKind.MEMBER_LEFT,
        ]
    ),
    st.sampled_from(NODES),
    st.none() | st.sampled_from(tuple(NAMES)),
)
_OWN = st.sampled_from(
    [
        (),
        (OwnChange("stop", "stop web", "T0:U0", NOW),),
        (OwnChange("failover", "failover vip1 --to n2 web", "T0:U0", NOW, NOW + timedelta(seconds=30)),),
    ]
)
_CONDITIONS = st.sampled_from([None, condition_of(), condition_of(n1_n2_0="up"), condition_of(n1_n2_0="down")])


@st.composite
def _looks(draw: st.DrawFn) -> tuple[float, Seen]:
    """A pause in seconds, and what is seen, or heard, after it: the watching tells what it hears before it looks."""
    condition = draw(_CONDITIONS)
    found = draw(st.lists(st.sampled_from(TROUBLES), max_size=5, unique=True)) if condition else []
    heard = (
        []
        if condition
        else draw(
            st.lists(_SIGNALS.filter(lambda one: one.node_id is None or NAMES[one.node_id] != one.witness), max_size=3)
        )
    )
    seen = Seen("web", NOW, condition, tuple(found), (), tuple(heard), draw(_OWN), (), NAMES)
    return draw(st.sampled_from([0.0, 0.1, 3.0, 20.0, 130.0, 700.0])), seen


def _check(course: Course, seen: Seen) -> None:
    open_ = course.open
    causes = Counter(one.cause for one in open_)
    assert all(number == 1 for number in causes.values()), causes
    if seen.condition is not None:
        held = Counter(key for one in open_ for key in one.keys)
        for key in {one.key for one in seen.troubles}:
            assert held[key] == 1, (key, held)
    for one in course.incidents.values():
        assert (one.closed is None) is one.open
        assert (one.phase is Phase.CONFIRMED) <= bool(one.troubles)
        assert not one.keys or one.cause in one.keys
        assert from_json(to_json(one)) == one


@settings(max_examples=200, deadline=None)
@given(st.lists(_looks(), min_size=1, max_size=12))
def test_each_cause_has_one_incident_and_each_act_a_reason(looks: list[tuple[float, Seen]]) -> None:
    course = Course()
    for pause, what in looks:
        course.now += timedelta(seconds=pause)
        seen = replace(what, at=course.now)
        before = dict(course.incidents)
        for act in course.step(seen):
            incident = act.incident
            assert before.get(incident.id) != incident, "nothing is done without a change"
            assert incident.open or incident.id in before, "what is resolved had been opened"
            assert act.new is (act.show and not (incident.id in before and before[incident.id].told))
            assert act.show is incident.told
            assert not act.mention or act.new or act.lines, "who is called learns of what"
        _check(course, seen)
        again = replace(seen, signals=seen.signals[-1:])  # of words that take each other back the last one stands
        assert course.step(again) == (), "the same again is no news"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.5, 5.0, 30.0]), st.sets(st.sampled_from([*NODES, ALL_NODES]))), max_size=15)
)
def test_a_blind_bot_never_tells_of_a_lost_node(looks: list[tuple[float, set[str]]]) -> None:
    course = Course()
    for pause, unseen in looks:
        course.look(*(trouble(What.SIGHT_LOST, node) for node in sorted(unseen)), after=pause)
    assert all(one.cause.startswith("SightLost:") for one in course.incidents.values())
    assert not any("lost" in line for line in course.lines)


@settings(max_examples=60, deadline=None)
@given(st.lists(_looks(), min_size=1, max_size=8))
def test_a_restart_in_between_makes_no_difference(looks: list[tuple[float, Seen]]) -> None:
    steady, restarted = Course(), Course()
    for pause, what in looks:
        for course in (steady, restarted):
            course.now += timedelta(seconds=pause)
        restarted.incidents = {key: from_json(to_json(one)) for key, one in restarted.incidents.items()}
        seen = replace(what, at=steady.now)
        assert steady.step(seen) == restarted.step(seen)


@settings(max_examples=60, deadline=None)
@given(st.lists(_looks(), min_size=1, max_size=8))
def test_everything_ends_when_nothing_is_wrong_any_more(looks: list[tuple[float, Seen]]) -> None:
    course = Course()
    for pause, what in looks:
        course.now += timedelta(seconds=pause)
        course.step(replace(what, at=course.now))
        for one in course.open:
            course.incidents[one.id] = acknowledge(one, "T0HOME:U0ANNA0", course.now)
    course.look(after=1)
    course.look(after=130)
    course.look(after=130)
    assert course.open == []
    told = {act.incident.id: act for act in course.told if act.show}
    assert all(not act.incident.open for act in told.values()), "what was told has its end told"
