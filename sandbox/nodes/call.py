"""One command on one machine: what a tool is given, and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sandbox.nodes.cluster import Cluster, Side
from sandbox.nodes.machine import Machine
from sandbox.nodes.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    stdout: str = ""
    status: int = 0
    stderr: str = ""


class PoweredOff(Exception):
    """The machine lost its power under the command: there is no answer, and nothing more happens."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command under way: `args` are the words behind the tool's name, `environment` what the line sets for it."""

    world: World
    machine: Machine
    args: tuple[str, ...]
    stdin: str = field(default="", repr=False)
    boot: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)

    async def takes(self, seconds: float) -> None:
        """Let time pass, and then what happened in it. Raises `PoweredOff` if the power went meanwhile."""
        await self.world.clock.sleep(seconds)
        self.world.settle()
        if not self.machine.powered or self.machine.boot != self.boot:
            raise PoweredOff

    @property
    def cluster(self) -> Cluster | None:
        """The cluster whose corosync runs on this machine."""
        return self.world.cluster_of(self.machine)

    @property
    def pacemaker(self) -> Side | None:
        """The same as its Pacemaker sees it, if that runs there too."""
        cluster = self.cluster
        return cluster.side(self.machine) if cluster is not None and self.machine.runs("pacemaker") else None

    def name(self, cluster: Cluster | Side) -> str:
        """Return the name that this machine has in the cluster whose corosync it runs."""
        found = None if self.cluster is None else self.cluster.name_of(self.machine)
        if found is None:
            raise LookupError(f"{self.machine.name} is no node of {cluster.conf.name}")
        return found

    @property
    def now(self) -> float:
        """What the machine's own clock says, in seconds since 1970."""
        return self.machine.time(self.world.agenda.now)


Tool = Callable[[Call], Awaitable[Answer]]
"""Plays a tool: reads `call.args` and `call.stdin`, takes its time, changes the world, and answers as the tool does."""
