"""The outbox on good days: what is sent, in which order, how fast."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.outbox.form import from_json, to_json
from bot.store import Store
from commands.report import Choice, Finding, Level, Listing, Picture, Report, Table, Text
from tests.bot.scripted_slack import HandClock, Office, ScriptedSlack

OPS, DEV = "C0OPS", "C0DEV"


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    clock = HandClock()
    office = Office(store, clock, ScriptedSlack(clock))
    office.start()
    yield office
    await office.kill()


def test_a_report_is_kept_whole() -> None:
    report = Report(
        "n2 of web is lost",
        Level.CRITICAL,
        (
            Text("It was there."),
            Finding(Level.WARNING, "gone", "status web", "n2"),
            Table(("a",), (("b",),), "t"),
            Listing("log", "n2", "log.txt"),
            Picture(b"\x89PNG\x00\xff", "a.png", "a line"),
        ),
        next_step="status web",
        choices=(Choice("Ack", "ack", "id", "primary"),),
        more=(Choice("Silence", "silence", "id", confirm="Really?"),),
        mentions=("S0ONCALL", "here"),
    )
    assert from_json(to_json(report)) == report


async def test_the_first_message_of_an_idle_channel_goes_at_once_and_the_next_a_second_later(office: Office) -> None:
    for word in ("one", "two", "three"):
        await office.outbox.say(OPS, Report(word))
    await office.settle()
    assert office.slack.headlines(OPS) == ["one"]
    await office.forward(0.9)
    assert office.slack.headlines(OPS) == ["one"]
    await office.forward(1.2)
    assert office.slack.headlines(OPS) == ["one", "two", "three"]


async def test_a_busy_channel_holds_up_no_other(office: Office) -> None:
    for word in ("one", "two", "three"):
        await office.outbox.say(OPS, Report(word))
    await office.outbox.say(DEV, Report("four"))
    await office.settle()
    assert office.slack.headlines(DEV) == ["four"]


async def test_the_first_word_on_something_does_not_wait_behind_one_message(office: Office) -> None:
    await office.outbox.say(OPS, Report("hourly report"))
    await office.settle()
    await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=3)
    await office.outbox.card("b", OPS, Report("n3 is lost"), urgency=3)
    await office.settle()
    assert office.slack.headlines(OPS) == ["hourly report", "n2 is lost"]
    await office.forward(1)
    assert office.slack.headlines(OPS)[2:] == ["n3 is lost"]


async def test_a_card_that_gets_worse_does_not_wait_behind_its_last_edit(office: Office) -> None:
    await office.outbox.card("a", OPS, Report("link down"), urgency=1)
    await office.settle()
    for word in ("links down", "n2 does not answer"):
        await office.outbox.card("a", OPS, Report(word), urgency=1)
        await office.settle()
    assert office.slack.headlines(OPS) == ["links down"]
    await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=2)
    await office.settle()
    assert office.slack.headlines(OPS) == ["n2 is lost"]
    await office.outbox.card("a", OPS, Report("n2 is lost, vip1 is on n1"), urgency=2)
    await office.forward(1.1)
    assert office.slack.headlines(OPS) == ["n2 is lost"]
    await office.forward(0.1)
    assert office.slack.headlines(OPS) == ["n2 is lost, vip1 is on n1"]


async def test_urgent_ones_go_first_and_the_rest_in_order(office: Office) -> None:
    await office.kill()  # so that all of them are there when sending begins
    for word, urgency in (("zero", 0), ("report", 0), ("node", 2), ("report 2", 0), ("service", 3)):
        await office.outbox.say(OPS, Report(word), urgency=urgency)
    office.start()
    await office.forward(10)
    assert office.slack.headlines(OPS) == ["service", "node", "zero", "report", "report 2"]


async def test_a_card_is_one_message_and_its_notes_are_in_its_thread(office: Office) -> None:
    await office.outbox.card("a", OPS, Report("link down"))
    await office.outbox.note("a", Report("n1 says so"))
    await office.outbox.card("a", OPS, Report("n2 is lost"))
    await office.outbox.note("a", Report("quorum holds"))
    await office.forward(5)
    (card,) = [message for message in office.slack.messages if message.thread is None]
    assert [report.headline for report in card.said][-1] == "n2 is lost"
    assert office.slack.headlines(OPS, card.ref.ts) == ["n1 says so", "quorum holds"]
    assert office.outbox.waiting() == 0


async def test_of_edits_that_come_too_fast_only_the_newest_is_shown(office: Office) -> None:
    await office.outbox.card("a", OPS, Report("0"))
    await office.settle()
    for number in range(1, 10):
        await office.outbox.card("a", OPS, Report(str(number)))
        await office.settle()
    await office.forward(2)
    (card,) = office.slack.messages
    assert [report.headline for report in card.said] == ["0", "1", "9"]


async def test_what_a_card_says_already_is_not_said_again(office: Office) -> None:
    for _ in range(3):
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.forward(2)
    assert [call.method for call in office.slack.calls] == ["post"]


async def test_edits_in_many_channels_share_what_slack_allows_for_all(office: Office) -> None:
    channels = [f"C{number}" for number in range(30)]
    for channel in channels:
        await office.outbox.card(channel, channel, Report("early"))
    await office.settle()
    for channel in channels:
        await office.outbox.card(channel, channel, Report("confirmed"))
    await office.settle()
    edits = [call for call in office.slack.calls if call.method == "edit"]
    assert 20 <= len(edits) < 30
    await office.forward(12)
    assert all(message.headline == "confirmed" for message in office.slack.messages)


async def test_with_one_key_a_message_is_sent_once_even_by_the_next_bot(office: Office) -> None:
    await office.outbox.say(OPS, Report("09:00"), key="report:09:00")
    await office.outbox.card("a", OPS, Report("card"))
    await office.outbox.note("a", Report("line"), key="a:1")
    await office.forward(5)
    await office.kill()
    office.start()
    await office.outbox.say(OPS, Report("09:00"), key="report:09:00")
    await office.outbox.note("a", Report("line"), key="a:1")
    await office.forward(5)
    assert len(office.slack.messages) == 3


async def test_a_card_has_an_address_once_it_is_posted(office: Office) -> None:
    assert await office.outbox.link("a") is None
    await office.outbox.card("a", OPS, Report("n2 is lost"))
    await office.settle()
    assert await office.outbox.link("a") == "https://slack.example/C0OPS/1.0"
    office.slack.away = True
    assert await office.outbox.link("a") is None


async def test_a_note_for_no_card_is_told_to_the_log_only(office: Office, logged: list[dict[str, object]]) -> None:
    await office.outbox.note("never", Report("line"))
    await office.forward(5)
    assert office.slack.messages == []
    assert [entry["card"] for entry in logged] == ["never"]


async def test_it_knows_what_waits_and_when_it_sent(office: Office) -> None:
    assert (office.outbox.waiting(), office.outbox.last_sent) == (0, None)
    for word in ("one", "two"):
        await office.outbox.say(OPS, Report(word))
    begun = office.now
    await office.settle()
    assert (office.outbox.waiting(), office.outbox.last_sent) == (1, begun)
