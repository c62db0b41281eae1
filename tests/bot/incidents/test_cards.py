"""What stands on a card: read at night, on a phone, within Slack's limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import incident_cards
from bot.incident_buttons import FAILOVER
from bot.incidents import OwnChange, acknowledge, phrases
from bot.slack.buttons import SIDE_BY_SIDE
from bot.slack.limits import message_problems
from bot.slack.render import render
from commands.condition import Condition, State, Topic
from commands.report import Finding, Level, Listing, Report, Text
from commands.troubles import Severity, Trouble, What
from config.inventory import ClusterSpec, VipSpec, parse_node
from tests.bot.incidents.course import LINK, LOST, NOW, STOPPED, UNSEEN, WAITING, Course, link_signal
from tests.bot.incidents.test_properties import TROUBLES

SITUATIONS = Path(__file__).parents[3] / "docs" / "situations.md"
WEB = ClusterSpec(
    name="web",
    nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")),
    vips=(VipSpec.parse("10.0.0.10/24"), VipSpec.parse("10.0.0.11/24")),
)
SEEN = Condition(
    "web",
    {
        (Topic.VIP, "vip1"): State("served", ("n1",)),
        (Topic.VIP, "vip2"): State("waiting", known=False),
        (Topic.NODE, "n1"): State("online"),
        (Topic.NODE, "n2"): State("unclean"),
        (Topic.QUORUM, "n1"): State("yes"),
        (Topic.FENCED, "n2"): State("reboot success 2026-03-01 03:00:09Z"),
    },
)


def said(report: Report) -> list[str]:
    """Return the paragraphs and findings of a card."""
    return [part.text for part in report.parts if isinstance(part, Text | Finding)]


def test_a_lost_node_whose_address_waits() -> None:
    course = Course()
    course.look(LOST, WAITING)
    report = incident_cards.card(course.only, SEEN, WEB)
    assert report.headline == "`web`: n2 is lost, vip2 waits at its gate"
    assert report.level is Level.CRITICAL
    assert said(report) == [
        "Service is lost. Since 2026-03-01 03:00:00 UTC, seen by n1.",
        LOST.text,
        WAITING.text,
        "Floating IPs: `vip1` (10.0.0.10) on n1; `vip2` (10.0.0.11) on no node, waits at its gate (last known).",
        "Pacemaker: n1 online, n2 unclean; quorate; fenced n2: reboot success 2026-03-01 03:00:09Z.",
    ]
    assert [choice.label for choice in report.choices] == ["Fail over vip2 to n1", "Acknowledge", "Silence for 1 h"]
    assert report.next_step == "failover vip2 --to n1 web"


def test_what_waits_can_be_let_go_by_hand_with_the_very_commands_that_the_bot_would_run() -> None:
    course = Course()
    course.look(LOST, WAITING)
    (listing,) = (part for part in incident_cards.card(course.only, SEEN, WEB).parts if isinstance(part, Listing))
    assert [line for line in listing.text.splitlines() if not line.startswith("#")] == [
        "crm_attribute -l reboot -N n2 -n hacluster-vip2 -v away",
        "crm_attribute -l reboot -N n1 -n hacluster-vip2 -v yes",
    ]
    runbook = (SITUATIONS.parent / "runbook.md").read_text()
    assert all(line in runbook for line in listing.text.splitlines() if not line.startswith("#"))
    course.look(after=60)
    assert not any(isinstance(part, Listing) for part in incident_cards.card(course.only, SEEN, WEB).parts)


def test_of_several_that_wait_the_first_has_a_button_and_the_rest_the_menu() -> None:
    course = Course()
    other = Trouble(What.VIP_WAITING, "vip3", Severity.SERVICE, "vip3 waits", ("n2",), (), "failover vip3 --to n1 web")
    course.look(LOST, WAITING, other)
    report = incident_cards.card(course.only, None)
    assert [choice.action for choice in report.choices].count(FAILOVER) == 1
    assert [choice.label for choice in report.more if choice.action == FAILOVER] == ["Fail over vip3 to n1"]
    assert course.only.title == "n2 is lost, vip2 waits at its gate, vip3 waits at its gate"


def test_each_phase_has_its_headline_and_its_level() -> None:
    course = Course()
    course.hear(link_signal())
    course.look(LINK, after=1)
    course.look(LOST, after=6)
    course.look(after=60)
    course.look(after=20)
    shown = [incident_cards.card(act.incident, SEEN) for act in course.told]
    assert [(report.headline, report.level) for report in shown] == [
        ("`web`: early word: the link between n1 and n2 is down", Level.WARNING),
        ("`web`: the link between n1 and n2 is down", Level.WARNING),
        ("`web`: n2 is lost", Level.WARNING),
        ("`web`: n2 is back, waiting whether it stays so", Level.INFO),
        ("`web`: resolved: n2 was lost for 1 min 7 s", Level.OK),
    ]
    assert [incident_cards.urgency(act.incident) for act in course.told] == [1, 2, 2, 0, 0]


def test_an_early_word_claims_nothing_about_what_it_has_not_looked_at() -> None:
    course = Course()
    course.hear(link_signal())
    report = incident_cards.card(course.only, SEEN, WEB)
    assert not any(line.startswith(("Floating IPs", "Pacemaker")) for line in said(report))
    assert "I am looking" in said(report)[0]


def test_flapping_is_in_the_headline() -> None:
    course = Course()
    for _ in range(4):
        course.hear(link_signal(), after=2)
        course.look(LINK, after=1)
        course.look(after=2)
    report = incident_cards.card(course.only, None)
    assert report.headline.startswith("`web`: flapping: ")
    assert "came back 3 times" in said(report)[0]


def test_the_bots_own_doing_is_no_alarm_and_names_who_asked_for_it() -> None:
    course = Course(own=(OwnChange("stop", "stop web", "T0HOME:U0ANNA0", NOW),))
    course.look(STOPPED)
    report = incident_cards.card(course.only, None)
    assert report.level is Level.INFO
    assert all(part.level is Level.INFO for part in report.parts if isinstance(part, Finding))
    assert said(report)[-1] == "The bot's own doing: `stop web`, asked for by <@U0ANNA0>."


def test_a_blind_bot_does_not_say_that_anything_is_wrong() -> None:
    course = Course()
    course.look(UNSEEN)
    report = incident_cards.card(course.only, None)
    assert (report.headline, report.level) == ("`web`: I cannot see n2", Level.UNKNOWN)


def test_who_has_it_stands_on_the_card() -> None:
    course = Course()
    course.look(LOST)
    report = incident_cards.card(acknowledge(course.only, "local:root", NOW), None)
    assert "Acknowledged by root." in said(report)
    assert "Acknowledge" not in {choice.label for choice in report.choices}


@pytest.mark.parametrize("word", ["served", "doubled", "waiting", "nowhere", "off", "a word of tomorrow"])
def test_every_place_of_a_floating_ip_can_be_told(word: str) -> None:
    course = Course()
    course.look(LOST)
    seen = Condition("web", {(Topic.VIP, "vip1"): State(word, ("n1", "n2") if word == "doubled" else ())})
    assert (
        f"`vip1` {'on n1 and n2 at once' if word == 'doubled' else ''}"
        in said(incident_cards.card(course.only, seen))[-1]
    )


def test_the_documentation_tells_each_headline_as_it_is() -> None:
    table = SITUATIONS.read_text().split("| cause | while it is so |", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| `([^`]+)`[^|]* \| (.+) \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert {key.partition(":")[0] for key, *_ in rows} == {*What, phrases.TOKEN}
    for key, *told in rows:
        assert told == [phrases.now(key), phrases.over(key), phrases.past(key)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.sampled_from(TROUBLES), max_size=12), min_size=1, max_size=5))
def test_every_card_is_one_that_slack_takes(looks: list[set[Trouble]]) -> None:
    course = Course()
    for found in looks:
        for act in course.look(*sorted(found, key=lambda one: one.key), after=20):
            report = incident_cards.card(act.incident, SEEN, WEB)
            assert len(report.choices) <= SIDE_BY_SIDE
            assert len(report.headline) <= 150
            for shown in (report, *(incident_cards.note(line) for line in act.lines)):
                drawn = render(shown)
                assert message_problems(drawn.text, drawn.blocks) == []
