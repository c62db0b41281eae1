"""What can be typed after `failover` and `failback`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import UsageError
from commands.plan import Refusal
from commands.snapshot import Snapshot
from commands.verbs.failover.verb import FAILBACK, FAILOVER
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words, parse, tokens
from tests.commands.doubles import NoRunner
from tests.commands.verbs.moving import (
    SituationOf,
    failover,
    whole,
)


def desk(snapshot: Snapshot) -> Desk:
    other = snapshot.cluster.model_copy(update={"name": "db"})
    known = {"web": Declared(snapshot.cluster, "file"), "db": Declared(other, "slack")}
    return Desk(known, NoRunner(), default_cluster="web")


def words(text: str) -> Words:
    return parse(tokens(text), FAILOVER.options, FAILOVER.usage)


def test_the_clusters_name_may_stand_on_either_side(situation: SituationOf) -> None:
    at = desk(situation("healthy"))
    for text in ("vip1 db", "db vip1"):
        request = FAILOVER.parse(words(text), at)
        assert (request.vip, request.cluster.name, request.to) == ("vip1", "db", None)
    assert FAILBACK.parse(words("vip1"), at).cluster.name == "web"
    assert FAILOVER.parse(words("vip1 --to n2"), at).to == "n2"


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "which floating IP"), ("a b c", "which floating IP"), ("vip1 --to n9", "no node 'n9'"), ("vip1 wep", "wep")],
)
def test_words_that_say_no_move_are_answered_with_the_right_form(situation: SituationOf, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        FAILOVER.parse(words(text), desk(situation("healthy")))
    assert refused.value.remedy


@given(st.text(max_size=60))
def test_any_name_of_a_floating_ip_is_found_or_refused_and_in_no_argv_unless_it_is_one(
    situation: SituationOf, name: str
) -> None:
    recorded = whole(situation("healthy"))
    decision = failover(recorded, name, to="n1")
    known = {"vip1", "vip2", *(str(vip.address) for vip in recorded.cluster.vips)}
    assert isinstance(decision, Refusal) is (name not in known)
