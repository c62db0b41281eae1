"""Whatever comes in at Slack's door: nothing is executed, nothing is raised, and who can be answered gets an answer.

Payloads as Slack makes them lose fields, and get others in their place: wrong types, huge texts, control characters,
buttons, forms and people that are not ours.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.slack.api import open_api
from bot.slack.front import Slack
from bot.slack.http import serving
from bot.store import PlanRow, Store
from bot.verbs import VERBS
from commands.verbs.cluster_request import parse_cluster
from commands.verbs.verb import Change, Verb
from config.policy import Role
from tests.bot.conftest import ADMIN, NOW, OPERATOR, WEB_OPERATOR, Door, HandTime, Nodes, Stage, flip_plan, make_door
from tests.bot.conftest import url_of as store_url

BOT = "U0BOT"
PLAN = "waits4somebody_0"
EXAMPLES = 15
AT_ONCE = 10
"""Payloads of one example."""

Json = Any
Path_ = tuple[str | int, ...]


def actor(user: str) -> Json:
    return {"id": user, "username": "ada", "name": "ada", "team_id": "T0HOME"}


def slash(url: str, key: str) -> Json:
    return {
        "command": "/hacluster",
        "text": "flip web",
        "team_id": "T0HOME",
        "user_id": OPERATOR.user,
        "user_name": "ada",
        "channel_id": "C0WEB",
        "trigger_id": key,
        "response_url": url,
    }


def mention(_: str, key: str) -> Json:
    said = {"type": "app_mention", "user": OPERATOR.user, "text": f"<@{BOT}> flip web", "channel": "C0WEB"}
    event = {**said, "ts": "2.0", "thread_ts": "1.0", "team": "T0HOME"}
    authorization = {"enterprise_id": None, "team_id": "T0HOME", "user_id": BOT, "is_bot": True}
    return {
        "type": "event_callback",
        "team_id": "T0HOME",
        "event_id": key,
        "event": event,
        "authorizations": [authorization],
    }


def pressed(url: str, key: str, action: Json) -> Json:
    return {
        "type": "block_actions",
        "team": {"id": "T0HOME", "domain": "home"},
        "user": actor(WEB_OPERATOR.user),
        "channel": {"id": "C0WEB", "name": "web"},
        "container": {"type": "message", "channel_id": "C0WEB", "message_ts": "1.0", "is_ephemeral": False},
        "message": {"ts": "1.0", "text": "a plan", "thread_ts": "1.0"},
        "enterprise": None,
        "trigger_id": key,
        "response_url": url,
        "actions": [action],
    }


def button(url: str, key: str) -> Json:
    """Somebody else's plan, confirmed."""
    return pressed(url, key, {"type": "button", "action_id": "choice:confirm:0", "block_id": "b", "value": PLAN})


def menu(url: str, key: str) -> Json:
    chosen = {"text": {"type": "plain_text", "text": "Take it back"}, "value": f"approve:{PLAN}"}
    return pressed(url, key, {"type": "overflow", "action_id": "choice::0", "block_id": "b", "selected_option": chosen})


def form(_: str, key: str) -> Json:
    filled = {"name": "shop", "nodes": "n1=10.0.3.1\nn2=10.0.3.2", "vips": "10.0.3.9/24", "fencing": "none"}
    answers = {name: {"answer": {"type": "plain_text_input", "value": value}} for name, value in filled.items()}
    view = {
        "type": "modal",
        "callback_id": "form:setup",
        "private_metadata": json.dumps({"channel": "C0WEB", "thread": None}),
        "blocks": [{"type": "input", "block_id": name} for name in filled],
        "state": {"values": answers},
    }
    return {
        "type": "view_submission",
        "team": {"id": "T0HOME"},
        "user": actor(ADMIN.user),
        "trigger_id": key,
        "view": view,
    }


KINDS = {"slash": slash, "mention": mention, "button": button, "menu": menu, "form": form}

GONE = object()
"""In the place of a field that is missing."""
DEEP: Json = json.loads("[" * 300 + "]" * 300)
JUNK = st.sampled_from([
    GONE, GONE, GONE, None, True, 0, -1, 10**30, 1.5, [], {}, [[]], [None], {"id": 5}, {"id": "U0FOREIGN"}, DEEP,
    "", " ", "x", "\0", "\x1b[31mred", "\u202e", "\ud800", "a" * 100_000, "’; reboot; ’", "$(reboot)", '"',
    "U0FOREIGN", "C0FOREIGN", "T0FOREIGN", "status", "setup", "choice:confirm:0", "choice::0", "choice:trust:0",
    "choice:unheard-of:0", "choice:form:0", "approve_v0", "form:setup", "form:nothing", "confirm:x", "null", "{}",
    "view_closed", "block_actions", "view_submission", "shortcut", "http://[", "javascript:alert(1)",
])  # fmt: skip
MUTATION = st.tuples(st.integers(0, 500), JUNK)
SENT = st.tuples(st.sampled_from(sorted(KINDS)), st.lists(MUTATION, max_size=4).map(tuple))

Sent = tuple[str, tuple[tuple[int, Json], ...]]


def paths(body: Json, at: Path_ = ()) -> Iterator[Path_]:
    """Every place in a payload."""
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in inside:
        yield (*at, name)
        if len(at) < 8:
            yield from paths(value, (*at, name))


def mutated(body: Json, mutations: tuple[tuple[int, Json], ...]) -> Json:
    body = copy.deepcopy(body)
    for number, junk in mutations:
        places = list(paths(body))
        if not places:
            break
        *way, last = places[number % len(places)]
        inner = body
        for step in way:
            inner = inner[step]
        if junk is GONE:
            del inner[last]
        else:
            inner[last] = junk
    return body


def has_address(kind: str, body: Json, url: str) -> bool:
    """Whether who sent it can be told something. Written anew from what Slack says, not from what the bot does."""
    if kind == "form":
        return bool(body.get("type") == "view_submission")  # the acknowledgement is what they see
    if kind == "mention":
        event = body.get("event")
        mine = isinstance(event, dict) and event.get("type") == "app_mention"
        return mine and is_id(event.get("user"), "U")  # what else happens in a channel is not for us
    if body.get("response_url") == url:
        return True
    who = body.get("user_id") if kind == "slash" else body.get("user")
    return is_id(who.get("id") if isinstance(who, dict) else who, "U")


def is_id(value: Json, letter: str) -> bool:
    return isinstance(value, str) and re.fullmatch(f"{letter}[A-Z0-9]+", value) is not None


def key_of(body: Json) -> Json:
    """What a second delivery would be known by."""
    return body.get("trigger_id"), body.get("event_id")


@dataclass
class Web:
    """Slack's side: takes every call, and notes it."""

    calls: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=10**7)
        app.router.add_route("*", "/{path:.*}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        await request.read()
        self.calls.append(request.path.rpartition("/")[2])
        return web.json_response(
            {
                "ok": True,
                "user_id": BOT,
                "bot_id": "B0BOT",
                "team_id": "T0HOME",
                "channel": "C0WEB",
                "ts": "3.0",
                "view": {"id": "V1", "hash": "1"},
            }
        )

    @property
    def answers(self) -> int:
        return sum(call in {"chat.postMessage", "chat.postEphemeral", "views.open", "answer"} for call in self.calls)


@dataclass
class Stand:
    """The Slack side before the real door, over a store, nodes that would do anything, and Slack's own side."""

    web: Web
    slack: Slack
    door: Door
    nodes: Nodes
    url: str

    async def take(self, body: Json) -> tuple[int, str]:
        """Deliver, let everything come to its end, and return how it was acknowledged."""
        response = await self.slack.take(body)
        for _ in range(20):
            await asyncio.sleep(0)
        assert await self.slack.close(grace=30) == ()
        await self.door.settle()
        return response.status, response.body or ""


@asynccontextmanager
async def standing(folder: Path, empty: Path) -> AsyncIterator[Stand]:
    side, nodes, time = Web(), Nodes(), HandTime()
    stage = Stage(flip_plan())
    flip = Verb(
        name="flip",
        summary="Flip a cluster",
        usage="flip [CLUSTER]",
        role=Role.OPERATOR,
        parse=parse_cluster,
        change=Change((), stage.decide),
    )
    store = await Store.open(store_url(Path(shutil.copy(empty, folder / "store.db"))))
    async with serving(side.app(), "127.0.0.1", 0) as port:
        base = f"http://127.0.0.1:{port}"
        async with open_api("xoxb-1", f"{base}/api/") as api:
            door = make_door(store, nodes, time, (*VERBS, flip))
            await store.add_plan(waiting())
            yield Stand(side, Slack(api, door.dispatcher), door, nodes, f"{base}/answer")
    await store.close()


def waiting() -> PlanRow:
    return PlanRow(
        id=PLAN,
        verb="flip",
        text="flip web",
        cluster="web",
        team=OPERATOR.team,
        user=OPERATOR.user,
        channel="C0WEB",
        fingerprint="f" * 64,
        created=NOW,
        expires=NOW + timedelta(days=1),
        state="waiting",
        message_ts="1.0",
    )


async def scenario(folder: Path, empty: Path, sent: list[Sent]) -> None:
    async with standing(folder, empty) as stand:
        seen: set[str] = set()
        for number, (kind, mutations) in enumerate(sent):
            body = mutated(KINDS[kind](stand.url, f"key.{number}"), mutations)
            before, again = stand.web.answers, repr(key_of(body)) in seen
            seen.add(repr(key_of(body)))
            status, acknowledgement = await stand.take(body)
            if has_address(kind, body, stand.url) and not again:
                assert status == 200, body
                told = stand.web.answers > before or "response_action" in acknowledgement
                assert told, body
        assert stand.nodes.changed == []
        assert (await stand.door.row(PLAN)).state in {"waiting", "cancelled"}


def each_field(junk: Json) -> list[Sent]:
    """Every field of every kind of payload, one after the other, with the same in its place."""
    made = {kind: len(list(paths(make("http://slack/answer", "key")))) for kind, make in KINDS.items()}
    return [(kind, ((number, junk),)) for kind, fields in made.items() for number in range(fields)]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(SENT, min_size=1, max_size=AT_ONCE))
@example([(kind, ()) for kind in KINDS])
@example(each_field(GONE))
@example(each_field(5))
def test_nothing_is_executed_nothing_is_raised_and_who_can_be_answered_is(empty_store: Path, sent: list[Sent]) -> None:
    with TemporaryDirectory() as folder, structlog.testing.capture_logs() as logged:
        asyncio.run(scenario(Path(folder), empty_store, sent))
    defects = [entry for entry in logged if entry["event"] in {"work failed", "unexpected"}]
    assert defects == []


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_what_is_in_order_is_understood(tmp_path: Path, empty_store: Path, kind: str) -> None:
    """Or the other test would show nothing but refusals."""
    async with standing(tmp_path, empty_store) as stand:
        _, acknowledgement = await stand.take(KINDS[kind](stand.url, "key"))
        kept = [entry.kind for entry in await stand.door.store.recorded(10)]
    assert {"slash": "shown", "mention": "shown", "button": "refused", "menu": "refused", "form": "asked"}[kind] in kept
    assert "response_action" not in acknowledgement
