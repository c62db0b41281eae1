"""A dead bot cannot say that it is dead: what it serves goes wrong by itself when it stops working."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.vitals import LATE, Vitals, exposition
from bot.watch.news import StreamState
from bot.watch.state import WatchState
from config.inventory import ClusterSpec, parse_node

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WEB = ClusterSpec(name="web", nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")))
WELL = Vitals(NOW, slack_connected=True, pong_age=1.25, tick_age=0.4, message_age=3.0)


def _watch(*, looked: bool = True, alive: bool = True) -> WatchState:
    stream = StreamState("journal", alive, 0.0, "", None, 0, None)
    return WatchState(
        cluster=WEB,
        channel="C0WEB",
        since=NOW - timedelta(hours=1),
        last_look=NOW - timedelta(seconds=20) if looked else None,
        streams=(("n1", stream),),
        gaps=(),
        condition=None,
        incidents=(),
    )


def _metrics(vitals: Vitals) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(exposition(vitals).decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_a_bot_that_works_is_alive_and_ready() -> None:
    assert (WELL.alive, WELL.ready) == (True, True)


@pytest.mark.parametrize("wrong", [{"slack_connected": False}, {"tick_age": LATE}])
def test_without_slack_or_a_ticking_scheduler_it_is_dead(wrong: dict[str, object]) -> None:
    sick = replace(WELL, **wrong)  # type: ignore[arg-type]
    assert (sick.alive, sick.ready) == (False, False)


def test_without_its_store_or_before_the_first_look_it_is_alive_and_not_ready() -> None:
    for sick in (replace(WELL, store_answers=False), replace(WELL, watches=(_watch(looked=False),))):
        assert (sick.alive, sick.ready) == (True, False)
    assert replace(WELL, watches=(_watch(looked=False),)).details()["clusters_not_looked_at"] == ["web"]


def test_the_metrics_tell_of_the_bot_and_of_each_cluster() -> None:
    found = _metrics(replace(WELL, watches=(_watch(alive=False),), channels_refused={"C0OLD": "is_archived"}))
    assert found["hacluster_slack_connected", ()] == 1
    assert found["hacluster_slack_pong_age_seconds", ()] == 1.25
    assert found["hacluster_channels_refused", ()] == 1
    assert found["hacluster_look_age_seconds", (("cluster", "web"),)] == 20
    stream = (("cluster", "web"), ("node", "n1"), ("source", "journal"))
    assert found["hacluster_stream_alive", stream] == 0


def test_what_never_happened_has_no_age() -> None:
    never = replace(WELL, pong_age=None, message_age=None, tick_age=None)
    assert not {name for name, _ in _metrics(never)} & {
        "hacluster_slack_pong_age_seconds",
        "hacluster_message_age_seconds",
        "hacluster_scheduler_tick_age_seconds",
    }


def test_one_that_stands_by_is_ready_and_says_who_works() -> None:
    standing_by = replace(WELL, on_duty=False, duty_of="process 7 on far")
    assert (standing_by.alive, standing_by.ready) == (True, True)
    assert standing_by.details() | {"on_duty": False, "duty_of": "process 7 on far"} == standing_by.details()
    assert _metrics(standing_by)["hacluster_on_duty", ()] == 0
    assert _metrics(WELL)["hacluster_on_duty", ()] == 1
