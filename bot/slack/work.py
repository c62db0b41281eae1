"""Work that goes on after Slack has its acknowledgement: held, so that a shutdown can wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class Work:
    """Tasks under way. Each stands for itself: one that fails is logged and takes no other down."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, job: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start a job in the background."""
        task = asyncio.create_task(job, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self, grace: float) -> tuple[str, ...]:
        """Wait at most `grace` seconds for all jobs, then cancel the rest and return their names."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        late = tuple(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return tuple(task.get_name() for task in late)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("work failed", job=task.get_name(), exc_info=task.exception())
