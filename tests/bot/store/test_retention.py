"""What is over is forgotten in time; what still holds never."""

from __future__ import annotations

from datetime import timedelta

from bot.store import CursorRow, EventRow, IncidentRow, OutgoingRow, SilenceRow, Store
from tests.bot.store.conftest import NOW

DAY = timedelta(days=1)
GAP = timedelta(seconds=90)
BEFORE = NOW - 30 * DAY
OLD = NOW - 31 * DAY


def an_incident(incident_id: str, *, open_still: bool) -> IncidentRow:
    return IncidentRow(incident_id, "web", "confirmed", 2, OLD, OLD, None if open_still else OLD, "{}")


def a_card(card: str) -> OutgoingRow:
    return OutgoingRow(card, "C0WEB", "{}", 0, OLD, OLD, card=card)


async def test_what_is_older_goes_and_the_rest_stays(store: Store) -> None:
    for at in (OLD, NOW):
        await store.record_look("web", at, GAP, str(at), [EventRow("web", at, "k", "s", "t")])
        await store.add_silence(SilenceRow(str(at), "web", "", "", at + DAY / 2, "", "T0:U0", at))
        await store.keep_notes({}, GAP, [CursorRow(str(at), "c", "b", at)])
    assert await store.prune(BEFORE) == 5
    assert [row.at for row in await store.events("web", OLD, NOW)] == [NOW]
    assert [row.at for row in await store.conditions("web", OLD, NOW)] == [NOW]
    assert [row.begun for row in await store.lookouts("web", OLD, NOW)] == [NOW]
    assert await store.silences(OLD) == ()
    assert await store.cursor(str(OLD)) is None
    assert await store.prune(BEFORE) == 0


async def test_what_is_known_of_a_cluster_stays_however_old(store: Store) -> None:
    await store.record_look("web", OLD - DAY, GAP, "before")
    await store.record_look("web", OLD, GAP, "since then")
    await store.prune(BEFORE)
    assert [row.json for row in await store.conditions("web", OLD - DAY, NOW)] == ["since then"]


async def test_an_open_incident_and_its_card_stay(store: Store) -> None:
    for incident_id, open_still in (("open", True), ("over", False)):
        await store.save_incident(an_incident(incident_id, open_still=open_still))
        await store.put_message(a_card(f"incident:{incident_id}"))
    await store.prune(BEFORE)
    assert [row.id for row in await store.incidents("web", OLD)] == ["open"]
    assert await store.card_message("incident:open") is not None
    assert await store.card_message("incident:over") is None


async def test_a_message_that_nobody_wanted_for_so_long_goes(store: Store) -> None:
    await store.put_message(OutgoingRow("m1", "C0", "{}", 0, OLD, OLD))
    await store.put_message(OutgoingRow("m2", "C0", "{}", 0, NOW, NOW))
    await store.prune(BEFORE)
    assert [row.id for row in await store.messages_not_yet_shown()] == ["m2"]
