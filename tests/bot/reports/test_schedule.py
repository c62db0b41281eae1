"""When reports are due: as people write it, as cron has it, across nights that are an hour shorter or longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reports.schedule import parse_when, zone
from commands.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def after(text: str, moment: datetime, count: int, where: ZoneInfo = BERLIN) -> list[str]:
    when = parse_when(text)
    found = []
    for _ in range(count):
        due = when.due_after(moment, where)
        assert due is not None
        moment = due
        found.append(f"{due.astimezone(where):%a %d %b %H:%M %z}")
    return found


def test_every_weekday_leaves_the_weekend_out() -> None:
    assert after("every weekday 09:00", FRIDAY, 2) == ["Mon 23 Nov 09:00 +0100", "Tue 24 Nov 09:00 +0100"]


def test_one_day_of_the_week_and_several() -> None:
    assert after("every monday 08:30", FRIDAY, 2) == ["Mon 23 Nov 08:30 +0100", "Mon 30 Nov 08:30 +0100"]
    assert after("every sat and Sun at 8:05", FRIDAY, 2) == ["Sat 21 Nov 08:05 +0100", "Sun 22 Nov 08:05 +0100"]


def test_cron_numbers_days_from_sunday() -> None:
    assert after("0 9 * * 1", FRIDAY, 1) == ["Mon 23 Nov 09:00 +0100"]
    assert after("0 9 * * 0", FRIDAY, 1) == after("0 9 * * 7", FRIDAY, 1) == ["Sun 22 Nov 09:00 +0100"]
    assert after("0 9 * * 1-5", FRIDAY, 6) == after("every weekday 09:00", FRIDAY, 6)


def test_of_two_kinds_of_day_one_is_enough_as_in_cron() -> None:
    assert after("0 9 23 * sun", FRIDAY, 3) == [
        "Sun 22 Nov 09:00 +0100",
        "Mon 23 Nov 09:00 +0100",
        "Sun 29 Nov 09:00 +0100",
    ]


def test_steps_ranges_and_lists() -> None:
    assert after("*/30 8-9 * nov,dec *", FRIDAY, 4) == [
        "Sat 21 Nov 08:00 +0100",
        "Sat 21 Nov 08:30 +0100",
        "Sat 21 Nov 09:00 +0100",
        "Sat 21 Nov 09:30 +0100",
    ]
    assert after("10/25 8 * * *", FRIDAY, 2) == ["Sat 21 Nov 08:10 +0100", "Sat 21 Nov 08:35 +0100"]


def test_nine_in_the_morning_stays_nine_when_the_clocks_change() -> None:
    assert after("every day 09:00", datetime(2026, 10, 24, 5, 0, tzinfo=UTC), 2) == [
        "Sat 24 Oct 09:00 +0200",
        "Sun 25 Oct 09:00 +0100",
    ]


def test_a_time_that_an_autumn_night_has_twice_is_due_once() -> None:
    assert after("every day 02:30", datetime(2026, 10, 24, 12, 0, tzinfo=UTC), 2) == [
        "Sun 25 Oct 02:30 +0200",
        "Mon 26 Oct 02:30 +0100",
    ]


def test_a_time_that_a_spring_night_leaves_out_is_due_an_hour_later() -> None:
    assert after("every day 02:30", datetime(2026, 3, 28, 12, 0, tzinfo=UTC), 2) == [
        "Sun 29 Mar 03:30 +0200",
        "Mon 30 Mar 02:30 +0200",
    ]


def test_the_29th_of_february_is_waited_for() -> None:
    assert after("0 9 29 2 *", datetime(2096, 3, 1, tzinfo=UTC), 1, ZoneInfo("UTC")) == ["Fri 29 Feb 09:00 +0000"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("every 9:00", "says no time"),
        ("every blue 9:00", "'blue' is no day"),
        ("every monday 25:00", "'25' is no hour"),
        ("every monday 9:75", "'75' is no minute"),
        ("0 9 31 2 *", "never comes"),
        ("0 9 * *", "has 4 fields"),
        ("0 17-9 * * *", "'17-9' is no hour"),
        ("*/0 9 * * *", "'*/0' is no minute"),
        ("0 9 * * 8", "'8' is no day of the week"),
        ("", "has 0 fields"),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_right_form_shown(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_when(text)
    assert why in str(caught.value)
    assert "every weekday 09:00" in caught.value.remedy


def test_a_zone_that_does_not_exist_is_refused() -> None:
    assert zone("Europe/Berlin") == BERLIN
    for name in ("Europe/Berlim", "../../etc/passwd", ""):
        with pytest.raises(UsageError, match="not a time zone"):
            zone(name)


TEXTS = st.sampled_from(["every weekday 09:00", "every sunday 02:30", "*/20 1-3 * * *", "0 0 1 * *", "30 2 * * *"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]).map(zone)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(TEXTS, ZONES, MOMENTS)
def test_due_moments_go_on_and_looking_back_finds_the_same(text: str, where: ZoneInfo, moment: datetime) -> None:
    when = parse_when(text)
    dues = [moment]
    for _ in range(5):
        due = when.due_after(dues[-1], where)
        assert due is not None
        dues.append(due)
    assert all(earlier < later for earlier, later in pairwise(dues))
    for earlier, later in pairwise(dues[1:]):
        assert when.last_due(later - timedelta(seconds=1), where) == earlier
        assert when.last_due(later, where) == later


@given(TEXTS)
def test_what_a_person_reads_reads_back_as_the_same(text: str) -> None:
    assert parse_when(parse_when(text).text) == parse_when(text)


@given(st.text(max_size=40) | st.from_regex(r"every [a-z]{1,9} \d{1,2}:\d\d", fullmatch=True))
def test_any_text_gives_a_schedule_or_a_usage_error(text: str) -> None:
    try:
        when = parse_when(text)
    except UsageError:
        return
    assert when.due_after(FRIDAY, BERLIN) is not None
