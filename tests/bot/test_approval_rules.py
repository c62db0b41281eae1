"""Who may let a plan go: the rules of the policy, whoever asks and whoever answers."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import cards
from bot.approvals import check, rules_that_never_fit
from bot.conversation import Actor
from bot.store import PlanRow, Store
from bot.verbs import CHANGING, VERBS
from commands.errors import NotAllowed, UsageError
from commands.verbs.verb import Verb
from config.approvals import ApprovalRule
from tests.bot.approving import answers
from tests.bot.conftest import (
    ADMIN,
    HERE,
    NOBODY,
    NOW,
    OPERATOR,
    POLICY,
    VIEWER,
    WEB_OPERATOR,
    HandTime,
    Nodes,
    make_door,
    with_rule,
)

# ---------------------------------------------------------------- the policy itself


def test_a_rule_for_a_verb_that_there_is_not_protects_nothing_and_is_a_mistake() -> None:
    rules = (ApprovalRule(verbs=("fail-over", "status")), ApprovalRule(verbs=("failover",)), ApprovalRule())
    first, second = rules_that_never_fit(POLICY.model_copy(update={"approvals": rules}), CHANGING)
    assert "policy.approvals[0].verbs: `fail-over` changes nothing" in str(first)
    assert "`failover`" in first.remedy
    assert "`status`" in str(second)


async def test_a_policy_that_grew_stricter_counts_for_what_was_shown_before(
    store: Store, nodes: Nodes, time: HandTime, flip: Verb
) -> None:
    before = make_door(store, nodes, time, (*VERBS, flip))
    await before.ask(OPERATOR, "flip web")
    ref, values = before.surface.card()
    later = with_rule(store, nodes, time, flip, ApprovalRule())
    await later.dispatcher.press(OPERATOR, HERE, cards.CONFIRM, values[cards.CONFIRM], ref, later.surface, key="")
    assert nodes.changed == []
    assert "takes approvals" in answers(later)


# ---------------------------------------------------------------- the rule, whoever and whatever


PEOPLE = st.sampled_from([VIEWER, OPERATOR, ADMIN, WEB_OPERATOR, NOBODY])
ROW = PlanRow(
    id="0123456789abcdef",
    verb="flip",
    text="flip web",
    cluster="web",
    team=OPERATOR.team,
    user=OPERATOR.user,
    channel="C0WEB",
    fingerprint="f",
    created=NOW,
    expires=NOW,
    approvals=1,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asker=PEOPLE,
    who=PEOPLE,
    own=st.booleans(),
    glass=st.booleans(),
    alone=st.booleans(),
    reason=st.sampled_from(["", "  ", "the site is down"]),
)
def test_only_who_may_approves_and_nobody_their_own(
    asker: Actor, who: Actor, reason: str, *, own: bool, glass: bool, alone: bool
) -> None:
    rule = ApprovalRule(own=own, break_glass=glass)
    row = replace(ROW, team=asker.team, user=asker.user)
    may = who in {OPERATOR, ADMIN, WEB_OPERATOR}
    fine = may and ((glass and bool(reason.strip())) if alone else (own or who != asker))
    with nullcontext() if fine else pytest.raises((NotAllowed, UsageError)):
        check(POLICY, rule, row, who, alone=alone, reason=reason)
