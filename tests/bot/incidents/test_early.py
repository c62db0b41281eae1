"""Early words: told at once, then borne out or taken back by looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.incidents import Phase
from commands.condition import Condition, State, Topic
from commands.signals import SignalKind
from commands.troubles import What
from tests.bot.incidents.course import LINK, LOST, STOPPED, Course, condition_of, link_signal, trouble


def test_the_first_word_is_there_before_any_look_and_calls_nobody() -> None:
    course = Course()
    (act,) = course.hear(link_signal())
    assert (act.new, act.show, act.mention) == (True, True, False)
    assert act.incident.phase is Phase.EARLY
    assert act.incident.title == "the link between n1 and n2 is down"
    assert act.incident.cause == LINK.key, "a look finds it by the same key"


def test_it_is_confirmed_and_re_rooted_as_more_is_known() -> None:
    course = Course()
    course.hear(link_signal())
    (confirmed,) = course.look(LINK, after=0.1)
    assert confirmed.lines == (f"confirmed: {LINK.text}",)
    assert not confirmed.mention, "a link mostly comes back"
    (lost,) = course.look(LOST, after=6)
    assert (lost.new, lost.mention) == (False, True)
    assert course.only.title == "n2 is lost"


def test_a_lost_node_confirms_what_its_links_told() -> None:
    course = Course()
    course.hear(link_signal(far=3), link_signal(witness="n2", far=3))
    assert len(course.only.troubles) == 2
    course.look(trouble(What.NODE_LOST, "n3"), after=7)
    assert course.only.cause == "NodeLost:n3"


def test_a_clean_stop_is_never_told_as_a_loss() -> None:
    course = Course()
    course.hear(link_signal())
    course.look(STOPPED, after=0.3)
    assert course.only.title == "the cluster is stopped on n2"
    assert not any("lost" in act.incident.title for act in course.told)


def test_a_link_that_says_it_is_up_again_takes_its_word_back() -> None:
    course = Course()
    course.hear(link_signal())
    (back,) = course.hear(link_signal(SignalKind.LINK_UP), after=2)
    assert back.lines == ("the link between n1 and n2 is up again after 2 s; resolved if it stays so",)
    course.look(after=1, condition=condition_of(n1_n2_0="up"))
    (resolved,) = course.look(after=20, condition=condition_of(n1_n2_0="up"))
    assert resolved.lines == ("resolved: the link between n1 and n2 was down for 2 s; no look saw anything wrong",)
    assert course.calls == 0


def test_a_look_that_sees_the_link_up_takes_the_word_back() -> None:
    course = Course()
    course.hear(link_signal())
    (back,) = course.look(after=2, condition=condition_of(n1_n2_0="up"))
    assert back.incident.phase is Phase.RECOVERING


def test_a_look_that_cannot_tell_waits() -> None:
    course = Course()
    course.hear(link_signal())
    assert course.look(after=2) == ()
    assert course.only.phase is Phase.EARLY
    (withdrawn,) = course.look(after=18)
    assert withdrawn.incident.phase is Phase.RESOLVED
    assert "short interruption" in withdrawn.lines[0]


def test_both_ends_and_both_streams_of_a_link_are_one_word() -> None:
    course = Course()
    course.hear(link_signal())
    assert course.hear(link_signal(witness="n2", far=1), after=0.1) == ()
    heard = course.now
    assert course.hear(link_signal(at=heard), after=0.3) == ()
    assert len(course.incidents) == 1


def test_what_a_slower_stream_tells_again_is_no_flap() -> None:
    course = Course()
    course.hear(link_signal())
    went_down = course.now
    course.hear(link_signal(SignalKind.LINK_UP), after=0.2)
    assert course.hear(link_signal(at=went_down), after=0.3) == ()
    assert course.only.flaps == 0


def test_a_resumed_journal_tells_the_past_and_opens_nothing() -> None:
    course = Course()
    assert course.hear(link_signal(at=course.now - timedelta(minutes=10))) == ()


def test_ten_flaps_of_a_link_are_one_card_that_says_flapping() -> None:
    course = Course()
    for _ in range(10):
        course.hear(link_signal(), after=2)
        course.hear(link_signal(SignalKind.LINK_UP), after=2)
    assert course.only.flapping
    assert course.only.flaps == 9
    assert sum("flapping" in line for line in course.lines) == 1
    assert len(course.lines) < 8
    assert course.calls == 1, "that it does not stop is worth a call, once"


def test_links_of_two_pairs_with_no_node_in_common_are_two() -> None:
    course = Course()
    course.hear(link_signal())
    course.hear(link_signal(witness="n3", far=4))
    assert len(course.incidents) == 1, "nobody knows the name of node 4"
    course.look(LOST)
    course.hear(link_signal(witness="n1", far=3))
    assert len(course.open) == 2


def test_what_a_known_incident_explains_is_no_news() -> None:
    course = Course()
    course.look(LOST)
    assert course.hear(link_signal(witness="n3")) == ()


def test_an_overdue_token_is_a_word_of_its_own_only_where_nothing_else_tells_of_it() -> None:
    overdue = link_signal(SignalKind.TOKEN_LATE, far=None)
    alone = Course()
    alone.hear(overdue)
    assert alone.only.title == "corosync waits for a node that does not answer"
    alone.look(after=2)
    alone.look(LOST, after=4)
    assert alone.only.title == "n2 is lost"

    beside = Course()
    beside.hear(link_signal())
    (act,) = beside.hear(overdue, after=1)
    assert act.lines == ("n1: corosync's token is overdue",)
    assert beside.hear(overdue, after=1) == ()


def test_a_link_that_is_told_after_the_token_says_whose_it_is() -> None:
    course = Course()
    course.hear(link_signal(SignalKind.TOKEN_LATE, far=None))
    (act,) = course.hear(link_signal(), after=1)
    assert not act.new
    assert course.only.title == "the link between n1 and n2 is down"
    course.look(LOST, after=4)
    assert course.only.title == "n2 is lost"


def test_a_token_that_comes_after_all_is_taken_back() -> None:
    course = Course()
    course.hear(link_signal(SignalKind.TOKEN_LATE, far=None))
    course.look(after=5)
    course.look(after=15)
    assert course.only.phase is Phase.RESOLVED
    assert course.calls == 0


@pytest.mark.parametrize(
    "leaving",
    [
        (Topic.NODE, "n2", State("online", detail="it is shutting down")),
        (Topic.NODE, "n2", State("stopped")),
        (Topic.MEMBER, "n2", State("stopped")),
    ],
    ids=lambda leaving: leaving[2].detail or f"{leaving[0]} {leaving[2].word}",
)
def test_a_node_that_is_being_stopped_takes_its_links_with_it_without_a_word(
    leaving: tuple[Topic, str, State],
) -> None:
    topic, name, state = leaving
    course = Course(known=Condition("web", {(topic, name): state}))
    assert course.hear(link_signal()) == ()
    assert course.hear(link_signal(witness="n2", far=1)) == ()
    assert course.hear(link_signal(far=3)) != (), "another node's link is another matter"
