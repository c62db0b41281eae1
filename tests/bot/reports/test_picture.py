"""The picture: what it is laid out as, that it can be drawn, and that drawing holds nobody up and tells nobody anything."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reports.draw import draw
from bot.reports.drawing import NotDrawn, draw_aside
from bot.reports.layout import ALT_LENGTH, Course, in_words, timeline
from bot.reports.past import Mark, Period, Stretch
from bot.reports.timeline import Look
from tests.bot.reports.a_past import DAY, at

NODES = ("n1", "n2", "n3")


def course(name: str, kind: str, *parts: tuple[float, str, tuple[str, ...]]) -> Course:
    """Return what became of something, by the hour until which it was so."""
    begins = (0.0, *(until for until, _, _ in parts))
    return Course(
        name,
        kind,
        tuple(
            Stretch(at(begun), at(until), Mark(word, nodes))
            for begun, (until, word, nodes) in zip(begins, parts, strict=False)
        ),
    )


COURSES = (
    course("n1", "node", (6, "joined", ()), (7, "unknown", ()), (24, "joined", ())),
    course("n2", "node", (10, "joined", ()), (10.01, "left", ()), (20, "standby", ()), (24, "stopped", ())),
    course("vip1", "ip", (6, "served", ("n1",)), (7, "unknown", ()), (8, "doubled", ("n1", "n2")), (24, "off", ())),
    course("vip2", "ip", (10, "served", ("n2",)), (11, "waiting", ()), (24, "served", ("n1",))),
)
PICTURE = timeline("web", NODES, COURSES, DAY, "Europe/Berlin")


def size(png: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_a_row_looks_as_it_was() -> None:
    n1, n2, vip1, vip2 = PICTURE.rows
    assert [bar.look for bar in n1.bars] == [Look.UP, Look.UNKNOWN, Look.UP]
    assert [bar.look for bar in n2.bars] == [Look.UP, Look.GONE, Look.ASIDE, Look.STOPPED]
    assert [bar.look for bar in vip1.bars] == [Look.UP, Look.UNKNOWN, Look.TORN, Look.STOPPED]
    assert [(bar.look, bar.node, bar.label) for bar in vip2.bars] == [
        (Look.UP, 1, "n2"),
        (Look.GONE, -1, "waiting"),
        (Look.UP, 0, "n1"),
    ]
    assert (n1.share, n2.share) == ("95.83 %", "83.29 %")


def test_no_two_looks_are_told_apart_by_colour_alone() -> None:
    from bot.reports import draw as drawing  # noqa: PLC0415 - its styles are the subject

    patterns = [set(style.hatch) for style in drawing._NODES]
    patterns += [set(style.hatch) for look, style in drawing._STATES.items() if look is not Look.UP]
    used = [mark for pattern in patterns for mark in pattern]
    assert len(used) == len(set(used))
    assert patterns.count(set()) == 1
    most = [(style.fill, style.hatch) for style in map(drawing._of_node, range(16))]
    assert len(set(most)) == 16


def test_the_same_timeline_gives_the_same_bytes_at_twice_the_width_it_is_shown_at() -> None:
    png = draw(PICTURE)
    assert png == draw(PICTURE)
    width, height = size(png)
    assert width == 1600
    assert 400 < height < 800
    assert len(png) < 300_000


def test_what_is_between_dollars_is_no_formula() -> None:
    draw(replace(PICTURE, title="$\\frac{1}{$", rows=(replace(PICTURE.rows[0], label="$x_$"),)))


LONGS = st.sampled_from([timedelta(minutes=1), timedelta(hours=7), timedelta(days=3), timedelta(days=31)])
WORDS = st.sampled_from(["joined", "left", "unknown", "standby", "a word of tomorrow"])


@settings(max_examples=15, deadline=None)
@given(LONGS, st.lists(WORDS, min_size=1, max_size=20), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]))
def test_any_period_can_be_drawn(length: timedelta, words: list[str], zone: str) -> None:
    period = Period(at(0), at(0) + length)
    each = length / len(words)
    stretches = tuple(Stretch(at(0) + n * each, at(0) + (n + 1) * each, Mark(word)) for n, word in enumerate(words))
    drawn = timeline("web", ("n1",), (Course("n1", "node", stretches),), period, zone)
    assert size(draw(drawn))[0] == 1600


def test_nothing_to_draw_is_an_empty_picture() -> None:
    assert size(draw(timeline("web", (), (), DAY, "UTC")))[0] == 1600


async def test_drawing_leaves_the_loop_free() -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    heart = asyncio.create_task(beat())
    one, other = await draw_aside([PICTURE, replace(PICTURE, title="db")])
    heart.cancel()
    assert beats > 20
    assert one == draw(PICTURE)
    assert one != other


async def test_nothing_to_draw_starts_nothing() -> None:
    assert await draw_aside([]) == ()


async def test_what_cannot_be_drawn_is_said_without_a_traceback() -> None:
    with pytest.raises(NotDrawn, match="drawing failed") as caught:
        await draw_aside([replace(PICTURE, zone="No/Where")])
    assert "Traceback" not in str(caught.value)


async def test_drawing_that_hangs_is_ended() -> None:
    with pytest.raises(NotDrawn, match=r"took longer than 0\.01 s"):
        await draw_aside([PICTURE], within=0.01)


def test_words_of_a_large_cluster_fit_what_slack_takes() -> None:
    many = [replace(COURSES[3], name=f"virtual-address-{number}") for number in range(40)]
    said = in_words("web", many, DAY)
    assert len(said) <= ALT_LENGTH
    assert said.endswith("more rows.")


@given(st.lists(st.tuples(st.sampled_from(["served", "nowhere", "unknown"]), st.sampled_from(NODES)), max_size=30))
def test_words_say_every_holder_or_that_there_were_more(parts: list[tuple[str, str]]) -> None:
    stretches = tuple(
        Stretch(at(n), at(n + 1), Mark(word, (node,) if word == "served" else ()))
        for n, (word, node) in enumerate(parts)
    )
    said = in_words("web", (Course("vip1", "ip", stretches),), DAY)
    assert len(said) <= ALT_LENGTH
    last = next((mark.nodes[0] for mark in (one.mark for one in reversed(stretches)) if mark.nodes), None)
    assert last is None or said.rstrip(".").endswith(last)
