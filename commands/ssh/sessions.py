"""What happens on one channel: a command whose output is collected, or a stream whose output is followed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any

import asyncssh

from commands.ssh.remote_line import signal_status

LINGER = 1.0
"""Seconds to wait for more output of a change after its exit status."""
_HELD = 256 * 1024
"""Bytes of a stream held for its reader before the node is made to wait."""
_WORDS = 8 * 1024
"""Bytes of a stream's standard error kept: its last words."""


class Session(asyncssh.SSHClientSession[bytes]):
    """A channel's life: asked for (from then on the command may run), ended with a status, or lost."""

    def __init__(self) -> None:
        self.asked = False
        self.abandoned = False
        self.broken = False
        self.status: int | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        if self.abandoned:
            chan.close()
        else:
            self.asked = True

    def eof_received(self) -> bool:
        return True

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: ARG002, FBT001
        self.exit_status_received(signal_status(signal))

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the end. Without a status the command's fate is unknown; if broken, its output may lack its end."""
        self.broken = exc is not None
        self._channel = None
        self._settle()

    def _settle(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def send(self, text: str, *, last: bool) -> None:
        """Write to standard input, and close it if this is the last. Raises BrokenPipeError if the channel is gone."""
        if self._channel is None:
            raise BrokenPipeError
        self._channel.write(text.encode())
        if last:
            self._channel.write_eof()

    def end(self) -> None:
        """End the command as far as SSH can: its input ends, and the channel closes.

        What heeds neither goes on: a stream without a lease until it next writes, a command until its `timeout`.
        """
        self.abandoned = True
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.write_eof()
            self._channel.abort()


class Collected(Session):
    """Collects what a command prints.

    A read's answer is `whole` or none: printing more than `cap` bytes ends it. A change is never cut short: what
    exceeds the cap is dropped, and once its exit status is known a process it left behind may not keep us waiting.
    """

    def __init__(self, cap: int, *, whole: bool) -> None:
        super().__init__()
        self._parts: dict[Any, list[bytes]] = {None: [], asyncssh.EXTENDED_DATA_STDERR: []}
        self._room = cap
        self._whole = whole
        self._lingering: asyncio.TimerHandle | None = None
        self.too_long = False

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._parts[datatype].append(data[: self._room])
        self.too_long |= len(data) > self._room
        self._room = max(0, self._room - len(data))
        if self.too_long and self._whole:
            self._cut()

    def exit_status_received(self, status: int) -> None:
        super().exit_status_received(status)
        if not self._whole:
            self._lingering = asyncio.get_running_loop().call_later(LINGER, self._cut)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
        super().connection_lost(exc)

    def _cut(self) -> None:
        self._settle()
        self.end()

    def end(self) -> None:
        """End the command, with a TERM as well: OpenSSH delivers it for logins other than root."""
        if self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.terminate()
        super().end()

    def output(self) -> tuple[str, str]:
        """Return standard output and standard error; bytes that are not UTF-8 appear as U+FFFD."""
        out, err = (b"".join(parts).decode("utf-8", "replace") for parts in self._parts.values())
        return out, err


class Followed(Session):
    """Hands over what a stream prints, chunk by chunk, making the node wait when the reader is slow.

    It is ended by the end of its input alone, since that reaches every login: a TERM would kill some wrappers before
    they can end what they started.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = b""
        """The end of its standard error."""
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._news = asyncio.Event()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if datatype is not None:
            self.words = (self.words + data)[-_WORDS:]
            return
        self._chunks.append(data)
        self._held += len(data)
        self._news.set()
        if self._held > _HELD and self._channel is not None:
            self._channel.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._news.set()

    async def read(self) -> bytes:
        """Return the next bytes, or none at the end."""
        while not self._chunks and not self.ended.done():
            self._news.clear()
            await self._news.wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
        self._held -= len(chunk)
        if self._held <= _HELD and self._channel is not None:
            self._channel.resume_reading()
        return chunk
