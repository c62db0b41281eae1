"""What was predicted, as people read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.facts.crm_simulate import Action
from commands.prediction import (
    ClusterProperty,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeLost,
    NodeStandby,
    NodeStopped,
    Prediction,
    Quorum,
    ResourceStarted,
    ResourceStopped,
    Simulated,
    digest,
    headline,
    in_words,
    preferring,
)
from commands.report import Level

Predicted = Callable[..., Prediction]
GATED = frozenset({"vip1", "vip2"})


def told(prediction: Prediction, *asked: Simulated, gated: frozenset[str] = frozenset()) -> list[str]:
    return [finding.text for finding in in_words(prediction, asked, gated)]


def made_up(*actions: Action, before: dict[str, str], after: dict[str, str]) -> Prediction:
    """Make a prediction: `vip1="n1 n2"` is on both."""
    was, is_ = ({name: tuple(nodes.split()) for name, nodes in one.items()} for one in (before, after))
    return Prediction(actions, was, is_, quorate=True, had_quorum=True)


def test_a_gated_address_waits_for_a_person(predicted: Predicted) -> None:
    assert told(predicted("n2-lost"), NodeLost("n2"), gated=GATED) == [
        "`vip2` waits at its gate: nobody serves it until a person approves",
        "`haproxy` stops on n2, and still runs on n1",
    ]
    assert headline(predicted("n2-lost")) == "vip2 would run nowhere"


def test_an_address_that_stops_for_want_of_something_else_does_not_wait_at_its_gate(predicted: Predicted) -> None:
    assert told(predicted("haproxy-stopped"), ResourceStopped("haproxy-clone"), gated=GATED) == [
        "`vip1` stops on n1 and runs nowhere",
        "`vip2` stops on n2 and runs nowhere",
        "`haproxy` stops on n1 and n2, as asked",
    ]


def test_what_comes_along_unasked_is_marked(predicted: Predicted) -> None:
    assert told(predicted("many-vip1-preferred-on-n2"), preferring("vip1", "n2")) == [
        "`vip2` also moves n2 → n1",
        "`vip1` moves n1 → n2",
    ]


def test_what_leaves_a_node_that_goes_was_asked_for(predicted: Predicted) -> None:
    for change in (NodeStandby("n2"), NodeStopped("n2"), NodeLost("n2")):
        assert not any("also" in text for text in told(predicted("many-n2-standby"), change))


def test_what_moves_between_other_nodes_was_not() -> None:
    both = made_up(before={"vip1": "n1", "vip2": "n2"}, after={"vip1": "n2", "vip2": "n3"})
    assert told(both, NodeStandby("n1")) == ["`vip2` also moves n2 → n3", "`vip1` moves n1 → n2"]


def test_what_takes_over_from_a_node_that_is_confirmed_down_was_asked_for() -> None:
    taken = made_up(before={"vip1": "n1", "vip2": ""}, after={"vip1": "n1", "vip2": "n1"})
    assert told(taken, NodeStopped("n2")) == ["`vip2` starts on n1"]


def test_a_node_that_is_fenced_and_one_that_cannot_be(predicted: Predicted) -> None:
    assert told(predicted("many-n2-lost"), NodeLost("n2"))[0] == "n2 is fenced"
    unclean = told(predicted("n2-lost-without-device"), NodeLost("n2"), gated=GATED)
    assert unclean[:2] == [
        "n2 is unclean and cannot be fenced: what ran there starts nowhere else",
        "`vip2` runs nowhere for sure",
    ]


def test_quorum_that_is_lost_comes_first(predicted: Predicted) -> None:
    found = in_words(predicted("without-quorum"), (Quorum(held=False),), GATED)
    assert (found[0].level, found[0].text) == (Level.CRITICAL, "quorum is lost")
    assert not any("gate" in one.text or "also" in one.text for one in found)


def test_quorum_that_is_regained(predicted: Predicted) -> None:
    assert "quorum is regained" in told(predicted("n2-back", had_quorum=False), NodeBack("n2"), Quorum(held=True))


def test_nothing_is_said_as_such(predicted: Predicted) -> None:
    (only,) = in_words(predicted("maintenance"), (ClusterProperty("maintenance-mode", "true"),))
    assert (only.level, only.text) == (Level.OK, "nothing would change")
    assert headline(predicted("maintenance")) == "nothing would change"


def test_what_happens_to_a_resource_where_it_is() -> None:
    there = {"vip1": "n1", "vip2": "n2", "db": "n1 n2"}
    found = made_up(
        Action("restart", "vip1", "n1", "n1"),
        Action("recover", "vip2", "n2", "n2"),
        Action("promote", "db", "n2", "n2"),
        Action("start", "vip3", "", "n1", blocked=True),
        before=there,
        after=there,
    )
    assert told(found, FailuresForgotten("vip2")) == [
        "`vip1` also restarts on n1",
        "`db` also is promoted on n2",
        "`vip3` should start on n1 and cannot yet",
        "`vip2` is restarted on n2",
    ]
    assert headline(found) == "every service would go on"


@pytest.mark.parametrize(
    "change",
    [
        ResourceStopped("grp"),
        ResourceStarted("a"),
        NodeAttribute("n2", "hacluster-a", "yes"),
        preferring("a", "n2"),
        ConstraintRemoved("cli-ban-a-on-n2"),
        ConstraintRemoved("cli-prefer-a"),
        FailuresForgotten(),
        ClusterProperty("stop-all-resources", "false"),
        NodeBack("n2"),
    ],
)
def test_what_a_change_is_about_is_not_a_side_effect(change: Simulated) -> None:
    found = Prediction((), {"a": ()}, {"a": ("n2",)}, quorate=True, had_quorum=True, inside={"a": ("grp",)})
    assert told(found, change, Quorum(held=True)) == ["`a` starts on n2"]


def test_the_same_prediction_has_the_same_digest(predicted: Predicted) -> None:
    one, other = predicted("n2-lost", 12), predicted("n2-lost", 13)
    assert digest(one) == digest(other)
    assert digest(one) == ("haproxy on n1", "vip2 on no node", "quorum")
    assert digest(one) != digest(predicted("n2-lost-and-vip2-approved"))
    assert digest(predicted("n2-lost-without-device"))[-2:] == ("n2 unclean", "quorum")


def test_the_digest_does_not_depend_on_the_order_of_the_actions() -> None:
    first, second = Action("start", "vip1", "", "n1"), Action("stop", "vip2", "n2", "")
    there = {"vip1": "n1"}
    assert digest(made_up(first, second, before=there, after=there)) == digest(
        made_up(second, first, before=there, after=there)
    )
