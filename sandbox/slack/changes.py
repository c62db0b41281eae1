"""Everything that happens in the workspace, announced once: tests wait on it and pages follow it.

Nothing here polls. A change wakes whoever waits, and each re-reads the state it cares about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sandbox.slack.wire import Json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: what kind, its data for a page, and who may see it (None: everyone)."""

    kind: str
    data: Json = field(default_factory=dict)
    only_for: str | None = None


class Changes:
    """Publishes changes to the subscribers of this event loop."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._subscribers: set[Callable[[Change], None]] = set()

    def publish(self, change: Change) -> None:
        """Tell everyone, at once and in order."""
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    @contextmanager
    def subscribed(self, subscriber: Callable[[Change], None]) -> Iterator[None]:
        """Call `subscriber` with every change for as long as the block runs."""
        self._subscribers.add(subscriber)
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    async def wait_for(self, predicate: Callable[[], T | Literal[False] | None], timeout: float = 10.0) -> T:  # noqa: ASYNC109
        """Wait until `predicate` is truthy, asking it again after each change, and give what it returned.

        Raises TimeoutError after `timeout` seconds.
        """
        changed = asyncio.Event()
        with self.subscribed(lambda _change: changed.set()):
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    await changed.wait()
                    changed.clear()
        return found
