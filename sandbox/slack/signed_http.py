"""Signed HTTP delivery: the app's request URL instead of Socket Mode.

Slack signs `v0:<timestamp>:<raw body>` with the app's signing secret (HMAC-SHA256) and takes a 200 within three
seconds as the acknowledgement. Commands come as forms, interactions as a form with a `payload`, events as JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.clock import Clock
from sandbox.slack.delivery import EVENT, SLASH, Parcel
from sandbox.slack.records import Reply
from sandbox.slack.refusal import Refused
from sandbox.slack.wire import Json

_FORM = "application/x-www-form-urlencoded"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What goes into X-Slack-Signature."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class SignedHttp:
    """The route to one request URL."""

    name = "http"

    def __init__(self, request_url: str, signing_secret: str, clock: Clock) -> None:
        """Deliver to `request_url`, for commands, interactions and events alike."""
        self._url = request_url
        self._secret = signing_secret
        self._clock = clock
        self._session = aiohttp.ClientSession(headers={"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"})

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()

    async def verify(self, verification_token: str) -> None:
        """Ask the URL to prove itself, as Slack does when it is entered; Refused if it does not."""
        challenge = secrets.token_hex(16)
        payload = {"type": "url_verification", "token": verification_token, "challenge": challenge}
        reply = await self.carry(Parcel(EVENT, payload), 3.0)
        answered = (reply.body or {}).get("challenge") or (reply.body or {}).get("text")
        if answered != challenge:
            raise Refused("url_not_verified")

    async def carry(self, parcel: Parcel, timeout: float) -> Reply:  # noqa: ASYNC109 - as Route has it
        """Send one signed request; a 200 in time is the acknowledgement."""
        body, content_type = _body(parcel.kind, parcel.payload)
        timestamp = int(self._clock())
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if parcel.attempt:
            headers |= {"X-Slack-Retry-Num": str(parcel.attempt), "X-Slack-Retry-Reason": "http_timeout"}
        started = time.monotonic()
        limit = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._session.post(self._url, data=body, headers=headers, timeout=limit) as answer:
                taken = await _answer(answer)
        except TimeoutError:
            return Reply(acked=False, seconds=time.monotonic() - started, problem="operation_timeout")
        except aiohttp.ClientError:
            return Reply(acked=False, seconds=time.monotonic() - started, problem="dispatch_failed")
        seconds = time.monotonic() - started
        if answer.status != 200:  # noqa: PLR2004 - the only status Slack takes as an acknowledgement
            return Reply(acked=False, seconds=seconds, problem="dispatch_failed")
        return Reply(acked=True, seconds=seconds, body=taken)


def _body(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == EVENT:
        return json.dumps(payload).encode(), "application/json"
    if kind == SLASH:
        return urlencode(payload).encode(), _FORM
    return urlencode({"payload": json.dumps(payload)}).encode(), _FORM


async def _answer(answer: aiohttp.ClientResponse) -> Json | None:
    """What came with the acknowledgement: JSON, or plain text as a message's text."""
    text = await answer.text()
    if not text:
        return None
    if answer.content_type == "application/json":
        try:
            body = json.loads(text)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None
    return {"text": text}
