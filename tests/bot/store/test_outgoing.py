"""Messages on their way, as rows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.store import OutgoingRow, Store
from tests.bot.store.conftest import NOW

LATER = NOW + timedelta(seconds=30)
CARD = OutgoingRow("m1", "C0WEB", "one", 3, NOW, NOW, card="incident:i1")


async def test_a_card_is_one_row_that_says_the_newest(store: Store) -> None:
    first = await store.put_message(CARD)
    second = await store.put_message(replace(CARD, id="m2", report="two", urgency=1, channel="C0ELSE", created=LATER))
    assert first is not None
    assert second == replace(first, report="two", urgency=1, version=2)
    assert await store.messages_not_yet_shown() == (second,)


async def test_saying_the_same_again_changes_nothing(store: Store) -> None:
    first = await store.put_message(CARD)
    assert await store.put_message(replace(CARD, id="m2", created=LATER)) == first


async def test_what_was_posted_is_no_longer_on_its_way_until_it_says_more(store: Store) -> None:
    await store.put_message(CARD)
    begun = await store.begin_sending("m1", NOW)
    assert begun is not None
    assert (begun.state, begun.shown) == ("sending", 1)
    await store.was_posted("m1", "C0WEB", "1.5", NOW)
    assert await store.messages_not_yet_shown() == ()
    changed = await store.put_message(replace(CARD, report="two", created=LATER, since=LATER))
    assert changed is not None
    assert (changed.ts, changed.since, changed.shown, changed.version) == ("1.5", LATER, 1, 2)
    assert await store.messages_not_yet_shown() == (changed,)
    await store.was_edited("m1", 2, LATER)
    assert await store.messages_not_yet_shown() == ()


async def test_what_changed_while_it_was_posted_is_still_to_be_shown(store: Store) -> None:
    await store.put_message(CARD)
    await store.begin_sending("m1", NOW)
    await store.put_message(replace(CARD, report="two"))
    await store.was_posted("m1", "C0WEB", "1.5", NOW)
    (left,) = await store.messages_not_yet_shown()
    assert (left.state, left.shown, left.version) == ("sent", 1, 2)


async def test_of_two_outboxes_one_sends(store: Store, other: Store) -> None:
    await store.put_message(CARD)
    begun = await asyncio.gather(*(replica.begin_sending("m1", NOW) for replica in (store, other) * 5))
    assert sum(row is not None for row in begun) == 1


async def test_of_several_with_one_key_the_first_counts(store: Store, other: Store) -> None:
    rows = [OutgoingRow(f"m{n}", "C0", "x", 0, NOW, NOW, key="report:d1:09:00") for n in range(10)]
    put = await asyncio.gather(*((store, other)[n % 2].put_message(row) for n, row in enumerate(rows)))
    assert sum(row is not None for row in put) == 1
    assert await store.put_message(OutgoingRow("n1", "C0", "x", 0, NOW, NOW)) is not None
    assert await store.put_message(OutgoingRow("n2", "C0", "x", 0, NOW, NOW)) is not None


async def test_a_note_goes_where_its_card_is(store: Store) -> None:
    assert await store.put_message(OutgoingRow("n1", "", "x", 0, NOW, NOW, parent="incident:i1")) is None
    await store.put_message(CARD)
    note = await store.put_message(OutgoingRow("n1", "", "x", 0, NOW, NOW, parent="incident:i1", key="i1:1"))
    assert note is not None
    assert (note.channel, note.parent) == ("C0WEB", "incident:i1")
    assert await store.put_message(OutgoingRow("n2", "", "x", 0, NOW, NOW, parent="incident:i1", key="i1:1")) is None


async def test_one_that_was_given_up_comes_back_with_new_words(store: Store) -> None:
    await store.put_message(CARD)
    await store.drop_message("m1", "msg_too_long")
    assert await store.messages_not_yet_shown() == ()
    again = await store.put_message(replace(CARD, report="shorter", created=LATER))
    assert again is not None
    assert (again.state, again.why, again.since) == ("waiting", "", LATER)


async def test_what_is_there_no_more_cannot_be_changed(store: Store) -> None:
    assert await store.was_edited("gone", 1, NOW) is None
    assert await store.was_not_posted("gone") is None
