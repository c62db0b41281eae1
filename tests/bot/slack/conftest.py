"""The real slack_bolt against a local workspace, with a dispatcher that writes down what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from bot.clock import Clock
from bot.conversation import Actor, Place, Ref, Surface
from bot.slack.api import Api, open_api
from bot.slack.front import Slack
from bot.slack.groups import Groups
from bot.slack.socket import Socket
from commands.verbs.form import Form
from sandbox.slack import DEMO, Workspace


@dataclass(frozen=True)
class Asked:
    """One call of the dispatcher."""

    kind: str
    actor: Actor
    place: Place
    what: str
    surface: Surface
    key: str
    value: str = ""
    message: Ref | None = None
    values: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Awaitable[None]]


async def _silence(_: Asked) -> None:
    """Answer nothing."""


@dataclass
class Desk:
    """A dispatcher that notes what it is asked, and answers what the test says."""

    answer: Answer = _silence
    forms: dict[str, Form] = field(default_factory=dict)
    form_delay: asyncio.Event | None = None
    check: Callable[[Mapping[str, str]], Awaitable[Mapping[str, str]]] | None = None
    asked: list[Asked] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def request(self, actor: Actor, place: Place, text: str, surface: Surface, *, key: str) -> None:
        await self._note(Asked("request", actor, place, text, surface, key))

    async def press(
        self, actor: Actor, place: Place, action: str, value: str, message: Ref, surface: Surface, *, key: str
    ) -> None:
        await self._note(Asked("press", actor, place, action, surface, key, value, message))

    async def form(self, actor: Actor, place: Place, verb: str) -> Form | None:  # noqa: ARG002 - its own shape
        if verb in self.forms and self.form_delay:
            await self.form_delay.wait()
        return self.forms.get(verb)

    async def submit(
        self, actor: Actor, place: Place, verb: str, values: Mapping[str, str], surface: Surface, *, key: str
    ) -> Mapping[str, str]:
        await self._note(Asked("submit", actor, place, verb, surface, key, values=values))
        return await self.check(values) if self.check else {}

    async def until(self, count: int) -> list[Asked]:
        """Wait until it has been asked so often."""
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: len(self.asked) >= count)
        return self.asked

    async def _note(self, asked: Asked) -> None:
        async with self.news:
            self.asked.append(asked)
            self.news.notify_all()
        await self.answer(asked)


@dataclass
class Bot:
    """A running Slack side, its dispatcher, and the workspace it is in."""

    ws: Workspace
    api: Api
    slack: Slack
    socket: Socket
    desk: Desk


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    """A workspace of its own."""
    async with Workspace() as workspace:
        yield workspace


@pytest.fixture
async def api(ws: Workspace) -> AsyncIterator[Api]:
    """The Web API of the workspace."""
    async with open_api(ws.bot_token, f"{ws.url}/api/") as opened:
        yield opened


@pytest.fixture
async def bot(ws: Workspace, api: Api, desk: Desk) -> AsyncIterator[Bot]:
    """The Slack side, connected by Socket Mode."""
    slack = Slack(api, desk, groups=Groups(api, [group.id for group in DEMO.groups]))
    socket = Socket(slack, api, ws.app_token)
    running = asyncio.create_task(socket.run())
    await asyncio.wait_for(socket.connected.wait(), 5)
    yield Bot(ws, api, slack, socket, desk)
    assert await slack.close(grace=2) == ()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


class HandClock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def clock(self) -> Clock:
        """The clock as the bot takes it."""
        return Clock(now=lambda: self.time, wall=lambda: self.time, sleep=self._sleep)

    async def forward(self, seconds: float) -> None:
        """Let time pass, and everything that waited for it go on."""
        self.time += seconds
        for until, sleeper in self._sleepers:
            if until <= self.time and not sleeper.done():
                sleeper.set_result(None)
        self._sleepers = [(until, sleeper) for until, sleeper in self._sleepers if not sleeper.done()]
        await settled()

    async def _sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + seconds, sleeper))
        await sleeper


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def hand_clock() -> HandClock:
    """A clock turned by hand."""
    return HandClock()


@pytest.fixture
def desk() -> Desk:
    """A dispatcher that notes what it is asked."""
    return Desk()
