"""The tuple of verbs, and the verbs of the conversation that are made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report, Table
from commands.verbs.verb import Declared, Desk, Verb
from commands.verbs.words import parse, tokens
from config.policy import LOCAL, Role
from tests.bot.conftest import (
    ADMIN,
    DB,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB,
    WEB_OPERATOR,
    Dark,
    Door,
    HandTime,
    make_door,
    words,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_is_complete(verb: Verb) -> None:
    assert verb.usage.split()[0] == verb.name
    assert verb.summary
    assert not verb.summary.endswith(".")
    ways = (verb.answer, verb.change, verb.says)
    assert sum(way is not None for way in ways) == 1, "it asks, or it changes, or it says something to a plan"
    assert (verb.form is None) is (verb.from_form is None)
    assert verb.change is None or verb.role > Role.VIEWER, "looking is for viewers, changing is not"
    for option in verb.options:
        assert option.help


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_its_example_is_a_request(verb: Verb) -> None:
    web = Declared(WEB, "slack")
    desk = Desk({"web": web}, Dark(), default_cluster="web", verbs=VERBS)
    name, *rest = tokens(verb.example)
    assert name == verb.name
    verb.parse(parse(rest, verb.accepts, verb.usage), desk)


def test_names_are_given_once() -> None:
    names = [verb.name for verb in VERBS]
    assert len(set(names)) == len(names)


def test_every_file_of_a_verb_is_registered() -> None:
    """A verb in a file that the tuple does not know would be there and not be."""
    made = sum(
        path.read_text().count("= Verb(")
        for folder in ("commands/verbs", "bot/verbs")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert made == len(VERBS)


def listed(report: Report) -> set[str]:
    (table,) = (part for part in report.parts if isinstance(part, Table))
    return {row[0].split()[0] for row in table.rows}


@pytest.mark.parametrize(
    ("who", "role"),
    [(VIEWER, Role.VIEWER), (OPERATOR, Role.OPERATOR), (WEB_OPERATOR, Role.OPERATOR), (ADMIN, Role.ADMIN), (TERMINAL, Role.ADMIN)],
)  # fmt: skip
async def test_help_shows_what_one_may_run_and_nothing_else(
    store: Store, time: HandTime, who: object, role: Role
) -> None:
    door = make_door(store, Dark(), time)
    await door.ask(who, "help")  # type: ignore[arg-type]
    (report,) = door.surface.of("whisper")
    assert report.private
    assert listed(report) == {verb.name for verb in VERBS if verb.role <= role}


async def test_the_list_of_verbs_is_narrow_enough_to_show_what_they_do(door: Door) -> None:
    await door.ask(ADMIN, "help")
    (report,) = door.surface.of("whisper")
    (table,) = (part for part in report.parts if isinstance(part, Table))
    usages = [row[0] for row in table.rows]
    assert max(map(len, usages)) <= 45
    assert {"status [CLUSTER]", "setup NAME NODE=ADDRESS NODE=ADDRESS …", "report …", "whoami"} <= set(usages)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_help_on_a_verb_tells_its_usage_its_options_and_an_example(
    store: Store, time: HandTime, verb: Verb
) -> None:
    door = make_door(store, Dark(), time)
    await door.ask(VIEWER, f"help {verb.name}")
    told = words(door.surface.of("whisper")[0])
    assert f"`/hacluster {verb.usage}`" in told
    assert verb.example in told
    assert all(f"--{option.name}" in told for option in verb.options)
    assert ("which you do not have" in told) is (verb.role > Role.VIEWER)


async def test_help_on_what_there_is_not_suggests_the_nearest(door: Door) -> None:
    await door.ask(VIEWER, "help statsu")
    assert "help status" in words(door.surface.of("whisper")[0])


async def test_whoami_tells_the_id_that_a_grant_needs_and_the_role_on_each_of_their_clusters(door: Door) -> None:
    await door.ask(WEB_OPERATOR, "whoami")
    (report,) = door.surface.of("whisper")
    assert f"`{WEB_OPERATOR.key}`" in words(report)
    (table,) = (part for part in report.parts if isinstance(part, Table))
    assert table.rows == (("web", "operator"),), "of other clusters not even the name"
    await door.ask(TERMINAL, "whoami and more words")
    assert f"`{LOCAL}:root`" in words(door.surface.of("whisper")[1])


async def test_clusters_tells_where_each_is_known_from_and_the_file_wins(door: Door) -> None:
    made = DB.model_copy(update={"name": "made"})
    for spec in (made, WEB.model_copy(update={"failover": "automatic"})):
        await door.store.declare(spec, ADMIN.key, door.time.now)
    await door.ask(VIEWER, "clusters")
    (table,) = (part for part in door.surface.of("post")[0].parts if isinstance(part, Table))
    assert [(row[0], row[3], row[4]) for row in table.rows] == [
        ("db", "approved", "configuration file"),
        ("made", "approved", "made from chat"),
        ("web", "approved", "configuration file"),
    ]
