"""What is sent once stays sent once, whatever the line does; and Slack's refusals come in our words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.conversation import NotDelivered, Ref
from bot.slack.api import Api, SlackRefused, open_api
from bot.slack.http import serving
from bot.slack.messages import Messages
from commands.report import Choice, Level, Report, Table

Behaviour = Callable[[web.Request, int], Awaitable[web.StreamResponse]]


class Faulty:
    """A Web API that counts calls by method and behaves as the test says; the number of the call is handed on."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.behaviour: Behaviour | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Count the call and behave."""
        method = request.match_info["method"]
        self.calls[method] = self.calls.get(method, 0) + 1
        assert self.behaviour is not None
        return await self.behaviour(request, self.calls[method])


@pytest.fixture
async def faulty() -> AsyncIterator[tuple[Faulty, Api]]:
    server = Faulty()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", server.answer)
    async with serving(app, "127.0.0.1", 0) as port, open_api("xoxb-1", f"http://127.0.0.1:{port}/api/") as api:
        yield server, api


async def _cut_the_first(request: web.Request, number: int) -> web.StreamResponse:
    """Handle the call and lose the line before the answer, once."""
    await request.read()
    if number == 1:
        assert request.transport is not None
        request.transport.close()
    return web.json_response({"ok": True, "channel": "C1", "ts": "1.0"})


async def test_a_post_whose_answer_is_lost_is_not_repeated(faulty: tuple[Faulty, Api]) -> None:
    server, api = faulty
    server.behaviour = _cut_the_first

    with pytest.raises(NotDelivered, match=r"chat\.postMessage"):
        await Messages(api).post("C1", Report("once"))
    assert server.calls == {"chat.postMessage": 1}


async def test_an_edit_whose_answer_is_lost_is_repeated(faulty: tuple[Faulty, Api]) -> None:
    server, api = faulty
    server.behaviour = _cut_the_first
    await Messages(api).edit(Ref("C1", "1.0"), Report("done", Level.OK), final=True)

    assert server.calls == {"chat.update": 2}


async def test_slack_asking_for_patience_gets_it(faulty: tuple[Faulty, Api]) -> None:
    async def busy_at_first(_: web.Request, number: int) -> web.StreamResponse:
        if number == 1:
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "0"})
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.0"})

    server, api = faulty
    server.behaviour = busy_at_first

    assert await Messages(api).post("C1", Report("patience")) == Ref("C1", "1.0")


async def test_an_error_page_is_told_by_its_status(faulty: tuple[Faulty, Api]) -> None:
    async def proxy(_: web.Request, __: int) -> web.StreamResponse:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

    server, api = faulty
    server.behaviour = proxy

    with pytest.raises(NotDelivered, match="502"):
        await Messages(api).post("C1", Report("?"))


async def test_slacks_refusal_carries_its_word_for_why(ws: Any, api: Api) -> None:
    with pytest.raises(SlackRefused) as refused:
        await Messages(api).post("C_NOWHERE", Report("?"))

    assert refused.value.code == "channel_not_found"
    assert ws.bot_token not in str(refused.value)


async def test_a_drawing_that_slack_refuses_is_sent_simply_with_its_buttons(faulty: tuple[Faulty, Api]) -> None:
    sent = []

    async def knows_no_tables(request: web.Request, _: int) -> web.StreamResponse:
        blocks = (await request.json())["blocks"]
        sent.append([block["type"] for block in blocks])
        if "table" in sent[-1]:
            return web.json_response({"ok": False, "error": "invalid_blocks"})
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.0"})

    server, api = faulty
    server.behaviour = knows_no_tables
    table = Table(("node",), (("n1",),))
    await Messages(api).post("C1", Report("web", parts=(table,), choices=(Choice("Go", "go", "1"),)))

    assert sent == [["header", "table", "actions"], ["section", "actions"]]
