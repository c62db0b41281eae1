"""Many clusters in one process, set up already: each on a subnet of its own, all opened by one key.

A node that nobody asks anything costs some memory and nothing else: there is no timer and no task of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from sandbox.nodes.clock import Clock, WallClock
from sandbox.nodes.login import Keys
from sandbox.nodes.ready import make_ready
from sandbox.nodes.ssh import Network
from sandbox.nodes.world import World

MOST = 2000
NODES = ("n1", "n2")
LONELY = 4
"""Every so manieth cluster has one floating IP only, on n1: to lose n2 costs it no service."""
_SUBNETS = 250
_STARTED = 4.0
"""Seconds until clusters that are started run everything."""


class Fleet:
    """Clusters by name, as `web001`. Each is a network with a world of its own: see there for what can be done to it."""

    def __init__(self, count: int, folder: Path, clock: Clock | None = None) -> None:
        self._clock = clock or WallClock()
        self.keys = Keys(folder)
        self.clusters: dict[str, Network] = {}
        for number in range(1, count + 1):
            subnet = f"10.{80 + number // _SUBNETS}.{number % _SUBNETS}"
            world = World(NODES, self._clock, subnet)
            if number % LONELY == 0:
                world.vips = world.vips[:1]
            self.clusters[f"web{number:03}"] = Network(world, self.keys)

    async def open(self) -> None:
        """Start everything, and wait until it serves."""
        for name, network in self.clusters.items():
            make_ready(network.world, name)
            await network.open()
        await self._clock.sleep(_STARTED)
        for network in self.clusters.values():
            network.world.settle()

    async def close(self) -> None:
        """Hang up on everybody."""
        await asyncio.gather(*(network.close() for network in self.clusters.values()))

    @property
    def connect_to(self) -> Mapping[str, str]:
        """Where each machine's address really is, as `host:port`."""
        return {address: place for network in self.clusters.values() for address, place in network.connect_to.items()}

    @property
    def amiss(self) -> list[str]:
        """Commands that nothing here can play, and defects of the model."""
        worlds = [network.world for network in self.clusters.values()]
        return [line for world in worlds for line in (*world.unknown_commands, *world.defects)]

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """Return the tables of the bot's settings file that declare these clusters."""
        return {
            f"clusters.{name}": {
                "nodes": {machine.name: [machine.address] for machine in network.world.machines.values()},
                "vips": [f"{address}/24" for address in network.world.vips],
                "failover": "approved",
                "fencing": "none",
            }
            for name, network in self.clusters.items()
        }
