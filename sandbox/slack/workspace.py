"""A local Slack workspace: start it, point the real SDK at it, act as its people, look at what came of it.

::

    async with Workspace() as ws:
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
        app = AsyncApp(client=client, signing_secret=ws.signing_secret)
        ...
        done = await ws.slash("ada", "#ops", "/hacluster status web")
        message = await ws.wait_for(lambda: ws.messages("#ops"))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Literal, Self, TypeVar

from aiohttp import web

from sandbox.slack.changes import Change, Changes
from sandbox.slack.clock import Clock, wall_clock
from sandbox.slack.control import Control
from sandbox.slack.control_server import ControlServer
from sandbox.slack.delivery import ACK_TIMEOUT, Deliveries
from sandbox.slack.faults import Faults
from sandbox.slack.front import Front
from sandbox.slack.grants import Credentials, ResponseUrls, Tickets, Triggers
from sandbox.slack.listening import Listening
from sandbox.slack.pace import Pace
from sandbox.slack.page_server import PageServer, loopback_names_only
from sandbox.slack.page_view import Showing
from sandbox.slack.people import People
from sandbox.slack.records import ApiCall, Delivery, File, Message, Reply, View
from sandbox.slack.refusal import Refused
from sandbox.slack.responses import Responses
from sandbox.slack.signed_http import SignedHttp
from sandbox.slack.site import Site
from sandbox.slack.socket_mode import DISCONNECT_WARNING, SocketMode
from sandbox.slack.store import Store
from sandbox.slack.web_api import MAX_BODY, WebApi
from sandbox.slack.wire import Json
from sandbox.slack.world import DEMO, World

T = TypeVar("T")


class Workspace(People):
    """One running workspace: its life, what its people do (People), and what came of it."""

    def __init__(
        self,
        world: World = DEMO,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        scopes: Sequence[str] | None = None,
        front: Front | None = None,
        clock: Clock = wall_clock,
        ack_timeout: float = ACK_TIMEOUT,
        credentials: Credentials | None = None,
        paced: bool = False,
        control_port: int | None = None,
    ) -> None:
        """Prepare it; `async with` starts it.

        Port 0 takes a free one. `scopes` replace those of the world's app. `front` is the page's own content.
        `clock` and `ack_timeout` (seconds) are for tests that cannot wait. Where `paced`, an app that goes faster than
        Slack allows is refused as Slack refuses it. With a `control_port` (0: a free one) what can go wrong can be
        asked for over HTTP too, at `control_url`.
        """
        self.changes = Changes()
        self.credentials = credentials or Credentials()
        store = Store(world, clock, self.changes)
        self.site = Site(
            store=store,
            credentials=self.credentials,
            triggers=Triggers(clock),
            response_urls=ResponseUrls(clock),
            tickets=Tickets(clock),
            scopes=tuple(world.app.scopes if scopes is None else scopes),
            pace=Pace(clock) if paced else None,
        )
        self.socket_mode = SocketMode(self.site)
        self._responses = Responses(store)
        self._deliveries = Deliveries(self.socket_mode, self.changes, ack_timeout)
        super().__init__(self.site, self._deliveries, self._responses)
        self.control = Control(self.site, self.socket_mode, self._deliveries)
        self.control_url = ""
        self._control_port = control_port
        self._control_server: ControlServer | None = None
        self._showing = Showing(store, front or Front(), self._routes_open)
        self._pages = PageServer(self.site, self, self._showing)
        self._http: SignedHttp | None = None
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    # Life

    async def __aenter__(self) -> Self:
        """Start serving."""
        loopback = self._host in ("127.0.0.1", "localhost", "::1")
        app = web.Application(client_max_size=MAX_BODY, middlewares=[loopback_names_only] if loopback else [])
        app.add_routes(WebApi(self.site, self._responses).routes())
        app.add_routes(self.socket_mode.routes())
        app.add_routes(self._pages.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        self.control.door = Listening(self._runner, self._host, self._port)
        port = await self.control.door.open()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.site.url = f"http://{host}:{port}"
        if self._control_port is not None:
            self._control_server = ControlServer(self.control, "127.0.0.1", self._control_port)
            self.control_url = await self._control_server.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop."""
        await self.control.stop()
        if self._control_server is not None:
            await self._control_server.close()
        await self.socket_mode.close()
        await self._pages.close()
        if self._http is not None:
            await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is served; the SDK's `base_url` is this and `/api/`."""
        return self.site.url

    @property
    def bot_token(self) -> str:
        """The app's bot token, `xoxb-...`."""
        return self.credentials.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token for Socket Mode, `xapp-...`."""
        return self.credentials.app_token

    @property
    def signing_secret(self) -> str:
        """The secret that signs HTTP deliveries."""
        return self.credentials.signing_secret

    # What goes wrong

    @property
    def faults(self) -> Faults:
        """What happens to the next calls of the Web API; for all else that can go wrong see `control`."""
        return self.site.faults

    async def go_away(self) -> None:
        """Begin an outage: connections are refused, and those there are break, the page's too."""
        await self.control.go_away()

    async def come_back(self) -> None:
        """End an outage, at the same address."""
        await self.control.come_back()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Be away for as long as the block runs."""
        await self.go_away()
        try:
            yield
        finally:
            await self.come_back()

    # What the app is told

    async def deliver(self, kind: str, payload: Json) -> Reply:
        """Send the app a raw payload (`slash_commands`, `events_api`, `interactive`): replays, forgeries, nonsense."""
        return await self._deliveries.send(kind, payload)

    # What came of it

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel that everyone sees, replies included, oldest first."""
        return self.store.messages(self.channel(channel).id)

    def message(self, channel: str, ts: str) -> Message:
        """One message, its edits in `.history`; KeyError if there is none."""
        found = self.store.find(self.channel(channel).id, ts)
        if found is None:
            raise KeyError(ts)
        return found

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies below a message, oldest first."""
        return self.store.thread(self.channel(channel).id, ts)

    def ephemerals(self, user: str) -> list[Message]:
        """What was shown to one person only, oldest first."""
        return self.store.whispers(self.user(user).id)

    def views(self, user: str) -> list[View]:
        """The modals open in front of a person, the one on top last."""
        return [self.store.views[view_id] for view_id in self.store.modal_stacks.get(self.user(user).id, ())]

    def home(self, user: str) -> View | None:
        """A person's Home tab."""
        view_id = self.store.homes.get(self.user(user).id)
        return None if view_id is None else self.store.views[view_id]

    @property
    def files(self) -> list[File]:
        """All uploaded files."""
        return list(self.store.files.values())

    @property
    def calls(self) -> list[ApiCall]:
        """Every call of the Web API so far."""
        return self.site.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Every payload sent to the app so far, with its reply."""
        return self._deliveries.log

    async def wait_for(self, predicate: Callable[[], T | Literal[False] | None], timeout: float = 10.0) -> T:  # noqa: ASYNC109
        """Wait until `predicate` is truthy and give what it returned; it is asked again after every change."""
        return await self.changes.wait_for(predicate, timeout)

    # The ways to the app

    @property
    def connected(self) -> int:
        """Open Socket Mode connections."""
        return self.socket_mode.connected

    async def disconnect(self, reason: str = "warning", grace: float = DISCONNECT_WARNING) -> None:
        """Have Slack ask every connection to reconnect, closing it `grace` seconds later."""
        await self.socket_mode.disconnect(reason, grace)

    async def use_http(self, request_url: str) -> None:
        """Deliver by signed requests to `request_url` from now on; Refused if it does not answer Slack's challenge."""
        http = SignedHttp(request_url, self.credentials.signing_secret, self.store.clock)
        try:
            await http.verify(self.credentials.verification_token)
        except Refused:
            await http.close()
            raise
        self._http, before = http, self._http
        if before is not None:
            await before.close()
        self._deliveries.route = http

    def _routes_open(self) -> int:
        return self.connected if self._http is None else 1

    # The page

    def set_front(self, front: Front) -> None:
        """Change the page's banner, hints and buttons."""
        self._showing.front = front
        self.changes.publish(Change("front"))
