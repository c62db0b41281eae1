"""HTTP mode takes what Slack signed within five minutes, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.slack.api import Api
from bot.slack.front import Slack
from bot.slack.http import EVENTS, HEALTH, METRICS, READY, Health, application, serving
from commands.errors import HaclusterError
from commands.report import Level, Report
from sandbox.slack import Workspace

COMMAND = {
    "command": "/hacluster",
    "text": "stop web",
    "team_id": "T00000TEAM1",
    "user_id": "U0000000ADA",
    "channel_id": "C0000000OPS",
    "trigger_id": "1.2.3",
}


async def _well() -> Health:
    return Health(ok=True)


@pytest.fixture
async def url(ws: Workspace, api: Api, desk: Any) -> AsyncIterator[str]:
    slack = Slack(api, desk, signing_secret=ws.signing_secret)
    async with serving(application(_well, slack), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"
        assert await slack.close(grace=2) == ()


async def _post(url: str, secret: str, *, at: float, body: str = urlencode(COMMAND), stamp: str = "") -> int:
    """Post a slash command signed with a secret at a time; `stamp` is what is said of it, if that is not so."""
    stamp = stamp or str(int(at))
    signature = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
    }
    async with aiohttp.ClientSession() as session, session.post(url + EVENTS, data=body, headers=headers) as answer:
        return answer.status


async def test_commands_arrive_and_are_answered(ws: Workspace, url: str, desk: Any) -> None:
    async def answer(asked: Any) -> None:
        await asked.surface.post(Report("web runs", Level.OK))

    desk.answer = answer
    await ws.use_http(url + EVENTS)
    done = await ws.slash("ada", "#ops", "/hacluster status web")
    message = (await ws.wait_for(lambda: ws.messages("#ops")))[0]

    assert (done.acked, done.body) == (True, None)
    assert message.text == "OK · web runs"


async def test_a_command_signed_in_time_is_taken(ws: Workspace, url: str, desk: Any) -> None:
    assert await _post(url, ws.signing_secret, at=time.time()) == 200
    (asked,) = await desk.until(1)

    assert asked.what == "stop web"


async def test_a_forged_signature_is_refused(url: str, desk: Any) -> None:
    assert await _post(url, "guessed", at=time.time()) == 401
    assert desk.asked == []


async def test_a_replay_after_five_minutes_is_refused(ws: Workspace, url: str, desk: Any) -> None:
    assert await _post(url, ws.signing_secret, at=time.time() - 301) == 401
    assert desk.asked == []


STRANGE = urlencode({**COMMAND, "team_id": ""})


async def test_what_slack_signed_and_nobody_can_read_is_answered(ws: Workspace, url: str, desk: Any) -> None:
    assert await _post(url, ws.signing_secret, at=time.time(), body=STRANGE) == 200
    (told,) = await ws.wait_for(lambda: ws.ephemerals("ada"))

    assert "I cannot read what Slack sent me" in told.text
    assert desk.asked == []


@pytest.mark.parametrize("stamp", ["", "yesterday", "٣", "-1"])
@pytest.mark.parametrize("body", [STRANGE, "payload=[1]", "payload=%5B", "{", "null", ""])
async def test_what_slack_did_not_sign_is_not_answered_however_strange(
    ws: Workspace, url: str, desk: Any, body: str, stamp: str
) -> None:
    assert await _post(url, "guessed", at=time.time(), body=body, stamp=stamp) in {400, 401, 500}
    assert ws.ephemerals("ada") == []
    assert desk.asked == []


async def test_without_a_signing_secret_there_is_no_http_mode(api: Api, desk: Any) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        application(_well, Slack(api, desk))


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
@pytest.mark.parametrize("path", [HEALTH, READY])
async def test_a_supervisor_can_ask_how_we_are(path: str, ok: bool, status: int) -> None:  # noqa: FBT001
    async def state() -> Health:
        return Health(ok, {"path": path})

    async def other() -> Health:
        return Health(not ok)

    app = application(state, ready=state) if path == READY else application(state, ready=other)
    async with serving(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{port}{path}")

        assert (answer.status, await answer.json()) == (status, {"ok": ok, "path": path})


async def test_prometheus_can_ask_for_the_metrics() -> None:
    async def metrics() -> bytes:
        return b"hacluster_slack_connected 1.0\n"

    async with (
        serving(application(_well, metrics=metrics), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
    ):
        answer = await session.get(f"http://127.0.0.1:{port}{METRICS}")

        assert answer.content_type == "text/plain"
        assert await answer.read() == b"hacluster_slack_connected 1.0\n"


async def test_a_place_that_is_taken_is_told_as_what_it_most_often_is_a_second_bot() -> None:
    async with serving(application(_well), "127.0.0.1", 0) as port:
        with pytest.raises(HaclusterError, match=f"127.0.0.1:{port} .* Address already in use") as refused:
            async with serving(application(_well), "127.0.0.1", port):
                pass
    assert "Does a bot run here already?" in refused.value.remedy
