"""The composition root: builds everything from the settings, starts it, and ends it in order."""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot import logs, reach
from bot.approval_cards import APPROVE
from bot.approvals import rules_that_never_fit
from bot.cards import CONFIRM
from bot.conversation import TERMINAL, Actor, Place
from bot.dispatch import Dispatcher
from bot.duty import Duty
from bot.memory import Memory
from bot.outbox import Outbox
from bot.recorded import ReadOnly
from bot.reports.gather import Sources
from bot.reports.rounds import Rounds, adopt
from bot.rights import LookUp
from bot.scheduler import Scheduler
from bot.sightings import Sightings
from bot.slack.api import open_api
from bot.slack.courier import SlackCourier
from bot.slack.front import Slack
from bot.slack.groups import REFRESH as GROUPS_EVERY
from bot.slack.groups import Groups
from bot.slack.http import Health, application, serving
from bot.slack.socket import Socket
from bot.slack.work import Work
from bot.store import Store
from bot.store.engine import StoreUnusable
from bot.terminal import TerminalSurface
from bot.verbs import CHANGING, VERBS
from bot.vitals import Vitals, exposition
from bot.watch.records import GAP_SWEEPS
from bot.watch.tools import Tools
from bot.watch.watchers import Watchers
from bot.world import World
from commands.errors import HaclusterError, NotGiven, UsageError
from commands.report import Level
from commands.verbs.members import membership_parts
from config.folders import NotInFolder, NotThere
from config.inventory import ClusterSpec
from config.policy import LOCAL
from config.settings import Settings

GRACE = 20.0
"""Seconds that a shutdown gives to what is under way."""
LOOSE_ENDS_EVERY = 5.0
"""Seconds between two looks for plans whose bot died, that nobody answered, or that are needed no longer."""
HANDED_IN_EVERY = 2.0
"""Seconds between two looks for messages that another process handed in, as a terminal does."""
REVIEWS_EVERY = 60.0
"""Seconds between two looks for reviews that are to be asked for again."""
SWEEP_TICK = 1.0
"""Seconds between two looks for clusters that are to be looked at."""
REPORTS_EVERY = 15.0
"""Seconds between two looks for health reports that are due."""
PRUNE_EVERY = 3600.0
"""Seconds between two prunings of what is older than is remembered."""

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _from_folder(read: Callable[[str], str]) -> Callable[[str], str]:
    def named(name: str) -> str:
        try:
            return read(name)
        except NotThere as error:
            raise NotGiven(str(error)) from None
        except NotInFolder as error:
            raise UsageError(str(error)) from None

    return named


def _world(
    settings: Settings,
    store: Store | None,
    runner: Sightings,
    work: Work,
    memory: Memory | None = None,
    groups_anew: LookUp | None = None,
) -> World:
    for mistake in rules_that_never_fit(settings.policy, CHANGING):
        raise mistake
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
        groups_anew=groups_anew,
        fallback_channel=settings.watch.channel or "",
        memory=memory,
    )


async def serve(settings: Settings) -> None:
    """Connect to Slack, watch the clusters and work until SIGTERM or SIGINT; then let what is under way end."""
    logs.configure(settings.log)
    slack = settings.slack
    if slack.bot_token is None:
        where = f", and no hacluster.toml in {Path.cwd()}" if settings.read_from is None else ""
        raise HaclusterError(
            f"there are no Slack tokens{where}",
            remedy="Set slack.bot_token and slack.app_token, or use `hacluster run VERB …` from this terminal.",
        )
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store.url.get_secret_value())
        stack.push_async_callback(store.close)
        runner = Sightings(await stack.enter_async_context(reach.nodes(settings.ssh, store)), _now)
        work = Work()
        api = await stack.enter_async_context(open_api(slack.bot_token.get_secret_value(), slack.api_url))
        outbox = Outbox(store, SlackCourier(api, work))
        clusters = partial(_known_clusters, settings, store)
        watchers = Watchers(Tools(ReadOnly(runner), store, outbox, settings.watch), clusters)
        await adopt(store, settings.reports, _now())
        gap = timedelta(seconds=max(300.0, GAP_SWEEPS * settings.watch.sweep))
        rounds = Rounds(Sources(store, ReadOnly(runner), outbox.link, gap), outbox, clusters, _now)
        memory = Memory(store, _now, watchers, outbox)
        groups = Groups(api, {group for grant in settings.policy.grants for group in grant.groups})
        dispatcher = Dispatcher(_world(settings, store, runner, work, memory, groups.anew))
        secret = slack.signing_secret.get_secret_value() if slack.mode == "http" and slack.signing_secret else None
        front = Slack(api, dispatcher, groups=groups, signing_secret=secret)
        await front.try_token()
        token = slack.app_token.get_secret_value() if slack.mode == "socket" and slack.app_token else None
        dispatcher.reaches(front.surface)
        socket = Socket(front, api, token) if token else None

        duty = Duty(store)
        scheduler = Scheduler()
        for seconds, name, job in (
            (LOOSE_ENDS_EVERY, "loose ends", dispatcher.tie_loose_ends),
            (HANDED_IN_EVERY, "messages handed in elsewhere", duty.while_mine(outbox.take_in)),
            (REVIEWS_EVERY, "reviews", dispatcher.ask_for_reviews),
            (GROUPS_EVERY, "user groups", groups.refresh),
            (SWEEP_TICK, "sweep", watchers.sweep),
            (REPORTS_EVERY, "health reports", duty.while_mine(rounds.go)),
            (PRUNE_EVERY, "retention", lambda: _forget(settings, store)),
        ):
            scheduler.every(seconds, name, job)
        scheduler.start()
        stack.callback(scheduler.stop)
        work.start(groups.refresh(), "user groups")

        async def vitals() -> Vitals:
            return await _vitals(store, outbox, watchers, scheduler, duty, socket)

        pages = _pages(vitals, front if slack.mode == "http" else None)
        port = await stack.enter_async_context(serving(pages, slack.http_host, slack.http_port))
        await dispatcher.tie_loose_ends()
        on_duty = partial(_watch_and_send, outbox, watchers if settings.watch.enabled else None)
        await stack.enter_async_context(_beside(duty.run(on_duty), "duty"))
        _log.info("working", mode=slack.mode, http=f"{slack.http_host}:{port}", clusters=len(settings.clusters))
        await _until_stopped(socket)
        _log.info("stopping", grace=GRACE)
        late = (*await work.drain(GRACE), *await front.close(GRACE))
        if late:
            _log.warning("cut short", jobs=late)


async def _watch_and_send(outbox: Outbox, watchers: Watchers | None) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_beside(outbox.run(), "outbox"))
        if watchers is not None:
            await stack.enter_async_context(_beside(watchers.run(), "watch"))
        await asyncio.Event().wait()


async def _known_clusters(settings: Settings, store: Store) -> tuple[ClusterSpec, ...]:
    """Return all clusters there are to watch; those of the file win over those made from chat."""
    made = {spec.name: spec for spec in await store.declared()}
    return tuple((made | {spec.name: spec for spec in settings.clusters}).values())


async def _forget(settings: Settings, store: Store) -> None:
    await store.prune(_now() - timedelta(days=settings.history.keep_days))


async def _vitals(
    store: Store, outbox: Outbox, watchers: Watchers, scheduler: Scheduler, duty: Duty, socket: Socket | None
) -> Vitals:
    now = _now()
    state = socket.health() if socket else None
    try:
        await store.last_condition("")
        answers = True
    except SQLAlchemyError:
        answers = False
    return Vitals(
        at=now,
        slack_connected=state.connected if state else True,
        pong_age=state.last_pong_age if state else None,
        tick_age=_age(now, scheduler.last_tick),
        store_answers=answers,
        messages_waiting=outbox.waiting(),
        message_age=_age(now, outbox.last_sent),
        channels_refused=outbox.refused,
        watches=watchers.states(),
        on_duty=duty.mine,
        duty_of=duty.holder,
    )


def _age(now: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else (now - moment).total_seconds()


def _pages(vitals: Callable[[], Awaitable[Vitals]], front: Slack | None) -> web.Application:
    async def alive() -> Health:
        now = await vitals()
        return Health(now.alive, now.details())

    async def ready() -> Health:
        now = await vitals()
        return Health(now.ready, now.details())

    async def metrics() -> bytes:
        return exposition(await vitals())

    return application(alive, front, ready=ready, metrics=metrics)


@asynccontextmanager
async def _beside(job: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Run a job for as long as the block lasts. That it ends by itself is a mistake of ours, and the end of the bot."""
    task = asyncio.create_task(job, name=name)
    task.add_done_callback(_stop_the_bot)
    try:
        yield
    finally:
        task.remove_done_callback(_stop_the_bot)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _stop_the_bot(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    _log.critical("ended by itself", job=task.get_name(), exc_info=error)
    signal.raise_signal(signal.SIGTERM)


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


def _login() -> str:
    """Return who sits at the terminal, by the kernel's word: the environment is theirs to change."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


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
        memory = Memory(store, _now) if store else None
        dispatcher = Dispatcher(_world(settings, store, runner, Work(), memory))
        surface = stack.enter_context(TerminalSurface())
        actor, place = Actor(LOCAL, _login()), Place(channel or TERMINAL)
        await dispatcher.request(actor, place, shlex.join(words), surface, key="")
        if surface.last is None:
            return 1
        ref, report = surface.last
        if report.choices and all(choice.action != APPROVE for choice in report.choices):
            confirm = next((choice for choice in report.choices if choice.action == CONFIRM), None)
            choice = confirm if yes else await surface.choose(report)
            if choice is not None:
                await dispatcher.press(actor, place, choice.action, choice.value, ref, surface, key="")
        _, report = surface.last
        return 0 if report.level in {Level.OK, Level.INFO} and not report.choices else 1
