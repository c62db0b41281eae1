"""The page in the browser: its files, what it shows (`/page/live`), and what a person does on it (`/page/do/...`).

Everyone who can open the page can act as anybody: it is a toy for one machine. It is served to loopback names only,
so that another web site cannot reach it through the person's browser.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from sandbox.slack.changes import Change
from sandbox.slack.done import Done
from sandbox.slack.inputs import NotPossible
from sandbox.slack.page_view import Showing, done_payload
from sandbox.slack.people import People
from sandbox.slack.site import Site
from sandbox.slack.wire import Json

_FILES = Path(__file__).with_name("page")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src * data:; connect-src 'self' ws:; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


@web.middleware
async def loopback_names_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what a foreign web site makes a person's browser send: by a name of its own, or from its own pages."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return web.Response(status=403, text="this workspace answers to its own page only")
    name = request.host.rpartition(":")[0] if not request.host.endswith("]") else request.host
    if (name or request.host) not in _LOOPBACK_NAMES:
        return web.Response(status=421, text="this workspace answers to localhost only")
    return await handler(request)


class PageServer:
    """Serves the page for one workspace."""

    def __init__(self, site: Site, people: People, showing: Showing) -> None:
        """Act through `people`, show through `showing`."""
        self._site = site
        self._people = people
        self._showing = showing
        self._open: set[web.WebSocketResponse] = set()
        self._doings: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "slash": self._slash,
            "say": self._say,
            "click": self._click,
            "click_in_view": self._click_in_view,
            "submit": self._submit,
            "close_view": self._close_view,
            "home": self._home,
            "panel": self._panel,
        }

    def routes(self) -> list[web.RouteDef]:
        """What to mount."""
        return [
            web.get("/", self._index),
            web.get("/page/live", self._live),
            web.get("/page/files/{file}", self._file),
            web.get("/page/{name}", self._asset),
            web.post("/page/do/{what}", self._do),
        ]

    async def close(self) -> None:
        """Let go of every open page."""
        for socket in list(self._open):
            await socket.close()

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_FILES / "index.html", headers=_HEADERS)

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        path = _FILES / request.match_info["name"]
        if path.parent != _FILES or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_HEADERS)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """An uploaded file's content; never as a document of this origin, except pictures."""
        file = self._site.store.files.get(request.match_info["file"])
        if file is None or file.content is None:
            raise web.HTTPNotFound
        shown = file.mimetype if file.mimetype in ("image/png", "image/jpeg", "image/gif") else "text/plain"
        return web.Response(body=file.content, content_type=shown, headers=_HEADERS)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Everything one person sees: at once, then as it changes."""
        socket = web.WebSocketResponse(heartbeat=20)
        try:
            user = self._site.store.user(request.query.get("user", ""))
        except KeyError:
            raise web.HTTPNotFound from None
        await socket.prepare(request)
        changes: asyncio.Queue[Change] = asyncio.Queue()
        self._open.add(socket)
        try:
            with self._site.store.changes.subscribed(changes.put_nowait):
                await socket.send_json(self._showing.everything(user))
                feeding = asyncio.create_task(self._feed(socket, user.id, changes))
                try:
                    async for message in socket:
                        if message.type is not WSMsgType.TEXT:
                            break
                finally:
                    feeding.cancel()
        finally:
            self._open.discard(socket)
        return socket

    async def _feed(self, socket: web.WebSocketResponse, user_id: str, changes: asyncio.Queue[Change]) -> None:
        while True:
            change = await changes.get()
            if change.only_for not in (None, user_id):
                continue
            update = self._showing.update(user_id, change)
            if update is not None:
                try:
                    await socket.send_json(update)
                except ConnectionError:
                    return

    async def _do(self, request: web.Request) -> web.Response:
        """Something a person did, as JSON; how it went comes back."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        doing = self._doings.get(request.match_info["what"])
        if doing is None:
            raise web.HTTPNotFound
        try:
            answer = await doing(json.loads(await request.text()))
        except (NotPossible, KeyError, TypeError, ValueError) as problem:
            return web.json_response({"delivered": False, "notice": f"Not possible: {problem}"}, status=400)
        return web.json_response(answer)

    async def _slash(self, body: Json) -> Json:
        return done_payload(await self._people.slash(body["user"], body["channel"], body["text"]))

    async def _say(self, body: Json) -> Json:
        await self._people.say(body["user"], body["channel"], body["text"], body.get("thread_ts"))
        return done_payload(Done())

    async def _click(self, body: Json) -> Json:
        done = await self._people.click(
            body["user"],
            body["channel"],
            body["ts"],
            body["action_id"],
            body.get("value"),
            block_id=body.get("block_id"),
        )
        return done_payload(done)

    async def _click_in_view(self, body: Json) -> Json:
        done = await self._people.click_in_view(
            body["user"],
            body["view"],
            body["action_id"],
            body.get("value"),
            block_id=body.get("block_id"),
            entered=body.get("entered"),
        )
        return done_payload(done)

    async def _submit(self, body: Json) -> Json:
        return done_payload(await self._people.submit(body["user"], body["view"], body["entered"]))

    async def _close_view(self, body: Json) -> Json:
        return done_payload(await self._people.close_view(body["user"], body["view"]))

    async def _home(self, body: Json) -> Json:
        return done_payload(await self._people.open_home(body["user"]) or Done(delivered=False))

    async def _panel(self, body: Json) -> Json:
        """Press a button of the embedding program, named by its label since buttons may have changed meanwhile."""
        for button in self._showing.front.panel:
            if button.label == body["label"]:
                return {"notice": await button.press()}
        raise NotPossible("that button is gone")
