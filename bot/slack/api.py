"""Slack's Web API: one pooled session, two ways of retrying, and errors in our own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.conversation import NotDelivered
from bot.slack.render import Rendered
from bot.slack.sdk_log import sdk_logger

BASE_URL = "https://slack.com/api/"
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
_RATE_LIMIT_RETRIES = 3


class SlackRefused(NotDelivered):
    """Slack took the call and said no. `code` is its word for why, such as `not_in_channel`."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refuses {method}: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Api:
    """The Web API as a bot token sees it.

    `posting` never repeats a call whose connection broke: Slack may have handled it, and the message would be there
    twice. `repeatable` does, for calls that may be made twice. Both wait when Slack asks for patience (HTTP 429).
    """

    posting: AsyncWebClient
    repeatable: AsyncWebClient
    session: aiohttp.ClientSession

    async def respond(self, url: str, message: Rendered, *, replace: bool = False) -> None:
        """Answer by a `response_url`: to the person only, or in the place of the ephemeral message they pressed.

        Slack takes five answers in thirty minutes.
        """
        client = AsyncWebhookClient(url, session=self.session, retry_handlers=_patience(), logger=sdk_logger())
        with words_for("response_url"):
            answer = await client.send(
                text=message.text,
                blocks=message.blocks,
                response_type="ephemeral",
                replace_original=replace,
                unfurl_links=False,
                unfurl_media=False,
            )
        if answer.status_code != HTTPStatus.OK:
            raise SlackRefused("response_url", answer.body[:80])


@asynccontextmanager
async def open_api(token: str, base_url: str = BASE_URL) -> AsyncIterator[Api]:
    """Hold a session to the Web API. Another `base_url` points everything, Socket Mode too, at another server."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        log = sdk_logger()
        broken: list[AsyncRetryHandler] = [AsyncConnectionErrorRetryHandler(max_retry_count=2)]
        yield Api(
            posting=AsyncWebClient(token, base_url, session=session, logger=log, retry_handlers=_patience()),
            repeatable=AsyncWebClient(
                token, base_url, session=session, logger=log, retry_handlers=_patience() + broken
            ),
            session=session,
        )


def _patience() -> list[AsyncRetryHandler]:
    return [AsyncRateLimitErrorRetryHandler(max_retry_count=_RATE_LIMIT_RETRIES)]


def _code(response: Any) -> str:
    """Return Slack's word for why. What is not JSON, as a proxy's error page, is told by its HTTP status."""
    data = response.data if isinstance(response, AsyncSlackResponse) else None
    if isinstance(data, dict) and "error" in data:
        return str(data["error"])
    return f"HTTP status {getattr(response, 'status_code', 'unknown')}"


@contextmanager
def words_for(method: str) -> Iterator[None]:
    """Turn what the SDK raises into `NotDelivered`, without the request's contents or addresses."""
    try:
        yield
    except SlackApiError as error:
        raise SlackRefused(method, _code(error.response)) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NotDelivered(f"Slack cannot be reached for {method}: {type(error).__name__}") from None
