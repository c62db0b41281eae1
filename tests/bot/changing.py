"""What tests of changes share: a change asked for, the commands of `flip`, a plan that a dead bot left."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot import cards, ids
from bot.conversation import Actor
from bot.store import PlanRow, Store
from tests.bot.conftest import (
    NOW,
    OPERATOR,
    Door,
)

CHANGED = [("n1", "flip < the password"), ("n2", "flop")]


async def proposed(door: Door, actor: Actor = OPERATOR, text: str = "flip web") -> str:
    """Ask for a change and return the id of its plan."""
    await door.ask(actor, text)
    _, values = door.surface.card()
    return values[cards.CONFIRM]


async def left_running(store: Store, expires_in: float, **parts: Any) -> PlanRow:
    """Put a plan that some bot left running into the store."""
    row = PlanRow(
        id=ids.fresh(),
        verb="flip",
        text="flip web",
        cluster=parts.get("cluster", "web"),
        team=parts.get("team", "T0HOME"),
        user="U0ADMIN",
        channel="C0OPS",
        fingerprint="f",
        created=NOW,
        expires=NOW + timedelta(seconds=expires_in),
        state="running",
        message_ts=parts.get("message_ts", "1.2"),
        thread_ts="1.1",
    )
    await store.add_plan(row)
    return row
