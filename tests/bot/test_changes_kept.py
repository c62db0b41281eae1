"""What is kept of a change: the audit, the cluster it makes; and that it runs at most once, whatever is pressed."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import cards, ids
from bot.conversation import Actor
from bot.store import Store
from bot.verbs import VERBS
from commands.verbs.verb import Verb
from tests.bot.changing import CHANGED, proposed
from tests.bot.conftest import (
    ADMIN,
    CANARY,
    NOBODY,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB,
    Door,
    HandTime,
    Nodes,
    Stage,
    flip_plan,
    make_door,
    url_of,
    words,
)


async def test_the_audit_tells_the_whole_story_and_no_secret(door: Door) -> None:
    plan_id = await proposed(door)
    await door.press(ADMIN, cards.CONFIRM)
    await door.press(OPERATOR, cards.CONFIRM)
    story = await door.audited()
    assert [(event, actor) for event, actor, _ in story] == [
        ("asked", OPERATOR.key),
        ("planned", OPERATOR.key),
        ("shown", OPERATOR.key),
        ("refused", ADMIN.key),
        ("confirmed", OPERATOR.key),
        ("step", OPERATOR.key),
        ("command", OPERATOR.key),
        ("command ended", OPERATOR.key),
        ("step", OPERATOR.key),
        ("step", OPERATOR.key),
        ("command", OPERATOR.key),
        ("command ended", OPERATOR.key),
        ("step", OPERATOR.key),
        ("outcome", OPERATOR.key),
    ]
    details = [detail for *_, detail in story]
    assert details[1]["steps"] == ["first", "second"]
    assert details[4] == {"plan": plan_id}
    assert details[6] == {"node": "n1", "argv": ["flip"], "stdin": "the password"}
    assert details[7] == {"command": 7, "node": "n1", "status": 0, "seconds": 0.1}
    assert [detail["state"] for detail in details[5:] if "step" in detail] == ["started", "done"] * 2
    assert details[-1] == {"plan": plan_id, "state": "done", "seconds": 0.0}
    assert (await door.store.verified()).broken is None
    assert CANARY not in repr(story)


async def test_a_cluster_is_remembered_before_its_first_step_with_the_channel_it_was_made_in(
    door: Door, nodes: Nodes, stage: Stage
) -> None:
    made = WEB.model_copy(update={"name": "made", "channels": ()})
    stage.decision = replace(flip_plan(), declares=made)
    end = nodes.hold("flip")
    await proposed(door)
    assert await door.store.declared() == ()
    running = asyncio.create_task(door.press(OPERATOR, cards.CONFIRM))
    await nodes.started("flip")
    (known,) = await door.store.declared()
    assert (known.name, known.channels) == ("made", ("C0WEB",))
    end.set()
    await running


async def test_a_cluster_made_from_the_terminal_has_no_channel(door: Door, stage: Stage) -> None:
    stage.decision = replace(flip_plan(), declares=WEB.model_copy(update={"name": "made", "channels": ()}))
    await proposed(door, TERMINAL)
    await door.press(TERMINAL, cards.CONFIRM)
    (known,) = await door.store.declared()
    assert known.channels == ()


async def test_without_the_store_nothing_is_changed(nodes: Nodes, time: HandTime, flip: Verb) -> None:
    door = make_door(None, nodes, time, (*VERBS, flip))
    await door.ask(TERMINAL, "flip web")
    await door.press(TERMINAL, cards.CONFIRM, ids.fresh())
    assert all("store cannot be opened" in words(report) for report in door.surface.of("whisper"))
    assert len(door.surface.shown) == 2
    assert nodes.ran == []


PRESSES = st.lists(
    st.tuples(
        st.sampled_from([OPERATOR, ADMIN, VIEWER, NOBODY]),
        st.sampled_from([cards.CONFIRM, cards.CANCEL, cards.COMMANDS]),
        st.integers(0, 20),
    ),
    max_size=5,
)


@given(PRESSES)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_pressed_by_whomever_a_plan_runs_at_most_once_and_only_for_its_owner(
    tmp_path_factory: pytest.TempPathFactory,
    empty_store: Path,
    stage: Stage,
    flip: Verb,
    presses: list[tuple[Actor, str, int]],
) -> None:
    async def story() -> None:
        nodes, time = Nodes(), HandTime()
        copy = shutil.copy(empty_store, tmp_path_factory.mktemp("story") / "store.db")
        store = await Store.open(url_of(Path(copy)))
        try:
            door = make_door(store, nodes, time, (*VERBS, flip))
            await proposed(door)
            for number, (actor, action, minutes) in enumerate(presses, start=1):
                time.forward(minutes=minutes)
                before = len(door.surface.shown)
                await door.press(actor, action)
                assert len(door.surface.shown) > before, f"press {number} got no answer"
            confirmed = any(actor is OPERATOR and action == cards.CONFIRM for actor, action, _ in presses)
            assert nodes.changed in ([], CHANGED)
            assert confirmed or not nodes.changed
        finally:
            await store.close()

    stage.decision = flip_plan()
    asyncio.run(story())
