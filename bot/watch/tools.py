"""What all watches share, and where their streams keep how far they have read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.outbox import Outbox
from bot.store import Store
from commands.command import Runner
from config.inventory import NodeSpec
from config.watch_sections import WatchSettings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What all watches share."""

    runner: Runner
    store: Store
    outbox: Outbox
    settings: WatchSettings
    clock: Clock = field(default_factory=Clock)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.fromtimestamp(self.clock.wall(), UTC)


class Cursors:
    """Where the streams keep how far they have read. That it cannot be kept now must not end them."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def cursor(self, node: NodeSpec) -> str | None:
        """Return the cursor kept last, or None."""
        row = await self._tools.store.cursor(str(node.address))
        return row.cursor if row else None

    async def keep(self, node: NodeSpec, cursor: str, boot: str) -> None:
        """Keep it in place of the one before."""
        try:
            await self._tools.store.keep_cursor(str(node.address), cursor, boot, self._tools.now())
        except SQLAlchemyError as error:
            _log.warning("a cursor could not be kept", node=node.name, why=type(error).__name__)
