"""Getting connected: addresses in turn, networks, logins, jump hosts."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address, ip_network

import asyncssh
import pytest

from commands.command import Command
from commands.errors import HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.ssh import Jump, SshOptions
from commands.ssh.host_keys import one_line
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.relay import Relay
from tests.commands.ssh.scripted_node import ScriptedNode

TRUE = Command(("true",))


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
async def mute() -> AsyncIterator[int]:
    """A port that accepts and says nothing, as a frozen machine's does."""

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_node_nobody_answers_for_is_unreachable_and_says_what_was_tried(
    site: Site, closed_port: int, either: Callable[..., Command]
) -> None:
    node = site.place("n1", closed_port, closed_port)
    with pytest.raises(Unreachable) as caught:
        await site.runner().run(node, either("true"))
    assert str(caught.value) == (
        "n1: SSH cannot connect (10.0.0.1 port 22: Connection refused; 10.0.0.2 port 22: Connection refused)"
    )


async def test_the_second_address_is_tried_when_the_first_refuses(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, closed_port: int
) -> None:
    node = site.place("n1", closed_port, server.port, trust=host_key)
    assert (await site.runner().run(node, TRUE)).status == 0


async def test_the_second_address_is_tried_when_the_first_is_silent(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, mute: int
) -> None:
    node = site.place("n1", mute, server.port, trust=host_key)
    async with asyncio.timeout(10):
        assert (await site.runner(connect_timeout=60).run(node, TRUE)).status == 0


async def test_two_silent_addresses_cost_the_time_of_one(site: Site, mute: int) -> None:
    node = site.place("n1", mute, mute)
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        await site.runner(connect_timeout=2).run(node, TRUE)
    assert time.monotonic() - begun < 3.5
    assert str(caught.value) == (
        "n1: SSH cannot connect (10.0.0.1 port 22: no answer within 2 s; 10.0.0.2 port 22: no answer within 2 s)"
    )


async def test_a_wrong_host_key_at_the_first_address_is_not_gone_round(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey
) -> None:
    node = site.place("n1", server.port, server.port, trust=host_key)
    site.keyring.lines["10.0.0.1", 22] = (one_line(asyncssh.generate_private_key("ssh-ed25519")),)
    with pytest.raises(HostKeyMismatch):
        await site.runner().run(node, TRUE)
    assert len(server.connections) == 1


async def test_many_commands_to_a_silent_node_wait_once(site: Site, mute: int) -> None:
    node = site.place("n1", mute)
    runner = site.runner(connect_timeout=0.3)
    async with asyncio.timeout(2):
        answers = await asyncio.gather(*(runner.run(node, TRUE) for _ in range(20)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unreachable}


async def test_a_peer_that_hangs_up_before_the_login_is_asked_again(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey
) -> None:
    async with Relay(server.port, hang_up_on=2) as door:
        node = site.place("n1", door.port, trust=host_key)
        assert (await site.runner().run(node, TRUE)).status == 0
        assert door.callers == 3


async def test_a_peer_that_always_hangs_up_is_unreachable(site: Site, closed_port: int) -> None:
    async with Relay(closed_port, hang_up_on=1000) as door:
        with pytest.raises(Unreachable, match="hangs up before the login"):
            await site.runner(connect_timeout=10).run(site.place("n1", door.port), TRUE)


async def test_a_refused_login_says_what_is_missing_and_tries_no_other_address(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, either: Callable[..., Command]
) -> None:
    node = site.place("n1", server.port, server.port, trust=host_key)
    stranger = site.options.keys[0].with_name("stranger")
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    with pytest.raises(Unreachable, match="does not let `root` in") as caught:
        await site.runner(keys=(stranger,)).run(node, either("true"))
    assert "authorized_keys" in caught.value.remedy
    assert len(server.connections) == 1


@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem"])
async def test_a_login_key_with_a_passphrase(
    site: Site, server: ScriptedNode, node: NodeSpec, login_key: asyncssh.SSHKey, form: str
) -> None:
    locked = site.options.keys[0].with_name("locked")
    login_key.write_private_key(locked, form, passphrase="canary-right", rounds=16, ignore_few_rounds=True)
    assert (await site.runner(keys=(locked,), passphrase="canary-right").run(node, TRUE)).status == 0
    for wrong in ("canary-wrong", None):
        with pytest.raises(Unreachable, match=r"own SSH key .*/locked cannot be read: ") as caught:
            await site.runner(keys=(locked,), passphrase=wrong).run(node, TRUE)
        assert "canary" not in f"{caught.value!r}{caught.value.__dict__}"
    assert len(server.connections) == 1


async def test_a_missing_login_key_is_named(site: Site, node: NodeSpec) -> None:
    missing = site.options.keys[0].with_name("missing")
    with pytest.raises(Unreachable, match=r"/missing cannot be read: No such file"):
        await site.runner(keys=(missing,)).run(node, TRUE)


async def test_an_address_outside_the_allowed_networks_is_refused_before_anything_is_sent(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, either: Callable[..., Command]
) -> None:
    node = site.place("n1", server.port, server.port, trust=host_key)
    runner = site.runner(allowed_networks=(ip_network("10.0.0.1/32"), ip_network("fd00::/8")))
    with pytest.raises(Unreachable, match=r"10\.0\.0\.2 is in none of the networks") as caught:
        await runner.run(node, either("true"))
    assert "allowed_networks" in caught.value.remedy
    assert not server.connections


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("192.168.0.1", True),
        ("fd00::1", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.1.2.3", True),
    ],
)
def test_private_networks_are_allowed_by_default(address: str, allowed: bool) -> None:  # noqa: FBT001
    assert SshOptions(user="root", keys=()).allows(ip_address(address)) is allowed


class TestJumpHost:
    """Connections through another host, whose host key is checked as well."""

    @pytest.fixture
    async def jump(self, login_key: asyncssh.SSHKey) -> AsyncIterator[ScriptedNode]:
        jump = ScriptedNode(asyncssh.generate_private_key("ssh-ed25519"))
        jump.forwards = True
        await jump.listen(login_key)
        yield jump
        await jump.close()

    def trust(self, site: Site, jump: ScriptedNode) -> Jump:
        assert isinstance(jump.host_key, asyncssh.SSHKey)
        site.keyring.lines["127.0.0.1", jump.port] = (one_line(jump.host_key),)
        return Jump("127.0.0.1", jump.port, "gate")

    async def test_all_nodes_are_reached_through_one_connection_to_it(
        self, site: Site, server: ScriptedNode, jump: ScriptedNode, host_key: asyncssh.SSHKey
    ) -> None:
        nodes = [site.place(f"n{n}", server.port, trust=host_key) for n in range(5)]
        runner = site.runner(jump=self.trust(site, jump))
        done = await asyncio.gather(*(runner.run(node, TRUE) for node in nodes))
        assert [d.status for d in done] == [0] * 5
        assert len(server.connections) == 5
        assert [c.get_extra_info("username") for c in jump.connections] == ["gate"]

    async def test_its_own_host_key_must_be_trusted(self, site: Site, node: NodeSpec, jump: ScriptedNode) -> None:
        runner = site.runner(jump=Jump("127.0.0.1", jump.port))
        with pytest.raises(HostKeyUnknown) as caught:
            await runner.run(node, TRUE)
        assert (caught.value.address, caught.value.port) == ("127.0.0.1", jump.port)
        assert isinstance(jump.host_key, asyncssh.SSHKey)
        assert caught.value.key == one_line(jump.host_key)

    async def test_the_nodes_host_key_is_checked_behind_it_too(
        self, site: Site, server: ScriptedNode, jump: ScriptedNode
    ) -> None:
        node = site.place("n1", server.port)
        with pytest.raises(HostKeyUnknown) as caught:
            await site.runner(jump=self.trust(site, jump)).run(node, TRUE)
        assert (caught.value.node, caught.value.address, caught.value.port) == ("n1", "10.0.0.1", 22)

    async def test_a_node_it_cannot_reach_is_tried_at_its_second_address(
        self, site: Site, server: ScriptedNode, jump: ScriptedNode, host_key: asyncssh.SSHKey, closed_port: int
    ) -> None:
        node = site.place("n1", closed_port, server.port, trust=host_key)
        assert (await site.runner(jump=self.trust(site, jump)).run(node, TRUE)).status == 0

    async def test_a_broken_jump_connection_is_opened_again(
        self, site: Site, node: NodeSpec, jump: ScriptedNode
    ) -> None:
        runner = site.runner(jump=self.trust(site, jump))
        await runner.run(node, TRUE)
        jump.connections[0].abort()
        assert (await runner.run(node, TRUE)).status == 0
        assert len(jump.connections) == 2

    async def test_an_unreachable_jump_host_is_named(self, site: Site, node: NodeSpec, closed_port: int) -> None:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1: SSH cannot connect"):
            await site.runner(jump=Jump("127.0.0.1", closed_port)).run(node, TRUE)
