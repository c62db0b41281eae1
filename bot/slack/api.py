"""Slack's Web API: one pooled session, three ways of retrying, and errors in our own words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.conversation import FateUnknown, NotDelivered, RateLimited, SlackAway
from bot.slack.render import Rendered
from bot.slack.sdk_log import sdk_logger

BASE_URL = "https://slack.com/api/"
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
_RATE_LIMIT_RETRIES = 3
_RETRY_AFTER = 10.0
"""Seconds to wait where something in between asks for patience, and not for how long."""
_TOO_FAST = frozenset({"ratelimited", "rate_limited"})
_HALF_DONE = frozenset({"fatal_error", "internal_error", "service_unavailable"})
"""With these Slack says that some of what was asked may have been done."""

TOKEN_REFUSED = frozenset({
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "not_allowed_token_type",
    "missing_scope",
    "no_permission",
})  # fmt: skip
"""Slack's words for a token that no patience makes good."""


class SlackRefused(NotDelivered):
    """Slack took the call and said no. `code` is its word for why, such as `not_in_channel`."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refuses {method}: {code}", code=code)


@dataclass(frozen=True, slots=True)
class Api:
    """The Web API as a bot token sees it.

    `posting` never repeats a call whose connection broke: Slack may have handled it, and the message would be there
    twice. `repeatable` does, for calls that may be made twice. Both wait when Slack asks for patience (HTTP 429).
    `once` neither repeats nor waits: whoever calls has other messages to send meanwhile, and decides.
    """

    posting: AsyncWebClient
    repeatable: AsyncWebClient
    once: AsyncWebClient
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
            once=AsyncWebClient(token, base_url, session=session, logger=log, retry_handlers=[]),
            session=session,
        )


def _patience() -> list[AsyncRetryHandler]:
    return [AsyncRateLimitErrorRetryHandler(max_retry_count=_RATE_LIMIT_RETRIES)]


@contextmanager
def words_for(method: str) -> Iterator[None]:
    """Turn what the SDK raises into `NotDelivered`, without the request's contents or addresses."""
    try:
        yield
    except SlackApiError as error:
        raise _refusal(method, error.response) from None
    except SlackClientError as error:
        raise SlackRefused(method, type(error).__name__) from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
        raise SlackAway(f"Slack cannot be reached for {method}: {type(error).__name__}") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise FateUnknown(f"the answer to {method} was lost: {type(error).__name__}") from None


def _refusal(method: str, response: Any) -> NotDelivered:
    """Tell what an answer that is no yes means for what was asked. What is not JSON is told by its HTTP status."""
    if isinstance(response, AsyncSlackResponse):
        status, data = response.status_code, response.data
    else:  # aiohttp's own, where the body was no JSON
        status, data = int(response.status), None
    said = str(data["error"]) if isinstance(data, dict) and "error" in data else ""
    code = said or f"HTTP status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or said in _TOO_FAST:
        return RateLimited(f"Slack asks for patience with {method}", retry_after=_retry_after(response), code=code)
    if said in _HALF_DONE or (not said and (status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.OK)):
        return FateUnknown(f"Slack does not say what became of {method}: {code}", code=code)
    return SlackRefused(method, code)


def _retry_after(response: Any) -> float:
    """Return the seconds that Slack asks to wait, which it gives as a whole number."""
    for name, value in response.headers.items():
        if name.lower() == "retry-after" and str(value).strip().isdecimal():
            return float(value)
    return _RETRY_AFTER
