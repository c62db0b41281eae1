"""Socket Mode: up to ten WebSocket connections of the app, each payload to one of them, acknowledged by envelope."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.slack.changes import Change
from sandbox.slack.delivery import EVENT, Parcel
from sandbox.slack.records import Reply
from sandbox.slack.site import Site
from sandbox.slack.wire import Json

MAX_CONNECTIONS = 10
DISCONNECT_WARNING = 10.0
"""Seconds between a `disconnect` message and the end of the connection."""


@dataclass(eq=False, slots=True)
class _Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    is_frozen: bool = False
    waiting: dict[str, asyncio.Future[Json | None]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return not self.socket.closed


class SocketMode:
    """The app's connections, and the route over them."""

    name = "socket"

    def __init__(self, site: Site) -> None:
        """Take connections whose ticket `site` issued; `accepted` counts them."""
        self._site = site
        self.accepted = 0
        self._connections: list[_Connection] = []
        self._turn = 0
        self._to_refuse = 0
        self._endings: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """What to mount."""
        return [web.get("/link/", self._connect)]

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return sum(connection.is_open for connection in self._connections)

    async def carry(self, parcel: Parcel, timeout: float) -> Reply:  # noqa: ASYNC109
        """Send to one open connection, each in its turn, and wait for its acknowledgement."""
        started = time.monotonic()
        open_now = [connection for connection in self._connections if connection.is_open]
        if not open_now:
            return Reply(acked=False, seconds=0.0, problem="dispatch_failed")
        self._turn += 1
        connection = open_now[self._turn % len(open_now)]
        acknowledged: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        connection.waiting[parcel.envelope] = acknowledged
        try:
            async with asyncio.timeout(timeout):
                await connection.socket.send_json(_envelope(parcel))
                body = await acknowledged
        except (TimeoutError, ConnectionError):
            return Reply(acked=False, seconds=time.monotonic() - started, problem="operation_timeout")
        finally:
            connection.waiting.pop(parcel.envelope, None)
        return Reply(acked=True, seconds=time.monotonic() - started, body=body)

    async def disconnect(self, reason: str = "warning", grace: float = DISCONNECT_WARNING) -> None:
        """Tell every connection why it must go (`warning`, `refresh_requested`), and close it `grace` seconds later."""
        for connection in self._lively():
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            await connection.socket.send_json(message)
            ending = asyncio.create_task(self._end(connection, grace))
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)

    async def drop(self) -> None:
        """Close every connection without a word."""
        self.end_frozen()
        for connection in list(self._connections):
            await connection.socket.close()

    def refuse(self, times: int = 1) -> None:
        """Refuse the next connections, each at an address that was issued for it and is good no more after that."""
        self._to_refuse += times

    def freeze(self) -> None:
        """Leave every connection half open: it stands, but nothing is heard on it any more, no ping answered.

        Slack does not know, and goes on sending payloads there.
        """
        for connection in self._lively():
            connection.is_frozen = True
            if connection.transport is not None:
                connection.transport.pause_reading()

    def end_frozen(self) -> None:
        """Cut the connections that are half open."""
        for connection in self._connections:
            if connection.is_frozen and connection.transport is not None:
                connection.transport.abort()

    def clear(self) -> None:
        """Refuse nothing more, and cut what is half open."""
        self._to_refuse = 0
        self.end_frozen()

    def _lively(self) -> list[_Connection]:
        return [connection for connection in self._connections if not connection.is_frozen]

    async def close(self) -> None:
        """Stop: close everything."""
        for ending in list(self._endings):
            ending.cancel()
        await self.drop()

    async def _end(self, connection: _Connection, grace: float) -> None:
        await asyncio.sleep(grace)
        await connection.socket.close()

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if not self._site.tickets.redeem(request.query.get("ticket", "")):
            return web.Response(status=408, text="ticket unknown, used or expired")
        if self._to_refuse:
            self._to_refuse -= 1
            return web.Response(status=503, text="come again with another address")
        socket = web.WebSocketResponse(heartbeat=None, autoping=True)
        try:
            await socket.prepare(request)
        except ConnectionError:
            return socket
        if self.connected >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = _Connection(socket, request.transport)
        self._connections.append(connection)
        self.accepted += 1
        try:
            await socket.send_json(self._hello())
            self._site.store.changes.publish(Change("connection", {"connected": self.connected}))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    _acknowledge(connection, message.json())
        finally:
            self._connections.remove(connection)
            for acknowledged in connection.waiting.values():
                if not acknowledged.done():
                    acknowledged.set_exception(ConnectionError("the connection closed"))
            self._site.store.changes.publish(Change("connection", {"connected": self.connected}))
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connected,
            "connection_info": {"app_id": self._site.world.app.id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }


def _envelope(parcel: Parcel) -> Json:
    envelope = {
        "envelope_id": parcel.envelope,
        "type": parcel.kind,
        "payload": parcel.payload,
        "accepts_response_payload": parcel.kind != EVENT,
    }
    if parcel.kind == EVENT:
        envelope |= {"retry_attempt": parcel.attempt, "retry_reason": "timeout" if parcel.attempt else ""}
    return envelope


def _acknowledge(connection: _Connection, message: Any) -> None:
    """Settle the envelope a client's message names; anything else it says is ignored, as Slack does."""
    if not isinstance(message, dict):
        return
    acknowledged = connection.waiting.get(str(message.get("envelope_id")))
    if acknowledged is not None and not acknowledged.done():
        acknowledged.set_result(message.get("payload"))
