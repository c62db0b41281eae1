"""The network cable of one machine: a port on loopback that leads to its sshd.

A machine without power does not hang up: it says nothing, and when it is on again it knows nothing of what was, so open
connections are reset. A cable that was cut and is mended carries on: what was sent meanwhile arrives.
"""

from __future__ import annotations

import asyncio
from typing import cast


class Wire:
    """Carries bytes between whoever connects to `port` and the sshd on another port of loopback."""

    def __init__(self, inner: int) -> None:
        self.port = 0
        self.off = False
        """Whether the machine has no power."""
        self.frozen = False
        """Whether the cable is cut."""
        self.ends: set[_End] = set()
        self._inner = inner
        self._server: asyncio.Server | None = None
        self._dialling: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _End(self, dials=True), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut_power(self) -> None:
        """Say nothing more to anybody."""
        self.off = True
        for end in self.ends:
            end.die()

    def restore_power(self) -> None:
        """Reset what was open when the power went, and carry again."""
        self.off = False
        for end in tuple(self.ends):
            if end.dead:
                end.abort()

    def cut(self) -> None:
        """Carry nothing, and lose nothing of what is sent meanwhile."""
        self.frozen = True
        for end in self.ends:
            end.steer()

    def mend(self) -> None:
        """Carry again."""
        self.frozen = False
        for end in self.ends:
            end.steer()

    async def close(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._dialling):
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        for end in tuple(self.ends):
            end.abort()
        await asyncio.sleep(0)  # each goes a turn of the loop after it was aborted
        if self._server is not None:
            await self._server.wait_closed()

    def dial(self, end: _End) -> None:
        """Connect somebody to the sshd."""
        task = asyncio.create_task(self._dial(end))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def _dial(self, end: _End) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, inner = await loop.create_connection(lambda: _End(self), "127.0.0.1", self._inner)
        except OSError:
            end.abort()
            return
        end.other, inner.other = inner, end
        end.steer()
        inner.steer()


class _End(asyncio.Protocol):
    """One end of a connection; what comes in is for the other."""

    def __init__(self, wire: Wire, *, dials: bool = False) -> None:
        self.other: _End | None = None
        self.dead = False
        self._wire = wire
        self._dials = dials
        self.choked = False
        self._reading = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wire.ends.add(self)
        self.dead = self._wire.off
        self.steer()
        if self._dials and not self.dead:
            self._wire.dial(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and not self.dead:
            self.other.send(data)

    def pause_writing(self) -> None:
        self._choke(choked=True)

    def resume_writing(self) -> None:
        self._choke(choked=False)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._wire.ends.discard(self)
        other, self.other = self.other, None
        if other is not None and not other.dead:
            other.hang_up()

    def send(self, data: bytes) -> None:
        """Pass on what came in at the other end."""
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self) -> None:
        """Close the connection once all is sent."""
        if self._transport is not None:
            self._transport.close()

    def die(self) -> None:
        """Fall silent for ever."""
        self.dead = True
        self.steer()

    def abort(self) -> None:
        """Reset the connection."""
        if self._transport is not None:
            self._transport.abort()

    def steer(self) -> None:
        """Read if that is of use now: before the other end is there, and while nothing is carried, it waits."""
        reads = not (self.dead or self._wire.frozen or self.choked or self.other is None)
        if self._transport is None or reads is self._reading or self._transport.is_closing():
            return
        self._reading = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _choke(self, *, choked: bool) -> None:
        """Let the other end wait until this one has got rid of what it has."""
        if self.other is not None:
            self.other.choked = choked
            self.other.steer()
