"""Streams: lines as they come, an end that is never silent, and nothing left running."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from commands.command import Command, Stdin
from commands.errors import CommandFailed, HaclusterError, SudoRefused, Unreachable, UnreadableOutput
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

TAIL = Command(("tail",))


async def test_lines_arrive_while_the_command_runs(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def echo(session: ScriptedSession) -> None:
        session.print(b"first\nsec")
        await session.node.line_received.wait()
        session.print(b"ond\n" + session.input)
        await session.closed.wait()

    server.scripts["tail"] = echo
    async with site.runner().stream(node, TAIL) as stream:
        lines = stream.lines()
        assert await anext(lines) == "first"
        await stream.write("over\n")
        assert await anext(lines) == "second"
        assert await anext(lines) == "over"


async def test_standard_input_comes_first_and_stays_open(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def echo(session: ScriptedSession) -> None:
        await session.node.line_received.wait()
        session.print(session.input)
        assert not session.input_ended.is_set()
        await session.closed.wait()

    server.scripts["tail"] = echo
    async with site.runner().stream(node, Command(("tail",), stdin=Stdin("begin\n", "a word"))) as stream:
        assert await anext(stream.lines()) == "begin"


async def test_the_end_of_the_command_ends_the_lines(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def short(session: ScriptedSession) -> None:
        session.print(b"one\n\ntw\xffo\nand the rest")
        session.exit()

    server.scripts["tail"] = short
    async with site.runner().stream(node, TAIL) as stream:
        assert [line async for line in stream.lines()] == ["one", "", "tw\ufffdo", "and the rest"]


async def test_an_end_with_a_bad_status_is_an_error_with_the_commands_words(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def fail(session: ScriptedSession) -> None:
        session.print(b"one\n")
        session.complain(b"noise\n" * 10_000 + b"Dispatch error CS_ERR_LIBRARY\n")
        session.exit(2)

    server.scripts["tail"] = fail
    async with site.runner().stream(node, TAIL) as stream:
        lines = stream.lines()
        assert await anext(lines) == "one"
        with pytest.raises(CommandFailed) as caught:
            await anext(lines)
    assert caught.value.status == 2
    assert caught.value.output.endswith("CS_ERR_LIBRARY")


async def test_a_stream_that_sudo_refuses_says_so(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def refuse(session: ScriptedSession) -> None:
        session.complain(b"sudo: a password is required\n")
        session.exit(1)

    server.scripts["tail"] = refuse
    async with site.runner(user="bot").stream(node, TAIL) as stream:
        with pytest.raises(SudoRefused):
            await anext(stream.lines())


@pytest.mark.parametrize("end", [ScriptedSession.drop, lambda session: session.channel.close()], ids=["drop", "close"])
async def test_a_broken_stream_is_never_a_quiet_one(
    site: Site, server: ScriptedNode, node: NodeSpec, end: Callable[[ScriptedSession], None]
) -> None:
    async def die(session: ScriptedSession) -> None:
        session.print(b"one\nhalf a li")
        await session.node.line_received.wait()
        end(session)

    server.scripts["tail"] = die
    async with site.runner().stream(node, TAIL) as stream:
        lines = stream.lines()
        assert await anext(lines) == "one"
        await stream.write("\n")
        with pytest.raises(Unreachable, match="n1: the connection was lost"):
            await anext(lines)
        with pytest.raises(Unreachable, match="has ended"):
            await stream.write("\n")


async def test_a_slow_reader_gets_every_line(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def pour(session: ScriptedSession) -> None:
        for start in range(0, 100_000, 1000):
            session.print(b"".join(b"%d padding padding padding\n" % n for n in range(start, start + 1000)))
        session.exit()

    server.scripts["tail"] = pour
    async with site.runner().stream(node, TAIL) as stream:
        await asyncio.sleep(0.3)
        held = stream._session._held
        assert held < 1024 * 1024, "the node is made to wait"
        count = 0
        async for line in stream.lines():
            assert line == f"{count} padding padding padding"
            count += 1
    assert count == 100_000


async def test_a_line_without_end_is_refused(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def pour(session: ScriptedSession) -> None:
        while True:
            session.print(b"x" * 32768)
            await asyncio.sleep(0)

    server.scripts["tail"] = pour
    async with site.runner().stream(node, TAIL) as stream:
        with pytest.raises(UnreadableOutput, match="a line without end"):
            await anext(stream.lines())


@pytest.mark.parametrize("how", ["leave", "error", "cancel"])
async def test_leaving_tells_the_command_to_end(site: Site, server: ScriptedNode, node: NodeSpec, how: str) -> None:
    async def forever(session: ScriptedSession) -> None:
        session.print(b"one\n")
        await session.closed.wait()

    async def follow() -> None:
        async with runner.stream(node, TAIL) as stream:
            async for _ in stream.lines():
                reading.set()
                if how == "leave":
                    return
                if how == "error":
                    raise HaclusterError("enough")

    server.scripts["tail"] = forever
    runner = site.runner(max_sessions=2)
    reading = asyncio.Event()
    task = asyncio.create_task(follow())
    await reading.wait()
    if how == "cancel":
        task.cancel()
    await asyncio.wait([task])
    session = server.sessions[0]
    await asyncio.wait_for(session.closed.wait(), 5)
    assert session.input_ended.is_set()
    assert session.signals == []
    async with runner.stream(node, TAIL) as again:
        assert await anext(again.lines()) == "one", "its session is free again"
    assert len(server.connections) == 1


async def test_streams_and_commands_share_the_connection(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def forever(session: ScriptedSession) -> None:
        session.print(b"one\n")
        await session.closed.wait()

    server.scripts["tail"] = forever
    runner = site.runner(max_sessions=2)
    async with runner.stream(node, TAIL) as stream:
        assert await anext(stream.lines()) == "one"
        await asyncio.gather(*(runner.run(node, Command(("true",))) for _ in range(5)))
    assert len(server.connections) == 1
    assert server.most_sessions <= 2


@pytest.mark.parametrize("sessions", [1, 2, 3])
async def test_streams_leave_a_session_to_commands(
    site: Site, server: ScriptedNode, node: NodeSpec, sessions: int
) -> None:
    async def forever(session: ScriptedSession) -> None:
        session.print(b"one\n")
        await session.closed.wait()

    server.scripts["tail"] = forever
    runner = site.runner(max_sessions=sessions)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(sessions - 1):
            stream = await stack.enter_async_context(runner.stream(node, TAIL))
            assert await anext(stream.lines()) == "one"
        with pytest.raises(Unreachable, match="left to commands") as caught:
            await stack.enter_async_context(runner.stream(node, TAIL))
        assert "max_sessions" in caught.value.remedy
        done = await asyncio.gather(*(runner.run(node, Command(("true",))) for _ in range(5)))
        assert [one.status for one in done] == [0] * 5
        assert server.most_sessions <= sessions


async def test_a_stream_has_no_time_limit_on_the_node(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def say(session: ScriptedSession) -> None:
        session.print(" ".join(session.words).encode())
        session.exit()

    server.scripts["tail"] = say
    async with site.runner().stream(node, Command(("tail",), timeout=0.5)) as stream:
        (line,) = [line async for line in stream.lines()]
    assert "timeout" not in line
    assert line.endswith(" tail")
