"""A cable between the bot and a node that a test can freeze, and whose far end can hang up on callers."""

from __future__ import annotations

import asyncio
from typing import Self


class Relay:
    """Forwards a loopback port to another. Frozen, it carries nothing, not even the end of a connection."""

    def __init__(self, port: int, *, hang_up_on: int = 0) -> None:
        self.frozen = False
        self.callers = 0
        self.port = 0
        self._to = port
        self._hang_up_on = hang_up_on
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers += 1
        if self.callers <= self._hang_up_on:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, far_writer}
        self._tasks |= {
            asyncio.create_task(self._pump(reader, far_writer)),
            asyncio.create_task(self._pump(far_reader, writer)),
        }

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self.frozen:
                writer.write(data)
        if not self.frozen:
            writer.close()
