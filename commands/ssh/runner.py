"""Running commands on nodes over SSH: the `Runner` of the real world."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import asyncssh
import structlog

from commands.command import Command, Completed
from commands.errors import (
    CommandTimedOut,
    HaclusterError,
    OutcomeUnknown,
    SudoRefused,
    Unreachable,
    UnreadableOutput,
)
from commands.ssh.connection import Connection, NotStarted
from commands.ssh.dial import Dialer, Endpoint
from commands.ssh.host_keys import HostKeys
from commands.ssh.joint import Answers, Joint, Outcome, Said
from commands.ssh.options import SshOptions
from commands.ssh.remote_line import (
    joint_line,
    ran_out_of_time,
    remote_line,
    stream_line,
    sudo_found_nothing,
    sudo_refusal,
    uses_sudo,
)
from commands.ssh.sessions import Collected, Followed
from commands.ssh.stream import SshStream
from config.inventory import NodeSpec

_NOT_FOUND = 127
_NO_BASH = frozenset({126, _NOT_FOUND})
_ABSENT = 'command -v "$1" >/dev/null || echo absent'

_log = structlog.get_logger(__name__)


class SshRunner:
    """Runs commands over one pooled connection per node. Make it inside the event loop; `close` it at the end."""

    def __init__(self, options: SshOptions, host_keys: HostKeys) -> None:
        self._options = options
        self._dialer = Dialer(options, host_keys)
        self._connections: dict[NodeSpec, Connection] = {}
        self._jump = self._jump_connection()
        self._joint = Joint(self._run, self._run_together)
        self._apart: set[NodeSpec] = set()
        """Nodes on which joint sessions do not work, as where there is no bash."""
        self._closed = False

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        """Run to the end and return it, whatever its exit status. Raises as `Runner.run` says."""
        run = self._joint.run if command.joins and node not in self._apart else self._run
        try:
            return await run(node, command)
        except SudoRefused as refused:
            # a sudoers file lists paths, and a program that is not installed has none: sudo says it is not allowed
            asked = await self._run(node, Command(("sh", "-c", _ABSENT, "sh", command.argv[0]), root=False))
            if asked.stdout.strip() != "absent":
                raise
            return Completed(node.name, command, _NOT_FOUND, "", refused.output)

    async def _run(self, node: NodeSpec, command: Command) -> Completed:
        connection = self._connection(node)
        line = remote_line(command, self._options.user, kill_after=self._options.kill_after)
        make = partial(Collected, self._options.output_cap, whole=not command.changes)
        async with connection.slot(command.timeout):
            begun = time.monotonic()
            try:
                session = await connection.start(line, make)
            except NotStarted as error:
                raise _lost(node, command, str(error)) from None
            try:
                return await self._to_the_end(node, command, session, begun=begun)
            finally:
                session.end()

    async def _run_together(
        self, node: NodeSpec, commands: Sequence[Command], tell: Callable[[int, Outcome], None]
    ) -> None:
        connection, options = self._connection(node), self._options
        line = joint_line(commands, options.user, kill_after=options.kill_after, cap=options.output_cap)
        untold = dict(enumerate(commands))
        begun = time.monotonic()

        def told(at: int, said: Said) -> None:
            if at in untold:
                tell(at, self._outcome(node, untold.pop(at), said, time.monotonic() - begun))

        longest = max(command.timeout for command in commands)
        make = partial(Answers, options.output_cap, told)
        async with connection.slot(longest):
            begun = time.monotonic()
            try:
                session = await connection.start(line, make)
            except NotStarted as error:
                for at, command in untold.items():
                    tell(at, _lost(node, command, str(error)))
                return
            try:
                in_time = await self._in_time(session, longest)
            finally:
                session.end()
        if session.spoilt or (in_time and session.status is not None and not session.broken):
            await self._each_apart(node, untold, tell, session)
            return
        for at, command in untold.items():
            tell(at, _lost(node, command, "the connection was lost") if in_time else _out_of_time(node, command))

    async def _in_time(self, session: Answers, seconds: float) -> bool:
        """Wait for the end of a session whose commands are ended after so many seconds; return whether it came."""
        with suppress(OSError):
            session.send("", last=True)
        try:
            async with asyncio.timeout(seconds + self._options.kill_after + self._options.grace):
                await session.ended
        except TimeoutError:
            return False
        return True

    async def _each_apart(
        self, node: NodeSpec, untold: Mapping[int, Command], tell: Callable[[int, Outcome], None], failed: Answers
    ) -> None:
        """Run by itself what was not told of together; if that can never be, from now on all of this node.

        A session may also end early just this once, as by the TERM of a shutdown.
        """
        if not untold:
            return
        if failed.spoilt or (failed.status in _NO_BASH and not failed.answered):
            self._apart.add(node)
        why = failed.output()[1][-300:]
        _log.warning(
            "reads were not joined", node=node.name, status=failed.status, why=why, for_good=node in self._apart
        )

        async def run(at: int, command: Command) -> None:
            try:
                tell(at, await self._run(node, command))
            except HaclusterError as error:
                tell(at, error)

        await asyncio.gather(*(run(at, command) for at, command in untold.items()))

    def _outcome(self, node: NodeSpec, command: Command, said: Said, seconds: float) -> Outcome:
        if len(said.stdout) + len(said.stderr) > self._options.output_cap:
            return _too_long(node, command, self._options.output_cap)
        if ran_out_of_time(command, said.status, seconds):
            return _out_of_time(node, command)
        try:
            return self._completed(node, command, said, seconds)
        except SudoRefused as refused:
            return refused

    async def _to_the_end(self, node: NodeSpec, command: Command, session: Collected, *, begun: float) -> Completed:
        with suppress(OSError):  # it ended without reading: its status says why
            session.send(command.stdin.text if command.stdin else "", last=True)
        try:
            async with asyncio.timeout(command.timeout + self._options.kill_after + self._options.grace):
                await session.ended
        except TimeoutError:
            raise _out_of_time(node, command) from None
        seconds = time.monotonic() - begun
        status = session.status
        if session.too_long and not command.changes:
            raise _too_long(node, command, self._options.output_cap)
        if status is None or (session.broken and not command.changes):
            raise _lost(node, command, "the connection was lost")
        if ran_out_of_time(command, status, seconds):
            raise _out_of_time(node, command)
        return self._completed(node, command, Said(status, *session.output()), seconds)

    def _completed(self, node: NodeSpec, command: Command, said: Said, seconds: float) -> Completed:
        status, out, err = said.status, said.stdout, said.stderr
        if uses_sudo(command, self._options.user):
            if words := sudo_refusal(status, out, err):
                raise SudoRefused(node=node.name, argv=command.argv, status=status, output=words)
            if sudo_found_nothing(command, status, err):
                status = _NOT_FOUND
        return Completed(node.name, command, status, out, err, seconds, time.time())

    @asynccontextmanager
    async def stream(self, node: NodeSpec, command: Command) -> AsyncIterator[SshStream]:
        """Start a command whose lines are read as they come; leaving the context ends it on the node too."""
        connection = self._connection(node)
        line = stream_line(command, self._options.user)
        async with connection.stream_slot(command.timeout):
            try:
                session = await connection.start(line, Followed)
            except NotStarted as error:
                raise _lost(node, command, str(error)) from None
            stream = SshStream(node.name, command, session, sudo=uses_sudo(command, self._options.user))
            try:
                if command.stdin:
                    await stream.write(command.stdin.text)
                yield stream
            finally:
                session.end()

    async def close(self) -> None:
        """Close all connections. Commands under way end as lost, and nothing can be run any more."""
        self._closed = True
        connections = [*self._connections.values(), *([self._jump] if self._jump else [])]
        await asyncio.gather(*(connection.close() for connection in connections))

    def _connection(self, node: NodeSpec) -> Connection:
        connection = self._connections.get(node)
        if connection is None:
            if self._closed:
                raise Unreachable("the bot is shutting down", node=node.name)
            connection = self._connections[node] = self._new_connection(node.name, partial(self._dial, node))
        return connection

    async def _dial(self, node: NodeSpec) -> asyncssh.SSHClientConnection:
        options = self._options
        for address in node.addresses:
            if not options.allows(address):
                raise Unreachable(
                    f"{address} is in none of the networks that the bot may connect to",
                    node=node.name,
                    remedy="See `allowed_networks` of the `ssh` settings.",
                )
        hosts = [str(address) for address in node.addresses]
        endpoints = [
            Endpoint(node.name, host, options.port, options.user, options.connect_to.get(host, (host, options.port)))
            for host in hosts
        ]
        return await self._dialer.dial(endpoints, await self._jump.get() if self._jump else None)

    def _jump_connection(self) -> Connection | None:
        jump = self._options.jump
        if jump is None:
            return None
        endpoint = Endpoint(jump.host, jump.host, jump.port, jump.user or self._options.user, (jump.host, jump.port))
        return self._new_connection(jump.host, partial(self._dialer.dial, [endpoint]))

    def _new_connection(self, name: str, dial: Callable[[], Awaitable[asyncssh.SSHClientConnection]]) -> Connection:
        options = self._options
        return Connection(name, dial, max_sessions=options.max_sessions, session_timeout=options.session_timeout)


def _lost(node: NodeSpec, command: Command, why: str) -> HaclusterError:
    if command.changes:
        return OutcomeUnknown(f"`{command.shown()}`: {why}; whether it was done is not known", node=node.name)
    return Unreachable(f"`{command.shown()}`: {why}", node=node.name)


def _too_long(node: NodeSpec, command: Command, cap: int) -> UnreadableOutput:
    """Cut short it could pass for a whole answer."""
    error = UnreadableOutput(command.argv[0], f"it is longer than {cap} bytes")
    error.node = node.name
    return error


def _out_of_time(node: NodeSpec, command: Command) -> HaclusterError:
    message = f"`{command.shown()}` did not end within {command.timeout:g} s"
    if command.changes:
        return OutcomeUnknown(f"{message}; how much of it was done is not known", node=node.name)
    return CommandTimedOut(message, node=node.name)
