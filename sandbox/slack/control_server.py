"""`Control` over HTTP on loopback, at an address of its own: it answers while the workspace is away."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.slack import control
from sandbox.slack.control import Control
from sandbox.slack.page_server import loopback_names_only

COMMANDS = (
    *("rate_limit", "pace", "refuse", "error_page", "lose_request", "lose_reply", "late_reply"),
    *("duplicate", "refuse_socket", "freeze_sockets", "drop_sockets", "disconnect"),
    *("revoke", "go_away", "come_back", "clear"),
)
"""The methods of `Control` that can be asked for."""

_READ: Mapping[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: text.lower() in ("1", "true", "yes", "on"),
}


class ControlServer:
    """Serves one workspace's control."""

    def __init__(self, control: Control, host: str, port: int) -> None:
        """Listen at `host` and `port` once opened; port 0 takes a free one."""
        self._control = control
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def open(self) -> str:
        """Accept requests; the address they come to."""
        app = web.Application(middlewares=[loopback_names_only])
        app.router.add_get("/", self._told)
        app.router.add_post("/{command}", self._done)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return f"http://{self._host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _told(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"{reference()}\n\nNow: {json.dumps(self._control.state())}\n")

    async def _done(self, request: web.Request) -> web.Response:
        name = request.match_info["command"]
        if name not in COMMANDS:
            return web.json_response({"ok": False, "error": f"there is no {name}: {', '.join(COMMANDS)}"}, status=404)
        command: Callable[..., Awaitable[None]] = getattr(self._control, name)
        try:
            await command(**_arguments(command, request.query))
        except ValueError as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response({"ok": True, **self._control.state()})


def reference() -> str:
    """What can be asked for and how: the words of `Control` itself."""
    entries = []
    for name in COMMANDS:
        method = getattr(Control, name)
        asked = [_shown(each) for each in _parameters(method).values()]
        entries.append(
            f"{name}  {' '.join(asked)}".rstrip() + f"\n    {inspect.getdoc(method)}".replace("\n", "\n    ")
        )
    return "\n\n".join([inspect.cleandoc(control.__doc__ or ""), *entries])


def _parameters(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return {name: each for name, each in inspect.signature(method).parameters.items() if name != "self"}


def _shown(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return f"{parameter.name}=…"
    return f"[{parameter.name}={parameter.default}]"


def _arguments(command: Callable[..., Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Read a query string as the command's arguments. Raises ValueError for what it does not take."""
    known, types = _parameters(command), typing.get_type_hints(command)
    for name in given:
        if name not in known:
            raise ValueError(f"there is no argument {name}: {', '.join(known) or 'none is taken'}")
    for name, each in known.items():
        if each.default is inspect.Parameter.empty and name not in given:
            raise ValueError(f"the argument {name} is missing")
    return {name: _READ[types[name]](text) for name, text in given.items()}
