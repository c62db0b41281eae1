"""Whatever fails, whoever dies, however time passes: nothing is lost, nothing is there twice without saying so."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation import NotDelivered
from bot.store import Store
from commands.report import Listing, Report
from tests.bot.conftest import url_of
from tests.bot.scripted_slack import HandClock, Loss, Office, ScriptedSlack, too_fast

CARDS = ("a", "b", "c")
CHANNELS = ("C0OPS", "C0DEV")
WAIT = 7.0
"""Seconds that Slack asks for when it was too fast."""

LOOKS = 4
"""So many looks that fail, and the outbox rather says something twice than not at all."""

EXAMPLES = 15


@dataclass(frozen=True)
class Step:
    """Something that happens. `which` is the card or channel, `seconds` pass, `how` the next call fails."""

    what: Literal["card", "note", "say", "wait", "fail", "away", "back", "die"]
    which: int = 0
    seconds: float = 0.0
    how: str = ""


WORD = st.builds(Step, st.sampled_from(["card", "note", "say"]), which=st.integers(0, 2))
WAITING = st.builds(Step, st.just("wait"), seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 90.0, 400.0]))
FAILURE = st.builds(
    Step,
    st.just("fail"),
    how=st.sampled_from(
        ["request lost", "reply lost", "reply lost", "hangs before", "hangs after", "too fast", "internal_error"]
    ),
)
TROUBLE = st.builds(Step, st.sampled_from(["away", "back", "back", "die"]))
STEPS = st.one_of(WORD, WORD, WORD, WAITING, FAILURE, TROUBLE)

EVERY_LOSS = [
    step
    for how in ("reply lost", "request lost", "hangs after", "hangs before")
    for step in (
        *(Step("fail", how=how), Step("card"), Step("note"), Step("note"), Step("wait", seconds=3.0)),
        *(Step("fail", how=how), Step("card"), Step("note"), Step("wait", seconds=3.0), Step("die")),
    )
]
A_BUSY_MINUTE = [Step(word, which) for _ in range(5) for which in (0, 1, 2) for word in ("card", "note", "say")]
A_LINE_REFUSED = [
    Step("card"),
    Step("wait", seconds=3.0),
    Step("fail", how="internal_error"),
    Step("note"),
    Step("note"),
]
LATE = [Step("away"), Step("say"), Step("card"), Step("wait", seconds=90.0), Step("back"), Step("say")]


@dataclass
class Story:
    """What was handed in, and where each outbox's life began in the list of calls."""

    office: Office
    cards: dict[str, list[str]] = field(default_factory=dict)
    notes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    says: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    handed_in: dict[str, float] = field(default_factory=dict)
    lives: list[int] = field(default_factory=list)
    counter: int = 0

    async def take(self, step: Step) -> None:
        office, slack = self.office, self.office.slack
        match step.what:
            case "card" | "note" | "say":
                await self._hand_in(step.what, step.which)
            case "wait":
                await office.forward(step.seconds)
            case "fail":
                slack.plan.append(_failure(step.how))
            case "away":
                slack.away = True
            case "back":
                slack.away = False
            case "die":
                await self.die()

    async def die(self) -> None:
        await self.office.kill()
        self.lives.append(len(self.office.slack.calls))
        self.office.start()

    async def end_well(self) -> None:
        """Let nothing more go wrong, and everything be delivered."""
        self.office.slack.plan.clear()
        self.office.slack.away = False
        await self.die()
        await self.office.forward(600)

    async def _hand_in(self, word: str, which: int) -> None:
        outbox, card, channel = self.office.outbox, CARDS[which], CHANNELS[which % 2]
        self.counter += 1
        text = f"{word} {card} #{self.counter:03}"
        self.handed_in[text] = self.office.clock.time
        if word == "say":
            self.says[channel].append(text)
            await outbox.say(channel, Report(text), urgency=which)
        elif word == "card":
            self.cards.setdefault(card, []).append(text)
            await outbox.card(card, channel, Report(text), urgency=which)
        elif card in self.cards:
            self.notes[card].append(text)
            await outbox.note(card, Report(text))


def _failure(how: str) -> Exception | Loss:
    if how == "too fast":
        return too_fast(WAIT)
    if how == "internal_error":
        return NotDelivered("no", code=how)
    return how  # type: ignore[return-value]


def _bare(headline: str) -> str:
    return headline.split(" (", maxsplit=1)[0]


def _told(slack: ScriptedSlack, channel: str, thread: str | None, *, cards: bool = False) -> list[str]:
    """Return what was told in a channel or thread, what digests tell included, without their times."""
    told: list[str] = []
    for message in slack.messages:
        first = message.said[0]
        if (message.ref.channel, message.thread) != (channel, thread) or first.headline.startswith("card") is not cards:
            continue
        if "may be a repeat" in first.headline:
            continue
        digest = [
            line.partition("  ")[2]
            for part in first.parts
            if isinstance(part, Listing)
            for line in part.text.split("\n")
        ]
        told += digest or [_bare(first.headline)]
    return told


def _could_look(story: Story) -> bool:
    """Whether the outbox could always find out what became of a post: no message was looked for in vain too often."""
    slack = story.office.slack
    in_vain = Counter(call.id for call in slack.calls if call.method == "find" and call.failed)
    return slack.history and max(in_vain.values(), default=0) < LOOKS


def nothing_is_lost_or_doubled(story: Story) -> None:
    slack = story.office.slack
    assert story.office.outbox.waiting() == 0
    for message_id, copies in Counter(message.id for message in slack.messages).items():
        marked = sum("may be a repeat" in m.said[0].headline for m in slack.messages if m.id == message_id)
        assert copies - marked <= 1
        assert not (marked and _could_look(story))
    for number, channel in enumerate(CHANNELS):
        told = _told(slack, channel, None)
        missing = [text for text in story.says[channel] if text not in told]
        if _could_look(story):
            assert sorted(told) == sorted(story.says[channel]), (number, missing)
        else:  # what was lost on its way came as a repeat
            everything = "\n".join(m.headline for m in slack.messages)
            assert all(text in everything for text in missing)


def each_card_shows_the_newest_and_its_notes_in_order(story: Story) -> None:
    slack = story.office.slack
    for number, card in enumerate(CARDS):
        if card not in story.cards:
            continue
        said = story.cards[card]
        shown = [m for m in slack.messages if m.thread is None and _bare(m.headline) in said]
        assert _bare(shown[-1].headline) == said[-1]
        for message in shown:
            versions = [said.index(_bare(report.headline)) for report in message.said]
            assert versions == sorted(versions)
        if _could_look(story):
            assert len(shown) == 1
            assert _told(slack, CHANNELS[number % 2], shown[0].ref.ts) == story.notes[card]


def the_pace_is_kept(story: Story) -> None:
    """In each life: posts about one a second, edits one in 1.2 s, one of each to spare, and no more."""
    calls = story.office.slack.calls
    for begin, end in pairwise([0, *story.lives, len(calls)]):
        life = calls[begin:end]
        for channel in CHANNELS:
            for method, interval in (("post", 1.0), ("edit", 1.2)):
                at = [call.at for call in life if (call.method, call.channel) == (method, channel)]
                for first, last in combinations(range(len(at)), 2):
                    assert last - first + 1 <= (at[last] - at[first]) / interval + 2 + 1e-6


def what_is_late_says_so(story: Story) -> None:
    """What was posted more than a minute after it was handed in has a word on that, and nothing else has."""
    for message in story.office.slack.messages:
        first = message.said[0].headline
        handed_in = story.handed_in.get(_bare(first))
        if handed_in is not None and not first.startswith("card"):
            assert ("late" in first) is (message.at - handed_in > 60)


async def _play(url: str, steps: list[Step], *, history: bool) -> Story:
    store = await Store.open(url)
    try:
        clock = HandClock()
        slack = ScriptedSlack(clock)
        slack.history = history
        story = Story(Office(store, clock, slack))
        story.office.start()
        for step in steps:
            await story.take(step)
        await story.end_well()
        await story.office.kill()
    finally:
        await store.close()
    return story


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(steps=EVERY_LOSS, history=True)
@example(steps=EVERY_LOSS, history=False)
@example(steps=A_BUSY_MINUTE, history=True)
@example(steps=A_LINE_REFUSED, history=True)
@example(steps=LATE, history=True)
@given(steps=st.lists(STEPS, min_size=15, max_size=40), history=st.booleans())
def test_whatever_happens(empty_store: Path, steps: list[Step], *, history: bool) -> None:
    with TemporaryDirectory() as folder:
        url = url_of(Path(shutil.copy(empty_store, Path(folder) / "store.db")))
        with structlog.testing.capture_logs():
            story = asyncio.run(_play(url, steps, history=history))
    nothing_is_lost_or_doubled(story)
    each_card_shows_the_newest_and_its_notes_in_order(story)
    the_pace_is_kept(story)
    what_is_late_says_so(story)
