"""Failover by approval on real nodes: a node dies, a person asks from the card, another approves, it serves at once.

The one that is left then goes through a power cut, too, and waits for the dead one: a person says that it need not.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from tests.lab.conftest import GENERATIONS, Person, serves

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]
LONG = bool(os.environ.get("CHAOS_MINUTES"))
FOUR_EYES = {"policy": {"approvals": [{"verbs": ["failover", "failback"], "approvals": 1}]}}


RELEASES = GENERATIONS if LONG else (12,)
"""Each takes two to three minutes, so 11 and 13 go with `make chaos`, and so does the power cut at the end."""


@pytest.fixture(params=RELEASES, ids=lambda debian: f"debian{debian}")
def debian(request: pytest.FixtureRequest) -> int:
    release: int = request.param
    return release


@pytest.fixture
def approved_lab(debian: int) -> Iterator[Lab]:
    lab = Lab.up(f"approved{debian}", ("n1", "n2"), debian=debian)
    try:
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def approved_box(approved_lab: Lab, debian: int) -> AsyncIterator[Box]:
    async with Box(LabBacking(approved_lab, debian), settings=FOUR_EYES) as running:
        yield running


async def alert(person: Person, label: str) -> Message:
    """Wait for a card of the bot's own that has this button."""

    def found() -> Message | None:
        return next((one for one in reversed(person.alerts()) if label in str(one.blocks)), None)

    return await person.box.workspace.wait_for(found, timeout=90)


async def request(person: Person, press: Callable[[], object]) -> Message:
    """Do what leads to a request for approval, and return its card."""
    seen = {one.ts for one in person.box.workspace.messages(person.channel)}
    await press()  # type: ignore[misc]

    def found() -> Message | None:
        posted = person.box.workspace.messages(person.channel)
        return next((one for one in posted if one.ts not in seen and "asks for approval" in one.text), None)

    return await person.box.workspace.wait_for(found, timeout=60)


async def test_a_lost_nodes_vip_is_let_go_by_two_people_and_withdrawn_where_the_node_is_first(
    approved_box: Box, approved_lab: Lab
) -> None:
    ada, ole = Person(approved_box), Person(approved_box, "ole")
    vip1, vip2 = (vip.partition("/")[0] for vip in approved_box.backing.vips)
    ended = await ada.do(setup_line(approved_box.backing))
    assert "done and verified" in ended, ended + approved_box.log()[-2000:]
    lost = "n2" if "n2" in await serves(vip2) else "n1"
    stays = "n1" if lost == "n2" else "n2"

    # the node comes back before anybody answers: the request is withdrawn by itself
    await asyncio.to_thread(approved_lab.power_off, lost)
    card = await alert(ole, "Fail over vip2")
    needless = await request(ole, lambda: ole.press(card, f"Fail over vip2 to {stays}"))
    await asyncio.to_thread(approved_lab.power_on, lost)
    told = await ada.outcome(needless, lambda words: "needed no longer" in words)
    assert "nothing was run" in told
    assert f"hello from {lost}" in await serves(vip2, within=60)

    await asyncio.to_thread(approved_lab.power_off, lost)
    card = await alert(ole, "Fail over vip2")
    asked = await request(ole, lambda: ole.press(card, f"Fail over vip2 to {stays}"))
    for word in ("asks for approval", "Pacemaker's own scheduler", f"starts on {stays}", "1 approval until"):
        assert word in asked.text, asked.text
    await ole.press(asked, "Approve")
    refused = await ole.box.workspace.wait_for(
        lambda: next((m for m in ole.box.workspace.ephemerals("ole") if "somebody else" in m.text), None), timeout=30
    )
    assert "break-glass" in refused.text

    await ada.press(asked, "Approve")
    assert f"hello from {stays}" in await serves(vip2)
    told = await ada.outcome(asked)
    assert "done and verified" in told, told
    assert "came as Pacemaker had predicted" in told, told
    assert f"hello from {stays}" in await serves(vip1)
    if LONG:
        await _unblocked(ada, approved_lab, stays, vip1)


async def _unblocked(ada: Person, lab: Lab, alone: str, at_home: str) -> None:
    """Of two nodes, one that starts without the other waits for it (wait_for_all), whatever it holds."""
    await asyncio.to_thread(lab.power_off, alone)
    await asyncio.to_thread(lab.power_on, alone)
    async with asyncio.timeout(120):
        while "Do it?" not in (plan := await ada.ask('/hacluster unblock --reason "the other burnt down"')).text:  # noqa: ASYNC110 - a boot has no event for us
            await asyncio.sleep(2)
    assert "Wait for the missing nodes no longer" in plan.text, plan.text
    await ada.press(plan, "Confirm")
    told = await ada.outcome(plan)
    assert "done and verified" in told, told
    assert f"hello from {alone}" in await serves(at_home, within=60)
