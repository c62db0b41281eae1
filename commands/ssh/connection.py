"""The one connection to a node: opened on demand, shared by all its commands, opened again after it broke."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import asyncssh

from commands.errors import Unreachable
from commands.ssh.sessions import Session

_SESSION_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts to open a session on a node whose sessions are taken, each ±50 %."""

_LOST = "the connection was lost"
_REFUSED = "it lets us log in but does not run commands"

S = TypeVar("S", bound=Session)


class NotStarted(Exception):
    """The command was handed over and the node never said that it runs it: it may, or not. The message says why."""


class Connection:
    """A connection that opens itself. `dial` opens it; at most `max_sessions` commands and streams use it at once.

    Streams stay for days and never take the last session, so that a command always comes to its turn. A node that has
    not begun a command `session_timeout` seconds after it was asked to is given up.
    """

    def __init__(
        self,
        name: str,
        dial: Callable[[], Awaitable[asyncssh.SSHClientConnection]],
        *,
        max_sessions: int,
        session_timeout: float,
    ) -> None:
        self.name = name
        self._session_timeout = session_timeout
        self._dial = dial
        self._slots = asyncio.Semaphore(max_sessions)
        self._stream_slots = asyncio.Semaphore(max_sessions - 1)
        self._open: asyncssh.SSHClientConnection | None = None
        self._opening: asyncio.Task[asyncssh.SSHClientConnection] | None = None
        self._closed = False

    async def get(self) -> asyncssh.SSHClientConnection:
        """Return the open connection, opening it first if need be; those who ask meanwhile wait for the same one."""
        self._refuse_if_closed()
        if self._open is not None and not self._open.is_closed():
            return self._open
        if self._opening is None:
            self._opening = asyncio.create_task(self._reopen(), name=f"ssh connect {self.name}")
            # if nobody waits any more, nobody needs to hear of its failure
            self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())
        opening = self._opening
        try:
            # one waiter's cancellation must not take the connection from the others
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():
                self._refuse_if_closed()
            raise

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise Unreachable("the bot is shutting down", node=self.name)

    async def _reopen(self) -> asyncssh.SSHClientConnection:
        try:
            self._open = await self._dial()
            return self._open
        finally:
            self._opening = None

    @contextlib.asynccontextmanager
    async def slot(self, patience: float) -> AsyncIterator[None]:
        """Hold one of the sessions. Raises `Unreachable` if none becomes free within `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._slots.acquire()
        except TimeoutError:
            raise Unreachable(f"all sessions were busy for {patience:g} s", node=self.name) from None
        try:
            yield
        finally:
            self._slots.release()

    @contextlib.asynccontextmanager
    async def stream_slot(self, patience: float) -> AsyncIterator[None]:
        """Hold one of the sessions for long. Raises `Unreachable` as `slot` does, or if streams hold all but one."""
        if self._stream_slots.locked():
            raise Unreachable(
                "streams hold all sessions but the one that is left to commands",
                node=self.name,
                remedy="Watching takes two sessions of each node: see `max_sessions` of the `ssh` settings.",
            )
        async with self._stream_slots, self.slot(patience):
            yield

    async def start(self, line: str, make: Callable[[], S]) -> S:
        """Start a command and return its session.

        Raises `Unreachable` as long as nothing was handed over (a connection found dead is opened anew once), and
        `NotStarted` after that.
        """
        fresh = self._open is None or self._open.is_closed()
        pauses = iter(_SESSION_PAUSES)
        while True:
            connection = await self.get()
            session = make()
            try:
                await self._ask(connection, line, session)
            except TimeoutError as error:
                message = f"the node began nothing within {self._session_timeout:g} s"
                if session.asked:
                    raise NotStarted(message) from error
                raise Unreachable(message, node=self.name) from error
            except (asyncssh.Error, OSError) as error:
                if session.asked:
                    raise NotStarted(_LOST if connection.is_closed() else _REFUSED) from error
                if connection.is_closed() and fresh:
                    raise Unreachable("the connection breaks at once", node=self.name) from error
                if connection.is_closed():
                    fresh = True
                    continue
                pause = next(pauses, None)
                if pause is None:
                    raise Unreachable(
                        "it opens no further session",
                        node=self.name,
                        remedy="Do other programs use the bot's login, or is sshd's MaxSessions below 10?",
                    ) from error
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            else:
                return session

    async def _ask(self, connection: asyncssh.SSHClientConnection, line: str, session: Session) -> None:
        opening = asyncio.create_task(connection.create_session(lambda: session, line, encoding=None))
        try:
            async with asyncio.timeout(self._session_timeout):
                await asyncio.shield(opening)
        except (asyncio.CancelledError, TimeoutError):
            # cut off half-way the channel would stay open at the node; let it open, and close it then
            session.end()
            opening.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise

    async def close(self) -> None:
        """Close it, or stop opening it, for good."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()
            with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
                async with asyncio.timeout(2):
                    await connection.wait_closed()
            connection.abort()
