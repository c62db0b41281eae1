"""What a look brings is told once, whenever the bot dies; and what people do meanwhile is not lost."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import structlog

from bot.incidents import Seen
from commands.signals import Signal
from commands.troubles import Trouble
from tests.bot.conftest import WEB, url_of
from tests.bot.incidents.course import LOST, NAMES, NOWHERE, WAITING, condition_of, link_signal
from tests.bot.watch.mortal import Bot, Chapter, Fate, MortalSlack, MortalStore, Story

OPS = "C0WEB"


def look(*found: Trouble) -> Chapter:
    """Find these troubles, and no others."""

    async def happens(bot: Bot) -> None:
        await bot.ledger.take(Seen(bot.cluster.name, bot.office.now, condition_of(), found, names=NAMES), None)

    return happens


def hear(signal: Signal) -> Chapter:
    """Hear this, with nobody looking."""

    async def happens(bot: Bot) -> None:
        await bot.ledger.take(Seen(bot.cluster.name, bot.office.now, None, signals=(signal,), names=NAMES), None)

    return happens


def until(seconds: float) -> Chapter:
    """Let time pass until so many seconds after the beginning."""

    async def happens(bot: Bot) -> None:
        await bot.forward(max(0.0, seconds - bot.office.clock.time))

    return happens


AN_EARLY_WORD_THAT_GETS_WORSE = [
    hear(link_signal()),
    until(1),
    look(LOST),
    look(LOST, WAITING),
    until(35),
    look(LOST),
]
"""Its card is there early; people are called in its thread: at once, when it gets worse, and when nobody attends to it."""
TWO_FOUND_BY_A_LOOK = [look(LOST), look(LOST, NOWHERE), until(3), look(NOWHERE)]
"""People are called by the cards themselves, one of which changes before Slack has it."""


@dataclass(frozen=True)
class Told:
    """What people got: the cards as they stand, each with its thread, and how often somebody was called."""

    cards: tuple[tuple[str, tuple[str, ...]], ...]
    calls: int
    messages: int

    @classmethod
    def by(cls, slack: MortalSlack) -> Told:
        cards = [m for m in slack.messages if m.thread is None]
        told = sorted((m.headline.partition(": ")[2], tuple(slack.headlines(OPS, m.ref.ts))) for m in cards)
        return cls(tuple(told), sum(bool(m.said[0].mentions) for m in slack.messages), len(slack.messages))


@pytest.fixture
async def begin(tmp_path: Path, empty_store: Path) -> AsyncIterator[Callable[[list[Chapter]], Story]]:
    """Begins a story, of a cluster of its own."""
    numbers = count()
    store = await MortalStore.unsynced(url_of(Path(shutil.copy(empty_store, tmp_path / "store.db"))))
    yield lambda chapters: Story(store, WEB.model_copy(update={"name": f"web{next(numbers)}"}), chapters)
    await store.close()


@pytest.mark.parametrize(
    ("chapters", "calls"),
    [
        pytest.param(AN_EARLY_WORD_THAT_GETS_WORSE, 3, id="early word"),
        pytest.param(TWO_FOUND_BY_A_LOOK, 2, id="looks"),
    ],
)
async def test_whatever_the_moment_of_its_death_each_line_is_told_once_and_each_call_made_once(
    begin: Callable[[list[Chapter]], Story], chapters: list[Chapter], calls: int
) -> None:
    with structlog.testing.capture_logs():
        undisturbed, fate = begin(chapters), Fate()
        await undisturbed.live(fate)
        told = Told.by(undisturbed.slack)
        assert told.calls == calls
        assert told.messages > calls
        for last in range(fate.steps):
            story = begin(chapters)
            await story.live(Fate(last))
            await story.live(Fate())
            assert (last, Told.by(story.slack)) == (last, told)
