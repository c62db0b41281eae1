"""How payloads reach the app: Socket Mode's rules, and signed HTTP with Bolt's own check of the signature."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import NotPossible, Workspace
from sandbox.slack.refusal import Refused

# Socket Mode


async def test_an_app_that_never_acks_fails_by_timeout_and_the_person_is_told() -> None:
    async with Workspace(ack_timeout=0.05) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        handler = AsyncSocketModeHandler(AsyncApp(client=client, signing_secret=ws.signing_secret), ws.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        done = await ws.slash("ada", "#ops", "/hacluster status")
        await handler.close_async()  # type: ignore[no-untyped-call]
    assert not done.acked
    assert done.notice == "/hacluster failed with the error “operation_timeout”"
    assert [message.text for message in ws.ephemerals("ada")] == [done.notice]


async def test_without_any_connection_nothing_is_delivered_and_nothing_is_kept(ws: Workspace) -> None:
    done = await ws.slash("ada", "#ops", "/hacluster status")
    assert done.notice == "/hacluster failed with the error “dispatch_failed”"
    assert [delivery.reply.problem for delivery in ws.deliveries if delivery.reply] == ["dispatch_failed"]


async def test_the_acks_own_text_is_shown_to_the_person_alone(app: AsyncApp, ws: Workspace) -> None:
    @app.command("/hacluster")
    async def usage(ack: AsyncAck, command: dict[str, Any]) -> None:
        kind = "in_channel" if command["text"] == "loud" else "ephemeral"
        await ack(text="usage: ...", response_type=kind)

    await ws.slash("eve", "#ops", "/hacluster")
    assert [message.text for message in ws.ephemerals("eve")] == ["usage: ..."]
    assert ws.messages("#ops") == []
    await ws.slash("eve", "#ops", "/hacluster loud")
    assert [message.text for message in ws.messages("#ops")] == ["usage: ..."]


async def test_commands_arrive_escaped_with_names_as_ids(app: AsyncApp, ws: Workspace) -> None:
    texts: list[str] = []

    @app.command("/hacluster")
    async def note(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack()
        texts.append(command["text"])

    await ws.slash("ada", "#ops", "/hacluster approve @ole #web a<b & c")
    ole, web_channel = ws.user("ole").id, ws.channel("#web").id
    assert await ws.wait_for(lambda: texts) == [f"approve <@{ole}|ole> <#{web_channel}|web> a&lt;b &amp; c"]


async def test_each_payload_goes_to_one_of_two_connections_in_turn(ws: Workspace) -> None:
    heard: dict[str, list[str]] = {"a": [], "b": []}

    async def listen(name: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            if envelope["type"] == "slash_commands":
                heard[name].append(envelope["payload"]["text"])
                await socket.send_json({"envelope_id": envelope["envelope_id"]})

    client = AsyncWebClient(token=ws.app_token, base_url=ws.url + "/api/")
    async with aiohttp.ClientSession() as session:
        sockets = [
            await session.ws_connect((await client.apps_connections_open(app_token=ws.app_token))["url"]) for _ in heard
        ]
        listeners = [asyncio.create_task(listen(name, socket)) for name, socket in zip(heard, sockets, strict=True)]
        await ws.wait_for(lambda: ws.connected == 2)
        for number in range(4):
            assert (await ws.slash("ada", "#ops", f"/hacluster {number}")).acked
        for socket in sockets:
            await socket.close()
        await asyncio.gather(*listeners)
    assert sorted(heard["a"] + heard["b"]) == ["0", "1", "2", "3"]
    assert len(heard["a"]) == len(heard["b"]) == 2


async def test_a_ticket_is_good_once(ws: Workspace) -> None:
    client = AsyncWebClient(token=ws.app_token, base_url=ws.url + "/api/")
    url = (await client.apps_connections_open(app_token=ws.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        first = await session.ws_connect(url)
        assert (await first.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        await first.close()


async def test_bolt_comes_back_after_a_disconnect(app: AsyncApp, ws: Workspace) -> None:
    @app.command("/hacluster")
    async def status(ack: AsyncAck) -> None:
        await ack()

    await ws.disconnect("refresh_requested")
    await ws.wait_for(lambda: ws.socket_mode.accepted == 2)
    assert (await ws.slash("ada", "#ops", "/hacluster status")).acked


# What Slack's client does not let a person do


async def test_people_can_only_do_what_they_see(client: AsyncWebClient, ws: Workspace) -> None:
    ops, ada = ws.channel("#ops").id, ws.user("ada").id
    button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "A"}}
    blocks = [{"type": "actions", "elements": [button]}]
    private = await client.chat_postEphemeral(channel=ops, user=ada, text="x", blocks=blocks)
    public = await client.chat_postMessage(channel=ops, text="x", blocks=blocks)
    with pytest.raises(NotPossible):
        await ws.click("eve", "#ops", private["message_ts"], "a")
    with pytest.raises(NotPossible):
        await ws.click("eve", "#ops", public["ts"], "no-such-button")
    ws.store.leave(ops, ws.user("eve").id)
    with pytest.raises(NotPossible):
        await ws.click("eve", "#ops", public["ts"], "a")
    assert ws.deliveries == []


async def test_a_select_offers_its_options_only(app: AsyncApp, client: AsyncWebClient, ws: Workspace) -> None:
    picked: list[str] = []

    @app.action("node")
    async def pick(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        picked.append(action["selected_option"]["value"])

    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("n1", "n2")]
    select = {"type": "static_select", "action_id": "node", "options": options}
    posted = await client.chat_postMessage(channel="#ops", text="x", blocks=[{"type": "actions", "elements": [select]}])
    with pytest.raises(NotPossible):
        await ws.click("ada", "#ops", posted["ts"], "node", "n3")
    await ws.click("ada", "#ops", posted["ts"], "node", "n2")
    assert await ws.wait_for(lambda: picked) == ["n2"]


# Signed HTTP


@asynccontextmanager
async def served(app: AsyncApp) -> AsyncIterator[str]:
    """A Bolt app behind aiohttp, as it is run in HTTP mode; gives its request URL."""

    async def events(request: web.Request) -> web.Response:
        answer = await app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(answer)

    server = web.Application()
    server.router.add_post("/slack/events", events)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await runner.cleanup()


async def test_http_mode_passes_bolts_own_signature_check(ws: Workspace, client: AsyncWebClient) -> None:
    app = AsyncApp(client=client, signing_secret=ws.signing_secret)
    pressed: list[str] = []

    @app.command("/hacluster")
    async def status(ack: AsyncAck, say: AsyncSay) -> None:
        await ack("on it")
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "1"}
        await say(text="status", blocks=[{"type": "actions", "elements": [button]}])

    @app.action("go")
    async def go(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        pressed.append(action["value"])

    @app.event("app_mention")
    async def mention(say: AsyncSay) -> None:
        await say(text="here")

    async with served(app) as url:
        await ws.use_http(url)
        done = await ws.slash("ada", "#ops", "/hacluster status")
        assert done.acked
        assert [message.text for message in ws.ephemerals("ada")] == ["on it"]
        [message] = await ws.wait_for(lambda: ws.messages("#ops"))
        assert (await ws.click("ole", "#ops", message.ts, "go")).acked
        assert await ws.wait_for(lambda: pressed) == ["1"]
        await ws.say("vic", "#ops", "@hacluster hello?")
        await ws.wait_for(lambda: [m for m in ws.messages("#ops") if m.text == "here"])
    assert {delivery.route for delivery in ws.deliveries} == {"http"}


async def test_http_mode_with_another_secret_is_refused_by_the_app(ws: Workspace, client: AsyncWebClient) -> None:
    app = AsyncApp(client=client, signing_secret="another secret")
    async with served(app) as url:
        with pytest.raises(Refused, match="url_not_verified"):
            await ws.use_http(url)
    assert (await ws.slash("ada", "#ops", "/hacluster status")).notice is not None


# The page's door


async def test_the_page_answers_to_loopback_names_only(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(ws.url + "/") as page:
            assert page.status == 200
        async with session.get(ws.url + "/", headers={"Host": "evil.example"}) as foreign:
            assert foreign.status == 421
        async with session.get(ws.url + "/page/live?user=ada", headers={"Origin": "http://evil.example"}) as foreign:
            assert foreign.status == 403
        async with session.post(ws.url + "/page/do/slash", data={"user": "ada"}) as form:
            assert form.status == 415
        async with session.post(ws.url + "/page/do/slash", json={"user": "mallory"}) as nobody:
            assert nobody.status == 400
        async with session.get(ws.url + "/page/..%2fcli.py") as outside:
            assert outside.status == 404
