"""The same promises held by a real OpenSSH server, a real sudo and a real coreutils `timeout`."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from commands.command import Command, Stdin
from commands.errors import CommandTimedOut, HostKeyMismatch, OutcomeUnknown, SudoRefused, Unreachable
from commands.ssh import Jump, KnownHostsFiles, SshRunner, remote_line
from commands.ssh.host_keys import one_line
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.open_ssh import OpenSsh, running, until_gone, until_running, why_not
from tests.commands.ssh.relay import Relay

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

Start = Callable[..., Awaitable[OpenSsh]]
LOGINS = ["root", "bot"]
_markers = itertools.count(secrets.randbelow(10**9))


def long_sleep() -> tuple[str, ...]:
    """A sleep told from all others on the machine by its length."""
    return ("sleep", str(next(_markers)))


@pytest.fixture
async def start(host_key: asyncssh.SSHKey, login_key: asyncssh.SSHKey) -> AsyncIterator[Start]:
    servers: list[OpenSsh] = []

    async def begin(*config: str) -> OpenSsh:
        server = OpenSsh(host_key, login_key)
        servers.append(server)
        await server.start(*config)
        return server

    yield begin
    for server in servers:
        await server.stop()


@pytest.fixture
async def sshd(start: Start) -> OpenSsh:
    return await start()


@pytest.fixture
def node(site: Site, sshd: OpenSsh, host_key: asyncssh.SSHKey) -> NodeSpec:
    return site.place("n1", sshd.port, trust=host_key)


@pytest.mark.parametrize("user", LOGINS)
async def test_commands_run_as_root_with_their_input_and_status(site: Site, node: NodeSpec, user: str) -> None:
    runner = site.runner(user=user)
    assert (await runner.run(node, Command(("id", "-u")))).stdout == "0\n"
    reads = Command(("sh", "-c", "cat; echo oops >&2; exit 3"), stdin=Stdin("größe", "a word"))
    done = await runner.run(node, reads)
    assert (done.status, done.stdout, done.stderr) == (3, "größe", "oops\n")
    assert (await runner.run(node, Command(("sh", "-c", "cat; echo end")))).stdout == "end\n"


async def test_commands_that_need_no_root_run_as_the_login(site: Site, node: NodeSpec) -> None:
    assert (await site.runner(user="bot").run(node, Command(("id", "-un"), root=False))).stdout == "bot\n"


@pytest.mark.parametrize("user", LOGINS)
async def test_the_environment_is_the_parsers_own(
    site: Site, start: Start, host_key: asyncssh.SSHKey, user: str
) -> None:
    sshd = await start("SetEnv LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 http_proxy=http://p HTTPS_PROXY=http://p")
    node = site.place("n1", sshd.port, trust=host_key)
    printed = (await site.runner(user=user).run(node, Command(("env",)))).stdout
    seen = dict(line.split("=", 1) for line in printed.splitlines())
    assert seen["LC_ALL"] == "C"
    assert "/usr/sbin" in seen["PATH"].split(":")
    assert not [name for name in seen if "proxy" in name.lower()]


@pytest.mark.parametrize("root", [True, False], ids=["privileged", "plain"])
@pytest.mark.parametrize("user", LOGINS)
async def test_a_command_out_of_time_is_ended_on_the_node(
    site: Site,
    node: NodeSpec,
    either: Callable[..., Command],
    user: str,
    root: bool,  # noqa: FBT001
) -> None:
    words = long_sleep()
    command = either(*words, timeout=1.0)
    command = Command(words, timeout=1.0, changes=command.changes, root=root)
    async with asyncio.TaskGroup() as group:
        group.create_task(until_running(words))
        with pytest.raises(OutcomeUnknown if command.changes else CommandTimedOut):
            await site.runner(user=user, kill_after=5.0, grace=5.0).run(node, command)
    assert await until_gone(words, 2)


async def test_a_command_that_ignores_term_is_killed(site: Site, node: NodeSpec) -> None:
    words = long_sleep()
    stubborn = Command(("sh", "-c", f"trap '' TERM; {' '.join(words)}; echo never"), timeout=0.5)
    with pytest.raises(CommandTimedOut):
        await site.runner(kill_after=0.5, grace=5.0).run(node, stubborn)
    assert await until_gone(words, 2)


async def test_a_root_command_behind_sudo_that_ignores_term_keeps_nobody_waiting(site: Site, node: NodeSpec) -> None:
    """Its sudo is killed and our session is free; the command itself only root could kill."""
    words = long_sleep()
    stubborn = Command(("sh", "-c", f"trap '' TERM; {' '.join(words)}; echo never"), timeout=0.5, changes=True)
    runner = site.runner(user="bot", kill_after=0.5, grace=5.0, max_sessions=1)
    with pytest.raises(OutcomeUnknown):
        await runner.run(node, stubborn)
    assert (await runner.run(node, Command(("id", "-u")))).status == 0
    assert running(words)


async def test_a_cancelled_command_is_ended_where_the_login_is_not_root(site: Site, node: NodeSpec) -> None:
    words = long_sleep()
    task = asyncio.create_task(site.runner(user="bot").run(node, Command(words, timeout=600)))
    await until_running(words)
    task.cancel()
    await asyncio.wait([task])
    assert await until_gone(words, 5)


async def test_sudo_allows_what_the_sudoers_file_lists_and_nothing_else(site: Site, node: NodeSpec) -> None:
    runner = site.runner(user="bot")
    with pytest.raises(SudoRefused, match="sudo does not let us run `cat`"):
        await runner.run(node, Command(("cat", "/etc/shadow")))


async def test_a_program_that_is_not_installed_is_told_from_one_that_failed(site: Site, node: NodeSpec) -> None:
    assert (await site.runner(user="root").run(node, Command(("absent",)))).status == 127
    assert (await site.runner(user="bot").run(node, Command(("absent",), root=False))).status == 127


async def test_a_program_that_is_not_installed_is_told_from_one_that_sudo_does_not_allow(
    site: Site, node: NodeSpec
) -> None:
    """To sudo they are the same: its file lists paths, and the one has none."""
    for command in (Command(("absent",)), Command(("absent",), changes=True)):
        assert (await site.runner(user="bot").run(node, command)).status == 127


async def test_a_stream_ends_with_its_context(site: Site, node: NodeSpec) -> None:
    words = long_sleep()
    lease = Command(("sh", "-c", f"{' '.join(words)} & echo ready; read -r _; kill $!"))
    for user in LOGINS:
        async with site.runner(user=user).stream(node, lease) as stream:
            assert await anext(stream.lines()) == "ready"
            await until_running(words)
        assert await until_gone(words, 5), user


async def test_a_stream_ends_when_its_connection_breaks(site: Site, node: NodeSpec) -> None:
    words = long_sleep()
    lease = Command(("sh", "-c", f"{' '.join(words)} & echo ready; read -r _; kill $!"))
    runner = site.runner()
    async with runner.stream(node, lease) as stream:
        lines = stream.lines()
        assert await anext(lines) == "ready"
        await until_running(words)
        (await runner._connection(node).get()).abort()
        with pytest.raises(Unreachable):
            await anext(lines)
        assert await until_gone(words, 5)
    assert (await runner.run(node, Command(("true",)))).status == 0


@pytest.mark.parametrize("user", LOGINS)
async def test_a_lease_ends_a_stream_whose_cable_was_cut(
    site: Site, sshd: OpenSsh, host_key: asyncssh.SSHKey, user: str
) -> None:
    """A cut is noticed by sshd after hours; the command's own `read -t` does."""
    words = long_sleep()
    wrapper = f"trap 'trap - EXIT; kill 0' EXIT; {' '.join(words)} & echo ready; while read -r -t 1 _; do :; done"
    async with Relay(sshd.port) as cable:
        node = site.place("n1", cable.port, trust=host_key)
        runner = site.runner(user=user, keepalive_interval=0.2, keepalive_count=3)
        async with runner.stream(node, Command(("bash", "-c", wrapper))) as stream:
            lines = stream.lines()
            assert await anext(lines) == "ready"
            for _ in range(4):
                await asyncio.sleep(0.5)
                await stream.write("\n")
            assert running(words), "kept alive by the lease"
            cable.frozen = True
            with pytest.raises(Unreachable):
                await anext(lines)
            assert await until_gone(words, 10)


async def test_more_commands_than_sshd_has_sessions_for_all_run(
    site: Site, start: Start, host_key: asyncssh.SSHKey
) -> None:
    sshd = await start("MaxSessions 3")
    node = site.place("n1", sshd.port, trust=host_key)
    runner = site.runner(max_sessions=8)
    done = await asyncio.gather(*(runner.run(node, Command(("sleep", "0.05"))) for _ in range(12)))
    assert [d.status for d in done] == [0] * 12


async def test_all_eight_sessions_fit_into_what_sshd_allows(site: Site, node: NodeSpec) -> None:
    runner = site.runner()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(runner.run(node, Command(("sleep", "0.3"), changes=True))) for _ in range(24)]
    assert {task.result().status for task in tasks} == {0}


async def test_a_burst_of_connections_loses_none_to_max_startups(
    site: Site, start: Start, host_key: asyncssh.SSHKey
) -> None:
    sshd = await start("MaxStartups 4:100:4")
    nodes = [site.place(f"n{n}", sshd.port, trust=host_key) for n in range(20)]
    runner = site.runner(max_parallel_connects=4, connect_jitter=0.1, connect_timeout=10.0)
    done = await asyncio.gather(*(runner.run(node, Command(("true",))) for node in nodes))
    assert [d.status for d in done] == [0] * 20


async def test_through_a_jump_host(site: Site, start: Start, host_key: asyncssh.SSHKey) -> None:
    jump, sshd = await start("PermitOpen any"), await start()
    nodes = [site.place(f"n{n}", sshd.port, trust=host_key) for n in range(3)]
    site.keyring.lines["127.0.0.1", jump.port] = (one_line(host_key),)
    runner = site.runner(jump=Jump("127.0.0.1", jump.port, "bot"))
    done = await asyncio.gather(*(runner.run(node, Command(("id", "-un"))) for node in nodes))
    assert [d.stdout for d in done] == ["root\n"] * 3


async def test_a_jump_host_that_forwards_nothing_is_named(site: Site, start: Start, host_key: asyncssh.SSHKey) -> None:
    jump = await start("AllowTcpForwarding no")
    site.keyring.lines["127.0.0.1", jump.port] = (one_line(host_key),)
    with pytest.raises(Unreachable, match="the jump host cannot connect"):
        await site.runner(jump=Jump("127.0.0.1", jump.port)).run(site.place("n1", jump.port), Command(("true",)))


async def test_known_hosts_as_keyscan_writes_it(site: Site, sshd: OpenSsh, tmp_path: Path) -> None:
    scan = await asyncio.create_subprocess_exec(
        *("ssh-keyscan", "-H", "-p", str(sshd.port), "127.0.0.1"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, _ = await scan.communicate()
    known = tmp_path / "known_hosts"
    known.write_bytes(out)
    lines = await KnownHostsFiles((known,)).trusted("127.0.0.1", sshd.port)
    site.keyring.lines["10.0.0.1", 22] = lines
    assert (await site.runner().run(site.place("n1", sshd.port), Command(("true",)))).status == 0


async def test_a_host_certificate_made_by_ssh_keygen(
    site: Site, start: Start, host_key: asyncssh.SSHKey, tmp_path: Path
) -> None:
    host_key.write_public_key(tmp_path / "host.pub")
    for words in (
        ("-q", "-t", "ed25519", "-N", "", "-f", "authority"),
        ("-q", "-s", "authority", "-I", "node one", "-h", "-n", "n1", "host.pub"),
    ):
        made = await asyncio.create_subprocess_exec("ssh-keygen", *words, cwd=tmp_path)
        assert await made.wait() == 0
    sshd = await start(f"HostCertificate {tmp_path}/host-cert.pub")
    known = tmp_path / "known_hosts"
    known.write_text(f"@cert-authority 10.0.0.* {(tmp_path / 'authority.pub').read_text()}")
    node, other = site.place("n1", sshd.port), site.place("n2", sshd.port)
    runner = SshRunner(site.options, KnownHostsFiles((known,)))
    assert (await runner.run(node, Command(("true",)))).status == 0
    with pytest.raises(HostKeyMismatch, match="principal"):
        await runner.run(other, Command(("true",)))
    await runner.close()


async def test_a_reinstalled_node_is_noticed_on_the_next_connection(
    site: Site, node: NodeSpec, sshd: OpenSsh, login_key: asyncssh.SSHKey
) -> None:
    runner = site.runner()
    await runner.run(node, Command(("true",)))
    await sshd.stop()
    again = OpenSsh(asyncssh.generate_private_key("ssh-ed25519"), login_key)
    again.port = sshd.port
    await again.start()
    try:
        with pytest.raises(HostKeyMismatch):
            await runner.run(node, Command(("true",), changes=True))
    finally:
        await again.stop()


async def test_running_over_an_open_connection_costs_little_more_than_ssh_itself(
    site: Site, sshd: OpenSsh, node: NodeSpec, login_key: asyncssh.SSHKey
) -> None:
    """Our own work for a command, in processor time: that is the same on a busy machine."""

    async def cost(run: Callable[[], Awaitable[object]]) -> float:
        begun = time.process_time()
        for _ in range(30):
            await run()
        return (time.process_time() - begun) / 30

    runner = site.runner()
    command = Command(("true",))
    line = remote_line(command, "root")
    trusted = asyncssh.read_private_key(sshd.folder / "host_key").convert_to_public()
    async with asyncssh.connect(
        "127.0.0.1", sshd.port, username="root", client_keys=[login_key], config=None, known_hosts=([trusted], [], [])
    ) as bare:
        await runner.run(node, command)
        theirs = await cost(lambda: bare.run(line))
        ours = await cost(lambda: runner.run(node, command))
    assert ours - theirs < 0.005
