"""What a look brings is told once, whenever the bot dies; and what people do meanwhile is not lost."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
import structlog

from bot.incidents import Seen, of_row, row_of
from bot.memory import Memory
from bot.store import IncidentRow, SilenceRow, Store
from bot.watch.ledger import RECENT
from commands.signals import Signal
from commands.troubles import Trouble
from tests.bot.conftest import TERMINAL, WEB, HandTime, Nodes, make_door, url_of
from tests.bot.incidents.course import LOST, NAMES, NOWHERE, WAITING, Course, condition_of, link_signal
from tests.bot.watch.mortal import Bot, Chapter, Fate, MortalSlack, MortalStore, Story

OPS = "C0WEB"


def look(*found: Trouble) -> Chapter:
    """Find these troubles, and no others."""

    async def happens(bot: Bot) -> None:
        recalled = await bot.ledger.recall()  # as a watch does, while the nodes are asked
        seen = Seen(bot.cluster.name, bot.office.now, condition_of(), found, names=NAMES)
        await bot.ledger.take(seen, None, recalled)

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


@dataclass
class Interruption(Fate):
    """Lets something happen at one step, all of it, before anybody goes on."""

    at: int = 0
    what: Callable[[], Awaitable[None]] | None = None

    async def step(self) -> None:
        self.steps += 1
        if self.steps == self.at and self.what is not None:
            await self.what()


async def test_an_acknowledgement_from_another_process_is_lost_at_no_moment(
    tmp_path: Path, empty_store: Path, nodes: Nodes, time: HandTime
) -> None:
    async def play(at: int) -> int:
        """Acknowledge from a terminal at one step of the watching; return how many there were."""
        url = url_of(Path(shutil.copy(empty_store, tmp_path / f"{at}.db")))
        store, terminal = await MortalStore.unsynced(url), await Store.open(url)
        door = make_door(terminal, nodes, time, memory=Memory(terminal, time.moment))
        story = Story(store, WEB, [look(LOST), look(LOST, WAITING), until(2)])
        fate = Interruption(at=at, what=lambda: door.ask(TERMINAL, "ack web"))
        await story.live(fate)
        story.chapters += [look(LOST), until(4)]
        await story.live(Fate())
        (kept,) = [of_row(row) for row in await store.open_incidents("web")]
        told = [message.headline for message in story.slack.messages if message.thread is not None]
        answered = "yours now" in repr(door.surface.shown)
        assert (at, kept.acknowledged) == (at, TERMINAL.key if answered else "")
        assert (at, told.count("acknowledged by root")) == (at, int(answered))
        assert ("Acknowledged by root" in repr(story.slack.messages[0].said[-1])) is answered
        await store.close()
        await terminal.close()
        return fate.steps

    with structlog.testing.capture_logs():
        for at in range(await play(0)):
            await play(at + 1)


class Slow(Store):
    """A store whose incidents somebody else changes just before this one does."""

    before: Callable[[], Awaitable[None]]

    async def save_incident(self, row: IncidentRow, before: IncidentRow | None = None) -> None:
        await self.before()
        await super().save_incident(row, before)


async def test_who_acknowledges_does_not_undo_what_the_watching_saw(
    store: Store, url: str, nodes: Nodes, time: HandTime
) -> None:
    course = Course(now=time.now)
    course.look(LOST)
    await store.save_incident(row_of(course.only))
    slow = await Slow.open(url)

    async def the_watching_sees_more() -> None:
        read = row_of(course.only)
        if course.look(LOST, WAITING):
            await store.save_incident(row_of(course.only), read)

    slow.before = the_watching_sees_more
    await make_door(slow, nodes, time, memory=Memory(slow, time.moment)).ask(TERMINAL, "ack web")
    (kept,) = [of_row(row) for row in await store.open_incidents("web")]
    assert kept.acknowledged == TERMINAL.key
    assert kept.keys == {LOST.key, WAITING.key}
    await slow.close()


async def test_what_was_recalled_long_before_is_read_again(begin: Callable[[list[Chapter]], Story]) -> None:
    """A look may take seconds where a node does not answer, and people silence meanwhile."""

    async def slow_look(bot: Bot) -> None:
        recalled = await bot.ledger.recall()
        await bot.forward(RECENT.total_seconds() + 1)
        silence = SilenceRow(
            "s1", bot.cluster.name, "", "", bot.office.now + timedelta(hours=1), "works", "T0:U1", bot.office.now
        )
        await story.store.add_silence(silence)
        await bot.ledger.take(
            Seen(bot.cluster.name, bot.office.now, condition_of(), (LOST,), names=NAMES), None, recalled
        )

    story = begin([slow_look])
    with structlog.testing.capture_logs():
        await story.live(Fate())
    (kept,) = [of_row(row) for row in await story.store.open_incidents(story.cluster.name)]
    assert kept.silenced == "s1"
