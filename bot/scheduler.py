"""What happens on a clock. The only place that knows APScheduler.

Jobs live in memory: what must survive a restart is in our own store, and jobs look there. A job that is late runs once
(`coalesce`), never beside itself (`max_instances`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

_log = structlog.get_logger(__name__)


class Scheduler:
    """Runs jobs at intervals, from `start` to `stop`."""

    def __init__(self) -> None:
        self.last_tick: datetime | None = None
        """When a job last began: a scheduler that no longer ticks is a dead bot."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )

    def every(self, seconds: float, name: str, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job every so many seconds, the first time after as many."""

        async def run() -> None:
            self.last_tick = datetime.now(UTC)
            try:
                await job()
            except Exception:  # noqa: BLE001 - one failed round must not end the schedule
                _log.exception("scheduled job failed", job=name)

        self._scheduler.add_job(run, IntervalTrigger(seconds=seconds), id=name, name=name)

    def start(self) -> None:
        """Start the schedule on the running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop it without waiting for a job under way."""
        self._scheduler.shutdown(wait=False)
