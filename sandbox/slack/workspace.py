"""A local Slack workspace: start it, point the real SDK at it, act as its people, look at what came of it.

async with Workspace() as ws:
client = AsyncWebClient(token=ws.bot_token, base_url=ws.url + "/api/")
app = AsyncApp(client=client, signing_secret=ws.signing_secret)
...
done = await ws.slash("ada", "#ops", "/hacluster status web")
message = await ws.wait_for(lambda: ws.messages("#ops"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from sandbox.slack.changes import Changes
from sandbox.slack.clock import Clock, wall_clock
from sandbox.slack.delivery import ACK_TIMEOUT, Deliveries
from sandbox.slack.done import Done
from sandbox.slack.grants import Credentials, ResponseUrls, Tickets, Triggers
from sandbox.slack.inputs import NotPossible
from sandbox.slack.modals import Modals
from sandbox.slack.pressing import Pressing
from sandbox.slack.records import ApiCall, Delivery, File, Message, Reply, View
from sandbox.slack.responses import Responses
from sandbox.slack.site import Site
from sandbox.slack.socket_mode import DISCONNECT_WARNING, SocketMode
from sandbox.slack.store import Store
from sandbox.slack.talking import Talking
from sandbox.slack.web_api import MAX_BODY, WebApi
from sandbox.slack.wire import Json
from sandbox.slack.world import DEMO, Channel, User, World

T = TypeVar("T")


class Workspace:
    """One running workspace. People and channels are named by name (`ada`, `#ops`) or id throughout."""

    def __init__(
        self,
        world: World = DEMO,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        scopes: Sequence[str] | None = None,
        clock: Clock = wall_clock,
        ack_timeout: float = ACK_TIMEOUT,
        credentials: Credentials | None = None,
    ) -> None:
        """Prepare it; `async with` starts it. `scopes` replace those of the world's app; port 0 takes a free one."""
        self.changes = Changes()
        self.credentials = credentials or Credentials()
        self.store = Store(world, clock, self.changes)
        self.site = Site(
            store=self.store,
            credentials=self.credentials,
            triggers=Triggers(clock),
            response_urls=ResponseUrls(clock),
            tickets=Tickets(clock),
            scopes=tuple(world.app.scopes if scopes is None else scopes),
        )
        self.socket_mode = SocketMode(self.site)
        self._responses = Responses(self.store)
        self._deliveries = Deliveries(self.socket_mode, self.changes, ack_timeout)
        self._talking = Talking(self.site, self._deliveries, self._responses)
        self._pressing = Pressing(self.site, self._deliveries)
        self._modals = Modals(self.site, self._deliveries)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    # Life

    async def __aenter__(self) -> Self:
        """Start serving."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(WebApi(self.site, self._responses).routes())
        app.add_routes(self.socket_mode.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.site.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and stop."""
        await self.socket_mode.close()
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

    # Who and where

    def user(self, name: str) -> User:
        """A person."""
        return self.store.user(name)

    def channel(self, name: str) -> Channel:
        """A channel, or by `@name` the direct messages between that person and the bot."""
        if name.startswith("@"):
            return self.store.direct_message(self.user(name).id)
        return self.store.channel(name)

    # What people do

    async def slash(self, user: str, channel: str, line: str) -> Done:
        """Type a slash command, such as `/hacluster status web`."""
        return await self._talking.slash(self.user(user), self._present(user, channel), line)

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Write a message; `@hacluster ...` in it reaches the bot as a mention."""
        message, _ = await self._talking.say(self.user(user), self._present(user, channel), text, thread_ts)
        return message

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        confirm: bool = True,
    ) -> Done:
        """Use a button, select or overflow menu of a message, answering its confirm dialog with `confirm`.

        Raises NotPossible where this person sees no such message or element.
        """
        message = self._visible(user, channel, ts)
        return await self._pressing.use_in_message(
            self.user(user), message, action_id, value, block_id=block_id, confirm=confirm
        )

    async def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        confirm: bool = True,
        entered: Mapping[str, Any] | None = None,
    ) -> Done:
        """Use an element of a modal or Home tab, with `entered` in the view's fields."""
        return await self._pressing.use_in_view(
            self.user(user),
            self._own_view(user, view_id),
            action_id,
            value,
            block_id=block_id,
            confirm=confirm,
            entered=entered,
        )

    async def submit(self, user: str, view_id: str, state_values: Mapping[str, Any]) -> Done:
        """Submit a modal with values by block_id, simple (`{"name": "web"}`) or in Slack's form."""
        return await self._modals.submit(self.user(user), self._own_view(user, view_id), state_values)

    async def close_view(self, user: str, view_id: str) -> Done:
        """Close a modal without submitting it."""
        return await self._modals.close(self.user(user), self._own_view(user, view_id))

    async def open_home(self, user: str) -> Done | None:
        """Open the app's Home tab."""
        return await self._talking.open_home(self.user(user))

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

    async def wait_for(self, predicate: Callable[[], T | Literal[False] | None], timeout: float = 5.0) -> T:  # noqa: ASYNC109
        """Wait until `predicate` is truthy and give what it returned; it is asked again after every change."""
        return await self.changes.wait_for(predicate, timeout)

    # The connections

    @property
    def connected(self) -> int:
        """Open Socket Mode connections."""
        return self.socket_mode.connected

    async def disconnect(self, reason: str = "warning", grace: float = DISCONNECT_WARNING) -> None:
        """Have Slack ask every connection to reconnect, closing it `grace` seconds later."""
        await self.socket_mode.disconnect(reason, grace)

    # Inside

    def _present(self, user: str, channel: str) -> Channel:
        found = self.channel(channel)
        if self.user(user).id not in self.store.members[found.id]:
            raise NotPossible(f"{user} is not in {channel}")
        return found

    def _visible(self, user: str, channel: str, ts: str) -> Message:
        place = self._present(user, channel).id
        message = self.store.find(place, ts)
        if message is None:
            message = self.store.find_whisper(place, ts)
            if message is None or message.visible_to != self.user(user).id:
                raise NotPossible(f"{user} sees no message {ts} in {channel}")
        return message

    def _own_view(self, user: str, view_id: str) -> View:
        view = self.store.views.get(view_id)
        if view is None or view.user != self.user(user).id:
            raise NotPossible(f"{user} has no view {view_id} open")
        return view
