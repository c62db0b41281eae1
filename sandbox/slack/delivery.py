"""Getting payloads to the app and its acknowledgement back."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Protocol

from sandbox.slack.changes import Change, Changes
from sandbox.slack.faults import ANY
from sandbox.slack.records import Delivery, Reply
from sandbox.slack.wire import Json

ACK_TIMEOUT = 3.0
"""Seconds Slack waits for an acknowledgement."""

SLASH, EVENT, INTERACTION = "slash_commands", "events_api", "interactive"
KINDS = (SLASH, EVENT, INTERACTION)


def _new_envelope() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Parcel:
    """A payload on its way: its envelope, and how often Slack has tried before."""

    kind: str
    payload: Json
    envelope: str = field(default_factory=_new_envelope)
    attempt: int = 0

    def again(self) -> Parcel:
        """The same once more: an event is retried, as the Events API does; anything else is the very same envelope."""
        if self.kind != EVENT:
            return self
        return replace(self, envelope=_new_envelope(), attempt=self.attempt + 1)


class Route(Protocol):
    """A way to the app: Socket Mode or signed HTTP."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    async def carry(self, parcel: Parcel, timeout: float) -> Reply:  # noqa: ASYNC109
        """Send one payload and wait for its acknowledgement, `timeout` seconds at most."""


class Deliveries:
    """Sends payloads by the route in force and keeps a log of all of them. Nothing is sent twice unless asked for."""

    def __init__(self, route: Route, changes: Changes, ack_timeout: float) -> None:
        """Send by `route` until it is exchanged."""
        self.route = route
        self.log: list[Delivery] = []
        self._changes = changes
        self._ack_timeout = ack_timeout
        self._doubled = Counter[str]()

    def double(self, kind: str = ANY, times: int = 1) -> None:
        """Deliver the next payloads of a kind twice."""
        self._doubled[kind] += times

    def clear(self) -> None:
        """Deliver everything once again."""
        self._doubled.clear()

    async def send(self, kind: str, payload: Json) -> Reply:
        """Deliver one payload, as `slash_commands`, `events_api` or `interactive`."""
        parcel = Parcel(kind, payload)
        reply = await self._carried(parcel)
        if self._is_doubled(kind):
            await self._carried(parcel.again())
        return reply

    async def _carried(self, parcel: Parcel) -> Reply:
        place = len(self.log)
        self.log.append(Delivery(parcel.kind, parcel.payload, self.route.name))
        reply = await self.route.carry(parcel, self._ack_timeout)
        self.log[place] = replace(self.log[place], reply=reply)
        self._changes.publish(Change("delivery", {"type": parcel.kind, "acked": reply.acked}))
        return reply

    def _is_doubled(self, kind: str) -> bool:
        for asked in (kind, ANY):
            if self._doubled[asked] > 0:
                self._doubled[asked] -= 1
                return True
        return False
