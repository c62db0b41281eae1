"""The one door: understood, allowed, once, answered; and nothing is run by words that are none."""

from __future__ import annotations

import asyncio
import re
import shutil
import time as wall
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import audit, cards
from bot.conversation import Actor, Place
from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report
from commands.verbs.verb import Verb
from config.policy import Grant, Policy, Role
from tests.bot.conftest import (
    ADMIN,
    CANARY,
    HERE,
    LOST,
    NOBODY,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Dark,
    Door,
    HandTime,
    Nodes,
    make_door,
    url_of,
    words,
)

SETUP = "setup new n1=10.0.9.1 n2=10.0.9.2 --fencing none"

# ---------------------------------------------------------------- who may ask for what: the table is in `test_gate`


async def test_a_grant_for_a_cluster_to_come_lets_it_be_made(store: Store, time: HandTime) -> None:
    grant = Grant(role=Role.ADMIN, users=("U0MAKER",), clusters=("new",))
    door = make_door(store, Dark(), time, policy=Policy(grants=(grant,)))
    maker = Actor("T0HOME", "U0MAKER")
    assert await door.dispatcher.form(maker, HERE, "setup") is not None
    await door.ask(maker, SETUP)
    assert "setup is not possible" in words(door.surface.shown[0].report), "allowed; the nodes are dark"
    await door.ask(maker, SETUP.replace("setup new", "setup other"))
    assert "takes the role admin" in words(door.surface.shown[1].report)


async def test_an_overview_tells_only_of_clusters_one_may_look_at(store: Store, time: HandTime) -> None:
    door = make_door(store, Dark(), time)
    for text in ("status", "clusters", "whoami"):
        await door.ask(WEB_OPERATOR, text, Place("C0ELSE"))
    for one in door.surface.shown:
        told = words(one.report)
        assert "web" in told
        assert re.search(r"\bdb\b|\bd1\b", told) is None


async def test_outside_of_its_channels_the_bot_answers_nobody_but_the_terminal(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    policy = Policy(grants=(Grant(role=Role.ADMIN, users=(ADMIN.user,), clusters=("*",)),), channels=("C0WEB",))
    door = make_door(store, nodes, time, (*VERBS, flip), policy=policy)
    await door.ask(ADMIN, "flip web")
    elsewhere = Place("C0ELSE")
    for action in (cards.CONFIRM, cards.CANCEL, cards.COMMANDS):
        await door.press(ADMIN, action, at=elsewhere)
    await door.ask(ADMIN, "help", elsewhere)
    assert await door.dispatcher.form(ADMIN, elsewhere, "setup") is None
    answers = door.surface.of("whisper")
    assert len(answers) == 4
    assert all("not to be used in this channel" in words(answer) for answer in answers)
    assert nodes.changed == []
    await door.ask(TERMINAL, "help", Place("terminal"))
    assert "What you can ask" in door.surface.shown[-1].report.headline


# ---------------------------------------------------------------- understood


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("statsu web", "Did you mean `/hacluster status`?"),
        ("xyzzy", "`/hacluster help` lists"),
        ("status wep", "Did you mean `web`?"),
        ("failover", "which floating IP"),
        ("failover vip1 web --too n1", "did you mean `--to`?"),
        ("failover vip1 web --to", "needs a value"),
        ("start web db", "one word too many"),
        ("status 'web", "quotation mark"),
        ("status web\x07", "cannot be printed"),
        ("x" * 100_000, "100000 characters"),
        ("status " + "w" * 100_000, "a request has at most"),
        ("setup", "say which cluster to set up"),
        ("adopt n1;reboot", "is not an address"),
        ("adopt $(reboot)", "is not an address"),
        ("start web;reboot", "there is no cluster"),
        ("start `reboot`", "there is no cluster"),
        ("start web && reboot", "one word too many"),
        ("failover vip1 web --to 'n1; reboot'", "there is no node"),
        ("failover vip1 web --to '$(reboot)'", "there is no node"),
        (SETUP.replace("new", "'new;reboot'"), "cluster name"),
        (SETUP.replace("n1=", "'n1|reboot='"), "Usage"),
        (SETUP.replace("10.0.9.1", "'10.0.9.1;reboot'"), "Usage"),
        (SETUP + " --vip '10.0.9.9/24@eth0;reboot'", "Usage"),
        (SETUP + " --haproxy-cfg ../../etc/shadow", "file name"),
    ],
)
async def test_words_that_are_no_request_are_answered_to_one_person_with_the_right_form(
    door: Door, nodes: Nodes, text: str, told: str
) -> None:
    await door.ask(ADMIN, text, Place("C0ELSE"))
    (answer,) = door.surface.shown
    assert answer.kind == "whisper"
    assert "make sense" in answer.report.headline
    assert told in words(answer.report)
    assert len(words(answer.report)) < 2500
    assert nodes.ran == []


async def test_what_slack_does_to_text_is_forgiven(door: Door) -> None:
    await door.ask(VIEWER, "HELP \u201csetup\u201d\u00a0")
    assert door.surface.shown[0].report.headline.startswith("`setup`")


async def test_nothing_typed_is_a_cry_for_help(door: Door) -> None:
    for text in ("", "   ", "\u200b"):
        await door.ask(VIEWER, text)
        assert "What you can ask" in door.surface.shown[-1].report.headline


async def test_the_channels_cluster_is_meant_where_none_is_named(door: Door) -> None:
    await door.ask(OPERATOR, "flip")
    assert "`web`: flip" in door.surface.of("post")[0].headline
    await door.ask(OPERATOR, "flip", Place("C0ELSE"))
    assert "say which cluster" in words(door.surface.of("whisper")[0])


# ---------------------------------------------------------------- once


async def test_a_delivery_counts_once_even_for_a_bot_that_was_restarted(
    door: Door, url: str, nodes: Nodes, flip: Verb
) -> None:
    for _ in range(3):
        await door.ask(OPERATOR, "flip web", key="trigger-1")
    assert len(door.surface.shown) == 1
    await door.press(OPERATOR, cards.CONFIRM, key="trigger-2")
    again = await Store.open(url)
    later = make_door(again, nodes, door.time, (*VERBS, flip))
    await later.ask(OPERATOR, "flip web", key="trigger-1")
    await later.ask(OPERATOR, "flip web", key="trigger-2")
    assert later.surface.shown == []
    assert len(nodes.changed) == 2
    await again.close()


async def test_deliveries_without_a_key_are_all_different(door: Door) -> None:
    await asyncio.gather(*(door.ask(VIEWER, "whoami") for _ in range(3)))
    assert len(door.surface.shown) == 3


# ---------------------------------------------------------------- what nobody foresaw


async def test_a_defect_shows_a_reference_and_nothing_of_itself(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb, logged: list[Any]
) -> None:
    async def broken(*_: object) -> Report:
        raise RuntimeError(CANARY)

    asking = Verb("broken", "", "broken", Role.VIEWER, flip.parse, answer=broken)
    door = make_door(store, nodes, time, (asking,))
    await door.ask(VIEWER, "broken web")
    (answer,) = door.surface.of("whisper")
    (entry,) = (entry for entry in logged if entry["event"] == "unexpected")
    assert entry["reference"] in words(answer)
    assert CANARY not in words(answer)
    assert "Traceback" not in words(answer)


async def test_an_answer_that_cannot_be_shown_is_logged_and_raises_nothing(door: Door, logged: list[Any]) -> None:
    door.surface.broken = {"whisper": LOST, "post": LOST}
    await door.ask(VIEWER, "xyzzy")
    await door.ask(OPERATOR, "flip web")
    await door.press(OPERATOR, cards.CONFIRM, "forged")
    assert [entry["event"] for entry in logged] == ["answer not delivered"] * 3


async def test_a_stored_cluster_that_cannot_be_read_is_said_not_skipped(door: Door, store: Store) -> None:
    known = door.world.declared["web"].model_copy(update={"name": "old"})
    await store.declare(known.model_copy(update={"failover": "by magic"}), "T:U", door.time.now)
    await door.ask(ADMIN, "status old")
    assert "the stored cluster old cannot be read" in words(door.surface.of("whisper")[0])


# ---------------------------------------------------------------- what is kept


@pytest.mark.parametrize(
    "typed",
    [f"--fence-option password={CANARY}", f'--fence-option "n1:passwd={CANARY}"', f"PASSWORD='{CANARY} {CANARY}'",
     f"api_token={CANARY}", f'secret="{CANARY}'],
)  # fmt: skip
async def test_a_secret_typed_against_all_advice_is_not_kept(door: Door, typed: str) -> None:
    await door.ask(ADMIN, f"{SETUP} --fencing fence_x {typed}")
    story = await door.audited()
    assert [event for event, *_ in story] == ["refused"]
    assert CANARY not in repr(story)
    assert CANARY not in words(door.surface.shown[0].report)


def test_a_reference_to_a_secret_is_kept() -> None:
    assert audit.masked("x --fence-option password=secret:ipmi") == "x --fence-option password=secret:ipmi"


def test_masking_takes_no_time_to_speak_of_however_long_the_text() -> None:
    begun = wall.process_time()
    for text in ("a" * 100_000, "pass" * 25_000, "a=" * 50_000):
        assert len(audit.masked(text)) <= 500
    assert wall.process_time() - begun < 1


async def test_who_tried_what_in_vain_is_kept(door: Door) -> None:
    await door.ask(VIEWER, "flip web")
    await door.ask(ADMIN, "xyzzy " + "x" * 3000)
    await door.press(NOBODY, cards.TRUST, "a" * 16)
    assert [(event, who) for event, who, _ in await door.audited()] == [
        ("refused", VIEWER.key),
        ("refused", ADMIN.key),
        ("refused", NOBODY.key),
    ]
    assert all(len(repr(detail)) < 1000 for *_, detail in await door.audited())


# ---------------------------------------------------------------- forms

FILLED = {"name": "new", "nodes": "n1=10.0.9.1\nn2=10.0.9.2", "fencing": "none", "failover": "approved"}


async def test_a_form_goes_on_as_its_words_would(store: Store, time: HandTime) -> None:
    door = make_door(store, Dark(), time)
    assert await door.dispatcher.submit(ADMIN, HERE, "setup", FILLED, door.surface, key="k") == {}
    assert door.surface.shown == [], "Slack waits three seconds: the work goes on by itself"
    await door.settle()
    assert "setup is not possible" in words(door.surface.shown[0].report)
    await door.dispatcher.submit(ADMIN, HERE, "setup", FILLED, door.surface, key="k")
    await door.settle()
    assert len(door.surface.shown) == 1, "sent off twice is asked once"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "n w"), ("nodes", "n1"), ("vips", "10.0.0.10"), ("fencing", "rm -rf"), ("haproxy_cfg", "../x")],
)
async def test_what_is_wrong_with_a_form_is_said_at_its_field(door: Door, nodes: Nodes, field: str, value: str) -> None:
    wrong = await door.dispatcher.submit(ADMIN, HERE, "setup", {**FILLED, field: value}, door.surface, key="")
    assert list(wrong) == [field]
    assert door.started == []
    assert nodes.ran == []


@pytest.mark.parametrize(
    ("filled", "field", "why"),
    [
        ({"nodes": "n1=10.0.9.1"}, "nodes", "at least two nodes"),
        ({"nodes": "n1=10.0.9.1 n1=10.0.9.2"}, "nodes", "the same name"),
        ({"nodes": "n1=10.0.9.1 n2=10.0.0.1"}, "nodes", "10.0.0.1 belongs to the cluster `web`"),
        ({"vips": "10.0.1.1/24"}, "vips", "10.0.1.1 belongs to the cluster `db`"),
        ({"failover": "automatic"}, "failover", "accept it below"),
        ({"fence_options": "ip=10.0.9.9"}, "fence_options", "goes with a fence agent"),
        ({"fencing": "fence_x", "fence_options": "n3:ip=10.0.9.9"}, "fence_options", "n3 has options"),
        ({"fencing": "fence_x", "fence_options": "password=secret:none"}, "fence_options", "nothing called 'none'"),
        ({"haproxy_cfg": "gone.cfg"}, "haproxy_cfg", "gone.cfg"),
    ],
)
async def test_what_the_fields_do_not_show_by_themselves_is_said_at_the_right_one_too(
    door: Door, nodes: Nodes, filled: dict[str, str], field: str, why: str
) -> None:
    wrong = await door.dispatcher.submit(ADMIN, HERE, "setup", {**FILLED, **filled}, door.surface, key="")
    assert list(wrong) == [field]
    assert why in wrong[field]
    assert (door.started, nodes.ran) == ([], [])


async def test_a_form_of_somebody_who_may_not_is_refused_and_kept(door: Door) -> None:
    wrong = await door.dispatcher.submit(OPERATOR, HERE, "setup", FILLED, door.surface, key="")
    assert "takes the role admin" in next(iter(wrong.values()))
    assert door.started == []
    assert [event for event, *_ in await door.audited()] == ["refused"]
    assert await door.dispatcher.form(OPERATOR, HERE, "setup") is None
    assert await door.dispatcher.form(ADMIN, HERE, "setup") is not None


@pytest.mark.parametrize("verb", ["", "status", "xyzzy", "x" * 10_000])
async def test_a_form_that_there_is_not_is_answered(door: Door, verb: str) -> None:
    assert await door.dispatcher.form(ADMIN, HERE, verb) is None
    assert await door.dispatcher.submit(ADMIN, HERE, verb, FILLED, door.surface, key="") == {}
    assert "that form is not known" in words(door.surface.of("whisper")[0])
    assert door.started == []


# ---------------------------------------------------------------- anything at all

VERB_NAMES = st.sampled_from([verb.name for verb in VERBS])
PIECES = st.sampled_from(
    ["web", "db", "vip1", "n1", "--to", "--vip", "--fencing", "none", "10.0.0.1", "n1=10.0.0.1", ";", "&&", "|", "$(x)",
     "`x`", "'", '"', "\\", "--", "-", "\u2014", "\u201c", "\0", "\n", "*", "../..", "password=x", "\ud800"]
)  # fmt: skip
ANY_TEXT = st.one_of(
    st.text(max_size=200),
    st.builds(
        lambda verb, rest: " ".join([verb, *rest]), VERB_NAMES, st.lists(PIECES | st.text(max_size=10), max_size=8)
    ),
)
ANYBODY = st.sampled_from([NOBODY, VIEWER, OPERATOR, ADMIN, WEB_OPERATOR, TERMINAL])


@given(ANYBODY, st.lists(ANY_TEXT, min_size=1, max_size=5), st.sampled_from(["C0WEB", "C0ELSE"]))
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_get_exactly_one_answer_and_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    empty_store: Path,
    logged: list[Any],
    actor: Actor,
    texts: list[str],
    channel: str,
) -> None:
    async def story() -> None:
        copy = shutil.copy(empty_store, tmp_path_factory.mktemp("story") / "store.db")
        store, dark = await Store.open(url_of(Path(copy))), Dark()
        try:
            door = make_door(store, dark, HandTime())
            for count, text in enumerate(texts, start=1):
                await door.ask(actor, text, Place(channel))
                assert len(door.surface.shown) == count
                assert "my side" not in door.surface.shown[-1].report.headline, "no words are a defect of ours"
            assert not any(command.changes for command in dark.ran)
        finally:
            await store.close()

    logged.clear()
    asyncio.run(story())


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "nodes",
                "vips",
                "fencing",
                "fence_options",
                "failover",
                "haproxy_cfg",
                "accept_split_brain",
                "new_password",
                "x",
            ]
        ),
        st.text(max_size=60) | PIECES,
    )
)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_answers_to_a_form_are_taken_or_told_by_field(logged: list[Any], values: dict[str, str]) -> None:
    async def story() -> None:
        dark = Dark()
        door = make_door(None, dark, HandTime())
        wrong = await door.dispatcher.submit(ADMIN, HERE, "setup", {**FILLED, **values}, door.surface, key="")
        form = await door.dispatcher.form(ADMIN, HERE, "setup")
        assert form is not None
        assert set(wrong) <= {field.id for field in form.fields}
        assert all(0 < len(text) <= 300 for text in wrong.values())
        assert bool(wrong) is not bool(door.started)
        for job in door.started:
            job.close()
        assert dark.ran == []

    logged.clear()
    asyncio.run(story())
