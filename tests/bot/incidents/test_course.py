"""The course of an incident: one cause, one card, from the first word to the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.incidents import Phase, acknowledge, from_json, to_json
from commands.events import Event, Kind
from commands.troubles import ALL_NODES, Severity, Trouble, What
from tests.bot.incidents.course import (
    LINK,
    LOST,
    NOW,
    NOWHERE,
    PROXY,
    STOPPED,
    UNSEEN,
    WAITING,
    Course,
    link_signal,
    trouble,
)


def test_a_lost_node_with_all_that_follows_is_one_incident_from_its_begin_to_its_end() -> None:
    course = Course()
    (opened,) = course.look(LOST, PROXY)
    assert (opened.new, opened.show, opened.mention) == (True, True, True)
    assert opened.incident.title == "n2 is lost"
    assert opened.lines == ()  # the card says it

    (worse,) = course.look(LOST, PROXY, WAITING, after=2)
    assert (worse.new, worse.mention) == (False, True)
    assert worse.incident.severity is Severity.SERVICE
    assert worse.incident.title == "n2 is lost, vip2 waits at its gate"
    assert worse.lines == (WAITING.text,)

    (back,) = course.look(after=240)
    assert back.incident.phase is Phase.RECOVERING
    assert back.lines == ("n2 is back after 4 min 2 s; resolved if it stays so",)
    assert course.look(after=19) == ()
    (resolved,) = course.look(after=1)
    assert resolved.incident.phase is Phase.RESOLVED
    assert resolved.incident.closed == course.now
    assert resolved.incident.title == "n2 was lost for 4 min 2 s"
    assert resolved.lines == ("resolved: n2 was lost for 4 min 2 s",)
    assert course.calls == 2


def test_two_nodes_lost_are_two_incidents() -> None:
    course = Course()
    course.look(LOST, trouble(What.NODE_LOST, "n3"))
    assert {one.cause for one in course.open} == {"NodeLost:n2", "NodeLost:n3"}


def test_two_floating_ips_on_two_nodes_by_one_split_are_one_incident() -> None:
    course = Course()
    split = trouble(What.VIEWS_DIFFER, "web", "n1", "n2")
    doubled = [trouble(What.VIP_DOUBLED, vip, "n1", "n2") for vip in ("vip1", "vip2")]
    course.look(LINK, split, *doubled)
    assert course.only.cause == "ViewsDiffer:web"
    assert len(course.only.troubles) == 4


def test_what_turns_out_to_explain_it_becomes_its_root() -> None:
    course = Course()
    course.look(LINK)
    (act,) = course.look(LOST, LINK, after=5)
    assert not act.new
    assert act.lines == (LOST.text,)
    assert course.only.cause == LOST.key
    assert course.only.title == "n2 is lost"


def test_incidents_that_turn_out_to_have_one_cause_become_one() -> None:
    course = Course()
    course.look(PROXY, NOWHERE)
    assert len(course.open) == 2
    lost = trouble(What.NODE_LOST, "n1")
    course.look(PROXY, NOWHERE, lost)
    assert len(course.open) == 2, "n1 is lost, and HAProxy on n2 has nothing to do with it"
    both = trouble(What.VIEWS_DIFFER, "web", "n1", "n2")
    course.look(LINK, trouble(What.VIP_DOUBLED, "vip1", "n1", "n2"), both, NOWHERE, after=1)
    assert [one.cause for one in course.open if one.phase is Phase.CONFIRMED] == [both.key]
    absorbed = [one for one in course.incidents.values() if one.part_of]
    assert all(one.part_of in course.incidents for one in absorbed)


def test_what_is_left_of_an_incident_when_its_root_is_gone_stays_with_it() -> None:
    course = Course()
    course.look(LOST, WAITING)
    (act,) = course.look(WAITING, after=60)
    assert not act.new
    assert not act.mention
    assert act.incident.title == "vip2 waits at its gate"
    assert act.lines == (f"still so: {WAITING.text}", "n2 is back")


def test_in_the_end_it_is_told_by_what_explains_the_rest() -> None:
    course = Course()
    course.look(LOST, WAITING)
    course.look(WAITING, after=60)
    course.look(after=60)
    course.look(after=20)
    assert course.only.title == "n2 was lost for 2 min"


def test_what_one_cause_does_in_turn_is_one_incident() -> None:
    course = Course()
    proxy = trouble(What.PROXY_DOWN, "n1")
    over = trouble(What.RESOURCE_FAILED, "haproxy@n1", "n1")
    course.look(proxy)
    course.look(over, NOWHERE, after=1)
    course.look(after=1)
    course.look(NOWHERE, after=5)
    course.look(after=5)
    course.look(after=20)
    assert course.only.title == "HAProxy was down on n1 for 12 s"
    assert course.only.flaps == 0


def test_a_failure_that_is_over_at_once_is_not_what_it_is_told_by() -> None:
    course = Course()
    course.look(NOWHERE)
    course.look(trouble(What.RESOURCE_FAILED, "vip1", "n1"), after=5)
    course.look(after=1)
    course.look(after=20)
    assert course.only.title == "vip1 was down for 6 s"


def test_a_node_that_goes_out_of_sight_with_its_link_is_one_incident() -> None:
    course = Course()
    course.look(LINK)
    course.look(LINK, UNSEEN, after=3)
    course.look(LOST, UNSEEN, after=4)
    assert course.only.title == "n2 is lost"

    blind_first = Course()
    blind_first.look(UNSEEN)
    (heard,) = blind_first.hear(link_signal(), after=1)
    assert heard.lines == ("link 0 is down between n1 and n2, as n1 sees it",)
    blind_first.look(LINK, UNSEEN, after=0.1)
    blind_first.look(LOST, UNSEEN, after=6)
    assert blind_first.only.title == "n2 is lost"


def test_a_cluster_that_is_stopped_node_by_node_is_one_incident() -> None:
    course = Course()
    course.look(STOPPED)
    everywhere = Trouble(What.NODE_STOPPED, ALL_NODES, Severity.WARNING, "all stopped", ("n1", "n2"))
    first = trouble(What.NODE_STOPPED, "n1")
    course.look(everywhere, STOPPED, first, after=1)
    assert course.only.title == "the cluster is stopped on all nodes"
    course.look(first, after=1)
    assert course.only.title == "the cluster is stopped on n1"


def test_what_comes_back_within_the_hold_down_is_the_same_incident() -> None:
    course = Course()
    course.look(LOST)
    course.look(after=10)
    (again,) = course.look(LOST, after=10)
    assert again.lines == (f"again: {LOST.text}",)
    assert not again.mention
    assert (course.only.phase, course.only.flaps) == (Phase.CONFIRMED, 1)


def test_ten_flaps_are_one_card_that_says_so_with_a_line_for_each_of_the_first_only() -> None:
    course = Course()
    for _ in range(10):
        course.look(PROXY, after=5)
        course.look(after=5)
    assert course.only.flapping
    assert course.only.flaps == 9
    said = [line for line in course.lines if "flapping" in line]
    assert said == ["it is flapping: back 3 times within 20 s. I keep to this card and count"]
    assert len(course.lines) < 8
    assert course.calls == 1

    assert course.look(after=30) == (), "a flapping one must be quiet for longer"
    (resolved,) = course.look(after=90)
    assert resolved.show
    assert resolved.incident.title == "HAProxy was down on n2, came back 9 times within 1 min 35 s"


def test_what_comes_and_goes_slowly_is_one_card_too() -> None:
    course = Course()
    for _ in range(10):
        course.look(PROXY, after=60)
        course.look(after=5)
        course.look(after=25)
    assert course.only.flapping
    assert course.only.flaps == 9
    assert course.only.phase is Phase.RECOVERING


def test_a_flapping_one_that_stays_says_so() -> None:
    course = Course()
    for _ in range(4):
        course.look(PROXY, after=5)
        course.look(after=5)
    course.look(PROXY, after=5)
    assert course.only.flapping
    (steady,) = course.look(PROXY, after=120)
    assert steady.lines == ("it comes and goes no longer: HAProxy is down on n2",)
    assert not course.only.flapping


def test_what_comes_back_soon_after_it_was_resolved_is_the_same_card_and_people_are_called_again() -> None:
    course = Course()
    course.look(LOST)
    course.incidents[course.only.id] = acknowledge(course.only, "T0:U0ANNA0", course.now)
    course.look(after=5)
    course.look(after=20)
    assert not course.open
    (act,) = course.look(LOST, after=300)
    assert (act.new, act.mention, act.incident.acknowledged) == (False, True, "")
    assert act.incident.closed is None


def test_what_comes_back_long_after_is_another_incident() -> None:
    course = Course()
    course.look(LOST)
    course.look(after=5)
    course.look(after=20)
    (act,) = course.look(LOST, after=601)
    assert act.new
    assert len(course.incidents) == 2


def test_a_bot_that_was_restarted_goes_on_with_what_it_had() -> None:
    before = Course()
    before.look(LOST, WAITING)
    stored = from_json(to_json(before.only))
    after = Course(now=NOW + timedelta(minutes=5), incidents={stored.id: stored})
    assert after.look(LOST, WAITING) == ()
    (act,) = after.look(WAITING)
    assert not act.new
    assert act.incident.id == stored.id


def test_nobody_who_acknowledges_means_that_people_are_called_again() -> None:
    course = Course()
    course.look(LOST)
    assert course.look(LOST, after=599) == ()
    (act,) = course.look(LOST, after=1)
    assert act.mention
    assert act.lines == ("nobody has acknowledged this for 10 min",)
    assert course.look(LOST, after=3600) == (), "redundancy lost: once more is enough"


def test_lost_service_calls_again_and_again() -> None:
    course = Course()
    course.look(NOWHERE)
    for _ in range(3):
        course.look(NOWHERE, after=600)
    assert course.calls == 4


def test_one_that_somebody_has_calls_nobody_unless_it_gets_worse() -> None:
    course = Course()
    course.look(LOST)
    course.incidents[course.only.id] = acknowledge(course.only, "T0HOME:U0ANNA0", course.now)
    (said,) = course.look(LOST, after=1)
    assert said.lines == ("acknowledged by <@U0ANNA0>",)
    assert course.look(LOST, after=3600) == ()
    (worse,) = course.look(LOST, WAITING, after=1)
    assert worse.mention


def test_what_is_done_about_it_is_told_in_its_thread() -> None:
    course = Course()
    course.look(LOST, WAITING)
    fenced = Event(Kind.NODE_FENCED, "n2", "n2 was fenced", ("n2",))
    moved = Event(Kind.VIP_SERVED, "vip2", "`vip2` is served by n1", ("n1",))
    elsewhere = Event(Kind.NODE_FENCED, "n3", "n3 was fenced", ("n3",))
    course.look(LOST, after=3, events=(fenced, moved, elsewhere))
    assert course.lines == ["n2 was fenced", "`vip2` is served by n1"]


def test_a_blind_bot_says_that_it_is_blind_and_calls_only_if_that_lasts() -> None:
    course = Course()
    (act,) = course.look(UNSEEN)
    assert act.incident.title == "I cannot see n2"
    assert (act.show, act.mention) == (True, False)
    course.look(UNSEEN, after=20)
    assert course.calls == 1


def test_without_a_look_nothing_is_taken_to_be_over() -> None:
    course = Course()
    course.look(LOST)
    assert course.hear(after=60) == ()
    assert course.only.phase is Phase.CONFIRMED


def test_a_moment_is_told_as_one() -> None:
    course = Course()
    (act,) = course.look(trouble(What.RESTARTED, "n2"))
    assert act.incident.title == "n2 was out of the membership for a moment"
    course.look(after=1)
    course.look(after=20)
    assert course.only.title == "n2 was out of the membership for a moment"
    assert course.lines == [
        "n2 has been in the membership since; resolved if it stays so",
        "resolved: n2 was out of the membership for a moment",
    ]


def test_it_is_stored_whole() -> None:
    course = Course()
    course.look(LOST, WAITING)
    incident = replace(course.only, escalated=NOW, silenced="s", unsaid=("x",), returns=(NOW,))
    assert from_json(to_json(incident)) == incident


def test_an_address_that_waits_first_and_then_starts_where_its_node_is_back_stays_on_the_nodes_card() -> None:
    waiting, starting = trouble(What.VIP_WAITING, "vip2", "n2"), trouble(What.VIP_NOWHERE, "vip2", "n2")
    course = Course()
    course.look(STOPPED, waiting)
    course.look(waiting, after=10)
    course.look(starting, after=1)
    course.look(after=6)
    course.look(after=60)
    assert course.only.phase is Phase.RESOLVED
    assert "the cluster was stopped on" in course.only.title


def test_what_stopped_for_want_of_quorum_and_is_seen_only_when_that_is_back_stays_on_the_nodes_card() -> None:
    """Pacemaker stops HAProxy on the one node that is left, and starts it again a while after another one is back."""
    course = Course()
    no_quorum, proxy = trouble(What.QUORUM_LOST, "web", "n1"), trouble(What.PROXY_DOWN, "n1")
    course.look(LOST, no_quorum)
    course.look(LOST, proxy, after=8)
    assert course.only.title == "n2 is lost"
    course.look(proxy, after=10)
    course.look(after=5)
    course.look(after=20)
    assert course.only.title.startswith("n2 was lost")


def test_what_breaks_long_after_the_quorum_is_back_has_its_own_card() -> None:
    course = Course()
    course.look(LOST, trouble(What.QUORUM_LOST, "web", "n1"))
    course.look(LOST, after=8)
    course.look(LOST, after=61)
    course.look(LOST, trouble(What.PROXY_DOWN, "n1"), after=5)
    assert {one.cause for one in course.open} == {"NodeLost:n2", "ProxyDown:n1"}
