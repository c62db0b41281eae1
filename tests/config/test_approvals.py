"""How many people a change takes: the first rule that fits counts, and without any the one who asks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.approvals import OWN_CONFIRM, ApprovalRule, Risk
from config.policy import Policy

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


@pytest.mark.parametrize(
    "wrong",
    [{"approvals": -1}, {"clusters": []}, {"within": 0}, {"risk": "high"}, {"approval": 1}, {"clusters": ["!"]}],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApprovalRule.model_validate(wrong)
