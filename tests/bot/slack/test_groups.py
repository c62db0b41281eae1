"""Membership of user groups is believed for five minutes, and never beyond what could be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.slack.api import Api, open_api
from bot.slack.groups import FRESH, Groups
from sandbox.slack import DEMO, Workspace

ONCALL, ADA, EVE = "S0000000OPS", "U0000000ADA", "U0000000EVE"


async def test_a_person_is_in_the_groups_that_the_policy_names(api: Api) -> None:
    groups = Groups(api, [ONCALL])

    assert await groups.of(ADA) == {ONCALL}
    assert await groups.of(EVE) == frozenset()
    assert await Groups(api, []).of(ADA) == frozenset()


async def test_slack_is_asked_once_in_five_minutes_and_a_removal_counts_after_them(
    ws: Workspace, api: Api, hand_clock: Any
) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.of(ADA)
    ws.store.groups[ONCALL] = replace(ws.store.groups[ONCALL], users=())

    assert await groups.of(ADA) == {ONCALL}
    assert len([call for call in ws.calls if call.method == "usergroups.users.list"]) == 1
    await hand_clock.forward(FRESH)
    assert await groups.of(ADA) == frozenset()


async def test_a_group_that_cannot_be_read_gives_nobody_anything(hand_clock: Any) -> None:
    scopes = [scope for scope in DEMO.app.scopes if scope != "usergroups:read"]
    async with Workspace(scopes=scopes) as ws, open_api(ws.bot_token, f"{ws.url}/api/") as api:
        assert await Groups(api, [ONCALL, "S_GONE"], hand_clock.clock()).of(ADA) == frozenset()


async def test_membership_is_forgotten_when_it_cannot_be_read_again(ws: Workspace, api: Api, hand_clock: Any) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.of(ADA)
    del ws.store.groups[ONCALL]
    await hand_clock.forward(FRESH)

    assert await groups.of(ADA) == frozenset()
