"""Scripted nodes on loopback, and runners that trust them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from commands.command import Command
from commands.ssh import SshOptions, SshRunner
from commands.ssh.host_keys import one_line
from config.inventory import NodeSpec
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

FAST = {"connect_timeout": 2.0, "kill_after": 0.1, "grace": 0.1, "connect_jitter": 0.0}
"""Options that keep waiting short where waiting is what a test looks at."""


@dataclass
class Keyring:
    """Host keys held in memory, by host and port."""

    lines: dict[tuple[str, int], tuple[str, ...]]

    async def trusted(self, host: str, port: int, /) -> tuple[str, ...]:
        return self.lines.get((host, port), ())


@dataclass
class Site:
    """Addresses that lead to scripted nodes, what is trusted of them, and the options to reach them."""

    keyring: Keyring
    options: SshOptions
    ways: dict[str, tuple[str, int]]
    """The `connect_to` of the options: a node placed later is on loopback as well."""
    runners: list[SshRunner]

    def place(self, name: str, *ports: int, trust: asyncssh.SSHKey | None = None) -> NodeSpec:
        """Give a node one address for each port it listens on, trusting a host key for all of them."""
        first = len(self.ways) + 1
        addresses = tuple(ip_address(f"10.0.0.{first + n}") for n in range(len(ports)))
        for address, port in zip(addresses, ports, strict=True):
            self.ways[str(address)] = ("127.0.0.1", port)
            if trust is not None:
                self.keyring.lines[str(address), 22] = (one_line(trust),)
        return NodeSpec(name=name, addresses=addresses)

    def runner(self, **options: Any) -> SshRunner:
        """Make a runner with these options changed."""
        runner = SshRunner(replace(self.options, **options), self.keyring)
        self.runners.append(runner)
        return runner


@pytest.fixture(scope="session")
def login_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(scope="session")
def host_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture
async def site(tmp_path: Path, login_key: asyncssh.SSHKey) -> AsyncIterator[Site]:
    path = tmp_path / "bot_key"
    login_key.write_private_key(path)
    ways: dict[str, tuple[str, int]] = {}
    options = SshOptions(user="root", keys=(path,), connect_to=ways, **FAST)  # type: ignore[arg-type]
    site = Site(Keyring({}), options, ways, [])
    yield site
    for runner in site.runners:
        await runner.close()


@pytest.fixture
async def server(login_key: asyncssh.SSHKey, host_key: asyncssh.SSHKey) -> AsyncIterator[ScriptedNode]:
    """A node that runs `true` and `false`; tests add their own commands."""

    async def true(session: ScriptedSession) -> None:
        session.exit(0)

    async def false(session: ScriptedSession) -> None:
        session.complain(b"it is false\n")
        session.exit(1)

    server = ScriptedNode(host_key)
    server.scripts |= {"true": true, "false": false}
    await server.listen(login_key)
    yield server
    await server.close()


@pytest.fixture
def node(site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey) -> NodeSpec:
    """The scripted node, as the inventory has it, its host key trusted."""
    return site.place("n1", server.port, trust=host_key)


@pytest.fixture(params=[False, True], ids=["read", "change"])
def either(request: pytest.FixtureRequest) -> Callable[..., Command]:
    """Make commands, once as reads and once as changes."""

    def make(*argv: str, timeout: float = 5.0) -> Command:
        return Command(argv, timeout=timeout, changes=request.param)

    return make
