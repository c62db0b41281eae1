"""The facts of hosts on real bare nodes over real SSH, asked by a login that has to use sudo."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from commands.facts import files, firewall, haproxy_config, haproxy_stat, host, packages, pcs, reach, units
from commands.facts.fact import Fact, Known, NotRunning, read
from commands.ssh import KnownHostsFiles, SshOptions, SshRunner
from config.inventory import NodeSpec
from sandbox.lab import Lab

pytestmark = pytest.mark.lab
T = TypeVar("T")

_LET_OPS_IN = """
set -eu
echo 'ops ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/ops
install -d -o ops -g ops -m 700 ~ops/.ssh
install -o ops -g ops -m 600 ~root/.ssh/authorized_keys ~ops/.ssh/authorized_keys
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(f"facts{os.getpid()}", ("n1", "n2"), bare=True) as lab:
        for node in lab.nodes:
            lab.exec(node, ["sh", "-c", _LET_OPS_IN])
        yield lab


class Asker:
    """Asks n1, over one connection."""

    def __init__(self, lab: Lab, runner: SshRunner) -> None:
        self.node = NodeSpec.model_validate({"name": "n1", "addresses": lab.nodes["n1"][:1]})
        self.runner = runner

    async def __call__(self, fact: Fact[T]) -> T:
        reading = await read(self.runner, self.node, fact)
        assert isinstance(reading, Known), reading
        return reading.value


@pytest_asyncio.fixture
async def ask(lab: Lab) -> AsyncIterator[Asker]:
    runner = SshRunner(SshOptions(user="ops", keys=(lab.key,)), KnownHostsFiles((lab.known_hosts,)))
    try:
        yield Asker(lab, runner)
    finally:
        await runner.close()


async def test_what_a_bare_node_says(ask: Asker) -> None:
    assert (await ask(host.OS)).family == "apt"
    assert (await ask(host.ADDRESSES)).holds(str(ask.node.address)) == "eth0"
    assert (await ask(host.CLOCK)).epoch > 1_700_000_000
    assert (await ask(host.resolution(("n1", "n2")))).loopback("n2") == ()
    assert await ask(host.sysctl(("net.ipv4.ip_nonlocal_bind",))) == {"net.ipv4.ip_nonlocal_bind": "0"}


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        (packages.FACT, packages.Packages({})),
        (pcs.VERSION, NotRunning("pcs is not installed")),
        (pcs.host_auth(("n1", "n2")), NotRunning("pcs is not installed")),
        (firewall.FACT, firewall.Firewall(active=False)),
        (haproxy_stat.FACT, NotRunning("haproxy is not installed")),
    ],
    ids=["packages", "pcs", "host_auth", "firewall", "haproxy"],
)
async def test_what_is_not_installed_is_known_to_be_so(ask: Asker, fact: Fact[Any], answer: object) -> None:
    assert await ask(fact) == answer


async def test_no_haproxy_and_no_services(ask: Asker) -> None:
    assert (await ask(haproxy_config.FACT)).present is False
    assert not any(unit.loaded for unit in (await ask(units.FACT)).units.values())


async def test_files_that_only_root_may_read(ask: Asker, lab: Lab) -> None:
    lab.exec("n1", ["install", "-D", "-m", "600", "/dev/stdin", "/root/secret/kept"], "for root\n")

    assert await ask(files.read("/root/secret/kept")) == files.FileText(
        present=True, text="for root\n", mode="600", owner="root:root"
    )
    assert await ask(files.exists(("/root/secret/kept", "/root/secret/lost"))) == {
        "/root/secret/kept": True,
        "/root/secret/lost": False,
    }


async def test_ports_of_a_peer_that_is_there_and_one_that_is_cut_off(ask: Asker, lab: Lab) -> None:
    n2 = lab.nodes["n2"][0]
    peers = (("n2", n2, 22), ("n2", n2, 2224))

    assert (await ask(reach.port(peers))).ports == {("n2", 22): "open", ("n2", 2224): "refused"}
    lab.cut("n1", "n2")
    try:
        assert (await ask(reach.port(peers))).ports == {("n2", 22): "filtered", ("n2", 2224): "filtered"}
    finally:
        lab.heal()
    assert (await ask(reach.port(peers))).ports["n2", 22] == "open"


async def test_an_address_that_comes_and_goes(ask: Asker, lab: Lab) -> None:
    own, peer, floating = lab.nodes["n1"][0], lab.nodes["n2"][0], lab.free_address(1)
    asked = reach.in_use((own, peer, floating, "203.0.113.7"))

    free = await ask(asked)
    assert (free.addresses[own], free.addresses[floating]) == ("self", None)
    assert free.unasked == {"203.0.113.7"}

    lab.exec("n2", ["ip", "address", "add", f"{floating}/24", "dev", "eth0"])
    taken = await ask(asked)
    assert taken.addresses[floating] == taken.addresses[peer] is not None

    # n1 still has n2's answer in its neighbour table
    lab.exec("n2", ["ip", "address", "del", f"{floating}/24", "dev", "eth0"])
    assert (await ask(asked)).addresses[floating] is None
