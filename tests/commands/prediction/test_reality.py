"""Reality beside the prediction: what came otherwise is said, what is still on its way is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known
from commands.prediction import Prediction, difference
from commands.report import Level
from commands.snapshot import Snapshot

Predicted = Callable[..., Prediction]
SituationOf = Callable[..., Snapshot]


def texts(prediction: Prediction, reality: Snapshot) -> list[str]:
    return [finding.text for finding in difference(prediction, reality)]


def changed(snapshot: Snapshot, change: Callable[[ClusterStatus], ClusterStatus]) -> Snapshot:
    nodes = tuple(
        replace(node, status=Known(change(node.status.value)))
        if isinstance(node.status, Known) and isinstance(node.status.value, ClusterStatus)
        else node
        for node in snapshot.nodes
    )
    return replace(snapshot, nodes=nodes)


@pytest.mark.parametrize("debian", [11, 12, 13])
@pytest.mark.parametrize(
    ("foretold", "came"),
    [
        ("n2-lost", "n2-lost"),
        ("n2-stopped", "n2-stopped"),
        ("n1-standby", "n1-standby"),
        ("n2-lost-and-vip2-approved", "n2-lost-failover-approved"),
        ("n2-lost-without-device", "n2-lost-unclean"),
        ("maintenance", "maintenance"),
        ("n2-back", "healthy"),
        ("ban-cleared", "healthy"),
        ("failures-forgotten", "healthy"),
    ],
)
def test_what_was_predicted_is_what_real_clusters_did(
    predicted: Predicted, situation: SituationOf, debian: int, foretold: str, came: str
) -> None:
    assert difference(predicted(foretold, debian), situation(came, debian)) == ()


def test_what_came_otherwise_is_said(predicted: Predicted, situation: SituationOf) -> None:
    assert texts(predicted("n2-lost"), situation("healthy")) == [
        "`haproxy` is on n1 and n2, predicted was n1",
        "`vip2` is on n2, predicted was nowhere",
    ]
    assert texts(predicted("n2-lost-and-vip2-approved"), situation("n2-lost")) == [
        "`vip2` runs nowhere, predicted was n1"
    ]


def test_a_node_nobody_knows_of_and_quorum_are_differences_too(predicted: Predicted, situation: SituationOf) -> None:
    assert texts(predicted("n2-lost"), situation("n2-lost-unclean")) == ["n2 is unclean, which was not predicted"]
    assert "there is quorum, predicted was the opposite" in texts(predicted("without-quorum"), situation("healthy"))


def test_a_resource_on_its_way_is_not_yet_a_difference(predicted: Predicted, situation: SituationOf) -> None:
    def starting(status: ClusterStatus) -> ClusterStatus:
        on_its_way = tuple(
            replace(one, role="Starting", pending="Starting") if one.id == "vip2" else one for one in status.resources
        )
        return replace(status, resources=on_its_way)

    reality = changed(situation("n2-lost"), starting)
    assert difference(predicted("n2-lost-and-vip2-approved"), reality) == ()


def test_a_resource_that_is_gone_is_a_difference(predicted: Predicted, situation: SituationOf) -> None:
    def without(status: ClusterStatus) -> ClusterStatus:
        return replace(status, resources=tuple(one for one in status.resources if one.id != "vip1"))

    assert texts(predicted("n2-lost"), changed(situation("n2-lost"), without)) == [
        "`vip1` is no longer configured, predicted was n1"
    ]


def test_not_to_know_is_not_to_be_right(predicted: Predicted, situation: SituationOf) -> None:
    (only,) = difference(predicted("n2-lost"), situation("stopped"))
    assert only.level is Level.UNKNOWN
