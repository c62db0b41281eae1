"""Work outlives the acknowledgement, and a shutdown waits for it, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from bot.slack.work import Work


async def test_a_shutdown_waits_for_what_is_under_way() -> None:
    work, gate, done = Work(), asyncio.Event(), []

    async def job() -> None:
        await gate.wait()
        done.append("job")

    work.start(job(), "job")
    draining = asyncio.ensure_future(work.drain(grace=5))
    gate.set()

    assert await draining == ()
    assert done == ["job"]


async def test_what_takes_too_long_is_cancelled_and_named() -> None:
    work = Work()
    work.start(asyncio.Event().wait(), "endless")

    assert await work.drain(grace=0) == ("endless",)


async def test_a_job_that_fails_is_logged_and_takes_no_other_down(capsys: pytest.CaptureFixture[str]) -> None:
    work, gate, done = Work(), asyncio.Event(), []

    async def fails() -> None:
        gate.set()
        raise ZeroDivisionError

    async def lasts() -> None:
        await gate.wait()
        done.append("lasts")

    work.start(fails(), "fails")
    work.start(lasts(), "lasts")
    await work.drain(grace=5)

    assert done == ["lasts"]
    assert "ZeroDivisionError" in capsys.readouterr().out
