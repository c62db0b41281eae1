"""Where the situations are played: simulated nodes or real ones, under the same names."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_interface
from typing import Protocol

from commands.command import Command, Completed
from commands.facts.packages import CLUSTER_PACKAGES
from commands.ssh.host_keys import KnownHostsFiles
from commands.ssh.options import SshOptions
from commands.ssh.runner import SshRunner
from config.inventory import ClusterSpec, NodeSpec
from config.sections import SshSettings
from sandbox.lab.lab import Lab
from sandbox.nodes.clock import HandClock
from sandbox.nodes.world import World
from sandbox.run.backing import Backing, LabBacking
from sandbox.run.simulated import SimulatedBacking
from tests.sandbox.contract.heard import Heard

RENEWS = 3.0
"""Seconds of the nodes' time between two renewals of what is followed."""
FASTER = 10.0
"""How much faster than on the wall simulated time goes by."""
TICK = 0.1
OFF_WITHIN = 60
"""Seconds that a node may take to shut itself down."""


class Ground(Protocol):
    """What is done to nodes from outside, beside what every backing can do."""

    @property
    def backing(self) -> Backing:
        """The nodes."""
        ...

    async def cut(self, one: str, other: str) -> None:
        """Cut two nodes off each other; whoever logs in still reaches both."""
        ...

    async def fenced(self, name: str) -> None:
        """Do what a fencing device does that only says so."""
        ...

    def is_on(self, name: str) -> bool:
        """Say whether a node has power."""
        ...

    async def wait(self, seconds: float) -> None:
        """Let so much of the nodes' time go by."""
        ...


class Stage:
    """A cluster's nodes with a runner of the bot's own and ears on all of them."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        backing = ground.backing
        self.cluster = ClusterSpec.model_validate(
            {
                "name": "web",
                "nodes": [{"name": name, "addresses": [address]} for name, address in backing.nodes.items()],
                "vips": [
                    {"address": str(vip.ip), "prefix": vip.network.prefixlen} for vip in map(ip_interface, backing.vips)
                ],
                "failover": "approved",
                "haproxy_cfg": "haproxy.cfg",
            }
        )
        ssh = SshSettings.model_validate(backing.ssh)
        options = SshOptions(
            user=ssh.user, keys=ssh.keys, connect_timeout=3.0, connect_jitter=0.0, connect_to=ssh.connect_to
        )
        self.runner = SshRunner(options, KnownHostsFiles(ssh.known_hosts))
        self.heard = Heard(self.runner, self.cluster.nodes)

    def node(self, name: str) -> NodeSpec:
        """Return the node of that name."""
        return next(node for node in self.cluster.nodes if node.name == name)

    async def run(self, name: str, line: str, *legal: int) -> Completed:
        """Run a command on a node; it must end as it may, by default with 0."""
        command = Command(tuple(shlex.split(line)), 120.0, frozenset(legal or (0,)), changes=True)
        return (await self.runner.run(self.node(name), command)).check()

    async def wait(self, seconds: float) -> None:
        """Let the nodes' time go by."""
        await self.ground.wait(seconds)

    async def until_off(self, name: str) -> None:
        """Wait until a node has shut itself down. Raises TimeoutError."""
        for _ in range(OFF_WITHIN):
            if not self.ground.is_on(name):
                return
            await self.wait(1.0)
        raise TimeoutError(name)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Follow all nodes, and keep the leases renewed."""
        async with self.heard.following():
            renewing = asyncio.create_task(self._renew())
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
        await self.runner.close()

    async def _renew(self) -> None:
        while True:
            await self.wait(RENEWS)
            await self.heard.renew()


class SimulatedGround:
    """Simulated nodes, whose clock goes `FASTER`, and stands still while this process does something else."""

    def __init__(self, backing: SimulatedBacking, clock: HandClock) -> None:
        self.backing: SimulatedBacking = backing
        self._clock = clock

    async def cut(self, one: str, other: str) -> None:
        """Cut two nodes off each other."""
        await self.backing.network.cut(one, other)

    async def fenced(self, name: str) -> None:
        """Leave it to the device, which is a real one here."""

    def is_on(self, name: str) -> bool:
        """Say whether a node has power."""
        return self.backing.world.machines[name].powered

    async def wait(self, seconds: float) -> None:
        """Let so much time go by."""
        for _ in range(round(seconds / TICK)):
            await asyncio.sleep(TICK / FASTER)

    async def go(self) -> None:
        """Turn the clock for ever."""
        while True:
            await asyncio.sleep(TICK / FASTER)
            self._clock.turn(TICK)
            self.backing.world.settle()


class RealGround:
    """Real nodes."""

    def __init__(self, backing: LabBacking) -> None:
        self.backing: LabBacking = backing

    async def cut(self, one: str, other: str) -> None:
        """Cut two nodes off each other."""
        await asyncio.to_thread(self.backing.lab.cut, one, other)

    async def fenced(self, name: str) -> None:
        """Give it its power back."""
        await self.backing.power_on(name)

    def is_on(self, name: str) -> bool:
        """Say whether a node has power."""
        return self.backing.lab.is_on(name)

    async def wait(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _install(world: World) -> None:
    """Install the packages, and start what they bring at boot."""
    for machine in world.machines.values():
        machine.install([*CLUSTER_PACKAGES["apt"], "fence-agents-common"])
        for unit in ("pcsd", "haproxy", "pacemaker"):
            world.start(machine, unit)


@asynccontextmanager
async def simulated(*names: str, debian: int = 12) -> AsyncIterator[Stage]:
    """Play on simulated servers that have their packages, as a lab's. They must know every command that they are sent."""
    clock = HandClock()
    backing = await SimulatedBacking.up(names, clock, debian)
    _install(backing.world)
    ground = SimulatedGround(backing, clock)
    going = asyncio.create_task(ground.go())
    stage = Stage(ground)
    try:
        async with stage.listening():
            yield stage
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        await backing.close()
    assert backing.world.unknown_commands == []
    assert backing.world.defects == []


@asynccontextmanager
async def real(lab: Lab) -> AsyncIterator[Stage]:
    """Play on the nodes of a lab."""
    stage = Stage(RealGround(LabBacking(lab, lab.plan.debian)))
    async with stage.listening():
        yield stage
