"""`silence`: quiet for a while, listed, and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.conversation import Place
from bot.memory import Memory
from bot.store import Store
from commands.report import Table
from tests.bot.attending import Bot, watching_bot
from tests.bot.conftest import (
    DB,
    OPERATOR,
    WEB,
    WEB_OPERATOR,
    HandTime,
    Nodes,
    make_door,
    words,
)


@pytest.fixture
def here(store: Store, nodes: Nodes, time: HandTime) -> Bot:
    """The door of a bot that watches."""
    return watching_bot(store, nodes, time)


@pytest.mark.parametrize(
    ("text", "cluster", "node", "hours", "reason"),
    [
        ("silence web", "web", "", 1.0, ""),
        ("silence n2 --for 2h --reason “new disk”", "web", "n2", 2.0, "new disk"),
        ("silence d1 db --for 30m", "db", "d1", 0.5, ""),
        ("silence db d1 --for 1d", "db", "d1", 24.0, ""),
        ("silence d2", "db", "d2", 1.0, ""),
    ],
)
async def test_clusters_and_nodes_are_silenced_for_a_while(
    here: Bot, text: str, cluster: str, node: str, hours: float, reason: str
) -> None:
    report = await here.ask(OPERATOR, text)
    assert not report.private, "others in the channel ought to know"
    (row,) = await here.silences()
    assert (row.cluster, row.node, row.incident, row.reason, row.by) == (cluster, node, "", reason, OPERATOR.key)
    assert row.until - row.created == timedelta(hours=hours)
    assert here.watch.looked == [cluster]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("silence nobody", "is neither a cluster, nor a node, nor an incident"),
        ("silence wep", "Did you mean `web`?"),
        ("silence n9 web", "there is no node 'n9' in `web`"),
        ("silence web --for 2 years", "is no time for a silence"),
        ("silence web --for forever", "is no time for a silence"),
        ("silence web --for 31d", "is no time for a silence"),
        ("silence web --for 0m", "is no time for a silence"),
        ("silence --for 2h", "say what to silence"),
        ("silence web --end --for 2h", "`--end` stands alone"),
        (f"silence web --reason {'x' * 300}", "300 characters"),
    ],
)
async def test_what_is_wrong_with_a_silence_is_said(here: Bot, text: str, problem: str) -> None:
    assert problem in words(await here.ask(OPERATOR, text))
    assert await here.silences() == ()


async def test_a_node_of_two_clusters_has_to_be_told_apart(store: Store, nodes: Nodes, time: HandTime) -> None:
    twin = DB.model_copy(update={"nodes": WEB.nodes})
    memory = Memory(store, time.moment)
    door = make_door(store, nodes, time, memory=memory, declared={"web": WEB, "db": twin})
    await door.ask(OPERATOR, "silence n1", Place("C0ELSE"))
    assert "'n1' is a node of db, web" in words(door.surface.shown[-1].report)
    await door.ask(OPERATOR, "silence n1")
    (row,) = await store.silences(time.now)
    assert row.cluster == "web", "in its own channel it is that cluster's"


async def test_a_silence_is_listed_and_ended_by_the_words_that_the_list_tells(here: Bot) -> None:
    assert (await here.ask(OPERATOR, "silence")).headline == "Nothing is silenced"
    await here.ask(OPERATOR, "silence n2 web --for 2h --reason disk")
    await here.ask(OPERATOR, "silence web")
    report = await here.ask(OPERATOR, "silence")
    assert "2 silences in force" in report.headline
    (table,) = (part for part in report.parts if isinstance(part, Table))
    of_node = next(row for row in table.rows if row[0] == "n2 of web")
    assert "is not silenced itself" in (await here.ask(OPERATOR, "silence n1 web --end")).headline
    await here.ask(OPERATOR, of_node[-1])
    (left,) = await here.silences()
    assert left.node == ""


async def test_time_ends_a_silence(here: Bot, time: HandTime) -> None:
    await here.ask(OPERATOR, "silence web --for 30m")
    time.forward(minutes=30)
    assert await here.silences() == ()


async def test_one_hears_of_no_silence_of_a_cluster_that_is_not_theirs(here: Bot) -> None:
    await here.ask(OPERATOR, "silence db")
    assert (await here.ask(WEB_OPERATOR, "silence")).headline == "Nothing is silenced"
    assert "Did you mean" not in words(await here.ask(WEB_OPERATOR, "silence d1", Place("C0ELSE")))
