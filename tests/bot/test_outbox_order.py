"""What matters most is posted first, whatever else waits: the worse loss, a card before a line of a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outbox.channel import Task
from bot.outbox.queue import Queue
from bot.store import OutgoingRow, Store
from commands.report import Report
from tests.bot.scripted_slack import START, HandClock, Office, ScriptedSlack

OPS, DEV = "C0OPS", "C0DEV"
EARLY, REDUNDANCY, SERVICE = 1, 2, 3


def row(number: int, channel: str, urgency: int, *, parent: str | None = None) -> OutgoingRow:
    card = None if parent is not None else f"card {number}"
    return OutgoingRow(str(number), channel, "{}", urgency, START, START, card=card, parent=parent, number=number)


def rank(one: OutgoingRow) -> tuple[int, bool]:
    """The lower, the sooner."""
    return -one.urgency, one.parent is not None


CARD = st.tuples(st.sampled_from([OPS, DEV]), st.integers(0, 3), st.booleans())
"""A card handed in: its channel, its urgency, and whether it has a line for its thread too."""
HAPPENS = st.lists(st.one_of(CARD, st.floats(0, 5)), min_size=1, max_size=40)
"""Cards, and seconds that pass between them."""


@settings(deadline=None)
@given(HAPPENS, st.data())
def test_of_what_waits_for_a_channel_the_most_urgent_is_always_posted_next(
    happens: list[tuple[str, int, bool] | float], data: st.DataObject
) -> None:
    queue, now, number = Queue(), 0.0, 0

    def post() -> None:
        jobs, _ = queue.begin(now)
        for job in jobs:
            assert job.task is Task.POST
            rest = [one for one in queue.rows.values() if one.channel == job.row.channel and one.id != job.row.id]
            unposted = {one.card for one in (*rest, job.row)}
            waiting = [one for one in rest if one.parent is None or one.parent not in unposted]
            assert all(rank(job.row) <= rank(one) for one in waiting)
            queue.came_through(job.row.id)
            queue.end(job.row.id)
            queue.keep(replace(job.row, state="sent", shown=job.row.version, ts="1.0"))

    for happening in happens:
        if isinstance(happening, tuple):
            channel, urgency, line = happening
            number += 1
            card = row(number, channel, urgency)
            queue.keep(card)
            if line:
                number += 1
                queue.keep(row(number, channel, 0, parent=card.card))
        else:
            now += happening
        for one in [one for one in queue.rows.values() if one.card is not None and data.draw(st.integers(0, 9)) == 0]:
            queue.keep(replace(one, urgency=data.draw(st.integers(0, 3))))
        post()
    while queue.rows:
        now += 0.5
        post()


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    clock = HandClock()
    office = Office(store, clock, ScriptedSlack(clock))
    office.start()
    yield office
    await office.kill()


async def test_twenty_losses_at_once_are_told_at_slacks_pace_the_worst_first(office: Office) -> None:
    """Early words come while nobody knows how bad it is; then all is known at once, and each has lines to add."""
    clusters = [f"web{number:02}" for number in range(20)]
    worse = set(clusters[1::2])
    for name in clusters:
        await office.outbox.card(name, OPS, Report(f"{name}: early word"), urgency=EARLY)
    await office.forward(5.5)
    known = office.clock.time
    early = office.slack.headlines(OPS)
    assert len(early) < 8
    for name in clusters:
        urgency, word = (SERVICE, "service lost") if name in worse else (REDUNDANCY, "redundancy lost")
        await office.outbox.card(name, OPS, Report(f"{name}: {word}"), urgency=urgency)
        await office.outbox.note(name, Report(f"{name}: n2 is lost"))
    await office.forward(40)

    posts = [call for call in office.slack.calls if call.method == "post" and not call.failed]
    cards = [call for call in posts if call.at >= known and "n2 is lost" not in call.headline]
    words = [call.headline.partition(": ")[2] for call in cards]
    assert words == sorted(words, reverse=True), "service before redundancy"
    assert "early word" not in words, "one that is overtaken is not posted"
    assert len(early) + len(cards) == len(clusters)
    assert cards[-1].at < 20, "no slower than a post a second"
    assert all(later.at - sooner.at >= 1 for sooner, later in pairwise(cards))
    lines = [call for call in posts if "n2 is lost" in call.headline]
    assert len(lines) == len(clusters)
    assert lines[0].at > cards[-1].at, "no line of a thread took a card's place"
