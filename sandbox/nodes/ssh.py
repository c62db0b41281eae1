"""The sshd of each machine: real SSH on loopback, with every command played by the model."""

from __future__ import annotations

import traceback
from functools import partial
from pathlib import Path

import asyncssh

from sandbox.nodes import shell
from sandbox.nodes.call import Answer, PoweredOff
from sandbox.nodes.login import Keys
from sandbox.nodes.machine import Machine
from sandbox.nodes.wire import Wire
from sandbox.nodes.world import World

SSHD_UP = 2.0
"""Seconds after power on until sshd answers."""
_DEFECT = 70


class Network:
    """All machines of a world, reachable by SSH: at `connect_to`, with the keys in `folder`."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.keys = Keys(folder, {name: machine.address for name, machine in world.machines.items()})
        self._wires: dict[str, Wire] = {}
        self._servers: list[asyncssh.SSHAcceptor] = []
        self._connections: dict[str, set[asyncssh.SSHServerConnection]] = {name: set() for name in world.machines}

    async def open(self) -> None:
        """Start every machine's sshd."""
        for name, machine in self.world.machines.items():
            server = await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=partial(_Server, self._connections[name]),
                server_host_keys=[self.keys.hosts[name]],
                authorized_client_keys=self.keys.authorized,
                process_factory=partial(self._serve, machine),
                encoding="utf-8",
                allow_scp=False,
            )
            self._servers.append(server)
            wire = Wire(server.get_port())
            await wire.open()
            self._wires[name] = wire

    async def close(self) -> None:
        """Hang up on everybody."""
        for wire in self._wires.values():
            await wire.close()
        for server in self._servers:
            server.close()
            await server.wait_closed()

    @property
    def connect_to(self) -> dict[str, str]:
        """Where each machine's address really is, as `host:port`."""
        return {machine.address: f"127.0.0.1:{self._wires[name].port}" for name, machine in self.world.machines.items()}

    async def power_off(self, name: str) -> None:
        """Cut a machine's power: it falls silent."""
        self.world.power_off(name)
        await self._wires[name].cut()
        for connection in tuple(self._connections[name]):
            connection.abort()

    async def power_on(self, name: str) -> None:
        """Switch it on, and wait until its sshd answers."""
        self.world.power_on(name)
        await self.world.clock.sleep(SSHD_UP)
        if self.world.machines[name].powered:
            await self._wires[name].mend()

    async def _serve(self, machine: Machine, process: asyncssh.SSHServerProcess[str]) -> None:
        if process.command is None:
            process.stderr.write(f"{machine.name} is simulated: it takes commands, and has no shell to sit at.\n")
            process.exit(1)
            return
        self.world.settle()
        meant = shell.understand(self.world, machine, process.command)
        try:
            if isinstance(meant, Answer):
                answer = meant
            else:
                stdin = await process.stdin.read() if meant.reads else ""
                answer = await shell.run(self.world, machine, meant, stdin)
        except PoweredOff:
            return
        except Exception:  # noqa: BLE001 - a defect of the model is told as such, and does not look like a lost connection
            self.world.defects.append(f"{process.command}\n{traceback.format_exc()}")
            answer = Answer(
                status=_DEFECT, stderr=f"the simulated {machine.name} has a defect: see its world's defects\n"
            )
        process.stdout.write(answer.stdout)
        process.stderr.write(answer.stderr)
        process.exit(answer.status)


class _Server(asyncssh.SSHServer):
    """Remembers a machine's connections, so that a power cut ends them."""

    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections
        self._mine: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._mine = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._mine is not None:
            self._connections.discard(self._mine)
