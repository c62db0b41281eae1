"""Getting payloads to the app and its acknowledgement back."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from sandbox.slack.changes import Change, Changes
from sandbox.slack.records import Delivery, Reply
from sandbox.slack.wire import Json

ACK_TIMEOUT = 3.0
"""Seconds Slack waits for an acknowledgement."""

SLASH, EVENT, INTERACTION = "slash_commands", "events_api", "interactive"


class Route(Protocol):
    """A way to the app: Socket Mode or signed HTTP."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    async def carry(self, kind: str, payload: Json, timeout: float) -> Reply:  # noqa: ASYNC109
        """Send one payload and wait for its acknowledgement, `timeout` seconds at most."""


class Deliveries:
    """Sends payloads by the route in force and keeps a log of all of them. Nothing is sent twice."""

    def __init__(self, route: Route, changes: Changes, ack_timeout: float) -> None:
        """Send by `route` until it is exchanged."""
        self.route = route
        self.log: list[Delivery] = []
        self._changes = changes
        self._ack_timeout = ack_timeout

    async def send(self, kind: str, payload: Json) -> Reply:
        """Deliver one payload, as `slash_commands`, `events_api` or `interactive`."""
        place = len(self.log)
        self.log.append(Delivery(kind, payload, self.route.name))
        reply = await self.route.carry(kind, payload, self._ack_timeout)
        self.log[place] = replace(self.log[place], reply=reply)
        self._changes.publish(Change("delivery", {"type": kind, "acked": reply.acked}))
        return reply
