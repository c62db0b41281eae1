"""What is told without calling anybody, and what is not told at all: own changes and silences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.incidents import OwnChange, Phase
from commands.troubles import What
from tests.bot.incidents.course import LINK, LOST, NOW, NOWHERE, STOPPED, WAITING, Course, link_signal, trouble

STOP = OwnChange("stop", "stop web", "T0HOME:U0ANNA0", NOW)
STANDBY = OwnChange("standby", "standby n2 web", "T0HOME:U0ANNA0", NOW)
FAILOVER = OwnChange("failover", "failover vip1 --to n2 web", "T0HOME:U0ANNA0", NOW)


@dataclass(frozen=True)
class Quiet:
    """A silence."""

    id: str = "silence"
    cluster: str = "web"
    node: str = ""
    incident: str = ""


def test_a_stop_by_the_bot_is_a_card_that_says_who_did_it_and_calls_nobody() -> None:
    course = Course(own=(STOP,))
    (act,) = course.look(STOPPED)
    assert (act.new, act.show, act.mention) == (True, True, False)
    assert act.incident.own == "`stop web`, asked for by <@U0ANNA0>"
    course.own = (replace(STOP, ended=NOW + timedelta(seconds=5)),)
    course.look(STOPPED, after=30)
    course.own = ()
    course.look(STOPPED, after=3600)
    assert course.only.own, "it is stopped because somebody stopped it, however long ago"
    assert course.calls == 0


def test_a_planned_failover_tells_nothing() -> None:
    course = Course(own=(FAILOVER,))
    course.look(NOWHERE)
    course.look(after=1)
    course.own = ()
    course.look(after=20)
    assert not course.open
    assert not any(act.show for act in course.told)
    assert course.only.own, "it is recorded as what it was"


def test_a_failover_that_leaves_the_address_down_is_told_when_it_ought_to_be_over() -> None:
    course = Course(own=(FAILOVER,))
    course.look(NOWHERE)
    course.own = (replace(FAILOVER, ended=NOW + timedelta(seconds=5)),)
    course.look(NOWHERE, after=20)
    assert course.calls == 0
    (act,) = course.look(NOWHERE, after=6)
    assert (act.new, act.show, act.mention) == (True, True, True)


@pytest.mark.parametrize(
    "what", [LOST, trouble(What.VIP_DOUBLED, "vip1", "n1", "n2"), trouble(What.NODE_UNCLEAN, "n2")]
)
def test_what_nobody_plans_is_alarmed_whatever_is_under_way(what: object) -> None:
    course = Course(own=(STOP, FAILOVER))
    course.look(what)  # type: ignore[arg-type]
    assert course.calls == 1


def test_a_change_of_one_node_explains_nothing_of_another() -> None:
    course = Course(own=(STANDBY,))
    course.look(trouble(What.STANDBY, "n2"))
    assert course.calls == 0
    course.look(trouble(What.STANDBY, "n2"), trouble(What.STANDBY, "n1"))
    assert course.calls == 1


def test_the_early_word_of_a_stop_is_held_back() -> None:
    course = Course(own=(STOP,))
    (act,) = course.hear(link_signal())
    assert not act.show
    (stopped,) = course.look(STOPPED, after=1)
    assert (stopped.new, stopped.show) == (True, True)


def test_one_stop_is_one_incident_whatever_comes_of_it() -> None:
    course = Course(own=(STOP,))
    course.look(STOPPED)
    course.look(STOPPED, trouble(What.NODE_STOPPED, "n1"), NOWHERE, after=1)
    assert course.only.cause == STOPPED.key
    assert course.calls == 0


def test_a_silenced_incident_is_recorded_and_neither_posted_nor_called_about() -> None:
    course = Course(silences=(Quiet(),))
    (act,) = course.look(LOST)
    assert (act.show, act.mention) == (False, False)
    assert act.incident.silenced == "silence"
    course.silences = ()
    (told,) = course.look(LOST, after=60)
    assert (told.new, told.show, told.mention) == (True, True, True)


def test_a_card_that_is_there_is_edited_quietly_and_its_end_is_told() -> None:
    course = Course()
    course.look(LOST)
    course.silences = (Quiet(incident=course.only.id),)
    (silenced,) = course.look(LOST, after=1)
    assert (silenced.show, silenced.lines) == (True, ())
    (worse,) = course.look(LOST, WAITING, after=1)
    assert (worse.show, worse.lines, worse.mention) == (True, (), False)
    course.look(after=1)
    (resolved,) = course.look(after=20)
    assert resolved.show
    assert resolved.lines == ("resolved: n2 was lost for 3 s",)


def test_a_silence_of_a_node_is_about_what_concerns_that_node() -> None:
    course = Course(silences=(Quiet(node="n2"),))
    course.look(LOST, WAITING, trouble(What.NODE_LOST, "n3"))
    silenced = {one.cause: bool(one.silenced) for one in course.open}
    assert silenced == {LOST.key: True, "NodeLost:n3": False}


def test_a_silence_of_a_node_does_not_hide_a_split() -> None:
    course = Course(silences=(Quiet(node="n2"),))
    course.look(trouble(What.VIEWS_DIFFER, "web", "n1", "n2"), trouble(What.VIP_DOUBLED, "vip1", "n1", "n2"))
    assert course.calls == 1


def test_a_silence_of_another_cluster_is_none_of_its_business() -> None:
    course = Course(silences=(Quiet(cluster="db"), Quiet(incident="another")))
    course.look(LOST)
    assert course.calls == 1


def test_a_silence_calls_nobody_again_for_what_they_know() -> None:
    course = Course()
    course.look(LOST)
    course.silences = (Quiet(),)
    course.look(LOST, after=3600)
    course.silences = ()
    course.look(LOST, after=1)
    assert course.only.phase is Phase.CONFIRMED
    assert [line for line in course.lines if "acknowledged" not in line] == ["silenced no longer"]


def test_a_link_calls_only_if_it_stays_down() -> None:
    course = Course()
    course.look(LINK)
    assert course.look(LINK, after=5) == ()
    (act,) = course.look(LINK, after=15)
    assert act.mention
    assert act.lines == ("still so: the link between n1 and n2 is down",)


def test_a_change_that_has_ended_explains_nothing_that_somebody_does_later() -> None:
    course = Course(own=(replace(STOP, ended=NOW - timedelta(seconds=40)),))
    (act,) = course.look(STOPPED)
    assert not act.incident.own
