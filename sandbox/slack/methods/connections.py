"""apps.connections.open: the way into Socket Mode, by the app-level token."""

from __future__ import annotations

from sandbox.slack.methods.call import Call, Method
from sandbox.slack.wire import Json


async def open_connection(call: Call) -> Json:
    """A WebSocket address, good once."""
    base = "ws" + call.site.url.removeprefix("http")
    return {"url": f"{base}/link/?ticket={call.site.tickets.issue()}&app_id={call.site.world.app.id}"}


METHODS = (Method("apps.connections.open", open_connection, token="app"),)  # noqa: S106 - a kind, not a token
