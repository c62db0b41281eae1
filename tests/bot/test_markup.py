"""The markup of reports: code, people, channels and messages of Slack; whatever else looks like it is text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import Span, linked, spans, without_markup
from bot.slack.markup import rich

CARD = "https://acme.slack.com/archives/C0ALERTS/p1763884800000100"


def test_words_lead_to_a_message_of_slack() -> None:
    (span,) = spans(linked("n2 was lost", CARD))
    assert span == Span("link", "n2 was lost", CARD)
    assert list(rich(linked("n2 was lost", CARD))) == [{"type": "link", "url": CARD, "text": "n2 was lost"}]
    assert without_markup(linked("n2 was lost", CARD)) == f"n2 was lost ({CARD})"


def test_a_reply_a_grid_and_a_workspace_on_this_machine_have_addresses_too() -> None:
    for address in (
        f"{CARD}?thread_ts=1763884800.000100&cid=C0ALERTS",
        "https://acme.enterprise.slack.com/archives/C0ALERTS/p1763884800000100",
        "http://127.0.0.1:8123/archives/C0ALERTS/p1763884800000100",
    ):
        assert [span.address for span in spans(linked("card", address))] == [address]


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://evil.example/archives/C0ALERTS/p1",
        "https://slack.com.evil.example/archives/C0ALERTS/p1",
        "javascript:alert(1)",
        f"{CARD}|x>",
        "https://acme.slack.com/signout",
    ],
)
def test_nothing_leads_anywhere_else(address: str | None) -> None:
    assert linked("n2 was lost", address) == "n2 was lost"
    assert {span.address for span in spans(f"<{address}|click>")} <= {"", CARD}


def test_a_channel_is_shown_as_slack_shows_it() -> None:
    assert list(rich("in <#C0ALERTS>")) == [
        {"type": "text", "text": "in "},
        {"type": "channel", "channel_id": "C0ALERTS"},
    ]
    assert without_markup("in <#C0ALERTS>") == "in #C0ALERTS"


@given(st.text(st.sampled_from("ab <>|`@#C0/:.\n"), max_size=30))
def test_no_words_break_out_of_their_link(words: str) -> None:
    found = list(spans(linked(words, CARD)))
    assert [span.address for span in found if span.kind == "link"] in ([CARD], [])
    assert len(found) <= 1 or all(span.kind != "link" for span in found)
