"""Who may do what: every grant against every cluster and every role."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.policy import LOCAL, Grant, Policy, Role

ALICE, BOB = "U0ALICE", "U0BOB"
TEAM, OTHER_TEAM = "T0HOME", "T0ELSE"
OPS = "S0OPS"
NOBODY: frozenset[str] = frozenset()

# what is granted to whom, and the role it gives Alice of the home team (in OPS) on: web, db, no single cluster
TABLE: list[tuple[str, dict[str, Any], tuple[Role | None, Role | None, Role | None]]] = [
    ("by id, one cluster", {"users": [ALICE], "clusters": ["web"]}, (Role.OPERATOR, None, None)),
    ("by id, every cluster", {"users": [ALICE], "clusters": ["*"]}, (Role.OPERATOR,) * 3),
    ("by id, both by name", {"users": [ALICE], "clusters": ["web", "db"]}, (Role.OPERATOR, Role.OPERATOR, None)),
    ("by team and id", {"users": [f"{TEAM}:{ALICE}"], "clusters": ["web"]}, (Role.OPERATOR, None, None)),
    ("another team's person", {"users": [f"{OTHER_TEAM}:{ALICE}"], "clusters": ["*"]}, (None,) * 3),
    ("by group", {"groups": [OPS], "clusters": ["db"]}, (None, Role.OPERATOR, None)),
    ("another group", {"groups": ["S0DEVS"], "clusters": ["*"]}, (None,) * 3),
    ("somebody else", {"users": [BOB], "clusters": ["*"]}, (None,) * 3),
]


@pytest.mark.parametrize(("grant", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("granted", list(Role))
@pytest.mark.parametrize("everyone_views", [True, False])
def test_a_grant_gives_its_role_on_its_clusters_to_its_people(
    grant: dict[str, Any], expected: tuple[Role | None, ...], granted: Role, *, everyone_views: bool
) -> None:
    policy = Policy.model_validate(
        {"grants": [{"role": granted.word, **grant}], "everyone_views": everyone_views},
    )
    floor = Role.VIEWER if everyone_views else None
    for cluster, role in zip(("web", "db", None), expected, strict=True):
        wanted = granted if role else floor
        assert policy.role(TEAM, ALICE, frozenset({OPS}), cluster) == wanted
        for needed in Role:
            allowed = policy.allows(needed, TEAM, ALICE, frozenset({OPS}), cluster)
            assert allowed == (wanted is not None and wanted >= needed)


def test_without_grants_everybody_looks_and_nobody_changes() -> None:
    assert Policy().role(TEAM, ALICE, NOBODY, "web") is Role.VIEWER
    assert not Policy().allows(Role.OPERATOR, TEAM, ALICE, NOBODY, "web")


def test_the_highest_of_several_grants_counts() -> None:
    policy = Policy(
        grants=(
            Grant(role=Role.ADMIN, users=(ALICE,), clusters=("web",)),
            Grant(role=Role.OPERATOR, groups=(OPS,), clusters=("*",)),
        )
    )
    assert policy.role(TEAM, ALICE, frozenset({OPS}), "web") is Role.ADMIN
    assert policy.role(TEAM, ALICE, frozenset({OPS}), "db") is Role.OPERATOR


@pytest.mark.parametrize("role", list(Role))
def test_the_terminal_has_its_own_role_whatever_the_grants(role: Role) -> None:
    policy = Policy(terminal=role, grants=(Grant(role=Role.ADMIN, users=(ALICE,), clusters=("*",)),))
    assert policy.role(LOCAL, ALICE, NOBODY, "web") is role


@given(team=st.text(max_size=8), user=st.text(max_size=8), groups=st.frozensets(st.text(max_size=8), max_size=3))
def test_no_stranger_may_change_anything(team: str, user: str, groups: frozenset[str]) -> None:
    policy = Policy(grants=(Grant(role=Role.ADMIN, users=("T0HOME:U0ALICE",), groups=("S0OPS",), clusters=("*",)),))
    known = (team, user) == ("T0HOME", "U0ALICE") or "S0OPS" in groups or team == LOCAL
    assert policy.allows(Role.OPERATOR, team, user, groups, "web") == known


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("users", "alice"),
        ("users", "@alice"),
        ("users", "alice@example.org"),
        ("users", "T0HOME"),
        ("users", "local:root"),
        ("users", "S0OPS"),
        ("users", "u024be7lh"),
        ("users", "U024BE7LH "),
        ("groups", "@ops"),
        ("groups", "U024BE7LH"),
    ],
)
def test_only_ids_name_people_and_the_refusal_says_where_to_find_them(key: str, value: str) -> None:
    with pytest.raises(ValidationError, match=r"/hacluster whoami|Copy group ID"):
        Grant.model_validate({"role": "admin", key: [value], "clusters": ["*"]})


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ({"role": "admin", "clusters": ["*"]}, "grants nobody"),
        ({"role": "admin", "users": [ALICE]}, "Field required"),
        ({"role": "admin", "users": [ALICE], "clusters": []}, "at least 1"),
        ({"role": "root", "users": [ALICE], "clusters": ["*"]}, "viewer, approver, operator, admin"),
        ({"role": 3, "users": [ALICE], "clusters": ["*"]}, "viewer, approver, operator, admin"),
        ({"role": "admin", "users": [ALICE], "clusters": ["w*"]}, "cluster name"),
    ],
)
def test_a_grant_that_says_too_little_or_too_much_is_refused(grant: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Grant.model_validate(grant)


def test_a_list_of_channels_closes_the_others() -> None:
    assert Policy().allows_channel("C0ANY")
    assert Policy(channels=("C0OPS",)).allows_channel("C0OPS")
    assert not Policy(channels=("C0OPS",)).allows_channel("C0ANY")


def test_an_approvers_word_counts_and_they_ask_for_no_change() -> None:
    policy = Policy(grants=(Grant(role=Role.APPROVER, users=(ALICE,), clusters=("web",)),))
    assert policy.approves(TEAM, ALICE, NOBODY, "web")
    assert not policy.approves(TEAM, ALICE, NOBODY, "db")
    assert not policy.allows(Role.OPERATOR, TEAM, ALICE, NOBODY, "web")


def test_a_grant_may_be_for_a_group_of_clusters() -> None:
    policy = Policy(
        everyone_views=False,
        cluster_groups={"shop": ("web", "db")},
        grants=(Grant(role=Role.OPERATOR, users=(ALICE,), clusters=("@shop", "mail")),),
    )
    names = ("web", "db", "mail", "shop", "other", None)
    held = [name for name in names if policy.allows(Role.OPERATOR, TEAM, ALICE, NOBODY, name)]
    assert held == ["web", "db", "mail"]


@pytest.mark.parametrize("key", ["grants", "approvals"])
def test_a_group_of_clusters_that_there_is_not_is_refused_where_it_is_named(key: str) -> None:
    who = {"role": "admin", "users": [ALICE]} if key == "grants" else {}
    with pytest.raises(ValidationError, match="no group @shpo") as refused:
        Policy.model_validate({"cluster_groups": {"shop": ["web"]}, key: [{**who, "clusters": ["@shop", "@shpo"]}]})
    assert refused.value.errors()[0]["loc"] == (key, 0, "clusters")
