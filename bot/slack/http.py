"""HTTP: where Slack posts to when there is no Socket Mode, and where a supervisor asks how we are."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request

from bot.slack.front import Slack
from commands.errors import HaclusterError

EVENTS = "/slack/events"
HEALTH = "/healthz"
READY = "/readyz"
METRICS = "/metrics"
_log = structlog.get_logger(__name__)
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the bot does its work, and what that is made of."""

    ok: bool
    details: Mapping[str, object] = field(default_factory=dict)


def application(
    health: Callable[[], Awaitable[Health]],
    slack: Slack | None = None,
    *,
    ready: Callable[[], Awaitable[Health]] | None = None,
    metrics: Callable[[], Awaitable[bytes]] | None = None,
) -> web.Application:
    """Build the server: who asks how the bot is, and with `slack` the one address for commands, events and buttons.

    Bolt checks Slack's signature over the raw body and refuses what is older than five minutes. Raises ValueError when
    there is no signing secret to check it with.
    """
    app = web.Application()
    app.router.add_get(HEALTH, _telling(health))
    app.router.add_get(READY, _telling(ready or health))
    if metrics is not None:

        async def tell_metrics(_: web.Request) -> web.Response:
            return web.Response(body=await metrics(), headers={"Content-Type": _EXPOSITION})

        app.router.add_get(METRICS, tell_metrics)
    if slack is not None:
        if not slack.checks_signatures:
            raise ValueError("HTTP mode needs Slack's signing secret: without it anybody could send commands")

        async def take(request: web.Request) -> web.Response:
            try:
                asked = await to_bolt_request(request)
            except Exception as error:  # noqa: BLE001 - whatever Bolt stumbles over; whose it is was not checked yet
                _log.warning("request not read", why=type(error).__name__)
                return web.Response(status=400)
            return await to_aiohttp_response(await slack.dispatch(asked))

        app.router.add_post(EVENTS, take)
    return app


def _telling(judge: Callable[[], Awaitable[Health]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def tell(_: web.Request) -> web.Response:
        state = await judge()
        return web.json_response({"ok": state.ok, **state.details}, status=200 if state.ok else 503)

    return tell


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the block runs; gives the port, which matters when asked for port 0.

    Raises `HaclusterError` where it cannot listen there: most often a second bot was started beside the first.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such address"
            raise HaclusterError(
                f"cannot listen at {host}:{port} for health checks and Slack's calls: {why}",
                remedy="Does a bot run here already? If not: slack.http_host and slack.http_port choose another place.",
            ) from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
