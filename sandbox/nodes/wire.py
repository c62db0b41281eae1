"""The network cable of one machine: a port on loopback that leads to its sshd, and is silent while the power is off.

A machine without power does not hang up: it says nothing. So does a cut wire: connections stay open and nothing comes
through. When the machine is on again it knows nothing of them, and they are reset.
"""

from __future__ import annotations

import asyncio
import contextlib


class Wire:
    """Carries bytes between whoever connects to `port` and the sshd on another port of loopback."""

    def __init__(self, inner: int) -> None:
        self.port = 0
        self._inner = inner
        self._cut = False
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Carry nothing more, and say nothing to anybody."""
        self._cut = True
        await self._drop_tasks()

    async def mend(self) -> None:
        """Reset what was open when it was cut, and carry again."""
        await self._reset()
        self._cut = False

    async def close(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        await self._drop_tasks()
        await self._reset()
        if self._server is not None:
            await self._server.wait_closed()

    async def _drop_tasks(self) -> None:
        tasks = tuple(self._carrying)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _reset(self) -> None:
        ends = tuple(self._ends)
        self._ends.clear()
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        if self._cut:
            return
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner)
        except OSError:
            writer.transport.abort()
            self._ends.discard(writer)
            return
        self._ends.add(inner_writer)
        for source, target in ((reader, inner_writer), (inner_reader, writer)):
            task = asyncio.create_task(self._carry(source, target))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        # cancelled means cut, and does not get here: a cut wire hangs up on nobody
        target.close()
        with contextlib.suppress(OSError):
            await target.wait_closed()
        self._ends.discard(target)
