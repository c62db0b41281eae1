"""What tests of approvals share: a change asked for, and what people were answered."""

from __future__ import annotations

from bot import approval_cards
from tests.bot.conftest import (
    OPERATOR,
    Door,
    words,
)

APPROVE, DENY = approval_cards.APPROVE, approval_cards.DENY
CHANGED = [("n1", "flip < the password"), ("n2", "flop")]
ASK = 'flip web --reason "n1 is to be patched"'


async def asked(door: Door, text: str = ASK) -> str:
    """Ask for a change and return the id of its plan."""
    await door.ask(OPERATOR, text)
    _, values = door.surface.card()
    return values[APPROVE]


def answers(door: Door) -> str:
    return " ".join(words(report) for report in door.surface.of("whisper"))
