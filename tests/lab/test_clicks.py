"""Approvals on real nodes: whose click counts, and that none does once the cluster is no longer what the card showed.

What was run is told by the nodes themselves, which note every command that is to change them.
"""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.lab.lab import Lab
from sandbox.run.backing import LabBacking
from sandbox.run.box import Box, setup_line
from sandbox.slack.records import Message
from sandbox.slack.wire import Json
from sandbox.slack.world import ADA
from tests.lab.conftest import Person, serves
from tests.lab.sent import note, sent

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
FOUR_EYES = {"policy": {"approvals": [{"verbs": ["failover", "failback"], "approvals": 1}]}}


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab.up("clicks", ("n1", "n2"), debian=12)
    try:
        note(lab)
        yield lab
    finally:
        lab.down()


@pytest.fixture
async def box(lab: Lab) -> AsyncIterator[Box]:
    async with Box(LabBacking(lab, 12), settings=FOUR_EYES) as running:
        yield running


async def test_only_the_right_click_at_the_right_time_runs_anything(box: Box, lab: Lab) -> None:
    told = await Person(box).do(setup_line(box.backing))
    assert "done and verified" in told, told + box.log()[-2000:]
    await _whose_click_counts(box, lab)
    await _moved_by_hand(box, lab)
    await _edited(box, lab)
    await _lost(box, lab)


async def _whose_click_counts(box: Box, lab: Lab) -> None:
    ada, ole = Person(box), Person(box, "ole")
    before = sent(lab)
    asked = await ole.ask("/hacluster failover vip2 --to n1")
    assert "asks for approval" in asked.text
    assert "break-glass" in await _answered(ole, asked, "Approve"), "not one's own"
    for nobody in ("vic", "eve"):
        assert await _answered(Person(box, nobody), asked, "Approve")
    pressed = _last_press(box)
    assert "not known" in await _delivered(ada, _forged(pressed, value="0" * 12))
    assert "takes approvals" in await _delivered(ada, _forged(pressed, action="confirm"))
    assert "another version" in await _delivered(ada, _forged(pressed, action="plan-run"))
    assert sent(lab) == before, "none of them ran anything"

    whispered = len(box.workspace.ephemerals("ada"))
    await asyncio.gather(*(box.workspace.deliver("interactive", _forged(pressed)) for _ in range(3)))
    assert "done and verified" in await ada.outcome(asked)
    assert "hello from n1" in await serves(_address(box, 1))
    ran = sent(lab) - before
    assert ran
    assert set(ran.values()) == {1}, ran
    refused = await box.workspace.wait_for(lambda: box.workspace.ephemerals("ada")[whispered + 1 :], timeout=20)
    assert len(refused) == 1, "two of three came too late, and each was told"

    late = await _delivered(ada, _forged(pressed))
    assert "done already" in late, late
    await box.workspace.deliver("interactive", pressed)
    assert "is done already" in await _typed(ada, f"/hacluster approve {pressed['actions'][0]['value']}")
    assert sent(lab) - before == ran, "and nothing ran again"


async def _moved_by_hand(box: Box, lab: Lab) -> None:
    asked = await Person(box, "ole").ask("/hacluster failback vip2")
    home = "crm_attribute -l reboot -N n2 -n hacluster-vip2 -D; crm_attribute -l reboot -N n1 -n hacluster-vip2 -D"
    await _by_hand(lab, home)
    assert "at home on n2 already" in await _void(box, lab, asked)


async def _edited(box: Box, lab: Lab) -> None:
    asked = await Person(box, "ole").ask("/hacluster failover vip2 --to n1")
    await _by_hand(lab, "pcs constraint location vip2 avoids n1")
    anew = await _void(box, lab, asked)
    assert "runs nowhere" in anew, anew
    await _by_hand(lab, "pcs constraint delete location-vip2-n1--INFINITY")


async def _lost(box: Box, lab: Lab) -> None:
    asked = await Person(box, "ole").ask("/hacluster failover vip2 --to n1")
    await asyncio.to_thread(lab.power_off, "n2")
    anew = await _void(box, lab, asked)
    assert "n2" in anew
    assert "asks for approval" in anew or "is not possible" in anew, anew


async def _void(box: Box, lab: Lab, asked: Message) -> str:
    """Approve what no longer holds; return what is said in its place."""
    assert "asks for approval" in asked.text, asked.text
    ada = Person(box)
    before, seen = sent(lab), {message.ts for message in ada.read()}
    await ada.press(asked, "Approve")
    told = await ada.outcome(asked)
    assert "no longer what it was" in told, told
    anew = await box.workspace.wait_for(
        lambda: next((message for message in ada.read() if message.ts not in seen), None), timeout=60
    )
    assert not sent(lab) - before, "nothing was run"
    return anew.text


async def _by_hand(lab: Lab, line: str) -> None:
    settled = f"{line}; crm_resource --wait --timeout=60"
    await asyncio.to_thread(lab.exec, "n1", ["sh", "-c", settled], timeout=90)


def _address(box: Box, number: int) -> str:
    return box.backing.vips[number].partition("/")[0]


async def _answered(person: Person, message: Message, label: str) -> str:
    """Press, and return what only this person is told."""
    before = len(person.box.workspace.ephemerals(person.name))
    await person.press(message, label)
    return await _whispered(person, before)


async def _delivered(person: Person, payload: Json) -> str:
    before = len(person.box.workspace.ephemerals(person.name))
    await person.box.workspace.deliver("interactive", payload)
    return await _whispered(person, before)


async def _typed(person: Person, text: str) -> str:
    before = len(person.box.workspace.ephemerals(person.name))
    await person.box.workspace.slash(person.name, person.channel, text)
    return await _whispered(person, before)


async def _whispered(person: Person, before: int) -> str:
    workspace = person.box.workspace
    found = await workspace.wait_for(lambda: workspace.ephemerals(person.name)[before:], timeout=30)
    return found[0].text


def _last_press(box: Box) -> Json:
    return next(one.payload for one in reversed(box.workspace.deliveries) if one.payload.get("type") == "block_actions")


def _forged(press: Json, *, value: str = "", action: str = "") -> Json:
    """Return a press of Ada's as if she had just made it: by what she never saw, where a value or an action is given."""
    made = copy.deepcopy(press)
    made.pop("response_url")  # it leads to whoever pressed first
    made["user"] = {**made["user"], "id": ADA.id, "username": ADA.name, "name": ADA.name}
    made["trigger_id"] = f"{uuid.uuid4().int % 10**12}.1.{uuid.uuid4().hex}"
    pressed = made["actions"][0]
    pressed["action_ts"] = f"{uuid.uuid4().int % 10**10}.{uuid.uuid4().int % 10**6:06}"
    pressed["value"] = value or pressed["value"]
    pressed["action_id"] = pressed["action_id"].replace("plan-approve", action) if action else pressed["action_id"]
    return made
