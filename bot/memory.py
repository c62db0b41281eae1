"""What the verbs of the conversation find behind the desk: the store, the watching, and where the cards are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.store import Store
from bot.watch.state import WatchState
from commands.errors import HaclusterError
from commands.verbs.verb import Desk


class Watching(Protocol):
    """The watching of all clusters by this process."""

    def states(self) -> tuple[WatchState, ...]:
        """Return how the watching of each cluster goes."""
        ...

    def look_soon(self, cluster: str) -> None:
        """Look at a cluster now: somebody changed what is known of it."""
        ...


class Cards(Protocol):
    """Where what the bot posted can be found."""

    async def link(self, card: str) -> str | None:
        """Return the address of a card, None if it is not posted."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What the bot remembers and watches. A process that only answers (the terminal) watches and posts nothing."""

    store: Store
    now: Callable[[], datetime]
    watch: Watching | None = None
    outbox: Cards | None = None

    def look_soon(self, cluster: str) -> None:
        """Let the watching take notice of what somebody changed; that of another process does with its next look."""
        if self.watch is not None:
            self.watch.look_soon(cluster)

    async def link(self, card: str) -> str:
        """Return the address of a card, "" if there is none to be had."""
        return (await self.outbox.link(card) if self.outbox is not None else None) or ""


def memory_of(desk: Desk) -> Memory:
    """Return the desk's memory. Raises `HaclusterError` where the store could not be opened."""
    if desk.memory is None:
        raise HaclusterError(
            "the bot's store cannot be opened, so nothing is remembered", remedy="`status` works without it."
        )
    memory: Memory = desk.memory
    return memory
