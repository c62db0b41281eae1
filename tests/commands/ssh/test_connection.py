"""One connection per node: shared, limited, replaced when it broke, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import asyncssh
import pytest

from commands.command import Command
from commands.errors import Unreachable
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.relay import Relay
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

TRUE = Command(("true",))


class Gate:
    """A command that runs until it is let go, or its channel closes."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered = asyncio.Semaphore(0)

    async def __call__(self, session: ScriptedSession) -> None:
        self.entered.release()
        await self.open.wait()
        session.exit()


@pytest.fixture
def gate(server: ScriptedNode) -> Gate:
    gate = Gate()
    server.scripts["wait"] = gate
    return gate


WAIT = Command(("wait",))


async def test_commands_asked_for_at_once_share_one_connection(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    runner = site.runner()
    done = await asyncio.gather(*(runner.run(node, TRUE) for _ in range(30)))
    assert [d.status for d in done] == [0] * 30
    assert len(server.connections) == 1


async def test_not_more_sessions_are_open_than_allowed(
    site: Site, server: ScriptedNode, node: NodeSpec, gate: Gate
) -> None:
    runner = site.runner(max_sessions=8)
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(runner.run(node, WAIT))
        for _ in range(8):
            await gate.entered.acquire()
        assert server.open_sessions == 8
        gate.open.set()
    assert server.most_sessions == 8
    assert len(server.sessions) == 20


async def test_a_command_that_finds_no_free_session_in_its_time_was_not_sent(
    site: Site, server: ScriptedNode, node: NodeSpec, gate: Gate
) -> None:
    runner = site.runner(max_sessions=1)
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(node, WAIT))
        await gate.entered.acquire()
        with pytest.raises(Unreachable, match="all sessions were busy"):
            await runner.run(node, Command(("true",), timeout=0.05, changes=True))
        gate.open.set()
    assert len(server.sessions) == 1


async def test_a_session_refused_for_a_moment_is_asked_for_again(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    refusals = iter(range(3))

    def refuse(_: asyncssh.SSHServerConnection) -> None:
        if next(refusals, None) is not None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "no more sessions")

    server.on_session = refuse
    assert (await site.runner().run(node, either("true"))).status == 0
    assert len(server.connections) == len(server.sessions) == 1


async def test_a_session_refused_again_and_again_is_unreachable_also_for_a_change(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    def refuse(_: asyncssh.SSHServerConnection) -> None:
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "no more sessions")

    server.on_session = refuse
    with pytest.raises(Unreachable, match="opens no further session") as caught:
        await site.runner().run(node, either("true"))
    assert caught.value.remedy


async def test_a_connection_that_died_while_idle_is_replaced(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    runner = site.runner()
    await runner.run(node, TRUE)
    server.connections[0].abort()
    assert (await runner.run(node, either("true"))).status == 0
    assert len(server.connections) == 2


async def test_a_connection_that_dies_before_a_command_was_handed_over_is_replaced_for_it(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    runner = site.runner()
    await runner.run(node, TRUE)
    server.on_session = lambda connection: connection.abort() if connection is server.connections[0] else None
    assert (await runner.run(node, either("true"))).status == 0
    assert len(server.connections) == 2


async def test_a_node_that_breaks_every_connection_is_unreachable(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    server.on_session = lambda connection: connection.abort()
    with pytest.raises(Unreachable):
        await site.runner().run(node, either("true"))
    assert not server.sessions or not server.sessions[-1].words


async def test_a_frozen_peer_is_found_by_keepalives(
    site: Site, server: ScriptedNode, host_key: asyncssh.SSHKey
) -> None:
    async def freeze(session: ScriptedSession) -> None:
        cable.frozen = True
        await session.closed.wait()

    server.scripts["freeze"] = freeze
    async with Relay(server.port) as cable, asyncio.timeout(5):
        node = site.place("n1", cable.port, trust=host_key)
        with pytest.raises(Unreachable, match="the connection was lost"):
            await site.runner(keepalive_interval=0.1, keepalive_count=2).run(node, Command(("freeze",), timeout=60))


async def test_a_node_that_never_answers_a_session_is_given_up(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    runner = site.runner(session_timeout=0.1)
    await runner.run(node, TRUE)
    server.deafen()
    with pytest.raises(Unreachable, match=r"began nothing within 0\.1 s"):
        await runner.run(node, either("true"))


async def test_one_who_gives_up_waiting_takes_the_connection_from_nobody(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    runner = site.runner()
    first = asyncio.create_task(runner.run(node, TRUE))
    second = asyncio.create_task(runner.run(node, TRUE))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).status == 0
    assert first.cancelled()
    assert len(server.connections) == 1


async def test_a_cancelled_command_is_ended_and_frees_its_session(
    site: Site, server: ScriptedNode, node: NodeSpec, gate: Gate
) -> None:
    runner = site.runner(max_sessions=1)
    running = asyncio.create_task(runner.run(node, WAIT))
    await gate.entered.acquire()
    running.cancel()
    await asyncio.wait([running])
    await asyncio.wait_for(server.sessions[0].closed.wait(), 5)
    assert server.sessions[0].signals == ["TERM"]
    assert (await runner.run(node, TRUE)).status == 0
    assert len(server.connections) == 1


async def test_a_command_cancelled_while_its_session_opens_leaves_no_session_behind(
    site: Site, server: ScriptedNode, node: NodeSpec, gate: Gate
) -> None:
    runner = site.runner()
    await runner.run(node, TRUE)
    server.deafen()
    asked = asyncio.create_task(runner.run(node, WAIT))
    await asyncio.sleep(0.05)
    asked.cancel()
    await asyncio.wait([asked])
    server.deafen(deaf=False)
    await runner.run(node, TRUE)
    assert gate.entered.locked(), "it was cancelled before the node was told what to run"
    assert server.open_sessions == 0


async def test_closing_ends_what_runs_and_refuses_what_comes(
    site: Site, server: ScriptedNode, node: NodeSpec, gate: Gate
) -> None:
    runner = site.runner()
    running = asyncio.create_task(runner.run(node, WAIT))
    await gate.entered.acquire()
    await runner.close()
    with pytest.raises(Unreachable):
        await running
    with pytest.raises(Unreachable, match="shutting down"):
        await runner.run(node, TRUE)
    other = site.place("n2", server.port)
    with pytest.raises(Unreachable, match="shutting down"):
        await runner.run(other, TRUE)


async def test_closing_stops_a_connect_under_way(site: Site) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.set()
        await reader.read()
        await reader.read()
        writer.close()

    knocked = asyncio.Event()
    mute = await asyncio.start_server(silence, "127.0.0.1", 0)
    node = site.place("n1", mute.sockets[0].getsockname()[1])
    runner = site.runner(connect_timeout=60)
    asked = asyncio.create_task(runner.run(node, TRUE))
    await knocked.wait()
    await runner.close()
    with pytest.raises(Unreachable, match="shutting down"):
        await asked
    mute.close()


async def test_nodes_of_the_same_name_in_two_clusters_are_two_nodes(
    site: Site, server: ScriptedNode, node: NodeSpec, host_key: asyncssh.SSHKey
) -> None:
    twin = site.place("n1", server.port, trust=host_key)
    runner = site.runner()
    await runner.run(node, TRUE)
    await runner.run(twin, TRUE)
    assert len(server.connections) == 2


async def test_options_never_show_the_passphrase(site: Site) -> None:
    assert "canary" not in repr(replace(site.options, passphrase="canary"))
