"""An SSH server in this process whose commands are coroutines, to do what a real sshd does only on a bad day."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable

import asyncssh

Script = Callable[["ScriptedSession"], Awaitable[None]]


class ScriptedSession(asyncssh.SSHServerSession[bytes]):
    """One command as the node sees it: what came in, and the means to answer, or not."""

    def __init__(self, node: ScriptedNode, connection: asyncssh.SSHServerConnection) -> None:
        self.node = node
        self.connection = connection
        self.words: list[str] = []
        self.input = b""
        self.input_ended = asyncio.Event()
        self.signals: list[str] = []
        self.closed = asyncio.Event()
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._script: asyncio.Task[None] | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        self.node.sessions.append(self)
        self.node.open_sessions += 1
        self.node.most_sessions = max(self.node.most_sessions, self.node.open_sessions)

    def exec_requested(self, command: str) -> bool:
        self.words = shlex.split(command)
        return self.node.on_exec(self)

    def session_started(self) -> None:
        self._script = asyncio.create_task(self._play())

    async def _play(self) -> None:
        await self.node.scripts[self.words[-1]](self)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        del datatype
        self.input += data
        if b"\n" in data:
            self.node.line_received.set()

    def eof_received(self) -> bool:
        self.input_ended.set()
        return True

    def signal_received(self, signal: str) -> None:
        self.signals.append(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.node.open_sessions -= 1
        self.closed.set()
        if self._script is not None:
            self._script.cancel()

    @property
    def channel(self) -> asyncssh.SSHServerChannel[bytes]:
        """The open channel."""
        assert self._channel is not None
        return self._channel

    def print(self, data: bytes) -> None:
        """Write to standard output."""
        self.channel.write(data)

    def complain(self, data: bytes) -> None:
        """Write to standard error."""
        self.channel.write(data, asyncssh.EXTENDED_DATA_STDERR)

    def exit(self, status: int = 0) -> None:
        """End with an exit status."""
        self.channel.exit(status)

    def drop(self) -> None:
        """Break the whole connection, as a machine that loses its power."""
        self.connection.abort()


class ScriptedNode:
    """The server: `scripts` by the last word of the command line, counters, and hooks for bad days."""

    def __init__(self, host_key: asyncssh.SSHKey | asyncssh.SSHKeyPair) -> None:
        self.host_key = host_key
        self.scripts: dict[str, Script] = {}
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.sessions: list[ScriptedSession] = []
        self.open_sessions = 0
        self.most_sessions = 0
        self.on_session: Callable[[asyncssh.SSHServerConnection], None] = lambda _: None
        self.on_exec: Callable[[ScriptedSession], bool] = lambda _: True
        self.line_received = asyncio.Event()
        self.forwards = False
        self.port = 0
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def listen(self, authorized: asyncssh.SSHKey, **options: object) -> None:
        """Listen on a free loopback port, for logins with the authorized key."""
        keys = asyncssh.import_authorized_keys(authorized.export_public_key().decode())
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Login(self),
            server_host_keys=[self.host_key],
            authorized_client_keys=keys,
            encoding=None,
            **options,
        )
        self.port = self._acceptor.get_port()

    def deafen(self, *, deaf: bool = True) -> None:
        """Stop reading what comes over the first connection, or go on."""
        transport = self.connections[0]._transport
        assert transport is not None
        if deaf:
            transport.pause_reading()
        else:
            transport.resume_reading()

    async def close(self) -> None:
        """Stop, breaking what is open."""
        if self._acceptor is not None:
            self._acceptor.close()
        for connection in self.connections:
            connection.abort()
        for connection in self.connections:
            await connection.wait_closed()
        if self._acceptor is not None:
            await self._acceptor.wait_closed()


class _Login(asyncssh.SSHServer):
    def __init__(self, node: ScriptedNode) -> None:
        self._node = node
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._node.connections.append(conn)

    def session_requested(self) -> ScriptedSession:
        assert self._connection is not None
        self._node.on_session(self._connection)
        return ScriptedSession(self._node, self._connection)

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        del dest_host, dest_port, orig_host, orig_port
        return self._node.forwards
