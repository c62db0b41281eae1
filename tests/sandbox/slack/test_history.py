"""What an app reads back: a window of time, page by page, newest first; only with the scope for that kind of channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import DEMO, Channel, Workspace

SECRET = Channel("C0000SECRET", "secret", ("U0000000ADA", DEMO.app.bot_user.id), is_private=True)
OPS = "C0000000OPS"


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    """A workspace with a private channel, of whose history the app may read the public part."""
    world = replace(DEMO, channels=(*DEMO.channels, SECRET))
    async with Workspace(world, scopes=(*DEMO.app.scopes, "channels:history")) as workspace:
        yield workspace


@pytest.fixture
async def posted(client: AsyncWebClient) -> list[str]:
    """The timestamps of five messages, each marked with its number, the third with a reply."""
    stamps = []
    for number in range(5):
        mark = {"event_type": "mark", "event_payload": {"id": str(number)}}
        stamps.append((await client.chat_postMessage(channel=OPS, text=str(number), metadata=mark))["ts"])
    await client.chat_postMessage(channel=OPS, text="reply", thread_ts=stamps[2])
    return stamps


async def texts(client: AsyncWebClient, **window: Any) -> list[str]:
    return [message["text"] for message in (await client.conversations_history(channel=OPS, **window))["messages"]]


async def test_a_window_leaves_its_ends_out_unless_asked_to_include_them(
    client: AsyncWebClient, posted: list[str]
) -> None:
    window = {"oldest": posted[1], "latest": posted[3]}

    assert await texts(client) == ["4", "3", "2", "1", "0"]
    assert await texts(client, **window) == ["2"]
    assert await texts(client, **window, inclusive=True) == ["3", "2", "1"]


async def test_pages_follow_each_other_by_cursor(client: AsyncWebClient, posted: list[str]) -> None:
    first = await client.conversations_history(channel=OPS, oldest=posted[0], limit=3)
    cursor = first["response_metadata"]["next_cursor"]

    assert first["has_more"]
    assert [message["text"] for message in first["messages"]] == ["4", "3", "2"]
    assert await texts(client, oldest=posted[0], limit=3, cursor=cursor) == ["1"]


async def test_marks_come_when_asked_for_in_threads_too(client: AsyncWebClient, posted: list[str]) -> None:
    thread = await client.conversations_replies(channel=OPS, ts=posted[2], include_all_metadata=True)

    assert [message["text"] for message in thread["messages"]] == ["2", "reply"]
    assert thread["messages"][0]["metadata"] == {"event_type": "mark", "event_payload": {"id": "2"}}
    assert all("metadata" not in message for message in (await client.conversations_history(channel=OPS))["messages"])


async def test_an_edit_keeps_the_mark(client: AsyncWebClient, posted: list[str]) -> None:
    await client.chat_update(channel=OPS, ts=posted[4], text="four")

    newest = (await client.conversations_history(channel=OPS, limit=1, include_all_metadata=True))["messages"][0]
    assert (newest["text"], newest["metadata"]["event_payload"]) == ("four", {"id": "4"})


async def test_a_private_channel_needs_a_scope_of_its_own(client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.conversations_history(channel=SECRET.id)

    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", "groups:history")
