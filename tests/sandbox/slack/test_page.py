"""The page, driven in a real browser against a real Bolt app: what a newcomer does in the first minutes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import DEMO, Front, GuideStep, PanelButton, Workspace
from sandbox.slack.chromium import Browser, Tab

pytestmark = pytest.mark.browser

ENTER, UP = ("Enter", 13), ("ArrowUp", 38)
COMPOSER = ".conversation .composer textarea"


@pytest.fixture
async def tab(browser: Browser, ws: Workspace) -> AsyncIterator[Tab]:
    """A page on which nothing may go wrong, opened as Ada in #ops."""
    async with browser.tab() as page:
        await page.size(1200, 800)
        await page.open(f"{ws.url}/?as=ada&channel={ws.channel('#ops').id}")
        await page.see(COMPOSER)
        yield page
        assert page.complaints == []


DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""The smallest picture there is."""


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


MODAL = {
    "type": "modal",
    "callback_id": "setup",
    "title": plain("Set up a cluster"),
    "submit": plain("Show the plan"),
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": plain("Name"),
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}

PLAN: list[dict[str, Any]] = [
    {"type": "header", "text": plain("Set up web")},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "confirm",
                "style": "primary",
                "text": plain("Confirm"),
                "value": "plan-1",
                "confirm": {
                    "title": plain("Sure?"),
                    "text": plain("Two servers change"),
                    "confirm": plain("Do it"),
                    "deny": plain("Not yet"),
                },
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": plain("Copy commands"), "value": "copy"}],
            },
        ],
    },
]


async def test_setup_by_modal_confirm_and_progress(app: AsyncApp, ws: Workspace, tab: Tab) -> None:
    @app.command("/hacluster")
    async def setup(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=MODAL)

    @app.view("setup")
    async def submission(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name == "db":
            await ack(response_action="errors", errors={"name": "db exists already"})
            return
        await ack()
        await client.chat_postMessage(channel="#ops", text="plan", blocks=PLAN)

    @app.action("confirm")
    async def confirm(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        place = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await client.chat_update(**place, text="*web* is up :white_check_mark:", blocks=[])

    await tab.write(COMPOSER, "/hacluster setup")
    await tab.key(*ENTER)
    await tab.see("#modal h2", "Set up a cluster")
    await tab.click("#modal footer .solid")
    await tab.see("#modal .problem", "Please complete this required field.")
    await tab.write("#modal .input input", "db")
    await tab.click("#modal footer .solid")
    await tab.see("#modal .problem", "db exists already")
    await tab.write("#modal .input input", "web")
    await tab.click("#modal footer .solid")

    await tab.see(".message .header", "Set up web")
    await tab.click(".actions .primary", "Confirm")
    await tab.see("#confirm h2", "Sure?")
    await tab.click("#confirm button", "Not yet")
    assert ws.messages("#ops")[-1].history == ()
    await tab.click(".actions .primary", "Confirm")
    await tab.click("#confirm button", "Do it")
    await tab.see(".message .text strong", "web")
    await tab.see(".message .emoji", "✅")
    await tab.see(".message .edited", "(edited)")
    assert not await tab.run("document.getElementById('modal').open")


async def test_history_threads_whispers_and_other_people(app: AsyncApp, tab: Tab) -> None:
    @app.command("/hacluster")
    async def denied(ack: AsyncAck) -> None:
        await ack(text="You may not do that <yet>.")

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: AsyncSay) -> None:
        await say(text="All well", thread_ts=event.get("thread_ts") or event["ts"])

    await tab.write(COMPOSER, "/hacluster stop web")
    await tab.key(*ENTER)
    await tab.see(".message.only-you", "Only visible to you")
    await tab.key(*UP)
    assert await tab.run(f"document.querySelector('{COMPOSER}').value") == "/hacluster stop web"

    await tab.write(COMPOSER, "@hacluster status")
    await tab.key(*ENTER)
    await tab.click(".replies", "1 reply")
    await tab.see("#thread .message", "All well")
    await tab.write("#thread textarea", "/hacluster status")
    await tab.key(*ENTER)
    await tab.see(".toast", "not supported in threads")
    await tab.write("#thread textarea", "thanks, @hacluster")
    await tab.key(*ENTER)
    await tab.see(".replies", "3 replies")

    await tab.click(".actor button", "eve")
    await tab.see(".actor p", "Eve Nobody")
    await tab.see(".replies", "3 replies")
    assert await tab.run("document.querySelectorAll('.only-you').length") == 0


async def test_banner_hints_panel_and_no_bot(ws: Workspace, tab: Tab) -> None:
    pressed: list[str] = []

    async def power_off() -> str:
        pressed.append("n2")
        return "n2 is off"

    await tab.write(COMPOSER, "half a thought")
    ws.set_front(
        Front(banner="Simulated nodes", hints=("/hacluster status",), panel=(PanelButton("Power off n2", power_off),))
    )
    await tab.see(".banner", "Simulated nodes")
    assert await tab.run(f"document.querySelector('{COMPOSER}').value") == "half a thought"
    await tab.see(".connection", "No bot connected")
    await tab.click(".panel button", "Power off n2")
    await tab.see(".toast", "n2 is off")
    assert pressed == ["n2"]
    assert not await tab.run(
        "[...document.querySelectorAll('.entry')].some((entry) => entry.textContent.includes('Home'))"
    )
    await tab.click(".hints button", "/hacluster status")
    await tab.key(*ENTER)
    await tab.see(".message.only-you", "/hacluster failed with the error “dispatch_failed”")


async def test_a_guide_leads_on_as_the_app_answers(
    app: AsyncApp, client: AsyncWebClient, ws: Workspace, tab: Tab
) -> None:
    @app.command("/hacluster")
    async def plan(ack: AsyncAck, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel="#ops", text="web: setup. Do it?")

    async def power_off() -> str:
        await client.chat_postMessage(channel="#ops", text="n2 is lost")
        return "n2 is off"

    steps = (
        GuideStep("Make a cluster", "A plan comes.", until="Do it?", line="/hacluster setup"),
        GuideStep("Press Confirm", "It is in the plan.", until="done"),
        GuideStep("Now power off n2", "See what happens.", until="n2 is lost", press="Power off n2"),
    )
    panel = (PanelButton("Power off n2", power_off),)
    ws.set_front(Front(hints=("/hacluster help",), panel=panel, guide=steps, farewell="That was it."))

    await tab.see("#guide h2", "Make a cluster")
    await tab.see("#guide code", "/hacluster setup")
    assert not await tab.run("document.querySelectorAll('.hints').length"), "one thing at a time"
    await tab.click("#guide .primary", "Type it for me")
    await tab.see("#guide h2", "Press Confirm")
    assert not await tab.run("document.querySelectorAll('#guide .primary').length"), "it is pressed in the plan"
    ops = ws.channel("#ops").id
    await client.chat_update(channel=ops, ts=ws.messages("#ops")[-1].ts, text="web: done")
    await tab.click("#guide .primary", "Power off n2")
    await tab.see("#guide p", "That was it.")
    await tab.key(*UP)
    await tab.open(f"{ws.url}/?as=vic&channel={ops}")
    await tab.see("#guide p", "That was it.")
    await tab.click("#guide .close")
    await tab.see(".hints button", "/hacluster help")


async def test_a_home_tab_is_offered_where_the_app_has_one_and_its_buttons_work(browser: Browser) -> None:
    world = replace(DEMO, app=replace(DEMO.app, events=(*DEMO.app.events, "app_home_opened")))
    opened = asyncio.Queue[str]()
    async with Workspace(world) as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=f"{ws.url}/api/")
        bolt = AsyncApp(client=client, signing_secret=ws.signing_secret)

        @bolt.event("app_home_opened")
        async def publish(event: dict[str, Any]) -> None:
            blocks = [{"type": "header", "text": plain("Your clusters")}, PLAN[1]]
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

        @bolt.action("confirm")
        async def confirm(ack: AsyncAck, action: dict[str, Any]) -> None:
            await ack()
            opened.put_nowait(action["value"])

        handler = AsyncSocketModeHandler(bolt, ws.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        async with browser.tab() as tab:
            await tab.size(1200, 800)
            await tab.open(f"{ws.url}/?as=ada")
            await tab.click(".entry", "Home")
            await tab.see(".home .header", "Your clusters")
            await tab.click(".home .primary", "Confirm")
            await tab.click("#confirm button", "Do it")
            assert await asyncio.wait_for(opened.get(), 10) == "plan-1"
            assert tab.complaints == []
        await handler.close_async()  # type: ignore[no-untyped-call]


async def test_everything_a_bot_sends_is_shown_as_text_never_as_markup(
    client: AsyncWebClient, ws: Workspace, tab: Tab
) -> None:
    nasty = "<img src=x onerror=alert(1)> &lt;script&gt;"
    await client.chat_postMessage(
        channel="#ops", text=f"{nasty} *bold* <https://example.com|link> <javascript:alert(1)|js>"
    )
    await client.files_upload_v2(channel=ws.channel("#ops").id, content="a <b>\n" * 20, filename="a.txt", title="A")
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": nasty}], [{"type": "raw_text", "text": "n1"}]]}
    await client.chat_postMessage(channel="#ops", text="t", blocks=[table])

    await tab.see(".message .text", "<script>")
    await tab.see(".message .text strong", "bold")
    await tab.see(".file pre", "a <b>")
    await tab.see("table th", "<img src=x")
    assert await tab.run("document.querySelectorAll('.messages script, .messages img[src=x]').length") == 0
    assert await tab.run("[...document.querySelectorAll('.text a')].map((a) => a.protocol)") == ["https:"]


async def test_a_card_calls_people_and_its_menu_tells_the_app_what_was_chosen(
    app: AsyncApp, client: AsyncWebClient, tab: Tab
) -> None:
    chosen = asyncio.Queue[dict[str, Any]]()

    @app.action("more")
    async def more(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        chosen.put_nowait(action)

    called = {"type": "mrkdwn", "text": "<!here> <!subteam^S0000000OPS> <@U0000000ADA> <@U0000000VIC>"}
    menu = {
        "type": "overflow",
        "action_id": "more",
        "options": [{"text": plain(label), "value": label} for label in ("Who was it", "Show the plan")],
    }
    blocks: list[dict[str, Any]] = [{"type": "section", "text": called}, {"type": "actions", "elements": [menu]}]
    await client.chat_postMessage(channel="#ops", text="n2 is lost", blocks=blocks)

    await tab.see(".mention", "@here")
    assert await tab.run("[...document.querySelectorAll('.mention.me')].map((m) => m.textContent)") == [
        "@here",
        "@oncall",
        "@ada",
    ]
    await tab.click(".overflow .dots")
    await tab.click(".menu button", "Show the plan")
    action = await asyncio.wait_for(chosen.get(), 5)
    assert action["selected_option"]["value"] == "Show the plan"
    assert not await tab.run("document.querySelectorAll('.menu').length")


async def test_a_picture_stands_in_its_thread_with_its_words(client: AsyncWebClient, ws: Workspace, tab: Tab) -> None:
    channel = ws.channel("#ops").id
    report = await client.chat_postMessage(channel=channel, text="web this week")
    await client.files_upload_v2(
        channel=channel,
        thread_ts=report["ts"],
        content=DOT,
        filename="web.png",
        title="The week of web",
        alt_txt="n2 was away on Monday",
    )

    await tab.click(".replies", "1 reply")
    await tab.see("#thread figcaption", "The week of web")
    await tab.see("#thread figcaption.alt", "n2 was away on Monday")
    shown = "document.querySelector('#thread figure img')"
    assert await tab.run(f"{shown}.decode().then(() => [{shown}.naturalWidth, {shown}.alt])") == [
        1,
        "n2 was away on Monday",
    ]


def chosen(*names: str) -> list[dict[str, Any]]:
    return [{"text": plain(name), "value": name} for name in names]


async def test_a_form_of_every_kind_of_field_brings_back_what_was_picked(
    app: AsyncApp, client: AsyncWebClient, ws: Workspace, tab: Tab
) -> None:
    submitted = asyncio.Queue[dict[str, Any]]()

    @app.view("form")
    async def submission(ack: AsyncAck, view: dict[str, Any]) -> None:
        await ack()
        submitted.put_nowait(view["state"]["values"])

    fields: dict[str, dict[str, Any]] = {
        "line": {"type": "plain_text_input"},
        "lines": {"type": "plain_text_input", "multiline": True},
        "number": {"type": "number_input", "is_decimal_allowed": False},
        "one": {"type": "static_select", "options": chosen("approved", "automatic")},
        "some": {"type": "checkboxes", "options": chosen("accept", "renew")},
        "either": {"type": "radio_buttons", "options": chosen("on", "off")},
        "who": {"type": "users_select"},
        "day": {"type": "datepicker"},
    }
    blocks = [
        {"type": "input", "block_id": name, "label": plain(name), "element": {**element, "action_id": "a"}}
        for name, element in fields.items()
    ]
    ada = ws.user("ada").id
    await client.views_open(
        trigger_id=ws.site.triggers.issue(ada), view={**MODAL, "callback_id": "form", "blocks": blocks}
    )

    await tab.write("#modal [data-block=line] input", "web")
    await tab.write("#modal [data-block=lines] textarea", "n1\nn2")
    await tab.write("#modal [data-block=number] input", "3")
    for block, value in (("one", "automatic"), ("who", ada), ("day", "2026-11-23")):
        await tab.run(
            f"""(() => {{ const field = document.querySelector("#modal [data-block={block}] :is(select, input)");
              field.value = "{value}"; field.dispatchEvent(new Event("change")); }})()"""
        )
    await tab.click("#modal [data-block=some] label", "renew")
    await tab.click("#modal [data-block=either] label", "off")
    assert not await tab.run("document.querySelectorAll('.unsupported').length")
    await tab.click("#modal footer .solid")

    values = await asyncio.wait_for(submitted.get(), 10)
    picked = {name: values[name]["a"] for name in fields}
    assert [picked[name]["value"] for name in ("line", "lines", "number")] == ["web", "n1\nn2", "3"]
    assert picked["one"]["selected_option"]["value"] == "automatic"
    assert [option["value"] for option in picked["some"]["selected_options"]] == ["renew"]
    assert picked["either"]["selected_option"]["value"] == "off"
    assert (picked["who"]["selected_user"], picked["day"]["selected_date"]) == (ada, "2026-11-23")


async def test_a_select_and_a_picture_in_a_message(
    app: AsyncApp, client: AsyncWebClient, ws: Workspace, tab: Tab
) -> None:
    picked = asyncio.Queue[str]()

    @app.action("node")
    async def node(ack: AsyncAck, action: dict[str, Any]) -> None:
        await ack()
        picked.put_nowait(action["selected_option"]["value"])

    select = {"type": "static_select", "action_id": "node", "options": chosen("n1", "n2")}
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Which?*"}, "accessory": select},
        {"type": "image", "image_url": f"{ws.url}/page/icon.svg", "alt_text": "the bot", "title": plain("The bot")},
    ]
    await client.chat_postMessage(channel="#ops", text="which", blocks=blocks)

    await tab.see("figure figcaption", "The bot")
    await tab.see(".accessory select")
    await tab.run(
        """(() => { const field = document.querySelector(".accessory select");
          field.value = "n2"; field.dispatchEvent(new Event("change")); })()"""
    )
    assert await asyncio.wait_for(picked.get(), 10) == "n2"


async def test_nothing_sticks_out_at_400_pixels(client: AsyncWebClient, tab: Tab) -> None:
    wide = {"type": "table", "rows": [[{"type": "raw_text", "text": f"column {n}"} for n in range(12)]]}
    await client.chat_postMessage(channel="#ops", text="t", blocks=[wide, *PLAN])
    await client.chat_postMessage(channel="#ops", text="x" * 300)
    await tab.size(400, 800)
    await tab.see("table th", "column 11")
    assert await tab.run("document.documentElement.scrollWidth") == 400
    await tab.settle()
    assert not await tab.run("document.querySelector('.sidebar').checkVisibility({visibilityProperty: true})")
    await tab.click(".menu-button")
    await tab.click(".entry", "web")
    await tab.see(".head h1", "web")
