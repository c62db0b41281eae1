"""How many people a change takes: the first rule that fits counts, and without any the one who asks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.approvals import OWN_CONFIRM, ApprovalRule, Risk
from config.policy import Policy, Role

POLICY = Policy(
    approvals=(
        ApprovalRule(clusters=("web",), risk="dangerous", approvals=2),
        ApprovalRule(clusters=("web",), verbs=("failover",), own=True),
        ApprovalRule(clusters=("db",), verbs=("stop",), approvals=0),
        ApprovalRule(clusters=("db",)),
    )
)


@pytest.mark.parametrize(
    ("verb", "cluster", "risk", "approvals", "own"),
    [
        ("fence", "web", "dangerous", 2, False),
        ("failover", "web", "dangerous", 2, False),
        ("failover", "web", "ordinary", 1, True),
        ("stop", "web", "ordinary", 0, True),
        ("stop", "db", "ordinary", 0, False),
        ("start", "db", "ordinary", 1, False),
        ("failover", "mail", "dangerous", 0, True),
    ],
)
def test_the_first_rule_that_fits_counts(verb: str, cluster: str, risk: Risk, approvals: int, *, own: bool) -> None:
    rule = POLICY.approval_rule(verb, cluster, risk)
    assert (rule.approvals, rule.own, rule.alone) == (approvals, own, approvals == 0)


def test_without_a_rule_who_asks_confirms_within_a_quarter_of_an_hour() -> None:
    assert Policy().approval_rule("failover", "web", "dangerous") is OWN_CONFIRM
    assert OWN_CONFIRM.patience.total_seconds() == 15 * 60


def test_whose_word_counts_is_the_rules_to_say() -> None:
    peers, strict = ApprovalRule(), ApprovalRule(by=(Role.APPROVER,))
    policy = Policy.model_validate(
        {"grants": [{"role": role.word, "users": [f"U0{role.name}"], "clusters": ["web"]} for role in Role]}
    )

    def counts(rule: ApprovalRule) -> list[Role]:
        return [role for role in Role if policy.approves("T0HOME", f"U0{role.name}", frozenset(), "web", rule)]

    assert counts(peers) == [Role.APPROVER, Role.OPERATOR, Role.ADMIN]
    assert counts(strict) == [Role.APPROVER, Role.ADMIN]
    assert not policy.approves("T0HOME", "U0ADMIN", frozenset(), "db", peers)


def test_a_rule_may_be_for_a_group_of_clusters() -> None:
    policy = Policy(cluster_groups={"shop": ("web", "db")}, approvals=(ApprovalRule(clusters=("@shop",), approvals=3),))
    assert [policy.approval_rule("stop", name, "ordinary").approvals for name in ("web", "db", "mail")] == [3, 3, 0]


@pytest.mark.parametrize(
    "wrong",
    [{"approvals": -1}, {"clusters": []}, {"within": 0}, {"risk": "high"}, {"approval": 1}, {"clusters": ["!"]}],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApprovalRule.model_validate(wrong)
