"""`policy`: what somebody may do, what gives it to them, and how many people a change takes."""

from __future__ import annotations

import pytest

from bot.conversation import Actor
from bot.store import Store
from bot.verbs import VERBS
from commands.report import Report, Table, Text
from config.approvals import ApprovalRule
from config.policy import LOCAL, Grant, Policy, Role
from tests.bot.conftest import ADMIN, NOBODY, OPERATOR, TERMINAL, VIEWER, Door, HandTime, Nodes, make_door, words

ON_CALL = Actor("T0HOME", "U0ONCALL", frozenset({"S0ONCALL"}))
POLICY = Policy(
    everyone_views=False,
    channels=("C0WEB",),
    cluster_groups={"shop": ("web",)},
    grants=(
        Grant(role=Role.VIEWER, users=(VIEWER.user,), clusters=("*",)),
        Grant(role=Role.OPERATOR, users=(OPERATOR.user,), groups=("S0ONCALL",), clusters=("@shop",)),
        Grant(role=Role.ADMIN, users=(ADMIN.user,), clusters=("*",)),
    ),
    approvals=(
        ApprovalRule(clusters=("@shop",), risk="dangerous", approvals=2, by=(Role.APPROVER,), break_glass=False),
        ApprovalRule(clusters=("@shop",), verbs=("failover",), own=True),
    ),
)


@pytest.fixture
def door(store: Store, nodes: Nodes, time: HandTime) -> Door:
    return make_door(store, nodes, time, policy=POLICY)


async def told(door: Door, who: Actor, text: str) -> Report:
    await door.ask(who, text)
    assert door.surface.of("post") == [], "it is for the asker alone"
    return door.surface.of("whisper")[-1]


def table(report: Report, number: int = 0) -> tuple[tuple[str, ...], ...]:
    return [part.rows for part in report.parts if isinstance(part, Table)][number]


async def test_everybody_is_told_their_role_on_each_of_their_clusters_and_why(door: Door) -> None:
    assert table(await told(door, ON_CALL, "policy")) == (
        ("web", "operator", "grant 2, through S0ONCALL"),
        ("all others", "none", "no grant"),
    )
    assert table(await told(door, VIEWER, "policy"))[0] == ("db", "viewer", "grant 1, by id")
    assert table(await told(door, TERMINAL, "policy"))[0][1:] == (
        "admin",
        "a shell where the bot runs (policy.terminal)",
    )


async def test_verb_by_verb_it_says_what_is_theirs_and_what_it_would_take(door: Door) -> None:
    report = await told(door, OPERATOR, "policy web")
    verdicts = {verb: (row[1], row[2]) for row in table(report) for verb in row[0].split(", ")}
    assert verdicts.keys() == {verb.name for verb in VERBS}
    for verb in VERBS:
        allowed = verb.role <= Role.OPERATOR
        assert verdicts[verb.name] == (("yes", "grant 2, by id") if allowed else ("no", "takes the role admin"))


async def test_how_many_people_a_change_takes_is_said_of_each_verb(door: Door) -> None:
    (said,) = (
        part.text
        for part in (await told(door, OPERATOR, "policy web")).parts
        if isinstance(part, Text)
        if "•" in part.text
    )
    two = next(line for line in said.splitlines() if "2 people" in line)
    assert two.endswith("2 people with the role approver or admin must approve (not who asked), within 30 minutes")
    assert "`failover` where dangerous" in two
    one = next(line for line in said.splitlines() if "1 person" in line)
    assert one.startswith("• `failover` where ordinary: 1 person with the role operator or approver or admin")
    assert "(who asked may be one of them)" in one
    assert one.endswith("one alone may go ahead with a reason")
    assert "whoever asks confirms alone, within 15 minutes" in said
    elsewhere = words(await told(door, VIEWER, "policy db"))
    assert "every change: whoever asks confirms alone" in elsewhere


async def test_where_the_bot_may_be_used_is_said(door: Door) -> None:
    assert "<#C0WEB> only" in words(await told(door, VIEWER, "policy"))
    assert "<#C0WEB>" not in words(await told(door, TERMINAL, "policy")), "a terminal is in no channel"


async def test_the_grants_are_for_admins_to_read(door: Door) -> None:
    rows = table(await told(door, ADMIN, "policy"), 1)
    assert rows[1] == ("2", "operator", f"{OPERATOR.user}, S0ONCALL", "@shop")
    assert [row[0] for row in table(await told(door, ADMIN, "policy db"), 1)] == ["1", "3"]
    for who in (VIEWER, OPERATOR, ON_CALL):
        assert ADMIN.user not in words(await told(door, who, "policy"))


async def test_an_admin_is_told_what_somebody_else_may(door: Door) -> None:
    report = await told(door, ADMIN, f"policy web --who <@{OPERATOR.user}>")
    assert f"What <@{OPERATOR.user}> may do on `web`" in report.headline
    assert table(report)[0][1:] == ("yes", "grant 2, by id")
    group = await told(door, ADMIN, f"policy --who {ON_CALL.user}")
    assert table(group)[0][1] == "none"
    assert "1 user group they are in" in words(group), "of a group's members nothing is claimed"
    assert table(await told(door, ADMIN, f"policy --who {LOCAL}:root"))[0][1] == "admin"


@pytest.mark.parametrize("who", [VIEWER, OPERATOR, ON_CALL])
async def test_nobody_else_is(door: Door, who: Actor) -> None:
    report = await told(door, who, f"policy --who {ADMIN.user}")
    assert "what others may do is told to who has the role admin" in words(report)


async def test_who_may_nothing_is_told_nothing(door: Door) -> None:
    assert "takes the role viewer" in words(await told(door, NOBODY, "policy"))
    assert "one word too many" in words(await told(door, VIEWER, "policy web db"))
