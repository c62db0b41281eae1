"""A cut wire is silent; a mended one knows nothing of what was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from sandbox.nodes.wire import Wire

SILENCE = 0.2
"""Seconds in which an answer would long be there."""


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A wire to a server that says everything back."""
    answering: list[asyncio.Task[object] | None] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.current_task())
        with suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    carried = Wire(server.sockets[0].getsockname()[1])
    await carried.open()
    yield carried
    await carried.close()
    await asyncio.gather(*(task for task in answering if task))
    server.close()
    await server.wait_closed()


class End:
    """The far end of a connection over the wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self) -> bytes:
        """Say something and return what comes back."""
        self.writer.write(b"hello")
        async with asyncio.timeout(SILENCE):
            return await self.reader.read(100)


async def _connect(wire: Wire) -> End:
    return End(*await asyncio.open_connection("127.0.0.1", wire.port))


async def test_it_carries_until_the_power_goes_and_then_neither_answers_nor_hangs_up(wire: Wire) -> None:
    before = await _connect(wire)
    assert await before.ask() == b"hello"

    wire.cut_power()
    later = await _connect(wire)

    for end in (before, later):
        with pytest.raises(TimeoutError):
            await end.ask()
        end.writer.close()


async def test_with_the_power_back_it_resets_what_was_open_and_carries_anew(wire: Wire) -> None:
    before = await _connect(wire)
    assert await before.ask() == b"hello"
    wire.cut_power()

    wire.restore_power()

    with suppress(ConnectionResetError):
        assert await before.ask() == b""
    before.writer.close()
    after = await _connect(wire)
    assert await after.ask() == b"hello"
    after.writer.close()


async def test_cut_it_carries_nothing_and_mended_all_that_was_sent_meanwhile(wire: Wire) -> None:
    before = await _connect(wire)
    wire.cut()
    later = await _connect(wire)
    for end in (before, later):
        with pytest.raises(TimeoutError):
            await end.ask()

    wire.mend()

    async with asyncio.timeout(SILENCE):
        assert [await end.reader.read(100) for end in (before, later)] == [b"hello", b"hello"]
    for end in (before, later):
        end.writer.close()
