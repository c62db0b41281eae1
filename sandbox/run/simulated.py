"""Simulated nodes as what the bot is tried on: on any laptop, and without root."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.nodes.clock import Clock
from sandbox.nodes.login import Keys
from sandbox.nodes.ssh import Network
from sandbox.nodes.world import World


class SimulatedBacking:
    """Simulated bare servers behind real SSH on loopback."""

    banner = "simulated nodes: real SSH, and a model of Debian 12 with corosync, pacemaker, pcs and haproxy behind it"

    def __init__(self, network: Network, folder: tempfile.TemporaryDirectory[str]) -> None:
        self.network = network
        self._folder = folder

    @classmethod
    async def up(cls, names: Iterable[str], clock: Clock | None = None, debian: int = 12) -> SimulatedBacking:
        """Start them, of a release of Debian, and their keys in a folder of their own."""
        folder = tempfile.TemporaryDirectory(prefix="hacluster-nodes-")
        network = Network(World(names, clock, debian=debian), Keys(Path(folder.name)))
        await network.open()
        return cls(network, folder)

    @property
    def world(self) -> World:
        """What goes on behind the SSH."""
        return self.network.world

    @property
    def nodes(self) -> Mapping[str, str]:
        """Names and addresses."""
        return {name: machine.address for name, machine in self.world.machines.items()}

    @property
    def vips(self) -> tuple[str, ...]:
        """Two free addresses of the machines' subnet."""
        return tuple(f"{vip}/24" for vip in self.world.vips)

    @property
    def ssh(self) -> Mapping[str, object]:
        """Log in as root with the made key, where the addresses really are."""
        return {
            "user": "root",
            "keys": [str(self.network.keys.client)],
            "known_hosts": [str(self.network.keys.known_hosts)],
            "connect_to": self.network.connect_to,
        }

    async def power_off(self, node: str) -> None:
        """Cut a node's power."""
        await self.network.power_off(node)

    async def power_on(self, node: str) -> None:
        """Switch it on again."""
        await self.network.power_on(node)

    async def cut(self, node: str) -> None:
        """Cut a node's network: the others and the bot hear nothing of it."""
        await self.network.cut(node)

    async def heal(self) -> None:
        """Undo all cuts."""
        await self.network.heal()

    async def close(self) -> None:
        """Take everything down."""
        await self.network.close()
        self._folder.cleanup()
