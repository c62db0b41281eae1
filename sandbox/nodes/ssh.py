"""The sshd of each machine: real SSH on loopback, with every command played by the model."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import asyncssh

from sandbox.nodes import follow, shell, together
from sandbox.nodes.call import Answer, PoweredOff
from sandbox.nodes.login import Keys
from sandbox.nodes.machine import Machine
from sandbox.nodes.startups import Startups
from sandbox.nodes.wire import Wire
from sandbox.nodes.world import World

SSHD_UP = 2.0
"""Seconds after power on until sshd answers."""
MAX_SESSIONS = 10
"""Sessions at once on one connection, as a real sshd has it by default; it refuses more than that."""
_DEFECT = 70


class Network:
    """All machines of a world, reachable by SSH: at `connect_to`, with the client's key of `keys`.

    While it is open and the world's clock goes by itself, what is to happen happens at its time, and followers hear of it.
    """

    def __init__(self, world: World, keys: Keys) -> None:
        self.world = world
        self.keys = keys
        self._wires: dict[str, Wire] = {}
        self._servers: list[asyncssh.SSHAcceptor] = []
        self._connections: dict[str, set[asyncssh.SSHServerConnection]] = {name: set() for name in world.machines}
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Start every machine's sshd."""
        for name, machine in self.world.machines.items():
            startups = Startups()
            server = await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=partial(_Server, self._connections[name], startups, partial(self._serve, machine)),
                server_host_keys=[self.keys.host_key(name, machine.address)],
                authorized_client_keys=self.keys.authorized,
                encoding="utf-8",
            )
            self._servers.append(server)
            wire = Wire(server.get_port())
            await wire.open()
            self._wires[name] = wire
        self.world.power_changed = self._power_changed
        self.world.agenda.sooner = self._set_timer
        self._set_timer()

    async def close(self) -> None:
        """Hang up on everybody."""
        self.world.agenda.sooner = lambda: None
        if self._timer is not None:
            self._timer.cancel()
        for wire in self._wires.values():
            await wire.close()
        for server in self._servers:
            server.close()
            await server.wait_closed()

    @property
    def connect_to(self) -> dict[str, str]:
        """Where each machine's address really is, as `host:port`."""
        return {machine.address: f"127.0.0.1:{self._wires[name].port}" for name, machine in self.world.machines.items()}

    # What can be done to it, under the lab's names

    async def exec(self, name: str, argv: Sequence[str], stdin: str = "") -> Answer:
        """Run a command on a machine as root, however cut off it is. Raises `PoweredOff` if it has no power."""
        self.world.settle()
        machine = self.world.machines[name]
        if not machine.powered:
            raise PoweredOff
        meant = shell.understand_words(self.world, machine, list(argv), {})
        return meant if isinstance(meant, Answer) else await shell.run(self.world, machine, meant, stdin)

    async def power_off(self, name: str) -> None:
        """Cut a machine's power: it falls silent."""
        self.world.power_off(name)

    async def power_on(self, name: str) -> None:
        """Switch it on, and wait until its sshd answers."""
        self.world.power_on(name)
        await self.world.clock.sleep(SSHD_UP)
        self.world.settle()

    async def cut(self, one: str, other: str | None = None) -> None:
        """Cut two machines off each other (whoever logs in still reaches both), or one off all others and who logs in."""
        self.world.cut(one, other)
        if other is None:
            self._wires[one].cut()

    async def cut_host(self, name: str) -> None:
        """Cut a machine off whoever logs in; the others still reach it."""
        self._wires[name].cut()

    async def heal(self) -> None:
        """Undo all cuts."""
        self.world.heal()
        for wire in self._wires.values():
            wire.mend()

    # Inside

    def _power_changed(self, name: str) -> None:
        machine, wire = self.world.machines[name], self._wires[name]
        if not machine.powered:
            wire.cut_power()
            for connection in tuple(self._connections[name]):
                connection.abort()
            return
        boot = machine.boot

        def up() -> None:
            if machine.powered and machine.boot == boot:
                wire.restore_power()

        self.world.agenda.after(SSHD_UP, up)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.world.agenda.due
        wait = None if due is None else self.world.clock.until(due)
        if wait is not None:
            self._timer = asyncio.get_running_loop().call_later(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        try:
            self.world.settle()
        finally:
            self._set_timer()

    async def _serve(self, machine: Machine, process: asyncssh.SSHServerProcess[str]) -> None:
        if process.command is None:
            process.stderr.write(f"{machine.name} is simulated: it takes commands, and has no shell to sit at.\n")
            process.exit(1)
            return
        self.world.settle()
        try:
            asked = follow.asked(process.command)
            if asked is not None:
                await follow.play(self.world, machine, asked, process)
                return
            several = together.asked(process.command)
            if several is not None:
                await together.run(several, partial(self._play, machine), process.stdout.write)
                answer = Answer()
            else:
                answer = await self._play(machine, process.command, process.stdin.read)
        except (PoweredOff, BrokenPipeError):  # nobody is there, or nobody listens any more
            return
        except Exception:  # noqa: BLE001 - a defect of the model is told as such, and does not look like a lost connection
            self.world.defects.append(f"{process.command}\n{traceback.format_exc()}")
            answer = Answer(
                status=_DEFECT, stderr=f"the simulated {machine.name} has a defect: see its world's defects\n"
            )
        process.stdout.write(answer.stdout)
        process.stderr.write(answer.stderr)
        process.exit(answer.status)

    async def _play(self, machine: Machine, line: str, read: Callable[[], Awaitable[str]] | None = None) -> Answer:
        """Play one line; `read` gives its standard input, which is empty without."""
        meant = shell.understand(self.world, machine, line)
        if isinstance(meant, Answer):
            return meant
        stdin = await read() if meant.reads and read is not None else ""
        return await shell.run(self.world, machine, meant, stdin)


class _Server(asyncssh.SSHServer):
    """One connection to a machine: remembered so that a power cut ends it, and with so many sessions at once only.

    Where too many others have not logged in yet, it is hung up at once.
    """

    def __init__(
        self,
        connections: set[asyncssh.SSHServerConnection],
        startups: Startups,
        serve: Callable[[asyncssh.SSHServerProcess[str]], Awaitable[None]],
    ) -> None:
        self.sessions = 0
        self._connections = connections
        self._startups = startups
        self._begins = False
        self._serve = serve
        self._mine: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._begins = self._startups.admits()
        if not self._begins:
            conn.abort()
            return
        self._mine = conn
        self._connections.add(conn)

    def auth_completed(self) -> None:
        self._begun()

    def _begun(self) -> None:
        if self._begins:
            self._begins = False
            self._startups.over()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._begun()
        if self._mine is not None:
            self._connections.discard(self._mine)

    def session_requested(self) -> _Session | bool:
        if self.sessions == MAX_SESSIONS:
            return False
        self.sessions += 1
        return _Session(self, self._serve)


class _Session(asyncssh.SSHServerProcess[str]):
    """One session: a command, its input and its output."""

    def __init__(self, server: _Server, serve: Callable[[asyncssh.SSHServerProcess[str]], Awaitable[None]]) -> None:
        super().__init__(serve, None, 3, allow_scp=False)
        self._server = server

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.sessions -= 1
        super().connection_lost(exc)
