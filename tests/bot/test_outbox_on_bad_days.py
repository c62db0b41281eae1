"""The outbox when Slack refuses, is slow, is away, or the bot dies."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.conversation import NotDelivered
from bot.store import Store
from commands.report import Listing, Report
from tests.bot.scripted_slack import START, HandClock, Loss, Office, ScriptedSlack, too_fast

OPS, DEV = "C0OPS", "C0DEV"
HOUR = 3600.0


@pytest.fixture
async def office(store: Store, logged: list[dict[str, object]]) -> AsyncIterator[Office]:
    del logged
    clock = HandClock()
    office = Office(store, clock, ScriptedSlack(clock))
    office.start()
    yield office
    await office.kill()


class TestPatience:
    async def test_a_channel_that_was_too_fast_waits_as_long_as_slack_says(self, office: Office) -> None:
        office.slack.plan.append(too_fast(30))
        await office.outbox.say(OPS, Report("one"))
        await office.settle()
        await office.outbox.say(DEV, Report("two"))
        await office.forward(29)
        assert (office.slack.headlines(OPS), office.slack.headlines(DEV)) == ([], ["two"])
        await office.forward(2)
        assert office.slack.headlines(OPS) == ["one"]

    async def test_posts_are_not_held_up_by_edits_that_were_too_fast(self, office: Office) -> None:
        await office.outbox.card("a", OPS, Report("link down"))
        await office.settle()
        office.slack.plan.append(too_fast(30))
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.settle()
        await office.outbox.card("b", OPS, Report("n3 is lost"))
        await office.forward(2)
        assert office.slack.headlines(OPS) == ["link down", "n3 is lost"]
        await office.forward(30)
        assert office.slack.headlines(OPS) == ["n2 is lost", "n3 is lost"]


class TestUnknownFate:
    @pytest.mark.parametrize("loss", ["request lost", "reply lost"])
    async def test_a_message_is_looked_for_before_it_is_sent_again(self, office: Office, loss: Loss) -> None:
        office.slack.plan.append(loss)
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.outbox.note("a", Report("n1 says so"))
        await office.forward(10)
        assert office.slack.headlines(OPS) == ["n2 is lost"]
        assert office.slack.headlines(OPS, "1.0") == ["n1 says so"]

    @pytest.mark.parametrize("loss", ["hangs before", "hangs after"])
    async def test_so_is_what_a_dead_bot_was_posting(self, office: Office, loss: Loss) -> None:
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.settle()
        office.slack.plan.append(loss)
        await office.outbox.note("a", Report("n1 says so"))
        await office.forward(2)
        await office.kill()
        office.start()
        await office.forward(5)
        assert office.slack.headlines(OPS, "1.0") == ["n1 says so"]

    async def test_what_changed_while_the_bot_was_dead_is_edited_in(self, office: Office) -> None:
        office.slack.plan.append("hangs after")
        await office.outbox.card("a", OPS, Report("link down"))
        await office.settle()
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.kill()
        office.start()
        await office.forward(5)
        (message,) = office.slack.messages
        assert [report.headline for report in message.said] == ["link down", "n2 is lost"]

    async def test_where_nobody_may_look_it_is_sent_again_and_says_so(self, office: Office) -> None:
        office.slack.history = False
        office.slack.plan.append("reply lost")
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.forward(10)
        assert office.slack.headlines(OPS) == ["n2 is lost", "n2 is lost (may be a repeat)"]
        await office.outbox.card("a", OPS, Report("n2 is back"))
        await office.forward(5)
        assert office.slack.headlines(OPS) == ["n2 is lost", "n2 is back (may be a repeat)"]

    async def test_looks_that_fail_again_and_again_are_given_up_and_it_is_sent(self, office: Office) -> None:
        broken = NotDelivered("no", code="internal_error")
        office.slack.plan.extend(("request lost", broken, broken, broken, broken))
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.forward(60)
        assert office.slack.headlines(OPS)[0].startswith("n2 is lost (may be a repeat")

    async def test_an_edit_of_unknown_fate_is_made_again(self, office: Office) -> None:
        await office.outbox.card("a", OPS, Report("link down"))
        await office.settle()
        office.slack.plan.append("reply lost")
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.forward(10)
        (message,) = office.slack.messages
        assert [report.headline for report in message.said] == ["link down", "n2 is lost", "n2 is lost"]
        assert office.outbox.waiting() == 0


class TestSlackAway:
    async def test_a_card_that_opened_and_closed_meanwhile_is_shown_once_as_it_now_stands(self, office: Office) -> None:
        office.slack.away = True
        for minute, word in enumerate(("link down", "n2 is lost", "n2 is back")):
            await office.outbox.card("a", OPS, Report(word), urgency=3)
            await office.outbox.note("a", Report(f"minute {minute}", mentions=("S0ONCALL",) if minute == 1 else ()))
            await office.leap(20 * 60)
        office.slack.away = False
        await office.forward(30)
        card, thread = office.slack.messages
        assert [report.headline for report in card.said] == ["n2 is back (sent 60 min late)"]
        (listing,) = thread.said[0].parts
        assert isinstance(listing, Listing)
        assert thread.thread == card.ref.ts
        assert listing.text == "12:00:00  minute 0\n12:20:00  minute 1\n12:40:00  minute 2"
        assert thread.said[0].mentions == ("S0ONCALL",)

    async def test_many_messages_of_no_urgency_become_a_digest_and_what_matters_goes_first(
        self, office: Office
    ) -> None:
        office.slack.away = True
        for number in range(6):
            await office.outbox.say(OPS, Report(f"report {number}"))
            await office.leap(600)
        await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=2)
        await office.outbox.say(OPS, Report("quorum lost"), urgency=3)
        await office.outbox.say(DEV, Report("hello"))
        office.slack.away = False
        await office.forward(30)
        quorum, lost, digest = office.slack.headlines(OPS)
        assert (quorum, lost) == ("quorum lost", "n2 is lost")
        assert digest == "While Slack was away: 6 messages of 12:00 to 12:50 UTC (sent 60 min late)"
        assert office.slack.headlines(DEV) == ["hello"]
        (listing,) = office.slack.messages[-1].said[0].parts
        assert isinstance(listing, Listing)
        assert [line.split("  ")[1] for line in listing.text.splitlines()] == [f"report {n}" for n in range(6)]

    async def test_a_few_late_ones_are_each_sent_and_say_that_they_are_late(self, office: Office) -> None:
        office.slack.away = True
        await office.outbox.say(OPS, Report("one"))
        await office.leap(720)
        await office.outbox.say(OPS, Report("two"))
        office.slack.away = False
        await office.forward(10)
        assert office.slack.headlines(OPS) == ["one (sent 12 min late)", "two"]

    async def test_while_it_is_away_it_is_asked_seldom_and_by_one_message(self, office: Office) -> None:
        office.slack.away = True
        for channel in (OPS, DEV, "C0ELSE"):
            await office.outbox.say(channel, Report("hello"))
        await office.forward(120)
        assert 10 < len(office.slack.calls) < 20
        assert (office.outbox.away_since, office.outbox.waiting()) == (START, 3)
        office.slack.away = False
        await office.forward(10)
        assert (office.outbox.away_since, office.outbox.waiting()) == (None, 0)

    async def test_what_waited_is_sent_by_the_next_bot(self, office: Office) -> None:
        office.slack.away = True
        await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=3)
        await office.forward(5)
        await office.kill()
        office.clock.forward(HOUR)
        office.slack.away = False
        office.start()
        await office.settle()
        assert office.slack.headlines(OPS) == ["n2 is lost (sent 60 min late)"]

    async def test_an_edit_that_is_late_says_so_until_the_next_one(self, office: Office) -> None:
        await office.outbox.card("a", OPS, Report("link down"))
        await office.settle()
        office.slack.away = True
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.leap(300)
        office.slack.away = False
        await office.forward(20)
        assert office.slack.headlines(OPS) == ["n2 is lost (sent 5 min late)"]
        await office.outbox.card("a", OPS, Report("n2 is back"))
        await office.forward(20)
        assert office.slack.headlines(OPS) == ["n2 is back"]


class TestRefusals:
    async def test_a_channel_that_takes_nothing_is_told_of_once_and_holds_up_no_other(
        self, office: Office, logged: list[dict[str, object]]
    ) -> None:
        office.slack.closed[OPS] = "not_in_channel"
        await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=3)
        await office.outbox.say(OPS, Report("report"))
        await office.settle()
        await office.outbox.say(DEV, Report("hello"))
        await office.forward(600)
        assert office.slack.headlines(DEV) == ["hello"]
        assert office.outbox.refused == {OPS: "not_in_channel"}
        assert [entry["log_level"] for entry in logged] == ["error"]
        assert sum(call.channel == OPS for call in office.slack.calls) <= 11

    async def test_once_the_bot_is_invited_everything_is_delivered(self, office: Office) -> None:
        office.slack.closed[OPS] = "not_in_channel"
        await office.outbox.card("a", OPS, Report("n2 is lost"), urgency=3)
        for number in range(5):
            await office.outbox.say(OPS, Report(f"report {number}"))
        await office.leap(HOUR)
        del office.slack.closed[OPS]
        await office.forward(70)
        assert office.outbox.refused == {}
        assert office.slack.headlines(OPS) == [
            "n2 is lost (sent 61 min late)",
            "While the bot could not post here (not_in_channel): 5 messages of 12:00 UTC (sent 61 min late)",
        ]

    async def test_a_card_that_somebody_deleted_is_posted_anew_when_it_has_news(self, office: Office) -> None:
        await office.outbox.card("a", OPS, Report("n2 is lost"))
        await office.settle()
        office.slack.messages.clear()
        await office.outbox.card("a", OPS, Report("n3 is lost too"))
        await office.outbox.note("a", Report("line"))
        await office.forward(10)
        (card,) = [message for message in office.slack.messages if message.thread is None]
        assert card.headline == "n3 is lost too"
        assert office.slack.headlines(OPS, card.ref.ts) == ["line"]

    async def test_a_message_that_will_never_be_taken_is_given_up_and_logged(
        self, office: Office, logged: list[dict[str, object]]
    ) -> None:
        office.slack.plan.append(NotDelivered("no", code="msg_too_long"))
        await office.outbox.say(OPS, Report("one"))
        await office.outbox.say(OPS, Report("two"))
        await office.forward(5)
        assert office.slack.headlines(OPS) == ["two"]
        assert office.outbox.waiting() == 0
        assert [(entry["event"], entry["why"]) for entry in logged] == [("message given up", "msg_too_long")]

    async def test_one_refused_for_no_reason_we_know_is_tried_again_and_lets_others_pass(self, office: Office) -> None:
        office.slack.plan.append(NotDelivered("no", code="internal_error"))
        await office.outbox.say(OPS, Report("one"))
        await office.outbox.say(DEV, Report("two"))
        await office.forward(5)
        assert (office.slack.headlines(OPS), office.slack.headlines(DEV)) == (["one"], ["two"])

    async def test_a_defect_in_sending_one_message_stops_no_other(
        self, office: Office, logged: list[dict[str, object]]
    ) -> None:
        office.slack.plan.append(ZeroDivisionError("a defect"))
        await office.outbox.say(OPS, Report("one"))
        await office.outbox.say(DEV, Report("two"))
        await office.forward(10)
        assert (office.slack.headlines(OPS), office.slack.headlines(DEV)) == (["one"], ["two"])
        assert any(entry.get("exc_info") for entry in logged)
