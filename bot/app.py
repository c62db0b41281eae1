"""The composition root: builds everything from the settings, starts it, and ends it in order."""

from __future__ import annotations

import asyncio
import getpass
import shlex
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import structlog

from bot import logs, reach
from bot.cards import CONFIRM
from bot.conversation import Actor, Place
from bot.dispatch import Dispatcher
from bot.scheduler import Scheduler
from bot.sightings import Sightings
from bot.slack.api import open_api
from bot.slack.front import Slack
from bot.slack.http import Health, application, serving
from bot.slack.socket import Socket
from bot.slack.work import Work
from bot.store import Store
from bot.store.engine import StoreUnusable
from bot.terminal import TerminalSurface
from bot.verbs import VERBS
from bot.world import World
from commands.errors import HaclusterError, UsageError
from commands.report import Level
from commands.verbs.members import membership_parts
from config.folders import NotInFolder
from config.policy import LOCAL
from config.settings import Settings

GRACE = 20.0
"""Seconds that a shutdown gives to what is under way."""
LAPSED_EVERY = 15.0
"""Seconds between two looks for plans whose bot died."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _from_folder(read: Callable[[str], str]) -> Callable[[str], str]:
    def named(name: str) -> str:
        try:
            return read(name)
        except NotInFolder as error:
            raise UsageError(str(error)) from None

    return named


def _world(settings: Settings, store: Store | None, runner: Sightings, work: Work) -> World:
    return World(
        verbs=VERBS,
        policy=settings.policy,
        declared={spec.name: spec for spec in settings.clusters},
        runner=runner,
        store=store,
        now=_now,
        start=lambda job: work.start(job, "form"),
        secret=_from_folder(settings.secret),
        file=_from_folder(settings.file),
        last_seen=runner.last_seen,
        results=membership_parts,
    )


async def serve(settings: Settings) -> None:
    """Connect to Slack and work until SIGTERM or SIGINT; then let what is under way end."""
    logs.configure(settings.log)
    slack = settings.slack
    if slack.bot_token is None:
        raise HaclusterError(
            "there are no Slack tokens",
            remedy="Set slack.bot_token and slack.app_token, or use `hacluster run VERB …` from this terminal.",
        )
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store.url.get_secret_value())
        stack.push_async_callback(store.close)
        runner = Sightings(await stack.enter_async_context(reach.nodes(settings.ssh, store)), _now)
        work = Work()
        dispatcher = Dispatcher(_world(settings, store, runner, work))
        api = await stack.enter_async_context(open_api(slack.bot_token.get_secret_value(), slack.api_url))
        secret = slack.signing_secret.get_secret_value() if slack.mode == "http" and slack.signing_secret else None
        groups = {group for grant in settings.policy.grants for group in grant.groups}
        front = Slack(api, dispatcher, groups=groups, signing_secret=secret)

        scheduler = Scheduler()
        scheduler.every(LAPSED_EVERY, "interrupted plans", lambda: dispatcher.recover(front.surface))
        scheduler.start()
        stack.callback(scheduler.stop)

        token = slack.app_token.get_secret_value() if slack.mode == "socket" and slack.app_token else None
        socket = Socket(front.bolt, api, token) if token else None

        async def health() -> Health:
            state = socket.health() if socket else None
            connected = state.connected if state else True
            pong = round(state.last_pong_age, 1) if state and state.last_pong_age is not None else None
            return Health(connected, {"slack_connected": connected, "last_pong_age": pong})

        pages = application(health, front if slack.mode == "http" else None)
        port = await stack.enter_async_context(serving(pages, slack.http_host, slack.http_port))
        _log.info("working", mode=slack.mode, http=f"{slack.http_host}:{port}", clusters=len(settings.clusters))
        await dispatcher.recover(front.surface)
        await _until_stopped(socket)
        _log.info("stopping", grace=GRACE)
        late = (*await work.drain(GRACE), *await front.close(GRACE))
        if late:
            _log.warning("cut short", jobs=late)


async def _until_stopped(socket: Socket | None) -> None:
    """Wait for a signal to stop, or for the Slack connection to give up for good (and then raise its error)."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    connection = asyncio.create_task(socket.run()) if socket else None
    await asyncio.wait({waiting, *([connection] if connection else [])}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if connection is not None:
        if connection.done():
            connection.result()
        connection.cancel()
        with suppress(asyncio.CancelledError):
            await connection


async def run_verb(settings: Settings, words: list[str], *, yes: bool = False, channel: str | None = None) -> int:
    """Carry one request out from the terminal, by the same rules. Returns 0, or 1 if it was refused or did not work.

    Reading works where the store cannot be opened; changing does not.
    """
    logs.configure(settings.log.model_copy(update={"level": "warning"}))
    async with AsyncExitStack() as stack:
        store: Store | None = None
        try:
            store = await Store.open(settings.store.url.get_secret_value())
            stack.push_async_callback(store.close)
        except StoreUnusable as error:
            _log.warning("working without the store", why=str(error))
        runner = Sightings(await stack.enter_async_context(reach.nodes(settings.ssh, store)), _now)
        dispatcher = Dispatcher(_world(settings, store, runner, Work()))
        surface = stack.enter_context(TerminalSurface())
        actor, place = Actor(LOCAL, getpass.getuser()), Place(channel or "terminal")
        await dispatcher.request(actor, place, shlex.join(words), surface, key="")
        if surface.last is None:
            return 1
        ref, report = surface.last
        if report.choices:
            confirm = next((choice for choice in report.choices if choice.action == CONFIRM), None)
            choice = confirm if yes else await surface.choose(report)
            if choice is not None:
                await dispatcher.press(actor, place, choice.action, choice.value, ref, surface, key="")
        _, report = surface.last
        return 0 if report.level in {Level.OK, Level.INFO} and not report.choices else 1
