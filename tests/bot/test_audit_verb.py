"""`audit`: told to those it concerns, to nobody else, and whole."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot import cards
from bot.audit import Kind
from bot.conversation import Actor
from bot.memory import Memory
from bot.store import Store
from bot.store.chain import Head, seal
from bot.verbs import VERBS
from commands.errors import OutcomeUnknown
from commands.report import Level, Listing, Report
from commands.verbs.verb import Verb
from config.policy import Grant, Policy, Role
from tests.bot.conftest import ADMIN, OPERATOR, POLICY, TERMINAL, VIEWER, Door, HandTime, Nodes, make_door, words

WEB_ADMIN = Actor("T0HOME", "U0WEBADMIN", name="Wanda")


@pytest.fixture
def door(store: Store, nodes: Nodes, time: HandTime, flip: Verb) -> Door:
    grants = (*POLICY.grants, Grant(role=Role.ADMIN, users=(WEB_ADMIN.user,), clusters=("web",)))
    policy = Policy(everyone_views=False, grants=grants)
    return make_door(store, nodes, time, (*VERBS, flip), policy=policy, memory=Memory(store, time.moment))


async def told(door: Door, who: Actor, text: str) -> Report:
    """Ask, and return what that person alone is told."""
    before = len(door.surface.of("post"))
    await door.ask(who, text)
    assert len(door.surface.of("post")) == before, "nothing of the audit is for the channel"
    return door.surface.of("whisper")[-1]


def listing(report: Report) -> list[str]:
    return [line for part in report.parts if isinstance(part, Listing) for line in part.text.splitlines()]


async def some_history(door: Door) -> None:
    await door.ask(VIEWER, "flip web")
    await door.ask(OPERATOR, "flip web")
    await door.press(OPERATOR, cards.CONFIRM)
    await door.ask(OPERATOR, "status db")


@pytest.mark.parametrize("who", [VIEWER, OPERATOR])
@pytest.mark.parametrize("text", ["audit", "audit --cluster web", "audit verify", "audit export"])
async def test_whoever_is_no_admin_sees_nothing_of_it(door: Door, who: Actor, text: str) -> None:
    await some_history(door)
    report = await told(door, who, text)
    assert "takes the role admin" in words(report)
    assert "flip" not in words(report)


async def test_it_tells_who_asked_for_what_and_what_came_of_it_newest_first(door: Door) -> None:
    await some_history(door)
    lines = listing(await told(door, ADMIN, "audit --cluster web"))
    assert [line.split("  ")[-1].split(":")[0] for line in lines[::-1]] == [
        "asked", "planned", *(["shown"] if "shown" in "".join(lines) else []), "confirmed",
        "step", "command", "command ended", "step", "step", "command", "command ended", "step", "outcome", "asked",
    ]  # fmt: skip
    assert any(line.endswith("command: n1: flip < the password") for line in lines)
    assert any("exit status 0 after 0.1 s" in line for line in lines)
    everything = listing(await told(door, ADMIN, "audit"))
    assert any(
        f"{VIEWER.key} in C0WEB  -  refused: flip web (`flip` takes the role operator)" in one for one in everything
    )


async def test_it_is_narrowed_to_a_person_and_to_a_time(door: Door) -> None:
    await door.ask(VIEWER, "status web")
    door.time.forward(hours=3)
    await door.ask(OPERATOR, "status web")
    assert len(listing(await told(door, ADMIN, f"audit --who <@{VIEWER.user}>"))) == 1
    assert len(listing(await told(door, ADMIN, f"audit --who {OPERATOR.key}"))) == 1
    assert len(listing(await told(door, ADMIN, "audit --since 2h --who U0VIEWER"))) == 0
    assert len(listing(await told(door, TERMINAL, "audit --who local:root"))) == 1, "its own asking"


async def test_an_admin_of_one_cluster_sees_that_one(door: Door) -> None:
    await some_history(door)
    for text in ("audit", "audit export", "audit --cluster web"):
        report = await told(door, WEB_ADMIN, text)
        assert "flip" in words(report)
        assert "status db" not in words(report)
        assert VIEWER.key not in words(report), "what was refused concerns no cluster"
    assert "takes the role admin" in words(await told(door, WEB_ADMIN, "audit --cluster db"))
    assert "all clusters: it is one chain" in words(await told(door, WEB_ADMIN, "audit verify"))


async def test_a_cluster_that_is_forgotten_is_still_in_it(door: Door) -> None:
    await door.world.audit(OPERATOR, "stop", "gone", Kind.ASKED, {"text": "stop gone"})
    assert len(listing(await told(door, ADMIN, "audit --cluster gone"))) == 1
    assert "no cluster 'gone' of yours" in words(await told(door, WEB_ADMIN, "audit --cluster gone"))


async def test_an_export_can_be_checked_by_anybody(door: Door) -> None:
    await some_history(door)
    entries = [json.loads(line) for line in listing(await told(door, ADMIN, "audit export"))]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    previous = Head().hash
    for entry in entries:
        *said, sealed = entry.values()
        assert entry["previous"] == previous
        assert seal(*said) == sealed
        previous = sealed


async def test_a_whole_chain_is_told_with_its_head_and_a_noted_head_is_found_in_it(door: Door) -> None:
    await some_history(door)
    report = await told(door, ADMIN, "audit verify")
    assert report.level is Level.OK
    assert "The audit is whole" in report.headline
    noted = (await door.store.verified()).head
    await door.ask(VIEWER, "status web")
    assert "goes through the head that you noted" in words(await told(door, ADMIN, f"audit verify --head {noted}"))
    forged = Head(noted.number, "f" * 64)
    assert (await told(door, ADMIN, f"audit verify --head {forged}")).level is Level.CRITICAL


async def test_the_first_broken_link_is_named(door: Door, tmp_path: Path) -> None:
    await some_history(door)
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("DROP TRIGGER audit_keeps_update")
        database.execute("UPDATE audit SET who = 'nobody' WHERE number = 3")
        database.execute("UPDATE audit SET kind = 'x' WHERE number = 5")
    report = await told(door, ADMIN, "audit verify")
    assert report.level is Level.CRITICAL
    assert report.headline == "The audit is broken at entry 3"
    assert "what it says is not what its hash was made over" in words(report)
    assert len(listing(await told(door, ADMIN, "audit"))) > 3, "it is told all the same"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("audit web", "is nothing that the audit does"),
        ("audit verify web", "is nothing that the audit does"),
        ("audit --since never", "no time to look back"),
        ("audit --who '@ ada'", "names nobody"),
        ("audit --head 1:00", "is for `audit verify`"),
        ("audit verify --since 2d", "is not for `audit verify`"),
        ("audit verify --head 12", "is no head"),
    ],
)
async def test_what_is_not_understood_is_told(door: Door, text: str, why: str) -> None:
    assert why in words(await told(door, ADMIN, text))


async def test_a_command_whose_end_was_not_seen_is_told_as_such(door: Door, nodes: Nodes) -> None:
    nodes.answers["flip"] = OutcomeUnknown("the connection was lost", node="n1")
    await door.ask(OPERATOR, "flip web")
    await door.press(OPERATOR, cards.CONFIRM)
    (entry,) = [one for one in await door.store.recorded(100) if one.kind == "command ended"]
    assert entry.detail["problem"] == "n1: the connection was lost"


async def test_a_command_is_written_down_before_it_is_sent(door: Door, nodes: Nodes) -> None:
    sent: list[str] = []

    class Peeking(Nodes):
        async def run(self, node, command):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            if command.changes:
                sent.append((await door.store.recorded(1))[0].kind)
            return await nodes.run(node, command)

    object.__setattr__(door.world, "runner", Peeking())
    await door.ask(OPERATOR, "flip web")
    await door.press(OPERATOR, cards.CONFIRM)
    assert sent == ["command", "command"]
