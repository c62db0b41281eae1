"""A stream under a lease, for real: whatever happens to it or to its reader, nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from commands.facts import lease, membership_stream

LASTS = "{ sleep infinity; kill $$; } &\n"
SHORT = 0.3
"""Seconds of a lease here, instead of a quarter of a minute."""

Process = asyncio.subprocess.Process


@asynccontextmanager
async def started(sources: str) -> AsyncIterator[Process]:
    """Run a leased script as sshd does: in a session of its own, its input and output being pipes."""
    text = lease.script(sources).replace(f"-t {lease.LAPSES_AFTER} ", f"-t {SHORT} ")
    process = await asyncio.create_subprocess_exec(
        *lease.command(text).argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def group(leader: int) -> list[str]:
    """Return the commands of the processes in a process group, those that ended and wait to be reaped left out."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            state, _parent, pgid = rest.split()[:3]
            if int(pgid) == leader and state != "Z":
                found.append(name.partition("(")[2])
    return found


async def ended(process: Process) -> None:
    """Wait until nothing of it runs. Not for its output's end: nobody may be reading that."""
    async with asyncio.timeout(10):
        while group(process.pid):  # noqa: ASYNC110 - processes that are none of our children give no event
            await asyncio.sleep(0.01)


async def renew(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    await process.stdin.drain()


async def line(process: Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), 10)


async def test_every_renewal_is_answered() -> None:
    async with started(LASTS) as process:
        for _ in range(5):
            await renew(process)
            assert await line(process) == f"{lease.HEARTBEAT}\n".encode()


async def test_the_end_of_the_input_ends_it() -> None:
    async with started(LASTS) as process:
        await renew(process)
        await line(process)
        async with asyncio.timeout(10):
            while "sleep" not in group(process.pid):  # noqa: ASYNC110 - as in `ended`
                await asyncio.sleep(0.01)
        assert process.stdin is not None
        process.stdin.close()
        await ended(process)


async def test_a_lease_that_nobody_renews_ends_it() -> None:
    async with started(LASTS) as process:
        await ended(process)


async def test_a_lease_ends_though_nobody_reads_what_it_says() -> None:
    async with started("{ yes; kill $$; } &\n") as process:
        assert process.stdout is not None
        await line(process)
        await renew(process)
        await ended(process)


@pytest.mark.parametrize("which", ["first", "second"])
async def test_the_end_of_any_source_ends_it(which: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    waits = f"{{ until [ -e {gone} ]; do sleep 0.02; done; echo it is over >&2; kill $$; }} &\n"
    async with started(waits + LASTS if which == "first" else LASTS + waits) as process:
        await renew(process)
        await line(process)
        gone.touch()
        assert process.stderr is not None
        await renew(process)
        assert await asyncio.wait_for(process.stderr.readline(), 10) == b"it is over\n"
        await ended(process)


async def test_the_membership_stream_gives_its_tool_an_input_that_never_ends(tmp_path: Path) -> None:
    tool = tmp_path / "corosync-cmapctl"
    tool.write_text("#!/bin/sh\necho 'Type \"q\" to finish'\nread -r _ && exit 3\necho spinning\nsleep infinity\n")
    tool.chmod(0o755)
    script = membership_stream.follow(None).argv[2].replace(f"-t {lease.LAPSES_AFTER} ", f"-t {SHORT} ")
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script, "bash", ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 10)
    assert said == b'Type "q" to finish\n'
    await ended(process)
