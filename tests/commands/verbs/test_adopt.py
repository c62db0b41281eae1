"""`adopt`: a cluster that exists, read from one of its nodes and remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import configuration
from commands.errors import HostKeyUnknown, Unreachable, UsageError
from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
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


def requested(address: str = "10.0.0.1", *known: ClusterSpec, source: str = "slack") -> AdoptRequest:
    clusters = {spec.name: Declared(spec, source) for spec in known}
    made = parse(Words((address,)), Desk(clusters, NoRunner()))
    assert isinstance(made, AdoptRequest)
    return made


def adopted(recorded: Snapshot, *known: ClusterSpec, source: str = "slack", **changed: Any) -> Decision:
    """Adopt the recorded cluster from its first node."""
    request = requested(str(recorded.nodes[0].node.address), *known, source=source)
    found = replace(recorded.nodes[0], conf=Known(conf_of(recorded.cluster)))
    return decide(request, Snapshot(request.cluster, (replace(found, **changed),)))


def fenced(recorded: Snapshot, *devices: Primitive, on: str = "true") -> dict[str, Any]:
    """Return the change that gives the recorded cluster these fence devices."""
    cib = recorded.nodes[0].cib
    assert isinstance(cib, Known)
    assert isinstance(cib.value, Cib)
    held = replace(
        cib.value,
        primitives=(*cib.value.primitives, *devices),
        properties={**cib.value.properties, "stonith-enabled": on},
    )
    return {"cib": Known(held)}


def device(name: str, agent: str = "fence_ipmilan", **attributes: str) -> Primitive:
    return Primitive(name, "stonith", "", agent, attributes)


def declared(decision: Decision) -> ClusterSpec:
    assert isinstance(decision, Plan), decision
    assert decision.declares is not None
    return decision.declares


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


def test_what_is_not_adopted_is_named_by_its_address(situation: SituationOf) -> None:
    refused = adopted(situation("healthy"), conf=Known(NoConf()))
    assert isinstance(refused, Refusal)
    assert refused.about == str(situation("healthy").nodes[0].node.address)


def test_an_address_that_can_be_no_nodes_is_told_in_one_sentence() -> None:
    with pytest.raises(UsageError) as raised:
        requested("127.0.0.1")
    assert str(raised.value) == "127.0.0.1 cannot be a node's address"


def test_it_is_no_matter_what_else_is_known(situation: SituationOf) -> None:
    fenced = ClusterSpec(
        name="db",
        nodes=(parse_node("d1=10.1.0.1"), parse_node("d2=10.1.0.2")),
        fencing=FencingSpec(agent="fence_ipmilan", options={"username": "u"}),
    )
    assert isinstance(adopted(situation("healthy"), fenced), Plan)


MADE_BY_SETUP = [
    FencingSpec(agent="fence_dummy"),
    FencingSpec(agent="fence_vmware_rest", options={"ip": "10.9.0.1", "username": "u", "password": "secret:vm"}),
    FencingSpec(
        agent="fence_ipmilan",
        options={"username": "u", "password": "secret:ipmi"},
        per_node={"n1": {"ip": "10.9.0.1"}, "n2": {"ip": "10.9.0.2"}},
    ),
    FencingSpec(agent="fence_ipmilan", per_node={"n1": {"ip": "10.9.0.1", "pcmk_delay_base": "1s"}, "n2": {}}),
]


@pytest.mark.parametrize("fencing", MADE_BY_SETUP)
def test_fencing_that_setup_made_is_read_so_that_setup_finds_nothing_to_do(
    situation: SituationOf, fencing: FencingSpec
) -> None:
    recorded = situation("healthy")
    original = recorded.cluster.model_copy(update={"fencing": fencing})
    there = []
    for name, targets, options in configuration.fence_devices(original):
        held = {k: v for k, v in options.items() if not v.startswith("secret:")}
        scripts = {f"{k}_script": f"/etc/hacluster/{v[7:]}.sh" for k, v in options.items() if v.startswith("secret:")}
        there.append(device(name, fencing.agent, **held, **scripts, pcmk_host_list=",".join(targets)))
    changed = fenced(recorded, *there)
    decision = adopted(recorded, **changed)
    spec = declared(decision)
    assert spec.fencing is not None
    assert (spec.fencing.agent, spec.fencing.kept) == (fencing.agent, ())
    assert isinstance(decision, Plan)
    assert decision.risks == ()
    assert not [lack for lack in configuration.missing(spec, changed["cib"].value) if "fence" in lack]
    assert configuration.conflicts(spec, changed["cib"].value) == ()
    assert isinstance(adopted(recorded, original, **changed), NothingToDo), "the references to secrets are not lost"


HANDMADE = [
    (device("ipmi-n1", ip="10.9.0.1", password="c4n4ry"), device("ipmi-n2", ip="10.9.0.2", password="c4n4ry")),
    (device("fence-all", password="c4n4ry", pcmk_host_list="n1,n2"),),
    (device("fence-all", login="$(c4n4ry)", pcmk_host_list="n1,n2"),),
    (device("fence-all", username="u"),),
    (device("fence-all", username="secret:c4n4ry", pcmk_host_list="n1,n2"),),
    (device("fence-all", pcmk_host_map="n1:1;n2:2"), device("pdu", "fence_apc", password="c4n4ry")),
    (replace(device("fence-all", pcmk_host_list="n1,n2"), clone="fence-all-clone"),),
    (device("fence-n2", "fence_dummy", pcmk_host_list="n2"),),
]


@pytest.mark.parametrize("devices", HANDMADE)
def test_fencing_of_other_hands_is_kept_by_name_and_its_options_stay_in_the_cluster(
    situation: SituationOf, devices: tuple[Primitive, ...]
) -> None:
    recorded = situation("healthy")
    changed = fenced(recorded, *devices)
    decision = adopted(recorded, **changed)
    spec = declared(decision)
    assert spec.fencing == FencingSpec(agent=devices[0].type, kept=tuple(one.id for one in devices))
    assert isinstance(decision, Plan)
    assert "kept as they are" in decision.risks[0].text
    assert "c4n4ry" not in repr(decision) + spec.model_dump_json()
    assert not [lack for lack in configuration.missing(spec, changed["cib"].value) if "fence" in lack]
    assert isinstance(adopted(recorded, spec, **changed), NothingToDo)


@GENERATIONS
def test_a_recorded_fence_device_is_kept(situation: SituationOf, debian: int) -> None:
    spec = declared(adopted(situation("fence-device", debian)))
    assert spec.fencing == FencingSpec(agent="fence_dummy", kept=("fence-n2",))


def test_fencing_that_does_not_fence_is_said_to_be_left_out(situation: SituationOf) -> None:
    recorded = situation("healthy")

    def told(*devices: Primitive, on: str) -> str:
        decision = adopted(recorded, **fenced(recorded, *devices, on=on))
        assert isinstance(decision, Plan)
        assert declared(decision).fencing is None
        return "; ".join(risk.text for risk in decision.risks)

    assert "fencing is switched off: it is remembered as not fenced" in told(device("ipmi"), on="false")
    assert "there is no fence device" in told(on="true")
    assert "`setup` of this cluster will refuse" in told(device("old", "external/ipmi"), on="true")
    assert told(on="false") == ""


def test_a_known_cluster_that_is_fenced_now_is_remembered_so(situation: SituationOf) -> None:
    recorded = situation("healthy")
    known = recorded.cluster.model_copy(update={"haproxy_cfg": "own.cfg", "channels": ("C0WEB",)})
    changed = fenced(recorded, device("ipmi"))
    spec = declared(adopted(recorded, known, **changed))
    assert spec == known.model_copy(update={"fencing": FencingSpec(agent="fence_ipmilan", kept=("ipmi",))})
    gone = declared(adopted(recorded, spec))
    assert gone == known, "and not, once its devices are gone"


def test_what_the_configuration_file_says_of_fencing_is_for_people_to_change(situation: SituationOf) -> None:
    recorded = situation("healthy")
    decision = adopted(recorded, recorded.cluster, source="file", **fenced(recorded, device("ipmi")))
    assert "fenced differently than that says: fencing on, ipmi (fence_ipmilan)" in reasons(decision)


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
