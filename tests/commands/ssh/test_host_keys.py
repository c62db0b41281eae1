"""Host keys: never accepted unseen, shown exactly, refused when they changed."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from commands.command import Command
from commands.errors import HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.ssh import AnyOf, KnownHostsFiles, SshRunner
from commands.ssh.host_keys import one_line
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Keyring, Site
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

TRUE = Command(("true",))
Serve = Callable[[asyncssh.SSHKey | asyncssh.SSHKeyPair], Awaitable[ScriptedNode]]


@pytest.fixture
async def serve(login_key: asyncssh.SSHKey) -> AsyncIterator[Serve]:
    """Start nodes with host keys of the test's choice."""
    servers: list[ScriptedNode] = []

    async def true(session: ScriptedSession) -> None:
        session.exit()

    async def start(key: asyncssh.SSHKey | asyncssh.SSHKeyPair) -> ScriptedNode:
        server = ScriptedNode(key)
        server.scripts["true"] = true
        servers.append(server)
        await server.listen(login_key)
        return server

    yield start
    for server in servers:
        await server.close()


def fingerprint(key: asyncssh.SSHKey, folder: Path) -> str:
    """What OpenSSH itself prints for a key."""
    path = folder / "key.pub"
    path.write_bytes(key.export_public_key())
    return subprocess.run(["ssh-keygen", "-lf", path], capture_output=True, text=True, check=True).stdout.split()[1]


async def test_an_unknown_key_is_shown_exactly_and_accepted_once_that_key_is_trusted(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, tmp_path: Path
) -> None:
    node = site.place("n1", server.port)
    runner = site.runner()
    with pytest.raises(HostKeyUnknown) as caught:
        await runner.run(node, Command(("true",), changes=True))
    error = caught.value
    assert (error.node, error.address, error.port) == ("n1", "10.0.0.1", 22)
    assert error.key == one_line(host_key)
    assert error.fingerprint == fingerprint(host_key, tmp_path)
    assert error.fingerprint in str(error)
    assert not server.sessions
    site.keyring.lines[error.address, error.port] = (error.key,)
    assert (await runner.run(node, TRUE)).status == 0


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
async def test_a_changed_key_is_a_mismatch_with_both_fingerprints_whatever_its_kind(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, tmp_path: Path, kind: str
) -> None:
    before = asyncssh.generate_private_key(kind)
    node = site.place("n1", server.port, trust=before)
    with pytest.raises(HostKeyMismatch) as caught:
        await site.runner().run(node, TRUE)
    assert fingerprint(host_key, tmp_path) in str(caught.value)
    assert fingerprint(before, tmp_path) in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp521", "ssh-rsa"])
async def test_keys_of_every_kind_are_accepted(site: Site, serve: Serve, kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    server = await serve(key)
    node = site.place("n1", server.port, trust=key)
    assert (await site.runner().run(node, TRUE)).status == 0


async def test_a_key_trusted_for_another_port_or_address_is_not_trusted(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey
) -> None:
    node = site.place("n1", server.port)
    site.keyring.lines |= {("10.0.0.1", 2222): (one_line(host_key),), ("10.0.0.9", 22): (one_line(host_key),)}
    with pytest.raises(HostKeyUnknown):
        await site.runner().run(node, TRUE)


async def test_a_revoked_key_is_refused_whoever_else_trusts_it(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, tmp_path: Path
) -> None:
    node = site.place("n1", server.port, trust=host_key)
    known = tmp_path / "known_hosts"
    known.write_text(f"@revoked * {one_line(host_key)}\n")
    runner = SshRunner(site.options, AnyOf((site.keyring, KnownHostsFiles((known,)))))
    with pytest.raises(HostKeyMismatch, match="revoked"):
        await runner.run(node, TRUE)


class TestCertificates:
    """Hosts that show a certificate of an authority instead of a key somebody compared."""

    @pytest.fixture
    def authority(self) -> asyncssh.SSHKey:
        return asyncssh.generate_private_key("ssh-ed25519")

    def certified(self, key: asyncssh.SSHKey, authority: asyncssh.SSHKey, *names: str) -> asyncssh.SSHKeyPair:
        certificate = authority.generate_host_certificate(key, "host", principals=list(names))
        (pair,) = [p for p in asyncssh.load_keypairs([(key, certificate)]) if p.has_cert]
        return pair

    async def place(self, site: Site, serve: Serve, pair: asyncssh.SSHKeyPair, name: str = "n1") -> NodeSpec:
        return site.place(name, (await serve(pair)).port)

    @pytest.mark.parametrize("named", ["n1", "10.0.0.1"])
    async def test_its_authority_is_trusted_for_a_node_it_names(
        self, site: Site, serve: Serve, host_key: asyncssh.SSHKey, authority: asyncssh.SSHKey, named: str
    ) -> None:
        node = await self.place(site, serve, self.certified(host_key, authority, named))
        site.keyring.lines["10.0.0.1", 22] = (f"@cert-authority {one_line(authority)}",)
        assert (await site.runner().run(node, TRUE)).status == 0

    async def test_an_authority_is_found_by_a_fully_qualified_name(
        self, site: Site, serve: Serve, host_key: asyncssh.SSHKey, authority: asyncssh.SSHKey
    ) -> None:
        name = "n1.example.org"
        node = await self.place(site, serve, self.certified(host_key, authority, name), name)
        site.keyring.lines[name, 22] = (f"@cert-authority {one_line(authority)}",)
        assert (await site.runner().run(node, TRUE)).status == 0

    async def test_a_certificate_for_another_host_is_refused(
        self, site: Site, serve: Serve, host_key: asyncssh.SSHKey, authority: asyncssh.SSHKey
    ) -> None:
        node = await self.place(site, serve, self.certified(host_key, authority, "n2", "10.0.0.2"))
        site.keyring.lines["10.0.0.1", 22] = (f"@cert-authority {one_line(authority)}",)
        with pytest.raises(HostKeyMismatch, match="principal"):
            await site.runner().run(node, TRUE)

    async def test_a_certificate_of_another_authority_is_refused(
        self, site: Site, serve: Serve, host_key: asyncssh.SSHKey, authority: asyncssh.SSHKey
    ) -> None:
        node = await self.place(
            site, serve, self.certified(host_key, asyncssh.generate_private_key("ssh-ed25519"), "n1")
        )
        site.keyring.lines["10.0.0.1", 22] = (f"@cert-authority {one_line(authority)}",)
        with pytest.raises(HostKeyMismatch):
            await site.runner().run(node, TRUE)

    async def test_a_plain_key_where_an_authority_is_trusted_is_unknown(
        self, site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey, authority: asyncssh.SSHKey
    ) -> None:
        node = site.place("n1", server.port)
        site.keyring.lines["10.0.0.1", 22] = (f"@cert-authority {one_line(authority)}",)
        with pytest.raises(HostKeyUnknown) as caught:
            await site.runner().run(node, TRUE)
        assert caught.value.key == one_line(host_key)


class TestKnownHostsFiles:
    """known_hosts files as OpenSSH writes them."""

    KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOdggG/cmTOcM8z70Uh/hJ9284Aa9s9lsTeT78nrxYbq"

    def lookup(self, tmp_path: Path, text: str, host: str, port: int = 22) -> tuple[str, ...]:
        path = tmp_path / "known_hosts"
        path.write_text(text)
        return asyncio.run(KnownHostsFiles((path, tmp_path / "missing")).trusted(host, port))

    @pytest.mark.parametrize(
        ("pattern", "port"),
        [
            ("10.0.0.1", 22),
            ("n1,10.0.0.1", 22),
            ("10.0.0.*", 22),
            ("[10.0.0.1]:2222", 2222),
            ("10.0.0.1", 2222),
        ],
    )
    def test_entries_that_name_the_host(self, tmp_path: Path, pattern: str, port: int) -> None:
        assert self.lookup(tmp_path, f"# comment\n\n{pattern} {self.KEY} root@n1\n", "10.0.0.1", port) == (self.KEY,)

    @pytest.mark.parametrize("pattern", ["10.0.0.10", "[10.0.0.1]:2222", "n1", "*,!10.0.0.1"])
    def test_entries_that_do_not(self, tmp_path: Path, pattern: str) -> None:
        assert self.lookup(tmp_path, f"{pattern} {self.KEY}\n", "10.0.0.1") == ()

    def test_hashed_entries(self, tmp_path: Path) -> None:
        path = tmp_path / "hashed"
        path.write_text(f"10.0.0.1 {self.KEY}\n")
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
        assert "10.0.0.1" not in path.read_text()
        assert self.lookup(tmp_path, path.read_text(), "10.0.0.1") == (self.KEY,)

    def test_markers_are_kept(self, tmp_path: Path) -> None:
        text = f"@cert-authority * {self.KEY}\n@revoked 10.0.0.1 {self.KEY}\n"
        assert self.lookup(tmp_path, text, "10.0.0.1") == (f"@cert-authority {self.KEY}", f"@revoked {self.KEY}")

    def test_a_file_is_read_anew_each_time(self, tmp_path: Path) -> None:
        assert self.lookup(tmp_path, "", "10.0.0.1") == ()
        assert self.lookup(tmp_path, f"10.0.0.1 {self.KEY}\n", "10.0.0.1") == (self.KEY,)

    async def test_a_malformed_file_stops_the_connection_and_says_why(
        self, site: Site, server: ScriptedNode, node: NodeSpec, tmp_path: Path
    ) -> None:
        path = tmp_path / "known_hosts"
        path.write_text("@unheard-of 10.0.0.1 what\n")
        with pytest.raises(Unreachable, match="trusted host keys cannot be read"):
            await SshRunner(site.options, KnownHostsFiles((path,))).run(node, TRUE)
        assert not server.sessions


async def test_several_sources_are_joined(host_key: asyncssh.SSHKey) -> None:
    line = one_line(host_key)
    one, two = Keyring({("h", 22): (line,)}), Keyring({("h", 22): (line, "@revoked x")})
    assert await AnyOf((one, two)).trusted("h", 22) == (line, "@revoked x")
