"""What Slack does to text is undone, and what is not meant for us is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Place
from bot.slack.payloads import mention, slash, typed

BOT = "U000000BOT1"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("setup web n1=<http://n1.example.com|n1.example.com>", "setup web n1=n1.example.com"),
        ("report <mailto:ops@example.com|ops@example.com>", "report ops@example.com"),
        ("status <https://web.example.com/>", "status https://web.example.com/"),
        ("ack <@U0000000ADA|ada> in <#C0000000OPS|ops>", "ack <@U0000000ADA> in <#C0000000OPS>"),
        ("note a &lt; b &amp;&amp; c &gt; d", "note a < b && c > d"),
        ("note &amp;lt; stays", "note &lt; stays"),
        ("`status web`", "status web"),
        ("  status   web ", "status   web"),
    ],
)
def test_text_is_what_was_typed(sent: str, meant: str) -> None:
    assert typed(sent) == meant


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(typed(text), str)


def _event(text: str, **more: Any) -> dict[str, Any]:
    event = {"type": "app_mention", "user": "U1", "text": text, "channel": "C1", "ts": "2.0", **more}
    return {"team_id": "T1", "event_id": "Ev1", "event": event}


@pytest.mark.parametrize("text", [f"<@{BOT}> status web", f"hey <@{BOT}> status web", f"status web <@{BOT}>"])
def test_a_mention_is_the_words_beside_the_bots_name(text: str) -> None:
    heard = mention(_event(text), BOT)

    assert heard is not None
    assert heard.text == "status web"


def test_a_mention_in_a_channel_is_answered_there_and_one_in_a_thread_in_the_thread() -> None:
    in_channel = mention(_event(f"<@{BOT}> status"), BOT)
    in_thread = mention(_event(f"<@{BOT}> status", thread_ts="1.0"), BOT)

    assert in_channel is not None
    assert in_thread is not None
    assert (in_channel.sent.place, in_thread.sent.place) == (Place("C1"), Place("C1", "1.0"))


@pytest.mark.parametrize("more", [{"bot_id": "B2"}, {"subtype": "bot_message"}, {"edited": {"ts": "3.0"}}])
def test_other_bots_and_edits_are_not_listened_to(more: dict[str, Any]) -> None:
    assert mention(_event(f"<@{BOT}> stop web", **more), BOT) is None


def test_a_person_from_another_workspace_is_of_that_workspace() -> None:
    heard = mention(_event(f"<@{BOT}> status", user_team="T2"), BOT)

    assert heard is not None
    assert heard.sent.team == "T2"


def test_a_payload_that_is_not_slacks_is_not_guessed_at() -> None:
    with pytest.raises(KeyError):
        slash({"text": "stop web"})
