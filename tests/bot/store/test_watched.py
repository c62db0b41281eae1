"""What watching brings: cursors, what was known, when anybody looked, what happened, which incidents."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import ConditionRow, CursorRow, EventRow, IncidentRow, Lookout, OutgoingRow, Store
from bot.store.incidents import Overtaken
from tests.bot.store.conftest import NOW

GAP = timedelta(seconds=90)
DAY = timedelta(days=1)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def an_event(text: str, cluster: str = "web", seconds: float = 0.0) -> EventRow:
    return EventRow(cluster, NOW + after(seconds), "MemberLeft", "n2", text, ("n2",), ("n1", "n3"), "i1", "stop web n2")


def an_incident(incident_id: str, cluster: str = "web", *, closed: bool = False, phase: str = "early") -> IncidentRow:
    return IncidentRow(incident_id, cluster, phase, 2, NOW, NOW, NOW + after(60) if closed else None, '{"a": 1}')


def a_card(incident_id: str) -> OutgoingRow:
    return OutgoingRow(incident_id, "C0OPS", f"card of {incident_id}", 2, NOW, NOW, card=incident_id)


def a_line(incident_id: str) -> OutgoingRow:
    return OutgoingRow(f"{incident_id}-1", "", f"line of {incident_id}", 0, NOW, NOW, parent=incident_id)


class TestCursors:
    async def test_a_journal_never_read_has_none(self, store: Store) -> None:
        assert await store.cursor("10.0.0.1") is None

    async def test_the_latest_is_kept_for_each_node(self, store: Store) -> None:
        await store.keep_notes({}, GAP, [CursorRow("10.0.0.1", "s=1;i=1", "boot", NOW)])
        cursors = [CursorRow("10.0.0.1", "s=1;i=2", "boot", NOW), CursorRow("10.0.0.2", "s=2;i=9", "other", NOW)]
        await store.keep_notes({}, GAP, cursors)
        assert await store.cursor("10.0.0.1") == CursorRow("10.0.0.1", "s=1;i=2", "boot", NOW)
        assert await store.cursor("10.0.0.2") == CursorRow("10.0.0.2", "s=2;i=9", "other", NOW)

    async def test_of_two_cursors_of_a_node_at_once_the_later_counts(self, store: Store) -> None:
        await store.keep_notes({}, GAP, [CursorRow("10.0.0.1", text, "boot", NOW) for text in ("first", "second")])
        kept = await store.cursor("10.0.0.1")
        assert kept is not None
        assert kept.cursor == "second"


class TestConditions:
    async def test_nothing_was_ever_known(self, store: Store) -> None:
        assert await store.last_condition("web") is None
        assert await store.conditions("web", NOW - DAY, NOW + DAY) == ()

    async def test_what_did_not_change_is_not_kept_again(self, store: Store) -> None:
        for seconds, known in ((0, "one"), (30, "one"), (60, "two"), (90, "one")):
            await store.record_look("web", NOW + after(seconds), GAP, known)
        assert await store.last_condition("web") == (NOW + after(90), "one")
        kept = await store.conditions("web", NOW, NOW + DAY)
        assert [(row.at - NOW, row.json) for row in kept] == [(after(0), "one"), (after(60), "two"), (after(90), "one")]

    async def test_clusters_are_known_each_by_itself(self, store: Store) -> None:
        await store.record_look("web", NOW - after(30), GAP, "one")
        await store.record_look("db", NOW, GAP, "one")
        assert await store.last_condition("db") == (NOW, "one")

    async def test_a_period_begins_with_what_held_then(self, store: Store) -> None:
        for number in range(4):
            await store.record_look("web", NOW + after(60 * number), GAP, str(number))
        kept = await store.conditions("web", NOW + after(90), NOW + after(130))
        assert kept == (
            ConditionRow("web", NOW + after(60), "1"),
            ConditionRow("web", NOW + after(120), "2"),
        )


class TestLookouts:
    async def test_looks_that_follow_each_other_are_one_lookout(self, store: Store) -> None:
        for seconds in (0, 30, 120, 210):
            await store.keep_notes({"web": NOW + after(seconds)}, GAP)
        assert await store.lookouts("web", NOW, NOW) == (Lookout("web", NOW, NOW + after(210)),)

    async def test_a_gap_is_left_where_nobody_looked(self, store: Store) -> None:
        for seconds in (0, 30, 121, 150):
            await store.keep_notes({"web": NOW + after(seconds)}, GAP)
        await store.keep_notes({"db": NOW + after(60)}, GAP)
        assert await store.lookouts("web", NOW, NOW + DAY) == (
            Lookout("web", NOW, NOW + after(30)),
            Lookout("web", NOW + after(121), NOW + after(150)),
        )

    async def test_a_clock_set_back_takes_nothing_away(self, store: Store) -> None:
        await store.keep_notes({"web": NOW + after(60)}, GAP)
        await store.keep_notes({"web": NOW}, GAP)
        (lookout,) = await store.lookouts("web", NOW, NOW + DAY)
        assert lookout.until == NOW + after(60)

    async def test_only_those_that_reach_into_the_period_are_given(self, store: Store) -> None:
        for seconds in (0, 1000, 2000):
            await store.keep_notes({"web": NOW + after(seconds)}, GAP)
        (only,) = await store.lookouts("web", NOW + after(500), NOW + after(1500))
        assert only.begun == NOW + after(1000)


class TestEvents:
    async def test_an_event_comes_back_whole_with_its_number(self, store: Store) -> None:
        await store.record_look("web", NOW, GAP, events=[an_event("n2 left"), an_event("n2 is back", seconds=5)])
        left, back = await store.events("web", NOW, NOW + DAY)
        assert (left.text, left.nodes, left.witnesses, left.incident, left.own) == (
            "n2 left",
            ("n2",),
            ("n1", "n3"),
            "i1",
            "stop web n2",
        )
        assert left.number is not None
        assert back.number is not None
        assert left.number < back.number

    async def test_one_cluster_or_all_in_a_period(self, store: Store) -> None:
        events = [an_event(f"{n}", "web" if n % 2 else "db", 10 * n) for n in range(6)]
        await store.record_look("web", NOW, GAP, events=events)
        assert [e.text for e in await store.events(None, NOW + after(10), NOW + after(40))] == ["1", "2", "3", "4"]
        assert [e.text for e in await store.events("web", NOW, NOW + DAY)] == ["1", "3", "5"]


class TestIncidents:
    async def test_an_incident_is_kept_as_it_now_stands(self, store: Store) -> None:
        await store.save_incident(an_incident("i1"))
        assert await store.open_incidents("web") == (an_incident("i1"),)
        await store.save_incident(an_incident("i1", closed=True, phase="resolved"), an_incident("i1"))
        assert await store.open_incidents() == ()
        assert await store.incident("i1") == an_incident("i1", closed=True, phase="resolved")
        assert await store.incident("forged") is None

    async def test_what_was_changed_by_somebody_else_since_it_was_read_is_not_overwritten(
        self, store: Store, other: Store
    ) -> None:
        read = an_incident("i1")
        await store.save_incident(read)
        theirs, mine = replace(read, json='{"theirs": 1}'), replace(read, json='{"mine": 1}')
        await other.save_incident(theirs, read)
        with pytest.raises(Overtaken):
            await store.save_incident(mine, read)
        with pytest.raises(Overtaken):
            await store.record_look("web", NOW, GAP, "one", [an_event("n2 left")], [(read, mine)])
        assert await store.incident("i1") == theirs
        assert await store.events("web", NOW, NOW) == ()
        await store.save_incident(mine, theirs)
        assert await other.incident("i1") == mine

    async def test_of_changes_at_once_each_builds_on_the_one_before(self, store: Store, other: Store) -> None:
        await store.save_incident(replace(an_incident("i1"), json="0"))

        async def count(replica: Store) -> None:
            while True:
                read = await replica.incident("i1")
                assert read is not None
                try:
                    return await replica.save_incident(replace(read, json=str(int(read.json) + 1)), read)
                except Overtaken:
                    pass

        await asyncio.gather(*(count(replica) for replica in (store, other) * 10))
        counted = await store.incident("i1")
        assert counted is not None
        assert counted.json == "20"

    async def test_open_ones_and_those_closed_since(self, store: Store) -> None:
        await store.save_incident(an_incident("over", closed=True))
        await store.save_incident(an_incident("open"))
        await store.save_incident(an_incident("elsewhere", "db"))
        assert {row.id for row in await store.incidents("web", NOW + after(60))} == {"over", "open"}
        assert {row.id for row in await store.incidents(None, NOW + after(61))} == {"open", "elsewhere"}


class TestLook:
    async def test_all_that_one_look_brought_is_kept(self, store: Store) -> None:
        await store.record_look(
            "web",
            NOW,
            GAP,
            "one",
            [an_event("n2 left")],
            [(None, an_incident("i1"))],
            [a_card("i1"), a_line("i1"), a_line("never")],
        )
        await store.record_look("web", NOW + after(30), GAP)
        assert await store.last_condition("web") == (NOW, "one")
        assert await store.lookouts("web", NOW, NOW) == (Lookout("web", NOW, NOW + after(30)),)
        assert [event.text for event in await store.events("web", NOW, NOW)] == ["n2 left"]
        assert await store.open_incidents("web") == (an_incident("i1"),)
        assert [row.report for row in await store.messages_not_yet_shown()] == ["card of i1", "line of i1"]

    async def test_a_look_that_cannot_be_kept_whole_is_not_kept_at_all(self, store: Store) -> None:
        naive = EventRow("web", NOW.replace(tzinfo=None), "MemberLeft", "n2", "n2 left")
        with pytest.raises(Exception, match="time zone"):
            await store.record_look("web", NOW, GAP, "one", [naive], [(None, an_incident("i1"))], [a_card("i1")])
        assert await store.last_condition("web") is None
        assert await store.messages_not_yet_shown() == ()
        assert await store.lookouts("web", NOW - DAY, NOW + DAY) == ()

    async def test_many_clusters_at_once(self, store: Store, other: Store) -> None:
        looks = [
            replica.record_look(f"c{number}", NOW, GAP, "one", [an_event("x", f"c{number}")])
            for number, replica in enumerate((store, other) * 10)
        ]
        await asyncio.gather(*looks)
        assert len(await store.events(None, NOW, NOW)) == 20
