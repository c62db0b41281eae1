"""Simulated nodes whose clock a test turns by hand, brought into a situation by the commands that the bot sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

import pytest

from commands import configuration
from commands.command import Command, Completed, Stdin
from commands.facts import host, packages
from commands.gates import clear_attribute, set_attribute
from commands.snapshot import NONLOCAL_BIND, Snapshot, gather
from commands.ssh.host_keys import KnownHostsFiles
from commands.ssh.options import SshOptions
from commands.ssh.runner import SshRunner
from commands.verbs.setup.steps.cluster import CIB_FILE
from commands.verbs.setup.steps.making import change, write
from commands.verbs.setup.steps.proxy import HAPROXY_CFG
from commands.verbs.setup.steps.servers import SYSCTL_FILE
from config.inventory import ClusterSpec, NodeSpec
from sandbox.nodes.clock import HandClock
from sandbox.run.box import HAPROXY_FILES
from sandbox.run.simulated import SimulatedBacking

PASSWORD = "canary: $pass word"
FOREVER = 10.0
"""Seconds after which nothing is under way any more."""


class Played:
    """Two simulated nodes with a runner of the bot's own, and the steps from bare servers to a lost node."""

    def __init__(self, backing: SimulatedBacking, clock: HandClock) -> None:
        self.backing = backing
        self.world = backing.world
        self.clock = clock
        self.runner = self.connect()
        self.cluster = ClusterSpec.model_validate(
            {
                "name": "web",
                "nodes": [{"name": name, "addresses": [address]} for name, address in backing.nodes.items()],
                "vips": [dict(zip(("address", "prefix"), vip.split("/"), strict=True)) for vip in backing.vips],
                "failover": "approved",
            }
        )

    def connect(self) -> SshRunner:
        """Make a runner that has no connections yet, and little patience with who is silent."""
        keys = self.backing.network.keys
        places = {address: place.split(":") for address, place in self.backing.network.connect_to.items()}
        options = SshOptions(
            user="root",
            keys=(keys.client,),
            connect_timeout=3.0,
            connect_jitter=0.0,
            connect_to={address: (host_, int(port)) for address, (host_, port) in places.items()},
        )
        return SshRunner(options, KnownHostsFiles((keys.known_hosts,)))

    def node(self, name: str) -> NodeSpec:
        """Return the node of that name."""
        return next(node for node in self.cluster.nodes if node.name == name)

    def wait(self, seconds: float = FOREVER) -> None:
        """Let time pass."""
        self.clock.turn(seconds)
        self.world.settle()

    async def run(self, name: str, *commands: Command) -> Completed:
        """Run commands on a node; each must end as it may."""
        for command in commands:
            done = (await self.runner.run(self.node(name), command)).check()
        return done

    async def everywhere(self, *commands: Command) -> None:
        """Run commands on every node."""
        for node in self.cluster.nodes:
            await self.run(node.name, *commands)

    async def read(self, fields: Iterable[str], nodes: Iterable[str] | None = None) -> Snapshot:
        """Read facts as the bot does."""
        self.world.settle()
        return await gather(self.cluster, self.runner, fields, nodes)

    # Situations, each from the one before

    async def install(self) -> None:
        """Install the packages: Debian then runs a one-node cluster on each."""
        done = await self.run("n1", host.OS.command)
        names = packages.CLUSTER_PACKAGES["apt"]
        await self.everywhere(*packages.install_commands(host.OS.parse(done), names))
        self.wait()

    async def create(self) -> None:
        """Make the cluster, as `setup` does, and start it."""
        password = Stdin(f"hacluster:{PASSWORD}\n", "password", secret=True)
        await self.everywhere(
            change("pcs", "cluster", "destroy"),
            change("systemctl", "enable", "--now", "pcsd"),
            change("chpasswd", stdin=password),
        )
        hosts = [word for node in self.cluster.nodes for word in (node.name, f"addr={node.address}")]
        secret = Stdin(f"{PASSWORD}\n", "password", secret=True)
        await self.run("n1", change("pcs", "host", "auth", "-u", "hacluster", "--", *hosts, stdin=secret))
        await self.run("n1", change("pcs", "cluster", "setup", "web", *hosts))
        await self.everywhere(configuration.seed_command(CIB_FILE, "hacluster:haclient"))
        await self.run("n1", change("pcs", "cluster", "start", "--all"), change("pcs", "cluster", "enable", "--all"))
        sysctl = Stdin(f"{NONLOCAL_BIND} = 1\n", "setting")
        config = Stdin((HAPROXY_FILES / "haproxy.cfg").read_text(), "haproxy.cfg")
        await self.everywhere(
            write(SYSCTL_FILE, sysctl),
            change("sysctl", "-q", "-p", SYSCTL_FILE),
            write(HAPROXY_CFG, config),
            change("haproxy", "-c", "-q", "-f", HAPROXY_CFG),
            change("systemctl", "disable", "--now", "haproxy"),
        )
        self.wait()

    async def configure(self, *more: tuple[str, ...]) -> None:
        """Push HAProxy, floating IPs and gates, and what else pcs is told to draft."""
        drafts = [change("pcs", "-f", configuration.DRAFT, *words) for words in more]
        drafts = [*configuration.draft_commands(self.cluster, None, {}), *drafts]
        await self.run("n2", *drafts, configuration.push_command())
        self.wait()

    async def stop(self, *which: str) -> None:
        """Stop the cluster on some nodes."""
        await self.run("n1", change("pcs", "cluster", "stop", *which))
        self.wait()

    async def lose(self, name: str) -> None:
        """Cut a node's power, and give the others the time to notice."""
        await self.backing.power_off(name)
        self.wait()

    async def approve(self) -> None:
        """Open vip2's gate on n1."""
        await self.run("n1", set_attribute("vip2", "n1", "yes"))
        self.wait()

    async def withdraw(self) -> None:
        """Close it again."""
        await self.run("n1", clear_attribute("vip2", "n1"))
        self.wait()

    async def regain(self, name: str) -> None:
        """Switch a node on, and let it boot."""
        await self.backing.power_on(name)
        self.wait()

    async def reach(self, situation: str, *more: tuple[str, ...]) -> None:
        """Go from bare servers to a situation, by its name among the recorded ones; `more` as for `configure`."""
        if situation == "bare":
            return
        await self.install()
        if situation == "fresh":
            return
        await self.create()
        if situation == "empty":
            return
        await self.configure(*more)
        for step in _FROM_HEALTHY.get(situation, ()):
            await step(self)
        self.wait()

    async def fence_without_device(self) -> None:
        """Ask for fencing that nothing can do."""
        await self.run("n1", change("pcs", "property", "set", "stonith-enabled=true"))
        self.wait()


_LOSE: tuple[Callable[[Played], Awaitable[object]], ...] = (lambda played: played.lose("n2"),)
_LOSE_AND_APPROVE = (*_LOSE, Played.approve)
_FROM_HEALTHY: Mapping[str, tuple[Callable[[Played], Awaitable[object]], ...]] = {
    "stopped": (lambda played: played.stop("--all"),),
    "n2-stopped": (lambda played: played.stop("n2"),),
    "split": (lambda played: played.backing.network.cut("n1", "n2"),),
    "n1-standby": (lambda played: played.run("n1", change("pcs", "node", "standby", "n1")),),
    "maintenance": (lambda played: played.run("n1", change("pcs", "property", "set", "maintenance-mode=true")),),
    "fencing-without-device": (Played.fence_without_device,),
    "n2-lost-unclean": (Played.fence_without_device, *_LOSE),
    "n2-lost": _LOSE,
    "n2-lost-failover-approved": _LOSE_AND_APPROVE,
    "n2-back-before-failback": (*_LOSE_AND_APPROVE, lambda played: played.regain("n2")),
}
"""What is done to a healthy cluster to bring it into a situation."""


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    """Two bare simulated servers."""
    clock = HandClock()
    backing = await SimulatedBacking.up(("n1", "n2"), clock)
    nodes = Played(backing, clock)
    try:
        yield nodes
    finally:
        await nodes.runner.close()
        await backing.close()
    assert backing.world.unknown_commands == []
    assert backing.world.defects == []
    assert not backing.network.keys.client.is_file()
