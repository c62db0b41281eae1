"""The workspace's address: taken, given up in an outage, and taken again."""

from __future__ import annotations

from aiohttp import web


class Listening:
    """Accepts connections for a running application, or refuses all and cuts those there are."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        """Listen at `host` and `port` once opened; port 0 takes a free one and keeps it."""
        self._runner = runner
        self._host = host
        self._port = port
        self._site: web.TCPSite | None = None

    @property
    def is_open(self) -> bool:
        """Whether anybody can connect."""
        return self._site is not None

    async def open(self) -> int:
        """Accept connections; the port they come to."""
        if self._site is None:
            site = web.TCPSite(self._runner, self._host, self._port)
            await site.start()
            self._site, self._port = site, self._runner.addresses[0][1]
        return self._port

    async def close(self) -> None:
        """Refuse connections from now on, and cut every open one without a word, whatever it was doing."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await site.stop()
        for connection in list(self._runner.server.connections if self._runner.server else ()):
            if connection.transport is not None:
                connection.transport.abort()
