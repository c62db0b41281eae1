"""Membership of user groups: at hand for whoever clicks, looked up anew where it counts, never beyond what can be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from bot.conversation import SlackAway
from bot.rights import Membership
from bot.slack.api import Api, open_api
from bot.slack.groups import ANEW, BELIEVED, PATIENCE, REFRESH, Groups
from sandbox.slack import DEMO, Workspace

ONCALL, ADA, EVE = "S0000000OPS", "U0000000ADA", "U0000000EVE"


def reads(ws: Workspace) -> int:
    return len([call for call in ws.calls if call.method == "usergroups.users.list"])


def leave_all(ws: Workspace) -> None:
    ws.store.groups[ONCALL] = replace(ws.store.groups[ONCALL], users=())


class NoSlack:
    """A Slack that is away, or that never answers."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.asked = asyncio.Event()
        self._hangs = hangs

    @property
    def repeatable(self) -> NoSlack:
        return self

    async def usergroups_users_list(self, **_: str) -> dict[str, Any]:
        self.asked.set()
        if self._hangs:
            await asyncio.Event().wait()
        raise SlackAway("Slack cannot be reached")


async def test_a_person_is_in_the_groups_that_the_policy_names(api: Api) -> None:
    groups = Groups(api, [ONCALL])

    assert await groups.of(ADA) == {ONCALL}
    assert await groups.of(EVE) == frozenset()
    assert await Groups(api, []).of(ADA) == frozenset()


async def test_nobody_who_asks_waits_for_slack_once_it_was_read_and_a_removal_counts_with_the_next_reading(
    ws: Workspace, api: Api, hand_clock: Any
) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.refresh()
    leave_all(ws)
    await hand_clock.forward(REFRESH)

    assert await groups.of(ADA) == {ONCALL}
    assert reads(ws) == 1
    await groups.refresh()
    assert await groups.of(ADA) == frozenset()


async def test_a_click_that_counts_sees_a_removal_at_once_and_two_at_once_ask_slack_once(
    ws: Workspace, api: Api, hand_clock: Any
) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.of(ADA)
    leave_all(ws)
    await hand_clock.forward(ANEW)

    one, other = await asyncio.gather(groups.anew(), groups.anew())
    assert one == other == Membership({ONCALL: frozenset()})
    assert reads(ws) == 2


async def test_a_group_that_cannot_be_read_gives_nobody_anything_and_that_is_said(hand_clock: Any) -> None:
    scopes = [scope for scope in DEMO.app.scopes if scope != "usergroups:read"]
    async with Workspace(scopes=scopes) as ws, open_api(ws.bot_token, f"{ws.url}/api/") as api:
        groups = Groups(api, [ONCALL, "S_GONE"], hand_clock.clock())
        assert await groups.of(ADA) == frozenset()
        assert await groups.anew() == Membership({}, (ONCALL, "S_GONE"))


async def test_a_group_that_is_gone_is_forgotten(ws: Workspace, api: Api, hand_clock: Any) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.of(ADA)
    del ws.store.groups[ONCALL]
    await groups.refresh()

    assert await groups.of(ADA) == frozenset()


async def test_while_slack_is_away_members_are_believed_for_a_while_but_not_where_it_counts(
    api: Api, hand_clock: Any
) -> None:
    groups = Groups(api, [ONCALL], hand_clock.clock())
    await groups.of(ADA)
    away: Any = NoSlack()
    groups._api = away
    await hand_clock.forward(BELIEVED - 1)
    await groups.refresh()

    assert await groups.of(ADA) == {ONCALL}
    assert await groups.anew() == Membership({}, (ONCALL,))
    await hand_clock.forward(1)
    assert await groups.of(ADA) == frozenset()


async def test_a_click_waits_two_seconds_for_slack_and_no_longer(hand_clock: Any) -> None:
    slack: Any = NoSlack(hangs=True)
    groups = Groups(slack, [ONCALL], hand_clock.clock())
    click = asyncio.create_task(groups.anew())
    await slack.asked.wait()
    await hand_clock.forward(PATIENCE)

    assert await click == Membership({}, (ONCALL,))
