"""What all watches share, and what they write down together: where streams were read to, and that somebody looked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.outbox import Outbox
from bot.store import CursorRow, Store
from bot.watch.attention import Attention
from bot.watch.records import GAP_SWEEPS
from commands.command import Runner
from config.inventory import NodeSpec
from config.watch_sections import WatchSettings

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Notes:
    """What many watches have to write down often and none of them needs at once: kept all together, now and then.

    The store takes one write at a time, and news is not to wait for two hundred times nothing new. What a crash takes
    away is a few seconds: lines of a journal that are read twice, and looks that nobody knows of.
    """

    looks: dict[str, datetime] = field(default_factory=dict)
    """When each cluster was last looked at."""
    cursors: dict[str, CursorRow] = field(default_factory=dict)
    """How far each node's journal was read, by its address."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What all watches share."""

    runner: Runner
    store: Store
    outbox: Outbox
    settings: WatchSettings
    clock: Clock = field(default_factory=Clock)
    notes: Notes = field(default_factory=Notes)
    attention: Attention = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attention", Attention(self.clock))

    @property
    def gap(self) -> timedelta:
        """How long nobody looks before it counts as a time of which nobody knows."""
        return timedelta(seconds=self.settings.sweep * GAP_SWEEPS)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self.clock.wall(), UTC)

    async def keep_notes(self) -> None:
        """Write down what was noted. What cannot be kept now is kept the next time."""
        looks, cursors = dict(self.notes.looks), dict(self.notes.cursors)
        if not looks and not cursors:
            return
        try:
            await self.store.keep_notes(looks, self.gap, cursors.values())
        except SQLAlchemyError as error:
            _log.warning("what was read and looked at could not be kept", why=type(error).__name__)
            return
        for kept, noted in ((looks, self.notes.looks), (cursors, self.notes.cursors)):
            for name, value in kept.items():
                if noted.get(name) == value:
                    del noted[name]


class Cursors:
    """Where the streams keep how far they have read."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def cursor(self, node: NodeSpec) -> str | None:
        """Return the cursor kept last, or None."""
        address = str(node.address)
        row = self._tools.notes.cursors.get(address) or await self._tools.store.cursor(address)
        return row.cursor if row else None

    async def keep(self, node: NodeSpec, cursor: str, boot: str) -> None:
        """Keep it in place of the one before."""
        address = str(node.address)
        self._tools.notes.cursors[address] = CursorRow(address, cursor, boot, self._tools.now())
