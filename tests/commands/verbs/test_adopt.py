"""`adopt`: a cluster that exists, read from one of its nodes and remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.errors import HostKeyUnknown, Unreachable, UsageError
from commands.facts.corosync_conf import ConfNode, CorosyncConf, NoConf
from commands.facts.fact import Known, NotRunning, Unknown
from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.adopt import VERB, AdoptRequest, decide, parse
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import Words
from config.inventory import ClusterSpec, FencingSpec, parse_node
from tests.commands.doubles import NoRunner

SituationOf = Callable[..., Snapshot]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def conf_of(cluster: ClusterSpec) -> CorosyncConf:
    nodes = tuple(
        ConfNode(node.name, number, tuple(str(a) for a in node.addresses))
        for number, node in enumerate(cluster.nodes, 1)
    )
    return CorosyncConf(cluster.name, nodes, True, "knet", None, "conf")


def requested(address: str = "10.0.0.1", *known: ClusterSpec) -> AdoptRequest:
    clusters = {spec.name: Declared(spec, "slack") for spec in known}
    made = parse(Words((address,)), Desk(clusters, NoRunner()))
    assert isinstance(made, AdoptRequest)
    return made


def adopted(recorded: Snapshot, *known: ClusterSpec, **changed: Any) -> Decision:
    """Adopt the recorded cluster from its first node."""
    request = requested(str(recorded.nodes[0].node.address), *known)
    found = replace(recorded.nodes[0], conf=Known(conf_of(recorded.cluster)))
    return decide(request, Snapshot(request.cluster, (replace(found, **changed),)))


def reasons(decision: Decision) -> str:
    assert isinstance(decision, Refusal), decision
    return "; ".join(reason.text for reason in decision.reasons)


@GENERATIONS
def test_a_cluster_is_remembered_as_it_is_and_nothing_is_run(situation: SituationOf, debian: int) -> None:
    recorded = situation("healthy", debian)
    decision = adopted(recorded)
    assert isinstance(decision, Plan)
    assert decision.steps == ()
    spec = decision.declares
    assert spec is not None
    assert (spec.name, spec.nodes, spec.failover) == ("web", recorded.cluster.nodes, "approved")
    assert [vip.address for vip in spec.vips] == [vip.address for vip in recorded.cluster.vips]


def test_a_cluster_without_gates_fails_over_by_itself(situation: SituationOf) -> None:
    recorded = situation("healthy")
    cib = recorded.nodes[0].cib
    assert isinstance(cib, Known)
    assert not isinstance(cib.value, NotRunning)
    decision = adopted(recorded, cib=Known(replace(cib.value, locations=())))
    assert isinstance(decision, Plan)
    assert decision.declares is not None
    assert decision.declares.failover == "automatic"


def test_what_is_shown_is_what_is_remembered_or_the_confirmation_is_void(situation: SituationOf) -> None:
    recorded = situation("healthy")
    shown = adopted(recorded)
    grown = conf_of(situation("three-nodes").cluster)
    now = adopted(recorded, conf=Known(replace(grown, cluster_name="web")))
    assert isinstance(shown, Plan)
    assert isinstance(now, Plan)
    assert shown.fingerprint != now.fingerprint


def test_one_that_is_known_is_not_remembered_again(situation: SituationOf) -> None:
    recorded = situation("healthy")
    assert isinstance(adopted(recorded, recorded.cluster), NothingToDo)
    other = recorded.cluster.model_copy(update={"nodes": (parse_node("x1=10.1.0.1"), parse_node("x2=10.1.0.2"))})
    assert "another cluster called `web` is known" in reasons(adopted(recorded, other))


def test_it_is_no_matter_what_else_is_known(situation: SituationOf) -> None:
    fenced = ClusterSpec(
        name="db",
        nodes=(parse_node("d1=10.1.0.1"), parse_node("d2=10.1.0.2")),
        fencing=FencingSpec(agent="fence_ipmilan", options={"username": "u"}),
    )
    assert isinstance(adopted(situation("healthy"), fenced), Plan)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"conf": Known(NoConf())}, "there is no cluster on that node"),
        ({"cib": Known(NotRunning("stopped"))}, "the cluster does not run there"),
        ({"cib": Unknown("broken")}, "the cluster does not run there"),
        ({"conf": Unknown("no", Unreachable("no answer", node="node"))}, "no"),
        ({"conf": Known(CorosyncConf("we b", (ConfNode("n1", 1, ("10.0.0.1",)),), True, "knet", None, "d"))}, "not one the bot can work with"),
        ({"conf": Known(CorosyncConf("web", (ConfNode("n1;x", 1, ("10.0.0.1",)),), True, "knet", None, "d"))}, "not one the bot can work with"),
        ({"conf": Known(CorosyncConf("debian", (ConfNode("node1", 1, ("127.0.0.1",)),), False, "knet", None, "d"))}, "not one the bot can work with"),
    ],
)  # fmt: skip
def test_what_cannot_be_adopted_is_said(situation: SituationOf, changed: dict[str, Any], why: str) -> None:
    assert why in reasons(adopted(situation("healthy"), **changed))


def test_an_unknown_key_says_where_to_compare_it() -> None:
    request = requested()
    error = HostKeyUnknown(
        "its host key is not trusted yet", node="node", address="10.0.0.1", port=22, key="k", fingerprint="SHA256:x"
    )
    shut = NodeSnapshot(request.cluster.nodes[0], conf=Unknown(str(error), error))
    decision = decide(request, Snapshot(request.cluster, (shut,)))
    assert isinstance(decision, Refusal)
    assert "trust exactly this key" in decision.reasons[0].remedy


@pytest.mark.parametrize("text", ["10.0.0.1", "n1=10.0.0.1", "2001:db8::1"])
def test_an_address_is_taken_alone_or_named(text: str) -> None:
    assert str(requested(text).cluster.nodes[0].address) in text


@pytest.mark.parametrize("words", [(), ("10.0.0.1", "10.0.0.2"), ("10.0.0.999",), ("127.0.0.1",), ("n1",), ("$(x)",)])
def test_what_is_no_address_is_answered_with_an_example(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as refused:
        parse(Words(words), Desk({}, NoRunner()))
    assert VERB.example in refused.value.remedy


@given(st.text(max_size=80))
def test_any_word_is_an_address_or_refused(text: str) -> None:
    try:
        made = requested(text)
    except UsageError as refused:
        told = str(refused)
    else:
        told = made.cluster.nodes[0].name
    assert 0 < len(told) < 500
