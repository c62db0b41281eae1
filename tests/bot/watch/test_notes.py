"""What is written down often is written down together, and nothing of it is lost in order."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.incidents import Seen
from bot.outbox import Outbox
from bot.store import Lookout, Store
from bot.watch.ledger import Ledger
from bot.watch.tools import Cursors, Tools
from tests.bot.conftest import WEB, Dark
from tests.bot.incidents.course import LOST, NAMES, condition_of
from tests.bot.scripted_slack import HandClock, ScriptedSlack
from tests.bot.watch.mortal import RULES, SETTINGS

NODE = WEB.nodes[0]


def tools_of(store: Store, clock: HandClock) -> Tools:
    outbox = Outbox(store, ScriptedSlack(clock), clock=clock.clock())
    return Tools(Dark(), store, outbox, SETTINGS, clock.clock())


async def test_a_look_at_which_nothing_is_new_is_noted_and_kept_with_those_of_other_clusters(store: Store) -> None:
    clock = HandClock()
    tools = tools_of(store, clock)
    begun = tools.now()
    for second in range(3):
        clock.time = float(second)
        for name in ("web", "db"):
            ledger = Ledger(WEB.model_copy(update={"name": name}), tools, RULES)
            await ledger.take(Seen(name, tools.now(), condition_of(), names=NAMES), None, kept=True)
    assert await store.lookouts("web", begun, tools.now()) == ()
    await tools.keep_notes()
    assert tools.notes.looks == {}
    for name in ("web", "db"):
        assert await store.lookouts(name, begun, tools.now()) == (Lookout(name, tools.now(), tools.now()),)


async def test_a_look_that_brings_something_is_written_down_at_once(store: Store) -> None:
    clock = HandClock()
    tools = tools_of(store, clock)
    await Ledger(WEB, tools, RULES).take(
        Seen("web", tools.now(), condition_of(), (LOST,), names=NAMES), None, kept=True
    )
    assert len(await store.open_incidents("web")) == 1
    assert len(await store.lookouts("web", tools.now(), tools.now())) == 1


async def test_a_cursor_is_known_before_it_is_kept_and_after(store: Store) -> None:
    tools = tools_of(store, HandClock())
    cursors = Cursors(tools)
    assert await cursors.cursor(NODE) is None
    await cursors.keep(NODE, "s=1;i=1", "boot")
    await cursors.keep(NODE, "s=1;i=2", "boot")
    assert await cursors.cursor(NODE) == "s=1;i=2"
    assert await store.cursor(str(NODE.address)) is None
    await tools.keep_notes()
    assert tools.notes.cursors == {}
    assert await cursors.cursor(NODE) == "s=1;i=2"


async def test_what_cannot_be_kept_now_is_kept_the_next_time(store: Store) -> None:
    tools = tools_of(store, HandClock())
    await Cursors(tools).keep(NODE, "s=1;i=1", "boot")
    async with store._writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE cursors RENAME TO gone")
    with structlog.testing.capture_logs() as logs:
        await tools.keep_notes()
    assert [line["log_level"] for line in logs] == ["warning"]
    async with store._writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO cursors")
    await tools.keep_notes()
    kept = await store.cursor(str(NODE.address))
    assert kept is not None
    assert kept.cursor == "s=1;i=1"
    assert await store.lookouts("web", tools.now() - timedelta(days=1), tools.now()) == ()
